#!/usr/bin/env bash
# Builds kube-apiserver and kube-controller-manager 1.20.2 from the source package `kubernetes` of Debian bookworm into
# $WERFBUNDLE_CACHE: about 8 minutes on 2 cores. Go and the tools come from Debian packages that are unpacked, not installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/steps.sh"
. "$here/private-apt.sh"
exclusively
[ -x "$cache/kube-apiserver" ] && [ -x "$cache/kube-controller-manager" ] && exit 0

source_version=1.20.5+really1.20.2
kube_version=v1.20.2
work=$build/kubernetes
apt=$work/apt
tools=$work/tools
source=$work/gopath/src/k8s.io/kubernetes

update_lists() {
  private_apt "$apt" bookworm 'deb deb-src'
  apt_update "$apt"
}

# patch and xz are for machines that have neither; golang-go says which Go this release builds with.
unpack_tools() {
  local go
  go=$(APT_CONFIG=$apt/apt.conf apt-cache depends golang-go | sed -n 's/.*Depends: \(golang-[0-9.]*-go\)$/\1/p' | head -n 1)
  apt_unpack "$apt" "$tools" "$go" "${go%-go}-src" patch xz-utils golang-github-modern-go-reflect2-dev
  # package golang-1.19 has its files in a folder go-1.19
  ln -sfn "$tools/usr/lib/go-$(sed "s/^golang-//; s/-go$//" <<<"$go")" "$work/goroot"
  "$work/goroot/bin/go" version
}

# What dpkg-source does for the format 3.0 (quilt), for machines without dpkg-dev; apt has checked the files' sums.
unpack_source() {
  local down=$work/download patch
  rm -rf "$down" "$source"
  mkdir -p "$down" "$source"
  (cd "$down" && APT_CONFIG=$apt/apt.conf apt-get -q source --download-only kubernetes)
  ls "$down"/kubernetes_*.dsc | grep -q "/kubernetes_$source_version" || {
    echo "another version than $source_version is offered: $(ls "$down")"
    return 1
  }
  export PATH=$tools/usr/bin:$PATH
  tar -C "$source" --strip-components=1 -xf "$down"/kubernetes_*.orig.tar.*
  tar -C "$source" -xf "$down"/kubernetes_*.debian.tar.*
  while read -r patch; do
    patch -d "$source" -p1 -s -i "$source/debian/patches/$patch"
  done < <(sed 's/[ \t]*#.*//; s/[ \t].*//; /^$/d' "$source/debian/patches/series" 2>/dev/null)
  rm -rf "$down"
}

# Go >= 1.18 breaks the vendored modern-go/reflect2 1.0.1: every write of a custom object ends the apiserver with "fatal
# error: fault" in reflect.mapiterinit. Debian's own package is 1.0.2, which is made for it.
mend_source() {
  local vendored=$source/vendor/github.com/modern-go/reflect2
  rm -rf "$vendored"
  cp -r "$tools/usr/share/gocode/src/github.com/modern-go/reflect2" "$vendored"
  [ -e "$vendored/go_above_118.go" ]
}

# GOPATH mode, as upstream's own makefile of 1.20: in module mode Go >= 1.16 refuses its go.mod ("updates to go.mod needed").
go_build() {
  cd "$source"
  GOROOT=$work/goroot GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local GOPATH=$work/gopath GOCACHE=$work/gocache CGO_ENABLED=0 \
    HOME=$work nice -n 10 "$work/goroot/bin/go" build "$@"
}

# The one generated file that upstream does not keep and kube-apiserver needs, for its /openapi/v2: what `make gen_openapi`
# does, less the other generators, which would rewrite files that are there.
generate_openapi() {
  local packages
  go_build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  cd "$source"
  packages=$(find -L pkg vendor/k8s.io -name '*.go' ! -name '*_test.go' ! -path 'vendor/k8s.io/code-generator/*' \
    ! -path 'vendor/k8s.io/sample-apiserver/*' ! -path '*/vendor/k8s.io/*/vendor/*' ! -path '*/testdata/*' -print0 |
    xargs -0 grep -l '^// *+k8s:openapi-gen=' | xargs -n1 dirname | sort -u | sed 's,^,k8s.io/kubernetes/,' | paste -sd,)
  GOROOT=$work/goroot GO111MODULE=off GOPATH=$work/gopath GOCACHE=$work/gocache HOME=$work PATH=$work/goroot/bin:$PATH \
    nice -n 10 "$work/openapi-gen" --logtostderr -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi \
    -O zz_generated.openapi -h hack/boilerplate/boilerplate.generatego.txt -r "$work/openapi-violations.report" \
    --output-base "$work/gopath/src"
}

compile() {
  local name=$1 flags='-s -w' package
  for package in k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$kube_version -X $package.gitMajor=1 -X $package.gitMinor=20"
    flags+=" -X $package.gitTreeState=clean -X $package.gitCommit=debian -X $package.buildDate=1970-01-01T00:00:00Z"
  done
  go_build -trimpath -ldflags "$flags" -o "$work/$name" "./cmd/$name"
  finish "$work/$name" "$name"
}

mkdir -p "$work"
step kubernetes-lists 'package lists of Debian bookworm' update_lists
step kubernetes-tools 'Go and tools from Debian' unpack_tools
step kubernetes-source 'source of Kubernetes 1.20.2 from Debian' unpack_source
step kubernetes-mend 'the one library that a newer Go needs' mend_source
step kubernetes-openapi 'OpenAPI definitions' generate_openapi
for name in kube-apiserver kube-controller-manager; do
  [ -x "$cache/$name" ] || rm -f "$build/kubernetes-$name.done"
  step "kubernetes-$name" "$name from source (minutes)" compile "$name"
done
chmod -R u+w "$work"
rm -rf "$work" "$build"/kubernetes-*.done
