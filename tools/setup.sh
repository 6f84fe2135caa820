#!/bin/sh
# Make what drctl's commands and tests need: .venv here, and the Kafka jars in the cache. Quick when all is in place; safe to
# run again, to interrupt and to run twice at once. What it can neither find nor install it names, with a way to install it.
set -eu
cd "$(dirname "$0")/.."

cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
pom=drctl/lab/kafka/pom.xml
sinks_pom=drctl/lab/kafka/sinks.xml
sinks=$cache/sinks-$(sed -n 's:.*<debezium.version>\(.*\)</debezium.version>.*:\1:p' $sinks_pom)
kafka=$cache/kafka-$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' $pom)

say() { printf 'setup: %s\n' "$*" >&2; }
refuse() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# A download that fails is tried again: most of what goes wrong there has passed a minute later.
patiently() {
    for pause in 5 20 60; do
        "$@" && return
        say "that failed, and is tried again in $pause s: $1"
        sleep $pause
    done
    "$@"
}

# A part is ready when the mark that is written last says what it was made from.
marked() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
packages_mark() { cksum <requirements/dev.txt; pwd -P; }  # a virtual environment cannot be moved
drctl_mark() { cksum <pyproject.toml; }
jars_mark() { cksum <$pom; }
sinks_mark() { cksum <$sinks_pom; }
classes_mark() { cksum <$pom; java -version 2>&1; }  # an archive fits only the JVM that wrote it

debian_root() { [ "$(id -u)" = 0 ] && has apt-get; }
apt_install() {
    say "installing $* with apt-get"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@" >/dev/null 2>&1 || patiently apt_update_install "$@"
}
apt_update_install() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@" >/dev/null; }

# From a line like: openjdk version "17.0.15" 2025-04-15
java_major() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
java_suits() { has java && [ "$(java_major)" -ge 17 ] 2>/dev/null; }

postgres_suits() {
    for candidate in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres "$(command -v postgres)"; do
        [ -x "$candidate" ] && return
    done
    return 1
}
# Only the programs: told to make no cluster, Debian's package has nothing that its service would start.
install_postgres() {
    own=/etc/postgresql-common/createcluster.d/drctl.conf
    mkdir -p "$(dirname $own)"
    echo "create_main_cluster = false" >$own
    apt_install postgresql || installed=no
    rm $own
    [ "${installed:-yes}" = yes ]
}

check_tools() {
    java_suits || { debian_root && apt_install default-jre-headless && java_suits; } || refuse \
        "Java 17 or newer is missing: install it, for example with 'apt-get install openjdk-17-jre-headless' or 'dnf install java-21-openjdk-headless', and put it first in PATH."
    { has setpriv && has flock; } || { debian_root && apt_install util-linux; } || refuse \
        "setpriv or flock is missing: install the package util-linux."
    postgres_suits || { debian_root && install_postgres && postgres_suits; } || refuse \
        "A PostgreSQL server is missing, which the lab's sinks write to: install it, for example with 'apt-get install postgresql' or 'dnf install postgresql-server'; no service of it needs to run."
    { ready jars && ready sinks; } || has mvn || { debian_root && apt_install maven; } || refuse \
        "Maven is missing, needed once to fetch Kafka: install it, for example with 'apt-get install maven' or 'dnf install maven'."
}

# Prints the interpreter. Not every pinned package has wheels for a Python newer than 3.14.
find_python() {
    for candidate in python3.12 python3.13 python3.14 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[234].*/bin/python3 \
        "${XDG_DATA_HOME:-$HOME/.local/share}"/uv/python/cpython-3.1[234].*/bin/python3; do
        # Only running it tells: pyenv has shims for versions that are not selected, Debian ships ensurepip apart.
        "$candidate" -c 'import sys, venv, ensurepip
(3, 12) <= sys.version_info < (3, 15) or sys.exit(1)
print(sys.executable)' 2>/dev/null && return
    done
    return 1
}

# Any Python with venv can install uv, and uv can bring a newer Python.
python_by_uv() {
    uv=$(tools/uv.sh 2>/dev/null) || return
    say "fetching Python 3.12 with uv"
    "$uv" python install 3.12 >&2
}

