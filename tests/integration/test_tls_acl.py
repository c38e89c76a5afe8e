"""The broker of a real installation, with the very configuration that docker-compose.yml mounts: TLS, passwords, ACL."""

import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from services.storage.credential import mosquitto_hash
from tests.architecture.source import ROOT
from tests.parts.mosquitto import MosquittoProcess, write_password_file

DEPLOY = ROOT / "deploy"
SUBSTITUTIONS = {
    "listener 8883": "listener {port} 127.0.0.1",
    "/mosquitto/config/acl": str(DEPLOY / "mosquitto/acl"),
    "/run/secrets/": "{secrets}/",
    "/mosquitto/data/": "{folder}/",
}
NOT_AUTHORISED = 0x87
BAD_CREDENTIALS = 0x86
DEVICES = {"uskat-1": "one-secret", "uskat-2": "two-secret"}
TIMEOUT_S = 10.0

pytestmark = [pytest.mark.mosquitto]


def installation_conf(secrets: Path) -> str:
    text = (DEPLOY / "mosquitto/mosquitto.conf").read_text(encoding="utf-8")
    for installed, tested in SUBSTITUTIONS.items():
        assert installed in text
        text = text.replace(installed, tested)
    return text.replace("{secrets}", str(secrets))


@dataclass
class Installation:
    broker: MosquittoProcess
    secrets: Path

    @property
    def ca(self) -> Path:
        return self.secrets / "mqtt_ca"

    def password(self, user: str) -> str:
        if user in DEVICES:
            return DEVICES[user]
        name = {"ingest": "uskat_mqtt_password", "health": "mqtt_health_password"}[user]
        return (self.secrets / name).read_text()

    def client(self, user: str | None, password: str | None = None, ca: Path | None = None) -> "Client":
        return Client(self.broker.port, user, password or (user and self.password(user)), ca or self.ca)


