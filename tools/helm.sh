#!/bin/sh
# Print where helm is, of the version that the chart is held to; built once, from its Go module, into the cache.
set -eu
version=3.19.0
cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
folder=$cache/helm-$version

mkdir -p "$cache"
exec 9>"$cache/helm.lock"
flock 9
if [ ! -x "$folder/helm" ]; then
    command -v go >/dev/null 2>&1 || { echo "helm: Go is missing, needed once to build it: install it and put it first in PATH." >&2; exit 1; }
    mkdir -p "$folder.new"
    GOTOOLCHAIN=local CGO_ENABLED=0 GOBIN=$folder.new go install "helm.sh/helm/v3/cmd/helm@v$version" >&2
    rm -rf "$folder"
    mv "$folder.new" "$folder"
fi
echo "$folder/helm"