provide_python() {
    find_python && return
    if debian_root; then apt_install python3-venv >&2 && find_python && return; fi
    python_by_uv && find_python && return
    refuse "Python 3.12, 3.13 or 3.14 with its venv module is missing: install it, for example with 'apt-get install python3.12-venv', 'dnf install python3.12', 'pyenv install 3.12' or 'uv python install 3.12'."
}

pip_install() { .venv/bin/python -m pip --disable-pip-version-check install --quiet --no-compile "$@"; }

make_packages() {
    if [ -x .venv/bin/python ] && [ "$(sed -n 2p .venv/packages.mark 2>/dev/null)" = "$(pwd -P)" ]; then
        say "updating .venv"
    else
        python=$(provide_python)
        say "making .venv with $("$python" --version)"
        rm -rf .venv
        "$python" -m venv .venv
    fi
    rm -f .venv/*.mark
    # Into the cache first: another clone then installs the same files without asking the network for anything.
    wheels=$cache/wheels-$(cksum <requirements/dev.txt | cut -d' ' -f1)-$(.venv/bin/python -c 'import sys; print(sys.implementation.cache_tag)')
    if [ ! -e "$wheels/.complete" ]; then
        say "fetching packages"
        rm -rf "$wheels"
        patiently .venv/bin/python -m pip --disable-pip-version-check download --quiet --only-binary :all: \
            --require-hashes -r requirements/dev.txt --dest "$wheels"
        touch "$wheels/.complete"
    fi
    pip_install --no-index --find-links "$wheels" --require-hashes -r requirements/dev.txt
    packages_mark >.venv/packages.mark
}

make_drctl() {
    pip_install --no-deps --no-build-isolation -e .
    drctl_mark >.venv/drctl.mark
}

# Whatever Maven's goal puts into a folder, under a name that shows only when all of it is there.
fetch() { # folder, pom, subfolder, mark, goal
    say "fetching $(basename "$1") with Maven"
    rm -rf "$1".new.*
    mkdir "$1.new.$$"
    patiently maven "$1.new.$$" "$2" "$3" "$5" ||
        { cat "$1.new.$$/maven.log" >&2; refuse "Maven could not fetch $(basename "$1"): its own words are above."; }
    rm "$1.new.$$/maven.log"
    "$4" >"$1.new.$$/.complete"
    rm -rf "$1"
    mv "$1.new.$$" "$1"
}

maven() { # folder, pom, subfolder, goal
    mvn --batch-mode --quiet --strict-checksums -f "$2" "dependency:$4" -DoutputDirectory="$1/$3" >"$1/maven.log" 2>&1
}

make_jars() { fetch "$kafka" $pom libs jars_mark copy-dependencies; }
make_sinks() { fetch "$sinks" $sinks_pom . sinks_mark unpack-dependencies; }

# A lab starts without them, too, only slower: where they cannot be made, that is said and set-up goes on.
make_classes() {
    say "writing down which classes Kafka loads, so that labs start faster"
    rm -rf "$kafka/classes"
    mkdir "$kafka/classes"
    .venv/bin/python -m drctl.lab.archive || say "that failed, labs start without; 'rm -r $kafka/classes' has it tried again"
    classes_mark >"$kafka/classes/.complete"
}

ready() {
    case $1 in
    packages) [ -x .venv/bin/python ] && marked .venv/packages.mark "$(packages_mark)" ;;
    drctl) marked .venv/drctl.mark "$(drctl_mark)" ;;
    jars) marked "$kafka/.complete" "$(jars_mark)" ;;
    sinks) marked "$sinks/.complete" "$(sinks_mark)" ;;
    classes) marked "$kafka/classes/.complete" "$(classes_mark)" ;;
    esac
}

check_tools
ready packages && ready drctl && ready jars && ready sinks && ready classes && exit
mkdir -p "$cache"
exec 9>"$cache/setup.lock"
flock 9
for part in packages drctl jars sinks classes; do
    ready $part || make_$part
done
