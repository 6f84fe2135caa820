#!/bin/sh
# Generate Strimzi's resource definitions from what it publishes, into the cache: v1 as its newest release serves it, v1beta2 as
# releases before 0.49 did. Prints the folder. Quick when all is in place; safe to interrupt and to run again.
set -eu
cd "$(dirname "$0")/.."

cache=${DRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/drctl}
pom=drctl/lab/strimzi/pom.xml
target=$cache/strimzi-crds-$(cat $pom "$0" 2>/dev/null | sha256sum | cut -c1-12)

say() { printf 'strimzi-crds: %s\n' "$*" >&2; }
refuse() { say "$*"; exit 1; }

# From a line like: openjdk version "17.0.15" 2025-04-15
major() { "$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
find_java() {
    for candidate in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        [ -x "$candidate" ] && [ "$(major "$candidate")" -ge "$1" ] 2>/dev/null && echo "$candidate" && return
    done
    return 1
}

generate() { # release, version of the API, oldest Java
    java=$(find_java "$3") || refuse \
        "Java $3 or newer is missing, needed to generate Strimzi's definitions of $1: install it, for example with 'apt-get install openjdk-21-jre-headless' or 'dnf install java-21-openjdk-headless', or set JAVA_HOME."
    say "generating the definitions of Strimzi $1 ($2)"
    mkdir -p "$work/$2"
    mvn --batch-mode --quiet --strict-checksums -f $pom "-Dstrimzi.version=$1" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$work/libs-$2" >&2 || refuse "Maven could not fetch Strimzi $1: its own words are above."
    set --  "$1" "$2"
    for each in kafka.Kafka nodepool.KafkaNodePool podset.StrimziPodSet mirrormaker2.KafkaMirrorMaker2 user.KafkaUser \
        topic.KafkaTopic connect.KafkaConnect connector.KafkaConnector rebalance.KafkaRebalance; do
        set -- "$@" "io.strimzi.api.kafka.model.$each=$work/$2/${each#*.}.yaml"
    done
    version=$2
    shift 2
    "$java" -cp "$work/libs-$version/*" io.strimzi.crdgenerator.CrdGenerator --label app:strimzi --target-kube 1.16+ \
        --crd-api-version v1 --api-versions "$version" --storage-version "$version" --yaml "$@" >&2 ||
        refuse "the generator failed: its own words are above."
    rm -rf "$work/libs-$version"
}

if [ ! -e "$target/.complete" ]; then
    command -v mvn >/dev/null || refuse "Maven is missing, needed once: install it, for example with 'apt-get install maven' or 'dnf install maven'."
    mkdir -p "$cache"
    work=$target.new.$$
    trap 'rm -rf "$work"' EXIT
    generate "$(sed -n 's:.*<strimzi.version>\(.*\)</strimzi.version>.*:\1:p' $pom)" v1 21
    generate 0.45.0 v1beta2 17
    touch "$work/.complete"
    rm -rf "$target"
    mv "$work" "$target"
fi
echo "$target"
