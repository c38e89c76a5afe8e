"""A small registry and committed data, written as ingest leaves them, for tests of the alerts process."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from services.storage.engine import libpq_url

T0 = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=20)
RAW_STEP = 4096


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


@dataclass
class World:
    """Rows of one test: `sql` is a plain connection, `series` ids by parameter code."""

    sql: asyncpg.Connection
    station: int
    device: int
    series: dict[str, int]
    scale: dict[str, int]

    async def interval(self, parameter, start, mean, *, n=20, n_valid=None, service=0):
        """Set the aggregate of one interval, as if all its readings had the value of the mean."""
        n_valid = n if n_valid is None else n_valid
        scaled = round(mean * 10 ** self.scale[parameter])
        await self.sql.execute(
            "INSERT INTO interval_20min (series_id, start, n, n_valid, total, total_squares, minimum, maximum, n_service)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$7,$8) ON CONFLICT (series_id, start) DO UPDATE SET n=excluded.n,"
            " n_valid=excluded.n_valid, total=excluded.total, total_squares=excluded.total_squares,"
            " minimum=excluded.minimum, maximum=excluded.maximum, n_service=excluded.n_service",
            self.series[parameter], start, n, n_valid, scaled * n_valid, scaled * scaled * n_valid, mean, service,
        )  # fmt: skip

    async def hours(self, parameter, first_hour, means):
        """Consecutive intervals from an hour after T0, and their journal row."""
        for place, mean in enumerate(means):
            await self.interval(parameter, at(first_hour) + place * INTERVAL, mean)
        await self.journal("water", at(first_hour), at(first_hour) + len(means) * INTERVAL - timedelta(minutes=1))

    async def journal(self, kind, low, high, *, station=None):
        await self.sql.execute(
            "INSERT INTO journal (station_id, kind, time_min, time_max, entries) VALUES ($1,$2,$3,$4,1)",
            station or self.station, kind, low, high,
        )  # fmt: skip

    async def reading(self, parameter, time, value=1.0, *, journal=True):
        await self.sql.execute(
            "INSERT INTO observation (series_id, time, value, flag, raw_id) VALUES ($1,$2,$3,1,1)",
            self.series[parameter], time, value,
        )  # fmt: skip
        if journal:
            await self.journal("water", time, time)

    async def record(self, start, ppv, *, seconds=3, pvs=None, zc=30.0, digest=b"1"):
        measures = {
            "ppv_mm_s": ppv,
            "zc_hz": dict.fromkeys(ppv, zc),
            "pvs_mm_s": pvs,
            "airblast_pa": 4.0,
            "clipped": [],
        }
        end = start + timedelta(seconds=seconds)
        await self.sql.execute(
            'INSERT INTO seismic_record (start, "end", device_id, station_id, channels, rate_hz, samples, payload,'
            " digest, raw_id, measures) VALUES ($1,$2,$3,$4,$5,1024,1,$6,$6,1,$7::jsonb)",
            start, end, self.device, self.station, ["X.Y..GHZ"], digest, json.dumps(measures),
        )  # fmt: skip
        await self.journal("seismic", start, end)

    async def alerts(self, **where):
        rows = [dict(row) for row in await self.sql.fetch("SELECT * FROM alert ORDER BY id")]
        for row in rows:
            for name in ("figures", "reasons", "norm"):
                row[name] = json.loads(row[name]) if row[name] is not None else None
        return [row for row in rows if all(row[name] == value for name, value in where.items())]

    async def events(self, alert_id=None):
        rows = await self.sql.fetch("SELECT * FROM alert_event ORDER BY id")
        return [row["event"] for row in rows if alert_id is None or row["alert_id"] == alert_id]


async def make_world(database_url, *, parameters=("nh4", "do", "ph"), kind="river", code="U-01", created=T0):
    """Connect and write one station with one device and its series."""
    sql = await asyncpg.connect(libpq_url(database_url))
    from services.storage.engine import make_engine, unit_of_work
    from services.storage.registry import load_parameters

    engine = make_engine(database_url, pool_size=1)
    async with unit_of_work(engine) as connection:
        await load_parameters(connection)
    await engine.dispose()
    return await add_station(sql, code=code, parameters=parameters, kind=kind, created=created)


async def add_station(sql, *, code, parameters, kind="river", created=T0):
    station = await sql.fetchval(
        "INSERT INTO station (code, name, kind, latitude, longitude) VALUES ($1,$1,$2,54,87) RETURNING id", code, kind
    )
    device = await sql.fetchval(
        "INSERT INTO device (code, station_id, kind, created_at) VALUES ($1,$2,'logger',$3) RETURNING id",
        f"{code}-dev", station, created,
    )  # fmt: skip
    await sql.execute("INSERT INTO station_work (station_id) VALUES ($1)", station)
    series, scale = {}, {}
    for name in parameters:
        row = await sql.fetchrow("SELECT id, scale FROM parameter WHERE code = $1", name)
        scale[name] = row["scale"]
        series[name] = await sql.fetchval(
            "INSERT INTO series (device_id, station_id, parameter_id, expected_interval_s) VALUES ($1,$2,$3,60)"
            " RETURNING id",
            device, station, row["id"],
        )  # fmt: skip
    return World(sql, station, device, series, scale)
