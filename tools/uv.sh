#!/bin/sh
# Print the path of uv: the one in PATH, else one installed into the cache with whatever Python there is.
set -eu
command -v uv && exit

version=0.13.9
venv=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}/uv-$version
if ! [ -x "$venv/bin/uv" ]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet "uv==$version"
fi
echo "$venv/bin/uv"
