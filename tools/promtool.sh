#!/bin/sh
# Print where promtool is, of the version that alert rules are held to; built once, from Prometheus' Go module, into the cache.
set -eu
version=0.313.5 # Prometheus 3.13.5
cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
folder=$cache/promtool-$version

mkdir -p "$cache"
exec 9>"$cache/promtool.lock"
flock 9
if [ ! -x "$folder/promtool" ]; then
    command -v go >/dev/null 2>&1 || { echo "promtool: Go is missing, needed once to build it: install it and put it first in PATH." >&2; exit 1; }
    mkdir -p "$folder.new"
    # Not "go install": it refuses a module that excludes or replaces others, as this one does. Built where the module lies, by its
    # own go.mod and go.sum; without service discovery, which rules do not need and most of its dependencies are for.
    source=$(GOTOOLCHAIN=local GOWORK=off go mod download -json "github.com/prometheus/prometheus@v$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p')
    [ -n "$source" ] || { echo "promtool: its module could not be fetched: try 'go mod download github.com/prometheus/prometheus@v$version'." >&2; exit 1; }
    GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 go build -C "$source" -mod=readonly -tags remove_all_sd -o "$folder.new/promtool" ./cmd/promtool >&2
    rm -rf "$folder"
    mv "$folder.new" "$folder"
fi
echo "$folder/promtool"
