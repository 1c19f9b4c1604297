#!/usr/bin/env bash
# docker-registry-from-debian.sh: puts docker-registry of Debian's own package into $WERFBUNDLE_CACHE. It is downloaded by apt and
# unpacked; nothing is installed, and no root is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/steps.sh"
. "$here/private-apt.sh"
exclusively

# Of one release for every machine: it is built against an older libc than newer releases have.
from_debian() {
  local apt=$build/apt-bookworm root=$build/docker-registry
  if [ ! -s "$apt/apt.conf" ] || [ -z "$(ls "$apt"/lists/*_Packages* 2>/dev/null)" ]; then
    private_apt "$apt" bookworm deb
    apt_update "$apt"
  fi
  rm -rf "$root"
  apt_unpack "$apt" "$root" docker-registry
  finish "$root/usr/bin/docker-registry" docker-registry
  rm -rf "$root"
}

[ -x "$cache/docker-registry" ] && exit 0
rm -f "$build/docker-registry.done"
step docker-registry 'docker-registry from Debian' from_debian
