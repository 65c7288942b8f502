#!/bin/bash
# What the image's own start does with its environment: KAFKA_SOME_NAME becomes some.name in
# server.properties, storage is formatted once, and the broker replaces this shell.
set -euo pipefail

properties=/opt/kafka/config/server.properties
env | grep '^KAFKA_' | grep -v '^KAFKA_HEAP_OPTS=' | while IFS='=' read -r name value; do
    key=${name#KAFKA_}
    key=${key,,}
    printf '%s=%s\n' "${key//_/.}" "$value"
done >"$properties"

tool() {
    # shellcheck disable=SC2086 - several words
    java ${KAFKA_HEAP_OPTS:-} -cp '/opt/kafka/libs/*' "$@"
}

if [ ! -e "$KAFKA_LOG_DIRS/meta.properties" ]; then
    identity=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}
    tool kafka.tools.StorageTool format --cluster-id "$identity" --config "$properties"
fi
# shellcheck disable=SC2086 - several words
exec java ${KAFKA_HEAP_OPTS:-} -XX:+ExitOnOutOfMemoryError -cp '/opt/kafka/libs/*' \
    kafka.Kafka "$properties"
