"""One tree of settings; the only reader of the environment. Variables are `USKAT_<FIELD>`, secrets may be files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS_DIR = Path("/run/secrets")


class Settings(BaseSettings):
    """What every process may be told. Docker secrets named `uskat_<field>` are read from /run/secrets."""

    model_config = SettingsConfigDict(
        env_prefix="USKAT_", env_file=None, extra="ignore", secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None
    )

    database_url: SecretStr = Field(
        SecretStr("postgresql://uskat@127.0.0.1:5432/uskat"), description="PostgreSQL ≥ 15, with or without TimescaleDB"
    )
    database_pool_size: int = Field(8, ge=1, description="connections of one api or alerts process")
    mqtt_url: str = Field("mqtt://127.0.0.1:1883", description="broker; mqtts:// for TLS; no credentials in the URL")
    mqtt_username: str | None = None
    mqtt_password: SecretStr | None = None
    mqtt_ca_file: Path | None = Field(None, description="CA certificate for mqtts://")
    mqtt_protocol: Literal["5", "3.1.1"] = "5"
    mqtt_shared_group: str | None = Field("uskat-ingest", description="shared subscription; empty: plain")
    mqtt_client_id: str | None = Field(None, description="stable id: the broker keeps the session")
    ingest_worker: str = Field("1", description="name of this ingest worker, unique on the broker")
    ingest_receive_maximum: int = Field(4000, ge=1, le=65535, description="messages in flight to us")
    ingest_leave: bool = Field(
        default=False, description="end the broker session at a graceful stop: for a worker that is removed for good"
    )
    ingest_pipelines: int = Field(2, ge=1, le=16, description="transactions at once, each with devices of its own")
    ingest_inbox_messages: int = Field(8000, ge=1, description="beyond it we stop reading the socket")
    ingest_inbox_bytes: int = Field(64 * 2**20, ge=2**20)
    ingest_batch_readings: int = Field(10_000, ge=1)
    ingest_payload_limit: int = Field(16 * 2**20, ge=1024, description="bytes; larger payloads are refused")
    ingest_metrics_port: int = Field(9101, ge=0)
    clock_future_tolerance_s: float = Field(600, ge=0)
    clock_oldest_year: int = Field(2015, ge=1970)
    alerts_metrics_port: int = Field(9102, ge=0)
    metrics_host: str = Field(
        "127.0.0.1", description="address of /metrics and /health of ingest and alerts; 0.0.0.0 in a container"
    )
    alerts_worker: str = "1"
    alerts_concurrency: int = Field(4, ge=1, description="stations one alerts process evaluates at the same time")
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=0)
    api_workers: int = Field(1, ge=1)
    api_trusted_proxies: str | None = Field(None, description="addresses whose X-Forwarded-For and -Proto are believed")
    rate_limit_address: str = Field("1200/minute", description="requests of one address without a token; empty: none")
    rate_limit_token: str = Field("12000/minute", description="requests with one token; empty: no limit")
    rate_limit_tries: str = Field("60/minute", description="refused tokens and sign-ins of one address; empty: none")
    account_key_file: Path | None = Field(
        None, description="keys that encrypt second factors; without it nobody of an agency can sign in"
    )
    complaints_per_hour: int = Field(10, ge=0, description="complaints of one address, per api worker; 0: unlimited")
    complaint_codes_per_hour: int = Field(
        120, ge=0, description="questions by a complaint's code of one address, per api worker; 0: unlimited"
    )
    openid_issuer: str | None = Field(None, description="OpenID provider, as it calls itself; without it none")
    openid_client_id: str | None = None
    openid_client_secret: SecretStr | None = None
    openid_redirect_url: str | None = Field(
        None, description="https://<this installation>/api/v1/session/openid/callback, as the provider knows it"
    )
    weather_url: str = Field(
        "https://api.open-meteo.com/v1/forecast", description="forecast service in the form of Open-Meteo's"
    )
    weather_timeout_s: float = Field(10, gt=0, description="longest wait for the weather feed to send anything")
    arshin_url: str = Field(
        "https://fgis.gost.ru/fundmetrology/eapi", description="ФГИС «Аршин», asked by `uskat arshin fetch` only"
    )
    arshin_timeout_s: float = Field(30, gt=0, description="longest wait for it to send anything")
    evidence_key_file: Path | None = Field(
        None, description="Ed25519 key (PEM) that closes days and signs packs; none: neither is done here"
    )
    public_url: str = Field("http://127.0.0.1:8000", description="address at which people reach the api; in mails")
    subscriptions_per_hour: int = Field(10, ge=0, description="asked from one address; 0: without limit")
    notices_metrics_port: int = Field(9103, ge=0)
    notice_mail_url: SecretStr | None = Field(
        None, description="mail server as apprise writes it: mailtos://USER:PASSWORD@HOST:465/?from=ADDRESS&mode=ssl"
    )
    notice_telegram_token: SecretStr | None = Field(None, description="token of the Telegram bot")
    notice_webhook_secret: SecretStr | None = Field(None, description="signs webhooks (HMAC-SHA256)")
    notice_sms_url: SecretStr | None = Field(None, description="SMS gateway that takes JSON: to, text, id")
    notice_sms_token: SecretStr | None = Field(None, description="bearer token of the gateway")
    notice_push_key_file: Path | None = Field(
        None, description="P-256 private key (PEM) of web push; `uskat admin push-key FILE` makes one"
    )
    notice_push_contact: str = Field(
        "mailto:webmaster@localhost", description="whom a push service writes to: mailto: or https: (RFC 8292)"
    )
    push_public_key: str | None = Field(
        None, description="public half of the key of web push, base64url; none: the page offers mail only"
    )
    push_services: str = Field(
        "fcm.googleapis.com .push.services.mozilla.com .notify.windows.com .push.apple.com",
        description="push services that browsers may name: host, .host for all under it, or an origin for trials",
    )
    notice_settle_s: float = Field(
        12, ge=0, description="wait before a happening is told: alerts of one cause are gathered by then"
    )
    notice_attempts: int = Field(14, ge=1, description="attempts before a message is dead")
    notice_retry_first_s: float = Field(10, gt=0, description="pause after the first failure; doubles each time")
    notice_retry_longest_s: float = Field(3600, gt=0)
    notice_timeout_s: int = Field(15, ge=1, description="longest wait for a mail server or receiver")
    notice_stalled_s: float = Field(30, gt=0, description="a worker silent for so long is dead, its jobs go back")
    notice_concurrency: int = Field(4, ge=1, description="messages sent at the same time by one process")
    register_url: str | None = Field(None, description="state register, without the path; used by register-export only")
    register_file: Path | None = Field(None, description="JSON: the control system as the register knows it")
    register_key_file: Path | None = Field(None, description="Ed25519 private key (PEM) that signs packets; not GOST")
    register_sign_command: str | None = Field(
        None, description="program that signs instead: body on stdin, detached signature (DER) on stdout"
    )
    register_serial: str | None = Field(None, description="serial of the certificate, sent with each packet")
    register_timeout_s: float = Field(20, gt=0, description="longest wait for the register's whole answer")
    register_metrics_port: int = Field(9104, ge=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @property
    def clock_oldest_us(self) -> int:
        """Device times before this (microseconds since 1970) are refused as clock faults."""
        return int(datetime(self.clock_oldest_year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
