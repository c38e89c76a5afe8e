#!/usr/bin/env bash
# Random passwords for an installation, one file each, never on a command line and never in an image.
#
#   deploy/make-secrets.sh
#
# Writes into deploy/secrets (USKAT_SECRETS overrides) what is not there yet: postgres_password, uskat_database_url,
# uskat_mqtt_password, mqtt_health_password, and mqtt_passwords with the two service users `ingest` and `health`; the
# key of second factors, the secret that signs webhooks, the keys of web push and of the register, and empty files for the channels of notices, to be filled in.
# The devices' lines come from the registry: `uskat admin` prints them (docs/how-to/operator.md).
set -euo pipefail

folder=${USKAT_SECRETS:-"$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/secrets"}
mkdir -p "$folder"
chmod 755 "$folder"
umask 077

random() { openssl rand -hex 24; }

# Keep what exists: a new database password would lock the old database.
once() {
    if [ ! -s "$folder/$1" ]; then
        printf '%s' "$2" >"$folder/$1"
        echo "made $folder/$1"
    fi
}

# A line of Mosquitto's password file: PBKDF2-SHA512, 101 rounds as mosquitto_passwd has it; the password has 192 random bits.
password_line() {
    local salt hash
    salt=$(openssl rand -hex 12)
    hash=$(openssl kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt "pass:$2" -kdfopt "hexsalt:$salt" \
        -kdfopt iter:101 -binary PBKDF2 | openssl base64 -A)
    printf '%s:$7$101$%s$%s\n' "$1" "$(printf '%b' "$(printf '%s' "$salt" | sed 's/../\\x&/g')" | openssl base64 -A)" "$hash"
}

once postgres_password "$(random)"
once uskat_database_url "postgresql://uskat:$(cat "$folder/postgres_password")@database:5432/uskat"
once uskat_mqtt_password "$(random)"
once mqtt_health_password "$(random)"
# Encrypts the second factors of people: without it nobody of an agency signs in, so it is copied apart from the database.
once account_key "$(openssl rand -base64 32 | tr '+/' '-_')"
once uskat_notice_webhook_secret "$(random)"
# Push services know this installation by it; a new one ends every subscription of a browser.
once push_key "$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)"
# Its public half as browsers take it: the uncompressed point, which ends the DER form, in base64url.
once uskat_push_public_key "$(openssl pkey -in "$folder/push_key" -pubout -outform DER | tail -c 65 |
    openssl base64 -A | tr '+/' '-_' | tr -d '=')"
# Signs packets for trials with a receiver who agrees to Ed25519; the register itself wants GOST.
once register_key "$(openssl genpkey -algorithm ed25519)"
channels=(mail_url telegram_token sms_url sms_token)
for channel in "${channels[@]}"; do
    [ -e "$folder/uskat_notice_$channel" ] || : >"$folder/uskat_notice_$channel"
done
if [ ! -s "$folder/mqtt_passwords" ]; then
    {
        password_line ingest "$(cat "$folder/uskat_mqtt_password")"
        password_line health "$(cat "$folder/mqtt_health_password")"
    } >"$folder/mqtt_passwords"
    echo "made $folder/mqtt_passwords"
fi

# Who reads what: the broker's image runs as 1883, ours as 10001, PostgreSQL's starts as root.
if [ "$(id -u)" -eq 0 ]; then
    chown 1883:1883 "$folder/mqtt_passwords"
    chown 10001:10001 "$folder/uskat_database_url" "$folder/uskat_mqtt_password" "$folder/account_key" \
        "$folder/push_key" "$folder/uskat_push_public_key" "$folder/register_key" "$folder"/uskat_notice_*
else
    echo "now run as root: chown 1883:1883 $folder/mqtt_passwords" >&2
    echo "now run as root: chown 10001:10001 $folder/uskat_database_url $folder/uskat_mqtt_password $folder/account_key" \
        "$folder/push_key $folder/uskat_push_public_key $folder/register_key $folder/uskat_notice_*" >&2
fi
