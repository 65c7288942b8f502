#!/bin/sh
# Starts the Redis in which consoles keep answers, with the login that is in the address they are given.
# Its configuration comes from the input, where no list of processes shows it. Nothing in it is missed:
# what does not fit is dropped, and nothing is written to disk. By INFO a console sees that it was started again.
set -eu

url=$(cat /run/secrets/keeper_redis_url)
login=${url#redis://}
login=${login%%@*}

exec redis-server - <<CONFIGURATION
user default off
user ${login%%:*} on >${login#*:} ~* +@read +@write +@connection +@transaction -@dangerous +info
maxmemory 512mb
maxmemory-policy allkeys-lru
save ""
appendonly no
dir /tmp
CONFIGURATION
