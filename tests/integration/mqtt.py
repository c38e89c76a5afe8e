"""A small MQTT client for tests of the brokers: every call waits for its answer."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho

from services.parts.broker import Broker

WAIT_S = 15.0


class Client:
    """A connected client that records what it receives as (topic, payload, retain)."""

    def __init__(self, broker: Broker, name: str, *, keep_session: bool = False, will: tuple[str, bytes] | None = None):
        self.received: list[tuple[str, bytes, bool]] = []
        self._changed = threading.Condition()
        self._answered = threading.Event()
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311, clean_session=not keep_session
        )
        if will is not None:
            self._client.will_set(will[0], will[1], qos=1, retain=True)
        self._client.on_connect = lambda *_: self._answered.set()
        self._client.on_subscribe = lambda *_: self._answered.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._answered.wait(WAIT_S), "no CONNACK"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.disconnect()

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, message.payload, message.retain))
            self._changed.notify_all()

    def subscribe(self, topic: str) -> None:
        self._answered.clear()
        self._client.subscribe(topic, qos=1)
        assert self._answered.wait(WAIT_S), "no SUBACK"

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def wait_for(self, count: int) -> list[tuple[str, bytes, bool]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, WAIT_S), self.received
            return list(self.received)

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def lose_connection(self) -> None:
        """Close the socket without a goodbye, as a logger that lost its power does."""
        self._client.socket().shutdown(2)
        self._client.loop_stop()


def connect_code(broker: Broker, user: str | None, password: str | None) -> str:
    """Connect with MQTT 5 and return the reason the broker gives."""
    answers: list[str] = []
    answered = threading.Event()

    def on_connect(_client: object, _data: object, _flags: object, reason: object, _properties: object) -> None:
        answers.append(str(reason))
        answered.set()

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set(user, password)
    client.on_connect = on_connect
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    assert answered.wait(WAIT_S), "no CONNACK"
    client.disconnect()
    client.loop_stop()
    return answers[0]
