"""Fifty blast seismographs record one blast at the same moment: how soon is the verdict there?

    .venv/bin/python -m benchmarks.blast_alerts

The real road: fifty miniSEED records published at once to Mosquitto, one ingest process, TimescaleDB, one alerts
process. Three moments, each from the first byte published: the first alert «undeclared»; all records stored; the event
with all records judged and committed. Goal: the last one below a second. It prints a table and one JSON object.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import numpy as np
import psutil

from benchmarks.rig import Rig, cpu_seconds, running_broker, running_database, workers
from services.storage.engine import libpq_url
from services.storage.migrate import upgrade
from simulators.blast_case import PITS, BlastCase, TrueEvent
from simulators.blast_field import CALIBRATION, TRIGGER_MM_S, Instrument, record_case
from simulators.load import publish_packets
from uskat.wire.seismic import encode_miniseed
from uskat.wire.topic import MessageKind, topic_of

INSTRUMENTS, ROUNDS, WITHIN_KM = 50, 6, 5.0
APART_S = 900.0
LIMIT_S = 60.0
START_ALERTS = (
    "import asyncio; from services.alerts.main import run; from services.settings import Settings;"
    " asyncio.run(run(Settings()))"
)
Record = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Lags:
    """Seconds from the first byte published; processor seconds that the two processes spent on the round."""

    first_alert: float
    stored: float
    judged: float
    ingest_cpu: float
    alerts_cpu: float

    @property
    def stored_to_judged(self) -> float:
        """From all records stored to the event with all of them committed."""
        return self.judged - self.stored


def network() -> tuple[Instrument, ...]:
    """Instruments scattered around the first pit."""
    random = np.random.default_rng(1)
    away, azimuth = WITHIN_KM * np.sqrt(random.uniform(0.01, 1, INSTRUMENTS)), random.uniform(0, 2 * np.pi, INSTRUMENTS)
    pit = PITS[0]
    north, east = away * np.cos(azimuth) / 111.2, away * np.sin(azimuth) / 65.2
    return tuple(
        Instrument(f"Q{n:02d}", n, pit.latitude + float(north[n]), pit.longitude + float(east[n]), 1.0, (), ())
        for n in range(INSTRUMENTS)
    )


def records_of(at_s: float, instruments: tuple[Instrument, ...], number: int) -> list[Record]:
    """What every instrument sends of one blast."""
    pit = PITS[0]
    event = TrueEvent(f"b{number}", "declared", at_s, pit.latitude, pit.longitude, 500.0, 30, 0.042, pit.code)
    case = BlastCase(number, 1.0, PITS, (event,), ())
    return [
        (topic_of(found.instrument.code, MessageKind.SEISMIC), encode_miniseed(list(found.channels)))
        for found in record_case(case, instruments)
    ]


async def register(sql: "asyncpg.Connection[asyncpg.Record]", instruments: tuple[Instrument, ...]) -> None:
    """Stations and devices with their calibration."""
    properties = json.dumps({"channels": CALIBRATION, "trigger_mm_s": TRIGGER_MM_S, "trigger_pa": 5.0})
    for one in instruments:
        station = await sql.fetchval(
            "INSERT INTO station (code, name, kind, latitude, longitude) VALUES ($1,$1,'seismic',$2,$3) RETURNING id",
            one.code, one.latitude, one.longitude,
        )  # fmt: skip
        await sql.execute(
            "INSERT INTO device (code, station_id, kind, properties) VALUES ($1,$2,'seismograph',$3::jsonb)",
            one.code, station, properties,
        )  # fmt: skip


@asynccontextmanager
async def alerts_process(url: str) -> AsyncIterator[psutil.Process]:
    """One alerts process, given the time to look at every station once."""
    environment = os.environ | {
        "USKAT_DATABASE_URL": url, "USKAT_ALERTS_METRICS_PORT": "0", "USKAT_LOG_LEVEL": "warning",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", START_ALERTS], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


async def one_round(
    rig: Rig, sql: "asyncpg.Connection[asyncpg.Record]", found: list[Record], *, since: datetime,
    processes: tuple[psutil.Process, psutil.Process],
) -> Lags:  # fmt: skip
    """Publish the records of one blast and watch the database until all are judged."""
    before = [cpu_seconds([process]) for process in processes]
    began = time.perf_counter()
    publishing = asyncio.create_task(
        asyncio.to_thread(publish_packets, "127.0.0.1", rig.broker.port, None, None, found)
    )
    seen: dict[str, float] = {}
    while "judged" not in seen:
        now = time.perf_counter() - began
        if now > LIMIT_S:
            raise TimeoutError(f"only {sorted(seen)} after {LIMIT_S} s")
        stored, alerts, judged = await sql.fetchrow(
            "SELECT (SELECT count(*) FROM seismic_record WHERE start >= $1),"
            " (SELECT count(*) FROM alert WHERE kind = 'undeclared' AND started_at >= $1),"
            " (SELECT count(*) FROM blast_record r JOIN blast_event e ON e.id = r.event_id"
            "  WHERE r.start >= $1 AND e.verdict = 'undeclared' AND e.withdrawn_at IS NULL)",
            since,
        )  # fmt: skip
        now = time.perf_counter() - began
        for name, reached in (
            ("first_alert", alerts > 0),
            ("stored", stored == len(found)),
            ("judged", judged == len(found)),
        ):
            if reached:
                seen.setdefault(name, now)
        await asyncio.sleep(0.03)  # looking oftener would take the time that is measured
    await publishing
    spent = [cpu_seconds([process]) - start for process, start in zip(processes, before, strict=True)]
    return Lags(**seen, ingest_cpu=spent[0], alerts_cpu=spent[1])


async def measure(rig: Rig) -> tuple[list[Lags], int]:
    """A warm-up and then ROUNDS blasts; returns their lags and the records of one."""
    instruments = network()
    sql = await asyncpg.connect(libpq_url(rig.url))
    await register(sql, instruments)
    first_s = round(time.time()) - (ROUNDS + 2) * APART_S
    lags, count = [], 0
    async with workers(rig) as (ingest,), alerts_process(rig.url) as alerts:
        await _first_looks(sql)
        for number in range(ROUNDS + 1):
            at_s = first_s + number * APART_S
            found = records_of(at_s, instruments, number)
            count = len(found)
            since = datetime.fromtimestamp(at_s - 60, UTC)
            lags.append(await one_round(rig, sql, found, since=since, processes=(ingest, alerts)))
            await asyncio.sleep(3)
    await sql.close()
    return lags[1:], count


async def _first_looks(sql: "asyncpg.Connection[asyncpg.Record]") -> None:
    while await sql.fetchval("SELECT count(*) FROM station_work WHERE evaluated_at IS NOT NULL") < INSTRUMENTS:
        await asyncio.sleep(0.1)


def main() -> int:
    """Measure and print; 1 when the goal is missed."""
    with running_database() as database, running_broker() as broker:
        url = database.create_database("blast_alerts")
        upgrade(url)
        lags, count = asyncio.run(measure(Rig(database, broker, url)))
    rows = {
        name: [getattr(one, name) for one in lags]
        for name in ("first_alert", "stored", "judged", "stored_to_judged", "ingest_cpu", "alerts_cpu")
    }
    figures = {"records": count, "rounds": len(lags), "load": round(os.getloadavg()[0], 1)}
    print(f"{count} records published at once, {len(lags)} rounds, s: median (largest)")
    for name, values in rows.items():
        print(f"  {name:18s} {statistics.median(values):6.2f} ({max(values):.2f})")
        figures |= {f"{name}_s": round(statistics.median(values), 3), f"{name}_max_s": round(max(values), 3)}
    print(json.dumps(figures))
    return int(statistics.median(rows["judged"]) > 1.0)


if __name__ == "__main__":
    raise SystemExit(main())
