#!/usr/bin/env bash
# debian-packages.sh NAME…: puts etcd, docker-registry and kubectl, as asked for, from Debian's own packages into
# $WERFBUNDLE_CACHE. They are downloaded by apt and unpacked; nothing is installed, and no root is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/steps.sh"
. "$here/private-apt.sh"
exclusively

# from_debian NAME PACKAGE SUITE: the program /usr/bin/NAME of PACKAGE.
from_debian() {
  local name=$1 package=$2 suite=$3 apt=$build/apt-packages-$3 root=$build/packages/$1
  if [ ! -s "$apt/apt.conf" ] || [ -z "$(ls "$apt"/lists/*_Packages* 2>/dev/null)" ]; then
    private_apt "$apt" "$suite" deb
    apt_update "$apt"
  fi
  rm -rf "$root"
  apt_unpack "$apt" "$root" "$package"
  finish "$root/usr/bin/$name" "$name"
  rm -rf "$root"
}

for name in "$@"; do
  [ -x "$cache/$name" ] && continue
  rm -f "$build/package-$name.done"
  case $name in
    # Of one release for every machine: they are built against an older libc than newer releases have.
    etcd) step package-etcd 'etcd from Debian' from_debian etcd etcd-server bookworm ;;
    docker-registry) step package-docker-registry 'docker-registry from Debian' from_debian docker-registry docker-registry bookworm ;;
    # Bookworm's own is 1.20, which does not know --subresource.
    kubectl) step package-kubectl 'kubectl from Debian trixie' from_debian kubectl kubectl trixie ;;
    *) echo "no Debian package is known for $name" >&2; exit 2 ;;
  esac
done
