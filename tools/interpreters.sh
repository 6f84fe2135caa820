#!/bin/sh
# Run the tests that need no Kafka (unit, spec, contract on the fakes) on every supported Python that this machine has, each in an
# environment of its own in the cache. Arguments go to pytest. What is not here is named; at least one must be.
set -eu
cd "$(dirname "$0")/.."

cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
ran=
for version in 3.12 3.13 3.14; do
    python=
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/$version.*/bin/python3 \
        "${XDG_DATA_HOME:-$HOME/.local/share}"/uv/python/cpython-$version.*/bin/python3; do
        python=$("$candidate" -c 'import sys, venv, ensurepip; print(sys.executable)' 2>/dev/null) && break
    done
    [ -n "$python" ] || { echo "interpreters: no Python $version here" >&2; continue; }
    venv=$cache/venv-$version
    if [ "$(cat "$venv/packages.mark" 2>/dev/null)" != "$(cksum <requirements/dev.txt)" ]; then
        rm -rf "$venv"
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/dev.txt
        cksum <requirements/dev.txt >"$venv/packages.mark"
    fi
    printf '\n== %s: unit, spec, and contract on the fakes\n' "$("$venv/bin/python" --version)"
    "$venv/bin/python" -m pytest tests/unit tests/spec -n auto "$@"
    "$venv/bin/python" -m pytest tests/contract -k fake "$@"
    ran=yes
done
[ -n "$ran" ] || { echo "interpreters: install Python 3.12, 3.13 or 3.14" >&2; exit 1; }
