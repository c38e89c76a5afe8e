#!/bin/sh
# Start an ingest worker under the lowest free number: 1, 2, 3 ...
#
# The broker keeps a session per worker name, and a shared subscription deals messages to sessions of absent workers too.
# So names must be few and come back: containers of `docker compose --scale` are all alike and get new host names, a lock
# in a folder that they share does not. The lock is held by the file descriptor and falls when the process ends.
set -eu

folder=${USKAT_WORKER_LOCKS:-/workers}
number=1
while [ "$number" -le 64 ]; do
    exec 9>"$folder/$number"
    if flock --nonblock 9; then
        USKAT_INGEST_WORKER=$number
        export USKAT_INGEST_WORKER
        exec uskat ingest "$@"
    fi
    number=$((number + 1))
done
echo "all 64 worker numbers of $folder are taken" >&2
exit 1
