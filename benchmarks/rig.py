"""The machine under test: real TimescaleDB, real Mosquitto, ingest workers as processes, and their meters."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import asyncpg
import psutil
from sqlalchemy import insert

from services.storage import registry
from services.storage import tables as t
from services.storage.engine import make_engine, unit_of_work
from services.storage.migrate import upgrade
from tests.parts.mosquitto import MosquittoProcess
from tests.parts.timescale import TimescaleServer

START_WORKER = "from services.ingest.main import run; from services.settings import Settings; run(Settings())"


@dataclass(frozen=True, slots=True)
class Rig:
    """Running servers and a migrated database with `devices` registered, each with `parameters`."""

    database: TimescaleServer
    broker: MosquittoProcess
    url: str


@contextmanager
def running_database() -> Iterator[TimescaleServer]:
    """TimescaleDB of Debian 13, stopped and removed at the end."""
    database = TimescaleServer()
    try:
        database.start()
        yield database
    finally:
        database.remove()


@contextmanager
def running_broker() -> Iterator[MosquittoProcess]:
    """A new Mosquitto: sessions of earlier workers would take their share of a shared subscription."""
    broker = MosquittoProcess()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


async def fresh_rig(
    database: TimescaleServer, broker: MosquittoProcess, *, name: str, devices: list[str], parameters: list[str]
) -> Rig:
    """A new database with registered devices, one station each."""
    url = database.create_database(name)
    await asyncio.to_thread(upgrade, url)
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        ids = await registry.load_parameters(connection)
        for code in devices:
            station = insert(t.station).values(code=code, name=code, kind="river", latitude=54.0, longitude=87.0)
            station_id = (await connection.execute(station.returning(t.station.c.id))).scalar_one()
            device = insert(t.device).values(code=code, station_id=station_id, kind="logger")
            device_id = (await connection.execute(device.returning(t.device.c.id))).scalar_one()
            rows = [
                {"device_id": device_id, "station_id": station_id, "parameter_id": ids[p], "expected_interval_s": 60}
                for p in parameters
            ]
            await connection.execute(insert(t.series), rows)
    await engine.dispose()
    return Rig(database, broker, url)


@asynccontextmanager
async def workers(rig: Rig, count: int = 1) -> AsyncIterator[list[psutil.Process]]:
    """Ingest workers as processes of their own, subscribed when this yields."""
    started = []
    for number in range(count):
        environment = os.environ | {
            "USKAT_DATABASE_URL": rig.url,
            "USKAT_MQTT_URL": rig.broker.url,
            "USKAT_INGEST_WORKER": f"{rig.url.rsplit('/', 1)[-1]}-{number}",
            "USKAT_INGEST_METRICS_PORT": "0",
            "USKAT_LOG_LEVEL": "info",
        }
        process = subprocess.Popen([sys.executable, "-c", START_WORKER], env=environment, stderr=subprocess.PIPE)
        started.append(process)
    try:
        for process in started:
            await asyncio.to_thread(_await_connected, process)
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.communicate(timeout=30)


def _await_connected(process: "subprocess.Popen[bytes]") -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if b"broker connected" in line:
            return
    raise RuntimeError("the ingest worker ended before it was connected")


async def stored(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """Readings visible so far, by the ledger (written in the same transaction as the readings)."""
    return int(await connection.fetchval("SELECT coalesce(sum(stored), 0) FROM ledger"))


async def wait_stored(connection: "asyncpg.Connection[asyncpg.Record]", count: int, *, limit_s: float = 90) -> float:
    """Wait until `count` readings are visible; returns the moment (perf_counter)."""
    deadline = time.perf_counter() + limit_s
    while await stored(connection) < count:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{await stored(connection)} of {count} readings visible after {limit_s} s")
        await asyncio.sleep(0.01)
    return time.perf_counter()


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """CPU time of processes and of their children, in seconds."""
    total = 0.0
    for process in processes:
        for member in (process, *process.children(recursive=True)):
            try:
                times = member.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
    return total
