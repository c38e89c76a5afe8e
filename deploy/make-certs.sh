#!/usr/bin/env bash
# A private certificate authority for the broker, and the broker's certificate signed by it.
#
#   deploy/make-certs.sh HOST [HOST|IP ...]      e.g. deploy/make-certs.sh mqtt.example.org 203.0.113.7
#
# The names are what loggers connect to; `mosquitto` (inside compose) and `localhost` (health check) are always added.
# Writes into deploy/secrets (USKAT_SECRETS overrides): mqtt_ca, mqtt_ca_key, mqtt_server_cert, mqtt_server_key.
# An existing authority is kept and the server certificate made anew, so that loggers that trust the authority go on.
# Give mqtt_ca to every logger. Keep mqtt_ca_key off the server: nothing there needs it.
set -euo pipefail

if [ $# -eq 0 ]; then
    sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//' >&2
    exit 2
fi

folder=${USKAT_SECRETS:-"$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/secrets"}
days_ca=3650
days_server=825
mkdir -p "$folder"
chmod 755 "$folder"
umask 077

names=""
for name in "$@" mosquitto localhost; do
    case $name in
        *[!0-9.]*:* | *:*) kind=IP ;;
        *[!0-9.]*) kind=DNS ;;
        *) kind=IP ;;
    esac
    names="${names:+$names,}$kind:$name"
done

if [ ! -s "$folder/mqtt_ca_key" ] || [ ! -s "$folder/mqtt_ca" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -days "$days_ca" -nodes \
        -subj "/O=Uskat/CN=Uskat broker authority" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$folder/mqtt_ca_key" -out "$folder/mqtt_ca" 2>/dev/null
    echo "made a certificate authority, valid $days_ca days: $folder/mqtt_ca"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/O=Uskat/CN=$1" \
    -keyout "$work/key" -out "$work/request" 2>/dev/null
cat >"$work/extensions" <<EXTENSIONS
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $names
EXTENSIONS
openssl x509 -req -in "$work/request" -CA "$folder/mqtt_ca" -CAkey "$folder/mqtt_ca_key" -sha256 \
    -days "$days_server" -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/extensions" \
    -out "$work/cert" 2>/dev/null
mv "$work/key" "$folder/mqtt_server_key"
mv "$work/cert" "$folder/mqtt_server_cert"
chmod 644 "$folder/mqtt_ca" "$folder/mqtt_server_cert"

# The broker of the official image runs as 1883 and reads its key after it has dropped root.
if [ "$(id -u)" -eq 0 ]; then
    chown 1883:1883 "$folder/mqtt_server_key"
else
    echo "now run as root: chown 1883:1883 $folder/mqtt_server_key" >&2
fi
echo "made the broker's certificate for $names, valid $days_server days"
