"""Endpoints beside the same query in bare asyncpg, on real TimescaleDB, in one run.

`python -m benchmarks.api` prints a table and, as the last line, one JSON object. The API is a process of its own, as it
is in production; the keep-alive client is a bare socket in this process. Rounds of endpoint and bare query alternate,
so that a busy machine disturbs both alike. No compression is asked for; what gzip costs is a line of its own.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import insert

from services.parts.port import free_port
from services.storage import registry
from services.storage import tables as t
from services.storage.engine import make_engine, unit_of_work
from services.storage.migrate import upgrade
from services.storage.rollups import recompute_rollups
from tests.parts.timescale import TimescaleServer

START_API = "from services.api.main import run; from services.settings import Settings; run(Settings())"
UNBOUND = {"USKAT_LOG_LEVEL": "warning", "USKAT_RATE_LIMIT_ADDRESS": "", "USKAT_RATE_LIMIT_TOKEN": ""}
STATIONS, PARAMETERS = 100, ("temp", "ph", "ec25", "do", "turb", "orp", "nh4", "no3", "level", "discharge")
HISTORY_HOURS = 30 * 24
NOW = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAY_AGO, YEAR_AGO = NOW - timedelta(days=1), NOW - timedelta(days=365)
MINUTE_SERIES, YEAR_SERIES = 1, 2
ROUNDS, ROUND_REQUESTS = 15, 20
CONNECTIONS, LOAD_S = 8, 5.0

LATEST_SQL = """SELECT s.id, o.time, o.value, o.flag FROM series s CROSS JOIN LATERAL (
    SELECT time, value, flag FROM observation WHERE series_id = s.id ORDER BY time DESC LIMIT 1) o ORDER BY s.id"""
RAW_SQL = """SELECT time, value, flag, raw_id FROM observation WHERE series_id = $1 AND time >= $2 AND time < $3
    ORDER BY time"""
DAYS_SQL = """SELECT start, n, n_valid, n_expected, mean, minimum, maximum, deviation, intervals_valid FROM rollup
    WHERE series_id = $1 AND resolution = 'day' AND start >= $2 AND start < $3 ORDER BY start"""


class Case(NamedTuple):
    """An endpoint and the query that it answers."""

    name: str
    path: str
    sql: str
    arguments: tuple[Any, ...]
    rows: int
    aim: float


def _range(start: datetime) -> str:
    return f"start={start.isoformat().replace('+00:00', 'Z')}&end={NOW.isoformat().replace('+00:00', 'Z')}"


CASES = (
    Case("latest of 1 000 series", "/api/v1/latest", LATEST_SQL, (), STATIONS * len(PARAMETERS), 2),
    Case(
        "24 h of one series at 1 min", f"/api/v1/series/{MINUTE_SERIES}/observations?{_range(DAY_AGO)}", RAW_SQL,
        (MINUTE_SERIES, DAY_AGO, NOW), 1440, 3,
    ),
    Case(
        "a year of days of a 5-minute series",
        f"/api/v1/series/{YEAR_SERIES}/observations?resolution=day&{_range(YEAR_AGO)}", DAYS_SQL,
        (YEAR_SERIES, YEAR_AGO, NOW), 365, 2,
    ),
)  # fmt: skip


async def fill(url: str) -> None:
    """Registry, 30 days of hours for 1 000 series, a day of minutes, a year of 5 minutes with its rollups."""
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        ids = await registry.load_parameters(connection)
        for number in range(STATIONS):
            code = f"B-{number:03d}"
            made = await connection.execute(
                insert(t.station).values(code=code, name=code, kind="river", latitude=54.0, longitude=87.0)
                .returning(t.station.c.id)
            )  # fmt: skip
            station = made.scalar_one()
            made = await connection.execute(
                insert(t.device).values(code=code, station_id=station, kind="logger").returning(t.device.c.id)
            )
            device = made.scalar_one()
            rows = [
                {"device_id": device, "station_id": station, "parameter_id": ids[name], "expected_interval_s": 300}
                for name in PARAMETERS
            ]
            await connection.execute(insert(t.series), rows)
    await _copy_history(url)
    async with unit_of_work(engine) as connection:
        await recompute_rollups(connection, 1, [(YEAR_AGO, NOW)])
    await engine.dispose()


async def _copy_history(url: str) -> None:
    connection = await asyncpg.connect(url)
    columns = ("series_id", "time", "value", "flag", "raw_id")
    for hour in range(HISTORY_HOURS):
        time_ = NOW - timedelta(hours=HISTORY_HOURS - hour)
        count = STATIONS * len(PARAMETERS)
        rows = [(number, time_, 7.0 + hour % 7 / 8, 1, 1) for number in range(3, count + 1)]
        await connection.copy_records_to_table("observation", records=rows, columns=columns)
    minutes = [(MINUTE_SERIES, DAY_AGO + timedelta(minutes=n), 7.1 + n % 60 / 64, 1, 1) for n in range(1440)]
    fives = [(YEAR_SERIES, YEAR_AGO + timedelta(minutes=5 * n), 7.1 + n % 60 / 64, 1, 1) for n in range(105_120)]
    await connection.copy_records_to_table("observation", records=minutes + fives, columns=columns)
    await connection.execute(
        """INSERT INTO interval_20min (series_id, start, n, n_valid, total, total_squares, minimum, maximum)
        SELECT series_id, date_bin('20 minutes', time, 'epoch'), count(*), count(*), sum(round(value * 1e6)::bigint),
            sum(round(value * 1e6)::numeric ^ 2), min(value), max(value)
        FROM observation WHERE series_id <= 2 GROUP BY 1, 2"""
    )
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


@contextmanager
def api_process(url: str) -> Iterator[int]:
    """The API as a process of its own; yields its port when it is ready."""
    port = free_port()
    environment = os.environ | UNBOUND | {"USKAT_DATABASE_URL": url, "USKAT_API_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-c", START_API], env=environment)
    try:
        asyncio.run(_wait_ready(port, process))
        yield port
    finally:
        process.terminate()
        process.wait(30)


async def _wait_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the API ended with {process.returncode}")
        try:
            client = await Client.open(port)
            status, _ = await client.get("/health/ready")
            client.close()
            if status == 200:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError("the API was not ready after 60 s")


class Client:
    """One keep-alive HTTP/1.1 connection, as thin as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Client":
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**22))

    async def get(self, path: str, header: str = "") -> tuple[int, bytes]:
        """Status and body."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: uskat\r\n{header}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        mark = head.find(b"content-length:")
        length = int(head[mark + 15 : head.index(b"\r\n", mark)]) if mark >= 0 else 0
        return int(head[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def timed(step: Callable[[], Awaitable[Any]], count: int) -> list[float]:
    """Seconds of each of `count` steps, one after another."""
    found = []
    for _ in range(count):
        started = time.perf_counter()
        await step()
        found.append(time.perf_counter() - started)
    return found


async def latency(case: Case, url: str, port: int) -> dict[str, Any]:
    """Medians and p99 of endpoint and bare query, in alternating rounds; the answers are checked once."""
    client, connection = await Client.open(port), await asyncpg.connect(url, server_settings={"jit": "off"})
    status, body = await client.get(case.path)
    items, bare_rows = json.loads(body)["items"], await connection.fetch(case.sql, *case.arguments)
    if (status, len(items), len(bare_rows)) != (200, case.rows, case.rows):
        raise AssertionError(f"{case.name}: status {status}, {len(items)} items, {len(bare_rows)} rows")
    endpoint: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        endpoint += await timed(lambda: client.get(case.path), ROUND_REQUESTS)
        bare += await timed(lambda: connection.fetch(case.sql, *case.arguments), ROUND_REQUESTS)
    zipped = await timed(lambda: client.get(case.path, "Accept-Encoding: gzip\r\n"), 2 * ROUND_REQUESTS)
    client.close()
    await connection.close()
    return {
        "name": case.name,
        "rows": case.rows,
        "bytes": len(body),
        "endpoint_p50_ms": _ms(statistics.median(endpoint)),
        "endpoint_p99_ms": _ms(_p99(endpoint)),
        "bare_p50_ms": _ms(statistics.median(bare)),
        "bare_p99_ms": _ms(_p99(bare)),
        "gzip_p50_ms": _ms(statistics.median(zipped)),
        "ratio": round(statistics.median(endpoint) / statistics.median(bare), 2),
        "aim": case.aim,
    }


async def load(case: Case, url: str, port: int) -> dict[str, float]:
    """Requests per second and p99 over CONNECTIONS keep-alive connections, and of as many bare connections."""
    clients = [await Client.open(port) for _ in range(CONNECTIONS)]
    connections = [await asyncpg.connect(url, server_settings={"jit": "off"}) for _ in range(CONNECTIONS)]
    rate, seconds = await _flood([lambda c=client: c.get(case.path) for client in clients])
    bare_rate, bare_seconds = await _flood([lambda c=c: c.fetch(case.sql, *case.arguments) for c in connections])
    for client in clients:
        client.close()
    for connection in connections:
        await connection.close()
    return {
        "requests_per_s": round(rate, 1),
        "p50_ms": _ms(statistics.median(seconds)),
        "p99_ms": _ms(_p99(seconds)),
        "bare_queries_per_s": round(bare_rate, 1),
        "bare_p99_ms": _ms(_p99(bare_seconds)),
    }


async def _flood(steps: list[Callable[[], Awaitable[Any]]]) -> tuple[float, list[float]]:
    until = time.perf_counter() + LOAD_S

    async def one(step: Callable[[], Awaitable[Any]]) -> list[float]:
        found = []
        while time.perf_counter() < until:
            found += await timed(step, 1)
        return found

    started = time.perf_counter()
    seconds = [second for found in await asyncio.gather(*map(one, steps)) for second in found]
    return len(seconds) / (time.perf_counter() - started), seconds


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.99))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _print_table(found: list[dict[str, Any]], loads: dict[str, dict[str, float]]) -> None:
    head = f"{'endpoint':38} {'rows':>5} {'kB':>6} {'p50 ms':>8} {'p99 ms':>8} {'bare p50':>9} {'bare p99':>9}"
    print(f"{head} {'ratio':>6} {'aim':>4} {'gzip p50':>9}")
    for row in found:
        print(
            f"{row['name']:38} {row['rows']:>5} {row['bytes'] / 1000:>6.0f} {row['endpoint_p50_ms']:>8.2f}"
            f" {row['endpoint_p99_ms']:>8.2f} {row['bare_p50_ms']:>9.2f} {row['bare_p99_ms']:>9.2f}"
            f" {row['ratio']:>6.2f} {row['aim']:>4.0f} {row['gzip_p50_ms']:>9.2f}"
        )
    for name, row in loads.items():
        print(
            f"{name}, {CONNECTIONS} keep-alive connections: {row['requests_per_s']} requests/s, p50 {row['p50_ms']} ms,"
            f" p99 {row['p99_ms']} ms; bare asyncpg {row['bare_queries_per_s']} queries/s, p99 {row['bare_p99_ms']} ms"
        )


def main() -> int:
    """Run everything; 0 when every aim is met."""
    server = TimescaleServer()
    try:
        server.start()
        url = server.create_database("bench_api")
        upgrade(url)
        asyncio.run(fill(url))
        with api_process(url) as port:
            found = [asyncio.run(latency(case, url, port)) for case in CASES]
            loads = {case.name: asyncio.run(load(case, url, port)) for case in CASES[:1]}
            one_station = CASES[0]._replace(
                name="latest of one station (10 series)", path="/api/v1/latest?station=B-001",
                sql=LATEST_SQL.replace(" ORDER BY s.id", " WHERE s.station_id = 2 ORDER BY s.id"),
            )  # fmt: skip
            loads[one_station.name] = asyncio.run(load(one_station, url, port))
    finally:
        server.remove()
    _print_table(found, loads)
    print(json.dumps({"cases": found, "load": loads}, ensure_ascii=False))
    return 0 if all(row["ratio"] <= row["aim"] for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
