#!/bin/bash
# Starts Kibana on a file system it cannot write to, with its password from a secret. Its configuration
# is copied to a folder in memory, where its key store is.
set -euo pipefail

home=/usr/share/kibana
export KBN_PATH_CONF=/run/kibana/config
mkdir -p "$KBN_PATH_CONF"
cp -R "$home/config/." "$KBN_PATH_CONF"
"$home/bin/kibana-keystore" create
"$home/bin/kibana-keystore" add --stdin elasticsearch.password </run/secrets/kibana_password
exec "$@"
