"""What Mosquitto forgets: the reasons why a logger must wait for the `ack` topic (docs/explanation)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from services.parts.broker import Broker

WAIT_S = 10.0

pytestmark = [pytest.mark.chaos, pytest.mark.mosquitto]


@contextmanager
def client(broker: Broker, name: str, topic: str | None = None) -> Iterator[tuple[mqtt.Client, list[str], list[bytes]]]:
    """A connected MQTT 5 client whose session stays, subscribed if a topic is given; reasons of PUBACK, payloads."""
    reasons: list[str] = []
    received: list[bytes] = []
    ready = threading.Event()
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
    made.on_publish = lambda _c, _u, _m, reason, _p: reasons.append(str(reason))
    made.on_message = lambda _c, _u, message: received.append(message.payload)
    made.on_connect = lambda *_: made.subscribe(topic, 1) if topic else ready.set()
    made.on_subscribe = lambda *_: ready.set()
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    made.connect("127.0.0.1", broker.port, clean_start=False, properties=properties)
    made.loop_start()
    assert ready.wait(WAIT_S)
    yield made, reasons, received
    made.disconnect()
    made.loop_stop()


@pytest.mark.parametrize(("topic", "kept"), [("plain/+", True), ("$share/group/plain/+", False)])
def test_mosquitto_keeps_plain_subscriptions_over_a_clean_restart_and_forgets_shared_ones(
    mosquitto_broker: Broker, topic: str, kept: bool
) -> None:
    """Between its restart and our SUBSCRIBE it takes messages for nobody, and says so in PUBACK: reason 0x10."""
    with client(mosquitto_broker, "ingest", topic):
        pass
    mosquitto_broker.stop()
    mosquitto_broker.start()
    with client(mosquitto_broker, "logger") as (logger, reasons, _):
        logger.publish("plain/x", b"1", qos=1).wait_for_publish(WAIT_S)
    assert reasons == ["Success" if kept else "No matching subscribers"]
