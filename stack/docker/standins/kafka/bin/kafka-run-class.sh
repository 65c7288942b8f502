#!/bin/bash
# The tool of that name: runs a class of Kafka's jars, as docker/connect/start.sh calls it.
# shellcheck disable=SC2086 - several words
exec java ${KAFKA_HEAP_OPTS:-} -cp "$(dirname "$0")/../libs/*" "$@"
