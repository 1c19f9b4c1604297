#!/usr/bin/env bash
# package-from-debian.sh PACKAGE PROGRAM…: puts programs of one of Debian's own packages into $WERFBUNDLE_CACHE. It is downloaded by apt
# and unpacked; nothing is installed, and no root is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/steps.sh"
. "$here/private-apt.sh"
package=${1:?the package}
shift
exclusively

# Lists of an earlier day may name packages that are gone from the mirror.
lists_are_fresh() { [ -n "$(find "$1/lists" -maxdepth 1 -name '*_Packages*' -mmin -1440 2>/dev/null)" ]; }

# Of one release for every machine: it is built against an older libc than newer releases have.
from_debian() {
  local apt=$build/apt-bookworm root=$build/$package program
  if [ ! -s "$apt/apt.conf" ] || ! lists_are_fresh "$apt"; then
    private_apt "$apt" bookworm deb
    apt_update "$apt"
  fi
  rm -rf "$root"
  apt_unpack "$apt" "$root" "$package"
  for program in "$@"; do finish "$root/usr/bin/$program" "$program"; done
  rm -rf "$root"
}

for program in "$@"; do
  [ -x "$cache/$program" ] || rm -f "$build/$package.done"
done
step "$package" "$package from Debian" from_debian "$@"
