#!/bin/sh
# Starts Redis with its password from a secret: in its configuration, where no list of processes shows
# it.
set -eu

exec redis-server - <<CONFIGURATION
requirepass $(cat /run/secrets/redis_password)
appendonly yes
dir /data
CONFIGURATION
