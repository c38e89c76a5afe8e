"""Broker → ingest → database: acknowledged after COMMIT, confirmed on the ack topic, nothing lost on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pydantic import SecretStr

from services.ingest.main import serve
from services.parts.broker import Broker
from services.settings import Settings
from uskat.wire.ack import decode_ack
from uskat.wire.water import WaterPacket, encode_water

NOW = datetime.now(UTC).replace(microsecond=0)


def settings_for(database: str, broker: Broker) -> Settings:
    return Settings(
        database_url=SecretStr(database), mqtt_url=broker.url, ingest_metrics_port=0, mqtt_protocol=broker.protocol,
        mqtt_shared_group="uskat-ingest" if broker.supports_shared_subscription else None,
    )  # fmt: skip


@asynccontextmanager
async def ingest(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    subscribed = asyncio.Event()
    task = asyncio.create_task(serve(settings, stop, on_change=lambda up: up and subscribed.set()))
    try:
        await asyncio.wait_for(subscribed.wait(), 10)
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


class Logger:
    """A plain client that publishes at QoS 1 and collects confirmations."""

    def __init__(self, broker: Broker, device: str) -> None:
        loop = asyncio.get_running_loop()
        self.acks: asyncio.Queue[bytes] = asyncio.Queue()
        self.ready = asyncio.Event()
        self.device = device
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311, client_id=f"logger-{device}"
        )
        self.client.on_message = lambda _c, _u, m: loop.call_soon_threadsafe(self.acks.put_nowait, bytes(m.payload))
        self.client.on_subscribe = lambda *_: loop.call_soon_threadsafe(self.ready.set)
        self.client.connect("127.0.0.1", broker.port)
        self.client.subscribe(f"uskat/v1/{device}/ack", qos=1)
        self.client.loop_start()

    def send(self, payload: bytes, kind: str = "water") -> None:
        self.client.publish(f"uskat/v1/{self.device}/{kind}", payload, qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def filled(embedded_network_database: str) -> str:
    return embedded_network_database


async def test_a_packet_travels_from_the_broker_to_the_table_and_is_confirmed(broker: Broker, filled: str) -> None:
    async with ingest(settings_for(filled, broker)):
        logger = Logger(broker, "U-43")
        await asyncio.wait_for(logger.ready.wait(), 10)
        confirmed: set[int] = set()
        for seq in range(20):
            packet = WaterPacket(t=NOW + timedelta(seconds=seq), v={"ph": 7.5 + seq / 100, "temp": 4.0}, seq=seq)
            logger.send(encode_water(packet))
        while len(confirmed) < 20:
            ack = decode_ack(await asyncio.wait_for(logger.acks.get(), 10))
            confirmed |= {seq for first, last in ack.stored for seq in range(first, last + 1)}
        logger.close()
    connection = await asyncpg.connect(filled)
    stored = await connection.fetch("SELECT time, value FROM observation WHERE value >= 7.5 ORDER BY time")
    await connection.close()
    assert confirmed == set(range(20))
    assert [(row["time"], row["value"]) for row in stored] == [
        (NOW + timedelta(seconds=seq), 7.5 + seq / 100) for seq in range(20)
    ]


async def test_a_refused_packet_is_named_in_the_confirmation_and_the_stream_goes_on(
    mosquitto_broker: Broker, filled: str
) -> None:
    async with ingest(settings_for(filled, mosquitto_broker)):
        logger = Logger(mosquitto_broker, "U-43")
        await asyncio.wait_for(logger.ready.wait(), 10)
        logger.send(b'{"t":"2199-01-01T00:00:00Z","v":{"ph":7.0},"seq":1}')
        logger.send(b"not json")
        logger.send(b'{"t":"2026-06-01T00:00:00Z","v":{"ph":7.0,"nonsense\\u0000":1},"seq":2}')
        logger.send(b'{"state":"on\\u0000line"}', "status")
        logger.send(b'{"t":"2026-06-01T00:01:00Z","v":{"ph":7.0},"seq":3}')
        stored: set[int] = set()
        reasons: list[str] = []
        while 3 not in stored:
            ack = json.loads(await asyncio.wait_for(logger.acks.get(), 10))
            stored |= {seq for first, last in ack.get("stored", []) for seq in range(first, last + 1)}
            reasons += [reject["reason"] for reject in ack.get("rejects", [])]
        logger.close()
    assert stored == {2, 3}
    assert sorted(reasons) == ["clock_future", "undecodable", "unknown_parameter", "unstorable"]
