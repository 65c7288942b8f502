#!/bin/bash
# What the image's own entrypoint does with its environment: a variable with a dot in its name is a
# setting. Settings of modules that this distribution lacks are left out.
set -euo pipefail

settings=(-Ehttp.host=0.0.0.0 -Etransport.host=127.0.0.1)
while IFS= read -r -d '' pair; do
    name=${pair%%=*}
    case $name in
        ingest.geoip.*) ;;
        *.*) settings+=("-E$pair") ;;
    esac
done < <(env --null)
export ES_JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64 ES_TMPDIR=/usr/share/elasticsearch/tmp
exec /usr/share/elasticsearch/bin/elasticsearch "${settings[@]}"
