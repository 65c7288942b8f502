#!/bin/bash
# The tool of that name, as the health check of docker-compose.yaml calls it.
exec "$(dirname "$0")/kafka-run-class.sh" org.apache.kafka.tools.BrokerApiVersionsCommand "$@"
