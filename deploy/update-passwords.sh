#!/usr/bin/env bash
# Give the broker the devices of the registry: after adding, removing or re-keying devices.
#
#   deploy/update-passwords.sh
#
# Keeps the lines of the service users, replaces those of the devices (hashes only, no password is shown) and tells the
# broker to read the file again; connected loggers stay connected.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
file=${USKAT_SECRETS:-"$here/secrets"}/mqtt_passwords
services='^(ingest|health):'

cd "$here/.."
umask 077
devices=$(docker compose run --rm -T --entrypoint sh api -c 'uskat admin password-file /tmp/devices >&2 && cat /tmp/devices')
if printf '%s\n' "$devices" | grep -qE "$services"; then
    echo "a device may not be called ingest or health" >&2
    exit 1
fi
# In place: the container sees this very file, a new one under the old name it would not.
text=$(grep -E "$services" "$file" && printf '%s\n' "$devices")
printf '%s\n' "$text" >"$file"
docker compose kill --signal HUP mosquitto
