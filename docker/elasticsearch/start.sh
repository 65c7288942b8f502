#!/bin/bash
# Starts Elasticsearch on a file system it cannot write to: its configuration, where it keeps a key
# store, is copied to a folder in memory, and the first password comes from a secret.
set -euo pipefail

home=/usr/share/elasticsearch
export ES_PATH_CONF=/run/elasticsearch/config
mkdir -p "$ES_PATH_CONF"
cp -R "$home/config/." "$ES_PATH_CONF"
rm -f "$ES_PATH_CONF/elasticsearch.keystore"
"$home/bin/elasticsearch-keystore" create --silent
"$home/bin/elasticsearch-keystore" add --stdin --silent bootstrap.password \
    </run/secrets/elasticsearch_password
exec "$@"
