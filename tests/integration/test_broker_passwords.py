"""A rotated password at the real Mosquitto: the new one opens, the old one and who was in with it are out."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from services.api.access import Role
from services.api.authentication import Principal
from services.cli.passwords import _follow
from services.storage.device_credential_store import revoke_password, rotate_password
from services.storage.engine import make_engine, unit_of_work
from services.storage.registry import load_network
from tests.architecture.source import ROOT
from tests.conftest import made
from tests.parts.mosquitto import MosquittoProcess
from uskat.water.network import demo_network

CONF = """\
listener {port} 127.0.0.1
allow_anonymous false
password_file PASSWORDS
acl_file ACL
"""
WHO = Principal("orlov", frozenset({Role.METROLOGIST}), agency="inspection-demo",
                territories=frozenset({"upper-uskat-demo"}))  # fmt: skip
WAIT_S = 30.0

pytestmark = [pytest.mark.mosquitto]


class Logger:
    """A device that stays connected and notes when the broker hangs up."""

    def __init__(self, port: int, password: str) -> None:
        self.answered, self.out, self.reason = threading.Event(), threading.Event(), -1
        self.paho = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.paho.username_pw_set("U-43", password)
        self.paho.on_connect = self._connected
        self.paho.on_disconnect = lambda *_: self.out.set()
        self.paho.connect("127.0.0.1", port, keepalive=30)
        self.paho.loop_start()

    def _connected(self, _client: object, _data: object, _flags: object, reason: object, _properties: object) -> None:
        if self.reason == -1:  # later attempts to come back change nothing of the first answer
            self.reason = int(getattr(reason, "value"))  # noqa: B009
        self.answered.set()

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


async def opens(port: int, password: str) -> bool:
    logger = await asyncio.to_thread(Logger, port, password)
    try:
        assert await asyncio.to_thread(logger.answered.wait, WAIT_S)
        return logger.reason == 0
    finally:
        logger.close()


@asynccontextmanager
async def following(url: str, file: Path, broker: MosquittoProcess) -> AsyncIterator[asyncio.Queue[None]]:
    """The follower at work; the queue gets an entry whenever it has told the broker."""
    told: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        broker.process.send(signal.SIGHUP)
        loop.call_soon_threadsafe(told.put_nowait, None)

    task = asyncio.create_task(_follow(url, file, tell))
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_broker_takes_a_rotated_password_over_and_puts_the_old_one_out(
    embedded_database: str, tmp_path: Path
) -> None:
    engine = make_engine(embedded_database)
    async with unit_of_work(engine) as connection:
        first = (await load_network(connection, demo_network()))["U-43"]
    file = tmp_path / "passwords"
    file.write_text("ingest:$7$x\n")
    conf = CONF.replace("PASSWORDS", str(file)).replace("ACL", str(ROOT / "deploy/mosquitto/acl"))
    broker = made(lambda: MosquittoProcess(conf_text=conf))
    broker.start()
    try:
        async with following(embedded_database, file, broker) as told:
            await asyncio.wait_for(told.get(), WAIT_S)
            await until_true(lambda: opens(broker.port, first))
            inside = await asyncio.to_thread(Logger, broker.port, first)
            assert await asyncio.to_thread(inside.answered.wait, WAIT_S)
            async with unit_of_work(engine) as connection:
                second = await rotate_password(connection, "U-43", who=WHO)
            await asyncio.wait_for(told.get(), WAIT_S)
            await until_true(lambda: opens(broker.port, second))
            assert not await opens(broker.port, first)
            assert await asyncio.to_thread(inside.out.wait, WAIT_S)  # a stolen password does not stay connected
            inside.close()
            async with unit_of_work(engine) as connection:
                await revoke_password(connection, "U-43", who=WHO)
            await asyncio.wait_for(told.get(), WAIT_S)
            assert "U-43:" not in file.read_text()
            assert file.read_text().startswith("ingest:$7$x\n")
            await until_true(lambda: refused(broker.port, second))
    finally:
        broker.remove()
        await engine.dispose()


async def refused(port: int, password: str) -> bool:
    return not await opens(port, password)


async def until_true(ask: object) -> None:
    """The broker reads the file in its own time after the signal, and says nothing when it has."""
    async with asyncio.timeout(WAIT_S):
        while not await ask():  # type: ignore[operator]
            pass
