#!/bin/bash
# Starts a Kafka Connect worker: start.sh WORKER_PROPERTIES [CLIENT_PROPERTIES]. The second file says how
# a client logs in at Kafka; Connect asks that for itself and for each kind of client it makes. Without
# a connector it starts too, and says so.
set -euo pipefail

properties=$(mktemp)
cat "$1" >"$properties"
if [ $# -gt 1 ]; then
    {
        cat "$2"
        # Whoever reaches its page may have it read what a provider gives.
        echo config.providers.secret.param.allowed.paths=/run/secrets
        for client in consumer producer admin; do
            sed -nE "s/^(security|sasl)\./$client.&/p" "$2"
        done
    } >>"$properties"
fi

plugins=$(sed -n 's/^plugin\.path=//p' "$1" | tail -n 1)
if [ -z "$(find -L "$plugins" -name '*.jar' | head -n 1)" ]; then
    echo "No connector is in $plugins, which is docker/connect/plugins unless KEEPER_CONNECT_PLUGINS" \
        "says another folder: unpack a release of Aiven's elasticsearch-connector-for-apache-kafka" \
        "there (docs/DEPLOYMENT.md), then run: docker compose restart connect"
fi
exec "${KAFKA_HOME:-/opt/kafka}/bin/kafka-run-class.sh" \
    org.apache.kafka.connect.cli.ConnectDistributed "$properties"
