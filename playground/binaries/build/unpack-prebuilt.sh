#!/usr/bin/env bash
# unpack-prebuilt.sh FROM CACHE: unpacks the programs that FROM holds as NAME.xz into CACHE; those that are there and newer are
# left alone. A half-done file is never taken for done: each is unpacked beside its place and renamed.
set -euo pipefail
from=${1:?usage: unpack-prebuilt.sh FROM CACHE}
cache=${2:?usage: unpack-prebuilt.sh FROM CACHE}
mkdir -p "$cache"
for name in kube-apiserver kube-controller-manager apiextensions-apiserver; do
  [ -f "$from/$name.xz" ] || continue
  [ -x "$cache/$name" ] && [ "$cache/$name" -nt "$from/$name.xz" ] && continue
  xz -dc "$from/$name.xz" >"$cache/.$name.$$.tmp"
  chmod 755 "$cache/.$name.$$.tmp"
  mv "$cache/.$name.$$.tmp" "$cache/$name"
  echo "unpacked $name into $cache"
done
