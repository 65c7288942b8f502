#!/bin/bash
# Starts Elasticsearch on a file system it cannot write to. Its configuration is copied to a folder in
# memory, and there users are made anew at each start, with passwords from secrets: so a secret that
# changed counts from the next start on. They are `keeper`, `keeper-kibana` and, for a person, `admin`.
set -euo pipefail

home=/usr/share/elasticsearch
export ES_PATH_CONF=/run/elasticsearch/config
mkdir -p "$ES_PATH_CONF"
cp -R "$home/config/." "$ES_PATH_CONF"
rm -f "$ES_PATH_CONF/elasticsearch.keystore"
: >"$ES_PATH_CONF/users"
: >"$ES_PATH_CONF/users_roles"
cp /etc/keeper/roles.yml "$ES_PATH_CONF/roles.yml"

add_user() {
    local password
    password=$(<"/run/secrets/$3")
    # Asked for twice, and in no list of processes.
    printf '%s\n%s\n' "$password" "$password" |
        "$home/bin/elasticsearch-users" useradd "$1" -r "$2" >/dev/null
}

add_user admin superuser elasticsearch_password
add_user keeper-kibana kibana_system kibana_password
add_user keeper keeper keeper_elasticsearch_password
exec "$@"
