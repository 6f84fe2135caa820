#!/bin/sh
# Make the programs of the Kubernetes lab, in the cache outside the checkout: Kubernetes and etcd as one binary and the storage
# parts, built from Go modules, and containerd, runc and the CNI plugins out of Debian's packages, unpacked and not installed.
# Quick when all is in place; safe to interrupt, to run again and to run twice at once. The first run takes 10 to 30 minutes.
# Arguments name parts (cluster, csi, node); none means all.
set -eu
cd "$(dirname "$0")/.."

cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
build=drctl/lab/kube/build
kubernetes=$(sed -n 's:^\tk8s.io/kubernetes v::p' $build/cluster/go.mod)
go_needed=1.26

say() { printf 'setup-kube: %s\n' "$*" >&2; }
refuse() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# A part is keyed by its inputs, so worktrees of different ages share the cache; drctl/lab/kube/binaries.py names it the same way.
folder() { echo "$cache/kube-$1-$(find "$build/$1" -type f | LC_ALL=C sort | xargs cat | sha256sum | cut -c1-12)"; }
ready() { [ -e "$(folder "$1")/.complete" ]; }

check_go() {
    has go || refuse "Go $go_needed or newer is missing, needed once to build Kubernetes: install it and put it first in PATH."
    oldest=$(printf '%s\n' $go_needed "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n 1)
    [ "$oldest" = $go_needed ] || refuse "$(go version) is too old: Go $go_needed or newer is needed."
}
check_node() {
    [ "$(id -u)" = 0 ] && has apt-get && has dpkg ||
        refuse "The lab's node needs root on Debian or a relative of it: run this as root there. The part 'cluster' needs neither."
}

# Compiled packages are kept by Go itself, so an interrupted build goes on where it was.
go_build() { # part, output folder, ldflags, packages
    part=$1 out=$2 flags=$3
    shift 3
    total=$(cd "$build/$part" && go list -deps "$@" | wc -l)
    say "$part: building from $total packages; what was built before is reused"
    (cd "$build/$part" && go build -v -mod=readonly -trimpath -buildvcs=false -ldflags "$flags" -o "$out/" "$@" 2>&1 || echo "go build failed") |
        awk -v part="$part" -v total="$total" '
            /^[a-zA-Z0-9_.\/-]+$/ { if (++n % 100 == 0) printf "setup-kube: %s: %d of at most %d packages compiled\n", part, n, total; fflush(); next }
            { print; failed = failed || /go build failed/ } END { exit failed }' >&2 ||
        refuse "$part could not be built: Go's own words are above."
}

make_cluster() {
    v=k8s.io/component-base/version
    go_build cluster "$1" "-s -w -X $v.gitVersion=v$kubernetes -X $v.gitMajor=1 -X $v.gitMinor=$(echo "$kubernetes" | cut -d. -f2) -X $v.gitTreeState=clean" . ./pause
    mv "$1/cluster" "$1/labkube"
}
make_csi() {
    go_build csi "$1" "-s -w" ./driver github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity \
        github.com/kubernetes-csi/external-attacher/v4/cmd/csi-attacher \
        github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner
}
# Installed as packages they would bring services along; unpacked they touch nothing.
make_node() {
    packages=$(cat $build/node/packages)
    say "node: fetching" $packages
    apt-get update -qq || say "node: the package lists could not be renewed; trying with those that are here"
    (cd "$1" && apt-get -o APT::Sandbox::User=root download -qq $packages && for each in *.deb; do dpkg -x "$each" . && rm "$each"; done) >&2 ||
        refuse "node: Debian's packages could not be fetched: see the message above."
    "$1/usr/sbin/runc" --version >/dev/null || refuse "node: runc does not run: install libseccomp2."
}

export GOTOOLCHAIN=local CGO_ENABLED=0
mkdir -p "$cache"
exec 9>"$cache/setup-kube.lock"
flock 9
for part in ${*:-cluster csi node}; do
    ready "$part" && continue
    case $part in cluster | csi) check_go ;; node) check_node ;; *) refuse "there is no part $part: cluster, csi, node" ;; esac
    target=$(folder "$part")
    rm -rf "$target" "$target".new.*
    mkdir "$target.new.$$"
    make_"$part" "$target.new.$$"
    touch "$target.new.$$/.complete"
    mv "$target.new.$$" "$target"
    say "$part: done"
done
