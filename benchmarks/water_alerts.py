"""What the alerts worker costs with all water detectors, on plain PostgreSQL: a tick of every station each 20 minutes.

`python -m benchmarks.water_alerts` prints a table and, as the last line, one JSON object. STATIONS stations × 10
parameters with HISTORY_DAYS of warm-up; then TICKS intervals of simulated readings come in through the intake, and the
worker judges every station after each. Rates are of the worker's own CPU time (one core), without the database; beside
them the limit of the same run: the same ticks with no detector at all, only the claim, the rollups and the commit.
"""

import asyncio
import gc
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import psutil

from services.alerts.detection import Detector
from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.cli.evaluate.database import TEMPLATE, evaluation_server
from services.cli.evaluate.play import SimulatedClock
from services.observability import configure_logging
from services.settings import Settings
from services.storage.engine import libpq_url, make_engine
from services.storage.intake import Incoming, Intake
from simulators.feed import parcels
from simulators.river import World
from simulators.scenario import Scenario
from uskat.water.network import Device, Network, Station, demo_network
from uskat.wire.topic import MessageKind, topic_of
from uskat.wire.water import encode_water

STATIONS = 60
PARAMETERS = ("temp", "ph", "ec25", "do", "turb", "orp", "nh4", "no3", "level", "discharge")
EVERY_S = 300
INTERVAL_S = 1200.0
HISTORY_DAYS = 12
TICKS = 12
ZERO_S = 1_784_073_600.0  # 2026-07-15
WANTED_STATIONS = 5000
WANTED_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Ticks:
    """CPU seconds of the worker for all ticks of all stations, and resident bytes before and after."""

    cpu_s: float
    wall_s: float
    evaluations: int
    grown_bytes: int


def many_stations() -> Network:
    """The demo basin with its river stations repeated until there are STATIONS, each with ten parameters."""
    network = demo_network()
    rivers = [station for station in network.stations if station.kind == "river"]
    stations: list[Station] = []
    for number in range(STATIONS):
        origin, turn = rivers[number % len(rivers)], number // len(rivers)
        downstream = f"{origin.downstream}-{turn}" if origin.downstream else None
        stations.append(msgspec.structs.replace(origin, code=f"{origin.code}-{turn}", downstream=downstream))
    known = {station.code for station in stations}
    stations = [
        station if station.downstream in known else msgspec.structs.replace(station, downstream=None)
        for station in stations
    ]
    devices = tuple(
        Device(code=s.code, station=s.code, kind="logger", expected_interval_s=EVERY_S, parameters=PARAMETERS)
        for s in stations
    )
    return msgspec.structs.replace(network, stations=tuple(stations), devices=devices, seismographs=())


async def store(intake: Intake, network: Network, clock: SimulatedClock, *, from_s: float, until_s: float) -> None:
    """Simulated readings of every station over [from, until) through decoder and intake."""
    world = World(network, Scenario(name="quiet", title="", about=""), zero_s=ZERO_S)
    clock.now = datetime.fromtimestamp(until_s, UTC)
    sent = parcels(world, from_s=from_s, until_s=until_s, every_s=86_400.0)
    for start in range(0, len(sent), 20):
        await intake.store([
            Incoming(topic_of(p.device, MessageKind.WATER), encode_water(list(p.packets)), int(until_s * 1e6))
            for p in sent[start : start + 20]
        ])  # fmt: skip


async def measure(url: str, network: Network, registry: Sequence[Detector]) -> Ticks:
    """History first, judged at once; then tick after tick."""
    clock = SimulatedClock(ZERO_S)
    engine = make_engine(url, pool_size=2)
    intake = await Intake.open(url, worker="benchmark", clock=clock)
    resident = psutil.Process().memory_info().rss
    evaluator = Evaluator(engine, registry=registry, clock=clock, facts_kept_s=3600)
    for day in range(HISTORY_DAYS, 0, -1):
        await store(intake, network, clock, from_s=ZERO_S - day * 86_400, until_s=ZERO_S - (day - 1) * 86_400)
        await evaluator.evaluate_waiting()
    cpu_s = wall_s = 0.0
    evaluations = 0
    for tick in range(TICKS):
        start_s = ZERO_S + tick * INTERVAL_S
        await store(intake, network, clock, from_s=start_s, until_s=start_s + INTERVAL_S)
        began, before = time.perf_counter(), time.process_time()
        evaluations += await evaluator.evaluate_waiting()
        cpu_s, wall_s = cpu_s + time.process_time() - before, wall_s + time.perf_counter() - began
    gc.collect()
    grown = psutil.Process().memory_info().rss - resident
    await intake.close()
    await engine.dispose()
    return Ticks(cpu_s, wall_s, evaluations, grown)


async def kept_bytes(url: str) -> float:
    """Bytes of detector state and snapshots in the database, a station."""
    connection = await asyncpg.connect(libpq_url(url))
    total = await connection.fetchval(
        "SELECT (SELECT coalesce(sum(pg_column_size(d.*)), 0) FROM detector_state d)"
        " + (SELECT coalesce(sum(pg_column_size(s.*)), 0) FROM detector_snapshot s)"
    )
    await connection.close()
    return float(total) / STATIONS


def figures_of(full: Ticks, bare: Ticks, state_bytes: float) -> dict[str, Any]:
    """Costs of a station's tick, and what the project's size would need."""
    ticks = STATIONS * TICKS
    each, least = full.cpu_s / ticks, bare.cpu_s / ticks
    share = WANTED_STATIONS * each / INTERVAL_S
    return {
        "stations": STATIONS,
        "series_per_station": len(PARAMETERS),
        "station_intervals_per_s_core": round(1 / each, 1),
        "cpu_ms_per_station_interval": round(1000 * each, 2),
        "limit_cpu_ms_without_detectors": round(1000 * least, 2),
        "ratio_to_limit": round(each / least, 2),
        "evaluations_per_station_interval": round(full.evaluations / ticks, 2),
        "memory_kib_per_station": round(max(0, full.grown_bytes) / STATIONS / 1024, 1),
        "state_kib_per_station": round(state_bytes / 1024, 1),
        "core_share_5000_stations": round(share, 4),
        "target_share": WANTED_SHARE,
        "met": share < WANTED_SHARE,
    }


def main() -> None:
    """Measure and print."""
    configure_logging(Settings(log_level="warning"), process="benchmark")
    network = many_stations()
    with evaluation_server(network) as server:
        bare_url = server.create_database("bench_bare", template=TEMPLATE)
        bare = asyncio.run(measure(bare_url, network, ()))
        url = server.create_database("bench_full", template=TEMPLATE)
        full = asyncio.run(measure(url, network, REGISTRY))
        figures = figures_of(full, bare, asyncio.run(kept_bytes(url)))
    for name, value in figures.items():
        print(f"{name:36} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
