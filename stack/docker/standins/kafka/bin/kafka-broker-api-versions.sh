#!/bin/bash
# The tool of that name, as the health check of docker-compose.yaml calls it.
# shellcheck disable=SC2086 - several words
exec java ${KAFKA_HEAP_OPTS:-} -cp '/opt/kafka/libs/*' \
    org.apache.kafka.tools.BrokerApiVersionsCommand "$@"