@dataclass
class Client:
    """One MQTT 5 client over TLS that notes what the broker answered."""

    port: int
    user: str | None
    password: str | None
    ca: Path
    connected: int | None = None
    received: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._answers: dict[int, int] = {}
        self._changed = threading.Condition()
        self.paho = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.paho.tls_set(ca_certs=str(self.ca))
        self.paho.username_pw_set(self.user, self.password)
        self.paho.on_connect = self._on_connect
        self.paho.on_publish = self._on_publish
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_message = self._on_message

    def __enter__(self) -> Self:
        self.paho.connect("localhost", self.port, keepalive=30)
        self.paho.loop_start()
        self._wait(lambda: self.connected is not None)
        return self

    def __exit__(self, *_: object) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()
        if (left := self.paho.socket()) is not None:  # paho may leave it open when the broker hangs up first
            left.close()

    def _note(self, change) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def _wait(self, condition) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT_S), "the broker did not answer"

    def _on_connect(self, client, userdata, flags, reason, properties) -> None:
        self._note(lambda: setattr(self, "connected", reason.value))

    def _on_publish(self, client, userdata, mid, reason, properties) -> None:
        self._note(lambda: self._answers.__setitem__(mid, reason.value))

    def _on_subscribe(self, client, userdata, mid, reasons, properties) -> None:
        self._note(lambda: self._answers.__setitem__(mid, reasons[0].value))

    def _on_message(self, client, userdata, message) -> None:
        self._note(lambda: self.received.append((message.topic, message.payload)))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Publish at QoS 1 and return the reason code of the PUBACK."""
        mid = self.paho.publish(topic, payload, qos=1, retain=retain).mid
        self._wait(lambda: mid in self._answers)
        return self._answers[mid]

    def subscribe(self, topic: str) -> int:
        _, mid = self.paho.subscribe(topic, options=SubscribeOptions(qos=1))
        self._wait(lambda: mid in self._answers)
        return self._answers[mid]

    def wait_for_messages(self, count: int) -> list[tuple[str, bytes]]:
        self._wait(lambda: len(self.received) >= count)
        return self.received


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """Certificates and passwords made by the scripts of deploy/, and Mosquitto with the mounted configuration.

    One device's hash is made by mosquitto_passwd, the other's by the registry: both must open the door.
    """
    secrets = tmp_path_factory.mktemp("secrets")
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "USKAT_SECRETS": str(secrets),
    }
    subprocess.run([DEPLOY / "make-certs.sh", "mqtt.example.org"], env=environment, check=True, capture_output=True)
    subprocess.run([DEPLOY / "make-secrets.sh"], env=environment, check=True, capture_output=True)
    devices = secrets / "devices"
    write_password_file(devices, {"uskat-1": DEVICES["uskat-1"]})
    with (secrets / "mqtt_passwords").open("a") as file:
        file.write(devices.read_text())
        file.write(f"uskat-2:{mosquitto_hash(DEVICES['uskat-2'])}\n")
    broker = MosquittoProcess(conf_text=installation_conf(secrets))
    broker.start()
    yield Installation(broker, secrets)
    broker.remove()


def test_the_tested_configuration_differs_from_the_installed_one_by_four_substitutions(installation):
    tested = installation.broker.conf_path.read_text(encoding="utf-8")
    back = tested.replace(str(installation.secrets), "{secrets}")
    back = back.replace(str(installation.broker.port), "{port}").replace(str(installation.broker.folder), "{folder}")
    for installed, substituted in SUBSTITUTIONS.items():
        back = back.replace(substituted, installed)
    back = back.removesuffix("user root\n")
    assert back.rstrip() == (DEPLOY / "mosquitto/mosquitto.conf").read_text(encoding="utf-8").rstrip()


def test_a_device_may_publish_under_its_own_topics_and_ingest_receives_it(installation):
    with installation.client("ingest") as ingest, installation.client("uskat-1") as device:
        assert ingest.subscribe("$share/uskat-ingest/uskat/v1/+/+") == 1
        for kind in ("water", "senml", "seismic", "histogram", "status"):
            assert device.publish(f"uskat/v1/uskat-1/{kind}", b"{}") == 0
        topics = [topic for topic, _ in ingest.wait_for_messages(5)]
    assert sorted(topics) == sorted(
        f"uskat/v1/uskat-1/{k}" for k in ("water", "senml", "seismic", "histogram", "status")
    )


@pytest.mark.parametrize(
    "topic", ["uskat/v1/uskat-2/water", "uskat/v1/uskat-2/status", "uskat/v1/uskat-1/ack", "uskat/v1/uskat-1/else", "x"]
)
def test_a_device_cannot_publish_under_anothers_topic(installation, topic):
    with installation.client("ingest") as ingest, installation.client("uskat-1") as device:
        assert ingest.subscribe("uskat/v1/+/+") == 1
        assert device.publish(topic, b"forged") == NOT_AUTHORISED
        assert device.publish("uskat/v1/uskat-1/water", b"after it") == 0
        ingest.wait_for_messages(1)
    assert ingest.received == [("uskat/v1/uskat-1/water", b"after it")]


def test_a_device_reads_its_own_confirmations_and_no_others(installation):
    with (
        installation.client("ingest") as ingest,
        installation.client("uskat-1") as device,
        installation.client("uskat-2") as other,
    ):
        for topic in ("uskat/v1/uskat-2/ack", "uskat/v1/uskat-1/ack", "uskat/v1/+/water", "#"):
            device.subscribe(topic)
        other.subscribe("uskat/v1/uskat-2/ack")
        assert ingest.publish("uskat/v1/uskat-2/ack", b"for two") == 0
        assert other.wait_for_messages(1) == [("uskat/v1/uskat-2/ack", b"for two")]
        assert other.publish("uskat/v1/uskat-2/water", b"data of two") == 0
        assert ingest.publish("uskat/v1/uskat-1/ack", b"for one") == 0
        # `#` and the exact topic overlap, so its own confirmation may come twice; another's never.
        assert set(device.wait_for_messages(1)) == {("uskat/v1/uskat-1/ack", b"for one")}


def test_ingest_may_only_confirm(installation):
    with installation.client("ingest") as ingest:
        assert ingest.publish("uskat/v1/uskat-1/water", b"{}") == NOT_AUTHORISED


def test_the_health_user_reads_the_uptime_and_nothing_else(installation):
    with installation.client("health") as health, installation.client("uskat-1") as device:
        health.subscribe("uskat/v1/+/+")
        health.subscribe("$SYS/broker/uptime")
        assert device.publish("uskat/v1/uskat-1/water", b"{}") == 0
        assert [topic for topic, _ in health.wait_for_messages(1)] == ["$SYS/broker/uptime"]


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [
        (None, None, NOT_AUTHORISED),
        ("uskat-1", "wrong", NOT_AUTHORISED),
        ("uskat-1", DEVICES["uskat-2"], NOT_AUTHORISED),
        ("nobody-we-know", "x", NOT_AUTHORISED),
    ],
)
def test_without_the_right_password_nobody_connects(installation, user, password, reason):
    with installation.client(user, password) as client:
        assert client.connected == reason


def test_a_user_name_with_a_wildcard_gets_nothing(installation):
    with installation.client("+", "x") as client:
        assert client.connected in {NOT_AUTHORISED, BAD_CREDENTIALS}


CONNECT = bytes.fromhex("100d00044d5154540502003c000000")
CONNACK = 0x20


def first_answer(connection: socket.socket) -> bytes:
    """Send a well-formed MQTT 5 CONNECT and return the first byte of what comes back; empty when the line is cut."""
    connection.sendall(CONNECT)
    try:
        return connection.recv(64)[:1]
    except ConnectionResetError:
        return b""


def test_plain_tcp_is_refused(installation):
    address = ("127.0.0.1", installation.broker.port)
    context = ssl.create_default_context(cafile=str(installation.ca))
    with socket.create_connection(address, timeout=TIMEOUT_S) as plain:
        assert first_answer(plain) != bytes([CONNACK])
    with (
        socket.create_connection(address, timeout=TIMEOUT_S) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as encrypted,
    ):
        assert first_answer(encrypted) == bytes([CONNACK])


def test_a_client_that_trusts_another_authority_does_not_connect(installation, tmp_path):
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "USKAT_SECRETS": str(tmp_path)}
    subprocess.run([DEPLOY / "make-certs.sh", "localhost"], env=environment, check=True, capture_output=True)
    context = ssl.create_default_context(cafile=str(tmp_path / "mqtt_ca"))
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        socket.create_connection(("127.0.0.1", installation.broker.port), timeout=TIMEOUT_S) as raw,
    ):
        context.wrap_socket(raw, server_hostname="localhost")


def test_the_certificate_names_its_hosts_and_no_other(installation):
    context = ssl.create_default_context(cafile=str(installation.ca))
    address = ("127.0.0.1", installation.broker.port)
    for host in ("mqtt.example.org", "mosquitto", "localhost"):
        with (
            socket.create_connection(address, timeout=TIMEOUT_S) as raw,
            context.wrap_socket(raw, server_hostname=host),
        ):
            pass
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        socket.create_connection(address, timeout=TIMEOUT_S) as raw,
        context.wrap_socket(raw, server_hostname="elsewhere.example.org"),
    ):
        pass
