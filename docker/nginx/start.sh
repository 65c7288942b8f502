#!/bin/sh
# Starts nginx as the server that KEEPER_PUBLIC_URL names: whoever asks for another is refused. Its
# configuration cannot be written to, so the name is in a file of /tmp that it includes.
set -eu

authority=${KEEPER_PUBLIC_URL#*://}
authority=${authority%%/*}
case $authority in
    \[*) host=${authority%%]*}] ;;
    *) host=${authority%%:*} ;;
esac
case $host in
    "" | *[!A-Za-z0-9.:_\[\]-]*)
        echo "KEEPER_PUBLIC_URL must look like https://keeper.example.org" >&2
        exit 1
        ;;
esac
printf 'server_name "%s";\n' "$host" >/tmp/server_name.conf
exec nginx -g "daemon off;"
