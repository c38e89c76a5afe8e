"""How fast one alerts worker evaluates, on real TimescaleDB: a day that arrives at once, then minute by minute.

`python -m benchmarks.alerts` prints a table and, as the last line, one JSON object. Nothing else runs: the data are
written as ingest leaves them. Rates are per wall-clock second; CPU is that of the worker alone, without the database.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.rig import running_database
from services.alerts.worker import Evaluator
from services.observability import configure_logging
from services.settings import Settings
from services.storage.engine import make_engine
from services.storage.migrate import upgrade
from tests.integration.alerts_world import INTERVAL, World, add_station, at, make_world

STATIONS = 200
USUAL = {
    "nh4": 0.3, "no2": 0.03, "no3": 5, "ph": 7.8, "do": 9, "temp": 12, "ec25": 400, "turb": 8, "fe": 0.08, "level": 120,
}  # fmt: skip
DAY_INTERVALS = 72
MINUTES = 10
SPILL = range(20, 30)
COLUMNS = ("series_id", "start", "n", "n_valid", "total", "total_squares", "minimum", "maximum")


async def write(stations: Sequence[World], first: int, count: int, noise: random.Random) -> int:
    """Intervals first .. first + count of every series; in every tenth series a spill of some hours a day."""
    rows = []
    for station in stations:
        for name, usual in USUAL.items():
            spills = (station.station + len(name)) % 10 == 0
            for place in range(first, first + count):
                value = usual * noise.uniform(0.9, 1.1) * (2.5 if spills and place % DAY_INTERVALS in SPILL else 1)
                scaled = round(value * 10 ** station.scale[name])
                key = (station.series[name], at(0) + place * INTERVAL)
                rows.append((*key, 20, 20, scaled * 20, scaled * scaled * 20, value, value))
    sql = stations[0].sql
    await sql.copy_records_to_table("interval_20min", records=rows, columns=list(COLUMNS))
    last = at(0) + (first + count) * INTERVAL - timedelta(minutes=1)
    seen = [(series, last, 1.0, 1, 1) for station in stations for series in station.series.values()]
    columns = ["series_id", "time", "value", "flag", "raw_id"]
    await sql.copy_records_to_table("observation", records=seen, columns=columns)
    await touch(stations, at(0) + first * INTERVAL, last)
    return len(rows)


async def touch(stations: Sequence[World], low: Any, high: Any) -> None:
    """A journal row for every station."""
    rows = [(station.station, "water", low, high, 1) for station in stations]
    columns = ["station_id", "kind", "time_min", "time_max", "entries"]
    await stations[0].sql.copy_records_to_table("journal", records=rows, columns=columns)


async def measure(url: str, stations: Sequence[World], *, day: int, concurrency: int) -> dict[str, float]:
    """One day at once, then MINUTES times a journal row for each station."""
    first = 2 * day * DAY_INTERVALS
    now = at(0) + (first + DAY_INTERVALS) * INTERVAL
    engine = make_engine(url, pool_size=concurrency + 1)
    evaluator = Evaluator(engine, clock=lambda: now, concurrency=concurrency)
    intervals = await write(stations, first, DAY_INTERVALS, random.Random(day))
    await stations[0].sql.execute("ANALYZE interval_20min, observation, alert, journal, rollup")
    began, cpu = time.perf_counter(), time.process_time()
    evaluated = await evaluator.evaluate_waiting()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    steady, steady_cpu, again = 0.0, 0.0, 0
    for _ in range(MINUTES):
        await touch(stations, now - INTERVAL, now - timedelta(seconds=1))
        began, before = time.perf_counter(), time.process_time()
        again += await evaluator.evaluate_waiting()
        steady += time.perf_counter() - began
        steady_cpu += time.process_time() - before
    await engine.dispose()
    return {
        "concurrency": concurrency,
        "day_s": round(seconds, 2),
        "day_stations_per_s": round(evaluated / seconds, 1),
        "day_intervals_per_s": round(intervals / seconds),
        "day_cpu_s": round(cpu, 2),
        "steady_stations_per_s": round(again / steady, 1),
        "steady_cpu_ms_per_station": round(1000 * steady_cpu / again, 2),
    }


async def benchmark(url: str) -> list[dict[str, float]]:
    """Both measurements with one and with four stations at a time."""
    names = tuple(USUAL)
    first = await make_world(url, parameters=names)
    stations = [first, *[await add_station(first.sql, code=f"B-{n}", parameters=names) for n in range(STATIONS - 1)]]
    results = [await measure(url, stations, day=day, concurrency=concurrency) for day, concurrency in enumerate((1, 4))]
    await first.sql.close()
    return results


def main() -> None:
    """Measure and print."""
    configure_logging(Settings(log_level="warning"), process="benchmark")
    with running_database() as database:
        url = database.create_database("alerts")
        upgrade(url)
        results = asyncio.run(benchmark(url))
    for result in results:
        print("  ".join(f"{name} {value}" for name, value in result.items()))
    print(json.dumps({"stations": STATIONS, "series_per_station": len(USUAL), "results": results}))


if __name__ == "__main__":
    main()
