"""A broker that ignores our receive-maximum cannot fill our memory: the socket is not read while the inbox is full."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.ingest.address import BrokerAddress
from services.ingest.frugal import PIECE_BYTES
from services.ingest.inbox import Inbox
from services.ingest.subscriber import Subscriber
from services.settings import Settings

FLOOD, PAYLOAD = 60_000, b"x" * 200
TOPIC = b"uskat/v1/U-1/water"
CONNACK, SUBACK_HEAD = b"\x20\x03\x00\x00\x00", 0x90
SUBSCRIBE, PUBACK, PUBACK_BYTES = 0x82, 0x40, 4


class FloodingBroker:
    """Speaks as much MQTT 5 as is needed to be rude."""

    def __init__(self) -> None:
        self.taken_bytes = 0
        self.acknowledged = 0
        self.flooded = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._packet(reader)
        writer.write(CONNACK)
        head, body = await self._packet(reader)
        assert head == SUBSCRIBE
        topics = body[2:].count(b"uskat/v1/+/")
        writer.write(bytes([SUBACK_HEAD, 3 + topics]) + body[:2] + b"\0" + b"\x01" * topics)
        listening = asyncio.create_task(self._count(reader))
        for mid in range(FLOOD):
            rest = len(TOPIC).to_bytes(2, "big") + TOPIC + (mid + 1).to_bytes(2, "big") + b"\0" + PAYLOAD
            writer.write(b"\x32" + bytes([len(rest) % 128 | 0x80, len(rest) // 128]) + rest)
            self.taken_bytes += len(rest) + 3
            await writer.drain()
        self.flooded.set()
        await listening
        writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head, length, shift = (await reader.readexactly(1))[0], 0, 0
        while True:
            digit = (await reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return head, await reader.readexactly(length)

    async def _count(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head, _ = await self._packet(reader)
                self.acknowledged += head == PUBACK
        except (asyncio.IncompleteReadError, ConnectionError):
            return


@asynccontextmanager
async def flooded(inbox: Inbox) -> AsyncIterator[tuple[FloodingBroker, Subscriber]]:
    broker = FloodingBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    subscriber = Subscriber(Settings(mqtt_url=f"mqtt://127.0.0.1:{port}"), inbox)
    running = asyncio.create_task(subscriber.run())
    try:
        yield broker, subscriber
    finally:
        await subscriber.stop_reading()
        await subscriber.close()
        await asyncio.wait_for(running, 10)
        server.close()
        await server.wait_closed()


async def until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_flood_stops_at_the_inbox_and_goes_on_when_it_is_emptied():
    inbox = Inbox(max_messages=500, max_bytes=10**9)
    async with flooded(inbox) as (broker, subscriber):
        await until(lambda: inbox.full)
        for _ in range(50):  # turns of the loop in which nothing may grow
            await asyncio.sleep(0.002)
            assert len(inbox) == 500
        assert not broker.flooded.is_set()
        assert len(subscriber._client._ahead) <= PIECE_BYTES
        mids = []
        while len(mids) < FLOOD:
            batch = await asyncio.wait_for(inbox.take(max_readings=1000), 10)
            subscriber.resume()
            subscriber.acknowledge(batch)
            mids += [delivery.mid for delivery in batch]
            assert len(inbox) <= 500
        assert mids == list(range(1, FLOOD + 1))
        await until(lambda: broker.acknowledged == FLOOD)


async def test_the_inbox_is_bounded_by_bytes_too():
    inbox = Inbox(max_messages=10**6, max_bytes=2**20)
    async with flooded(inbox) as (broker, _):
        await until(lambda: inbox.full)
        await asyncio.sleep(0.1)
        assert inbox.size_bytes <= 2**20 + len(PAYLOAD)
        assert not broker.flooded.is_set()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "mqtt://", "127.0.0.1:1883", "mqtt://user:secret@127.0.0.1", "mqtts://user@127.0.0.1"]
)
def test_other_addresses_and_credentials_inside_them_are_refused(url):
    with pytest.raises(ValueError, match="mqtt_url"):
        BrokerAddress.parse(url)


def test_the_port_follows_from_the_scheme():
    assert BrokerAddress.parse("mqtts://broker.example") == BrokerAddress("broker.example", 8883, tls=True)
    assert BrokerAddress.parse("mqtt://127.0.0.1:1999") == BrokerAddress("127.0.0.1", 1999, tls=False)
