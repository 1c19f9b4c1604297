#!/usr/bin/env bash
# Builds the apiextensions-apiserver (CRDs with CEL, strict field validation) from the Go packages of Debian sid into
# $WERFBUNDLE_CACHE: about 10 minutes on 2 cores. Nothing of sid is installed. sid moves: the version is what it has today, and
# a day may come when it does not compile; then the plain kube-apiserver serves the CRDs, without their CEL rules.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/steps.sh"
. "$here/private-apt.sh"
exclusively
[ -x "$cache/apiextensions-apiserver" ] && exit 0

go=go-1.26
work=$build/crds
apt=$work/apt
root=$work/root
packages=(
  golang-cel-cel-go-dev
  golang-cel-expr-dev
  golang-etcd-server-dev
  golang-github-antlr4-go-antlr-dev
  golang-github-beorn7-perks-dev
  golang-github-blang-semver-dev
  golang-github-cenkalti-backoff-v5-dev
  golang-github-cespare-xxhash-v2-dev
  golang-github-coreos-go-semver-dev
  golang-github-coreos-go-systemd-dev
  golang-github-davecgh-go-spew-dev
  golang-github-docker-spdystream-dev
  golang-github-emicklei-go-restful-dev
  golang-github-evanphx-json-patch-dev
  golang-github-felixge-httpsnoop-dev
  golang-github-fsnotify-fsnotify-dev
  golang-github-fxamacker-cbor-dev
  golang-github-go-logr-logr-dev
  golang-github-go-logr-stdr-dev
  golang-github-go-openapi-jsonpointer-dev
  golang-github-go-openapi-jsonreference-dev
  golang-github-go-openapi-swag-dev
  golang-github-gogo-protobuf-dev
  golang-github-golang-protobuf-1-5-dev
  golang-github-google-gnostic-models-dev
  golang-github-google-uuid-dev
  golang-github-gorilla-websocket-dev
  golang-github-grpc-ecosystem-go-grpc-middleware-dev
  golang-github-grpc-ecosystem-grpc-gateway-dev
  golang-github-json-iterator-go-dev
  golang-github-kylelemons-godebug-dev
  golang-github-modern-go-concurrent-dev
  golang-github-modern-go-reflect2-dev
  golang-github-munnerz-goautoneg-dev
  golang-github-mxk-go-flowrate-dev
  golang-github-nytimes-gziphandler-dev
  golang-github-pkg-errors-dev
  golang-github-pmezard-go-difflib-dev
  golang-github-prometheus-client-golang-dev
  golang-github-prometheus-client-model-dev
  golang-github-prometheus-common-dev
  golang-github-prometheus-procfs-dev
  golang-github-spf13-cobra-dev
  golang-github-spf13-pflag-dev
  golang-github-x448-float16-dev
  golang-go.uber-multierr-dev
  golang-go.uber-zap-dev
  golang-golang-x-crypto-dev
  golang-golang-x-exp-dev
  golang-golang-x-net-dev
  golang-golang-x-oauth2-dev
  golang-golang-x-oauth2-google-dev
  golang-golang-x-sync-dev
  golang-golang-x-sys-dev
  golang-golang-x-term-dev
  golang-golang-x-text-dev
  golang-golang-x-time-dev
  golang-google-genproto-dev
  golang-google-grpc-dev
  golang-google-protobuf-dev
  golang-gopkg-inf.v0-dev
  golang-gopkg-natefinch-lumberjack.v2-dev
  golang-gopkg-yaml.v2-dev
  golang-gopkg-yaml.v3-dev
  golang-k8s-api-dev
  golang-k8s-apiextensions-apiserver-dev
  golang-k8s-apimachinery-dev
  golang-k8s-apiserver-dev
  golang-k8s-client-go-dev
  golang-k8s-component-base-dev
  golang-k8s-klog-dev
  golang-k8s-kms-dev
  golang-k8s-kube-openapi-dev
  golang-k8s-sigs-apiserver-network-proxy-dev
  golang-k8s-sigs-json-dev
  golang-k8s-sigs-randfill-dev
  golang-k8s-sigs-structured-merge-diff-v6-dev
  golang-k8s-sigs-yaml-dev
  golang-k8s-streaming-dev
  golang-k8s-utils-dev
  golang-opentelemetry-contrib-dev
  golang-opentelemetry-otel-dev
  golang-opentelemetry-proto-dev
)

update_lists() {
  private_apt "$apt" sid deb
  apt_update "$apt"
}

unpack() { apt_unpack "$apt" "$root" "golang-${go#go-}-go" "golang-${go#go-}-src" "${packages[@]}"; }

compile() {
  local deb version flags
  deb=$(echo "$apt"/debs/golang-k8s-apiextensions-apiserver-dev_*.deb)
  version=$(dpkg-deb -f "$deb" Version | sed 's/^0/1/; s/[-+].*//')
  flags="-s -w -X k8s.io/component-base/version.gitVersion=v$version -X k8s.io/component-base/version.gitMajor=1"
  flags+=" -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$version")"
  cd "$root/usr/share/gocode/src/k8s.io/apiextensions-apiserver"
  GOROOT=$root/usr/lib/$go GOPATH=$root/usr/share/gocode GOCACHE=$work/gocache GO111MODULE=off GOFLAGS='' GOTOOLCHAIN=local \
    CGO_ENABLED=0 HOME=$work nice -n 10 "$root/usr/lib/$go/bin/go" build -trimpath -ldflags "$flags" -o "$work/apiextensions-apiserver" .
  finish "$work/apiextensions-apiserver" apiextensions-apiserver
}

mkdir -p "$work"
step crds-lists 'package lists of Debian sid' update_lists
step crds-sources "Go and the sources of Kubernetes' CRD server from Debian sid" unpack
step crds-compile 'apiextensions-apiserver from source (minutes)' compile
chmod -R u+w "$work"
rm -rf "$work" "$build"/crds-*.done
