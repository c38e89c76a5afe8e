"""Publish → visible on real TimescaleDB and Mosquitto, beside the raw limit measured in the same run.

`python -m benchmarks.ingest` prints a table and, as the last line, one JSON object. The limit is asyncpg's binary COPY
of the same number of rows, in batches of 10 000, into a narrow hypertable (time, series_id, value, quality).
"""

import asyncio
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any

import asyncpg
import psutil

from benchmarks.rig import Rig, cpu_seconds, fresh_rig, running_broker, running_database, stored, wait_stored, workers
from simulators.load import publish_packets
from simulators.load_packet import PARAMETERS, water_messages
from tests.parts.mosquitto import MosquittoProcess
from tests.parts.timescale import TimescaleServer

DEVICES = [f"BENCH-{number:03d}" for number in range(200)]
COPY_ROWS, COPY_BATCH = 500_000, 10_000
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
PROBE = "PROBE"
POLL_S = 0.002
"""Looking more often would take from the servers what is to be measured."""
MEGABYTE = 2**20


async def copy_limit(rig: Rig) -> float:
    """Rows per second of binary COPY into a narrow hypertable, in the time order in which readings arrive."""
    connection = await asyncpg.connect(rig.url)
    await connection.execute(
        "DROP TABLE IF EXISTS narrow; CREATE TABLE narrow (time timestamptz NOT NULL, series_id int NOT NULL,"
        " value float8, quality smallint); SELECT create_hypertable('narrow', 'time', create_default_indexes => false);"
        " CREATE UNIQUE INDEX ON narrow (series_id, time)"
    )
    series = len(DEVICES) * len(PARAMETERS)
    rows = [(START + timedelta(minutes=n // series), n % series, 7.25, 1) for n in range(COPY_ROWS)]
    started = time.perf_counter()
    for first in range(0, COPY_ROWS, COPY_BATCH):
        await connection.copy_records_to_table(
            "narrow", records=rows[first : first + COPY_BATCH], columns=("time", "series_id", "value", "quality")
        )
    rate = COPY_ROWS / (time.perf_counter() - started)
    await connection.close()
    return rate


def _publisher(pipe: Pipe, port: int, options: dict[str, Any], window: int, rate: float | None) -> None:
    """In a process of its own: build the messages, say ready, publish on command, report."""
    messages = list(water_messages(**options))
    pipe.send(len(messages))
    pipe.recv()
    started = time.perf_counter()
    publish_packets("127.0.0.1", port, None, None, messages=messages, window=window, rate=rate)
    pipe.send(time.perf_counter() - started)


@asynccontextmanager
async def publisher(
    rig: Rig, options: dict[str, Any], *, window: int = 4000, rate: float | None = None
) -> AsyncIterator[Pipe]:
    """A publisher with its messages built; send anything to let it go."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_publisher, args=(theirs, rig.broker.port, options, window, rate))
    process.start()
    try:
        await asyncio.to_thread(ours.recv)
        yield ours
    finally:
        await asyncio.to_thread(process.join, 60)


def options_of(
    *, scans: int, parameters: list[str], first_scan: int = 0, devices: list[str] = DEVICES
) -> dict[str, Any]:
    """Messages of `scans` scans a minute apart; `first_scan` keeps the times of several runs apart."""
    start = START + timedelta(minutes=first_scan)
    return {"devices": devices, "parameters": parameters, "start": start, "interval_s": 60.0, "scans": scans}


async def throughput(
    database: TimescaleServer, *, name: str, parameters: list[str], scans: int, worker_count: int = 1
) -> dict[str, float]:
    """Readings per second from the first message published to the last reading visible, after a warm-up."""
    with running_broker() as broker:
        return await _throughput(
            database, broker, name=name, parameters=parameters, scans=scans, worker_count=worker_count
        )


async def _throughput(
    database: TimescaleServer, broker: MosquittoProcess, *, name: str, parameters: list[str], scans: int,
    worker_count: int,
) -> dict[str, float]:  # fmt: skip
    rig = await fresh_rig(database, broker, name=name, devices=DEVICES, parameters=parameters)
    warm, total = 5, scans * len(DEVICES) * len(parameters)
    connection = await asyncpg.connect(rig.url)
    async with workers(rig, worker_count) as processes:
        async with publisher(rig, options_of(scans=warm, parameters=parameters)) as go:
            go.send(1)
            await wait_stored(connection, warm * len(DEVICES) * len(parameters))
        before = await stored(connection)
        servers = {
            "ingest": processes,
            "postgres": [psutil.Process(database.process.pid)],
            "mosquitto": [psutil.Process(broker.process.pid)],
        }
        async with publisher(rig, options_of(scans=scans, parameters=parameters, first_scan=warm)) as go:
            cpu = {part: cpu_seconds(members) for part, members in servers.items()}
            memory_before = max(process.memory_info().rss for process in processes)
            started = time.perf_counter()
            go.send(1)
            ended = await wait_stored(connection, before + total)
            used = {part: (cpu_seconds(members) - cpu[part]) / total * 1e6 for part, members in servers.items()}
            memory_after = max(process.memory_info().rss for process in processes)
    await connection.close()
    return {
        "readings": total,
        "readings_per_s": total / (ended - started),
        **{f"cpu_s_per_million_{part}": seconds for part, seconds in used.items()},
        "memory_mb_before": memory_before / MEGABYTE,
        "memory_mb_after": memory_after / MEGABYTE,
    }


async def latency(database: TimescaleServer, *, name: str, rate: float, seconds: int = 20) -> dict[str, float]:
    """Publish → visible under a steady load of `rate` messages (12 readings each) a second, by probes beside it."""
    with running_broker() as broker:
        lags = await _latency(database, broker, name=name, rate=rate, seconds=seconds)
    lags.sort()
    return {
        "messages_per_s": rate,
        "probes": len(lags),
        "p50_ms": statistics.median(lags) * 1e3,
        "p99_ms": lags[int(len(lags) * 0.99)] * 1e3,
        "max_ms": lags[-1] * 1e3,
    }


async def _latency(
    database: TimescaleServer, broker: MosquittoProcess, *, name: str, rate: float, seconds: int
) -> list[float]:
    parameters = list(PARAMETERS)
    rig = await fresh_rig(database, broker, name=name, devices=[*DEVICES, PROBE], parameters=parameters)
    scans = max(1, int(rate * seconds / len(DEVICES)))
    options = options_of(scans=scans, parameters=parameters)
    async with workers(rig), publisher(rig, options, rate=rate) as go:
        go.send(1)
        await asyncio.sleep(2)
        return await _probe(rig, seconds - 4)


async def sustained(database: TimescaleServer, *, rate: float, seconds: int = 8) -> float:
    """Readings per second that become visible while publishers publish `rate` messages (12 readings each) a second.

    Less than draining a backlog: publisher and broker need the cores at the same time, and batches are smaller.
    """
    parameters = list(PARAMETERS)
    with running_broker() as broker:
        rig = await fresh_rig(database, broker, name="bench_live", devices=DEVICES, parameters=parameters)
        connection = await asyncpg.connect(rig.url)
        options = options_of(scans=int(rate * seconds / len(DEVICES)), parameters=parameters)
        async with workers(rig), publisher(rig, options, rate=rate) as go:
            go.send(1)
            await asyncio.sleep(1.5)
            before, started = await stored(connection), time.perf_counter()
            await asyncio.sleep(seconds - 2.5)
            visible = (await stored(connection) - before) / (time.perf_counter() - started)
            await wait_stored(connection, options["scans"] * len(DEVICES) * len(parameters))
        await connection.close()
    return visible


async def _probe(rig: Rig, seconds: float) -> list[float]:
    """Lags of single messages, each published and then looked for until it is visible."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    connection = await asyncpg.connect(rig.url)
    series = await connection.fetchval(
        "SELECT min(s.id) FROM series s JOIN device d ON d.id = s.device_id WHERE d.code = $1", PROBE
    )
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", rig.broker.port)
    client.loop_start()
    lags: list[float] = []
    until = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < until:
        number += 1
        moment = START + timedelta(milliseconds=number)
        payload = json.dumps({"t": moment.isoformat(), "v": {PARAMETERS[0]: 4.5}})
        sent = time.perf_counter()
        client.publish(f"uskat/v1/{PROBE}/water", payload, qos=1)
        while not await connection.fetchval(
            "SELECT 1 FROM observation WHERE series_id = $1 AND time = $2", series, moment
        ):
            await asyncio.sleep(POLL_S)
        lags.append(time.perf_counter() - sent)
        await asyncio.sleep(0.02)
    client.disconnect()
    client.loop_stop()
    await connection.close()
    return lags


async def catch_up(database: TimescaleServer) -> dict[str, float]:
    """One day of 200 stations × 10 parameters a minute, sent as fast as the broker takes it."""
    parameters = list(PARAMETERS[:10])
    return await throughput(database, name="bench_day", parameters=parameters, scans=1440)


async def run() -> dict[str, Any]:
    """All figures of one run."""
    twelve = list(PARAMETERS)
    with running_database() as database:
        with running_broker() as broker:
            rig = await fresh_rig(database, broker, name="bench_copy", devices=["C-1"], parameters=["ph"])
        limit = await copy_limit(rig)
        one = await throughput(database, name="bench_12", parameters=twelve, scans=300)
        single = await throughput(database, name="bench_1", parameters=["ph"], scans=600)
        two = await throughput(database, name="bench_two", parameters=twelve, scans=300, worker_count=2)
        live = await sustained(database, rate=one["readings_per_s"] / 12)
        lag = await latency(database, name="bench_latency", rate=live / 12 / 2)
        lag_drain = await latency(database, name="bench_latency_2", rate=one["readings_per_s"] / 12 / 2)
        day = await catch_up(database)
        limit_after = await copy_limit(rig)
    return {
        "copy_rows_per_s": (limit + limit_after) / 2,
        "copy_rows_per_s_before_after": [round(limit), round(limit_after)],
        "twelve": one,
        "twelve_of_copy": one["readings_per_s"] / ((limit + limit_after) / 2),
        "single": single,
        "two_workers": two,
        "two_of_one": two["readings_per_s"] / one["readings_per_s"],
        "sustained_readings_per_s": live,
        "latency_at_half_load": lag,
        "latency_at_half_of_drain": lag_drain,
        "day": day | {"seconds": day["readings"] / day["readings_per_s"]},
    }


def table(result: dict[str, Any]) -> str:
    """The figures for a person."""
    one, single, two, lag, day = (
        result[key] for key in ("twelve", "single", "two_workers", "latency_at_half_load", "day")
    )
    drain = result["latency_at_half_of_drain"]
    cpu = ", ".join(f"{part} {one[f'cpu_s_per_million_{part}']:.2f}" for part in ("ingest", "postgres", "mosquitto"))
    rows = [
        ("COPY into a narrow hypertable (the limit)", f"{result['copy_rows_per_s']:,.0f} rows/s", ""),
        ("one worker, 12 readings a message", f"{one['readings_per_s']:,.0f} readings/s",
         f"{result['twelve_of_copy']:.0%} of the limit (goal ≥ 30 %)"),
        ("one worker, 1 reading a message", f"{single['readings_per_s']:,.0f} readings/s", "goal ≥ 20 000"),
        ("two workers, 12 readings a message", f"{two['readings_per_s']:,.0f} readings/s",
         f"{result['two_of_one']:.2f} × one worker"),
        ("one worker while 12 a message are published", f"{result['sustained_readings_per_s']:,.0f} readings/s", ""),
        ("publish → visible at half of that", f"p50 {lag['p50_ms']:.1f} ms, p99 {lag['p99_ms']:.1f} ms",
         f"goal < 25 / < 150, {lag['probes']} probes"),
        ("publish → visible at half of the drain rate", f"p50 {drain['p50_ms']:.1f} ms, p99 {drain['p99_ms']:.1f} ms",
         f"{drain['messages_per_s']:,.0f} messages/s"),
        ("CPU seconds per million readings", cpu, ""),
        ("memory of the worker", f"{day['memory_mb_before']:.0f} → {day['memory_mb_after']:.0f} MB",
         "before and after 2.88 M readings; goal < 200 and flat"),
        ("a day of 200 stations × 10 parameters", f"{day['seconds']:.1f} s for {day['readings']:,}", "goal < 60 s"),
    ]  # fmt: skip
    return "\n".join(f"{name:<44} {figure:<36} {note}" for name, figure, note in rows)


def main() -> None:
    """Print the table and the JSON line."""
    result = asyncio.run(run())
    sys.stdout.write(f"{table(result)}\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main()
