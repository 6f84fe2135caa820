#!/bin/sh
# Renew requirements/*.txt, pinned and hashed, from the ranges in pyproject.toml. Arguments go to uv: --upgrade takes newer versions.
set -eu
cd "$(dirname "$0")/.."

uv=$(tools/uv.sh)
compile() {
    "$uv" pip compile --quiet pyproject.toml --universal --python-version 3.12 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@" >/dev/null
}
compile "$@" --output-file requirements/run.txt
compile "$@" --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
