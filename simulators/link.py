"""One logger's connection to the broker: paho driven from our own loop, so that one thread serves a whole field."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 3.0
UNLIMITED = 65_535


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and what it speaks. protocol: 5 or 4 (MQTT 3.1.1)."""

    host: str
    port: int
    protocol: int = 5
    ca_file: Path | None = None
    tls: bool = False


def broker_of(url: str, *, protocol: int = 5, ca_file: Path | None = None) -> Broker:
    """Broker from `mqtt://host:port` or `mqtts://host:port`; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        raise ValueError(f"{url!r} is no broker address; write mqtt://host:port or mqtts://host:port")
    tls = parts.scheme == "mqtts"
    return Broker(parts.hostname, parts.port or (8883 if tls else 1883), protocol, ca_file, tls)


class LinkEvents(Protocol):
    """What a link tells its logger."""

    def ready(self) -> None:
        """Connected, and the ack topic is subscribed."""

    def lost(self, why: str) -> None:
        """The connection is gone."""

    def message(self, payload: bytes) -> None:
        """Something arrived on the ack topic."""

    def puback(self, mid: int) -> None:
        """The broker has taken the message `mid`."""


class MqttLink:
    """A connection, made anew each time: nothing of an earlier session may linger, the buffer knows what is open."""

    def __init__(
        self,
        broker: Broker,
        *,
        device: str,
        password: str | None,
        ack_topic: str,
        will: tuple[str, bytes],
        events: LinkEvents,
    ) -> None:
        self.broker = broker
        self.device = device
        self.ready = False
        self.in_flight: set[int] = set()
        self.receive_maximum = UNLIMITED
        self._password = password
        self._ack_topic = ack_topic
        self._will = will
        self._events = events
        self._client: mqtt.Client | None = None

    @property
    def socket(self) -> socket.socket | None:
        """The socket to watch, None while there is no connection."""
        client = self._client
        return None if client is None else client.socket()  # type: ignore[return-value]

    @property
    def wants_write(self) -> bool:
        """Bytes are waiting for the socket."""
        return self._client is not None and self._client.want_write()

    def open(self) -> None:
        """Start a connection; raises OSError when there is no broker."""
        version = MQTTProtocolVersion.MQTTv5 if self.broker.protocol == 5 else MQTTProtocolVersion.MQTTv311
        clean: dict[str, Any] = {} if self.broker.protocol == 5 else {"clean_session": True}
        client = mqtt.Client(CallbackAPIVersion.VERSION2, self.device, protocol=version, **clean)
        client.username_pw_set(self.device, self._password)
        client.will_set(self._will[0], self._will[1], qos=1, retain=True)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(UNLIMITED)
        client.max_queued_messages_set(0)
        if self.broker.tls:
            client.tls_set(ca_certs=str(self.broker.ca_file) if self.broker.ca_file else None)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = lambda _c, _u, message: self._events.message(bytes(message.payload))
        client.on_publish = self._published
        client.on_disconnect = self._disconnected
        self._client = client
        arguments: dict[str, Any] = {}
        if self.broker.protocol == 5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.ReceiveMaximum = 1000
            arguments = {"clean_start": True, "properties": properties}
        try:
            client.connect(self.broker.host, self.broker.port, KEEPALIVE_S, **arguments)
        except OSError:
            self._client = None
            raise

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Hand a message over at QoS 1; its number, which `puback` will name."""
        if self._client is None:
            raise OSError("no connection")
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if self._client is not None:
            self.in_flight.add(info.mid)
        return info.mid

    def serve(self, *, readable: bool) -> None:
        """Read, write and keep alive what is due, without waiting."""
        client = self._client
        if client is None:
            return
        if readable:
            client.loop_read()
        if self._client is client and client.want_write():
            client.loop_write()
        if self._client is client:
            client.loop_misc()

    def close(self, *, politely: bool = True) -> None:
        """End the connection; impolitely, the broker sends the last will."""
        client, self._client = self._client, None
        self._forget()
        if client is None:
            return
        client.on_disconnect = None
        if politely:
            client.disconnect()
        elif (open_socket := client.socket()) is not None:
            open_socket.close()

    def _connected(self, client: mqtt.Client, _data: object, _flags: object, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            return
        self.receive_maximum = getattr(properties, "ReceiveMaximum", UNLIMITED) if properties else UNLIMITED
        client.subscribe(self._ack_topic, qos=1)

    def _subscribed(self, _client: object, _data: object, _mid: int, _reasons: object, _properties: object) -> None:
        self.ready = True
        self._events.ready()

    def _published(self, _client: object, _data: object, mid: int, _reason: object, _properties: object) -> None:
        self.in_flight.discard(mid)
        self._events.puback(mid)

    def _disconnected(self, _client: object, _data: object, _flags: object, reason: object, _props: object) -> None:
        self._client = None
        self._forget()
        self._events.lost(str(reason))

    def _forget(self) -> None:
        self.ready = False
        self.in_flight.clear()
