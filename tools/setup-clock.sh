#!/bin/sh
# Put libfaketime into the cache, which the experiments with a wrong clock start brokers under. Unpacked from Debian's
# package and not installed, so that it touches nothing. Quick when it is there; safe to run again and to interrupt.
set -eu

cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
target=$cache/clock
refuse() { printf 'setup-clock: %s\n' "$*" >&2; exit 1; }
there() { ls "$1"/usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; }

there "$target" && exit 0
there "" && exit 0
{ command -v apt-get && command -v dpkg; } >/dev/null 2>&1 ||
    refuse "neither libfaketime nor Debian's apt is here: install libfaketime."
mkdir -p "$cache"
new=$(mktemp -d "$cache/clock.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
(cd "$new" && apt-get -o APT::Sandbox::User=root download -qq libfaketime && dpkg -x ./*.deb . && rm ./*.deb) >&2 ||
    refuse "Debian's package libfaketime could not be fetched: see the message above; 'apt-get update' may help."
there "$new" || refuse "the package libfaketime has no libfaketimeMT.so.1."
rm -rf "$target"
mv "$new" "$target"
