#!/bin/bash
# What the image's own entrypoint does: another command than its own is run as it is, and of its
# environment a variable with a dot in its name is a setting. Settings of modules that this
# distribution lacks are left out.
set -euo pipefail

if [ "$1" != eswrapper ]; then
    exec "$@"
fi
settings=(-Ehttp.host=0.0.0.0 -Etransport.host=127.0.0.1)
while IFS= read -r -d '' pair; do
    name=${pair%%=*}
    case $name in
        ingest.geoip.*) ;;
        *.*) settings+=("-E$pair") ;;
    esac
done < <(env --null)
export ES_TMPDIR=/tmp
exec /usr/share/elasticsearch/bin/elasticsearch "${settings[@]}"
