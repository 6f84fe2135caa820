#!/bin/sh
# Renew requirements/*.txt, pinned and hashed, from the ranges in pyproject.toml. Arguments go to uv: `make lock ARGS=--upgrade`.
set -eu
cd "$(dirname "$0")/.."

uv_version=0.13.9
venv=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}/uv-$uv_version
[ -x "$venv/bin/uv" ] || { .venv/bin/python -m venv "$venv" && "$venv/bin/pip" install --quiet "uv==$uv_version"; }

compile() {
    "$venv/bin/uv" pip compile --quiet pyproject.toml --universal --python-version 3.12 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@"
}
compile "$@" --output-file requirements/run.txt
compile "$@" --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
