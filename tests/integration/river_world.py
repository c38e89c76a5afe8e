"""The demonstration network with true rivers in the database: 20-minute means of the simulator as ingest leaves them."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import numpy as np

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import libpq_url, make_engine
from services.storage.intake import Incoming, Intake
from simulators.river import World
from simulators.scenario import Arrival, Discharge, Scenario
from simulators.water_kind import INSTRUMENTS
from uskat.water.network import demo_network
from uskat.wire.water import WaterPacket, encode_water

ZERO = datetime(2026, 7, 10, 6, 0, tzinfo=UTC)
INTERVAL = timedelta(minutes=20)
N = 20
NAMES = ("exceedance", "event", "attribution")
DETECTORS = [detector for detector in REGISTRY if detector.name in NAMES]
"""Those that judge means; quality control would find no readings behind them."""


def discharge(outlet="out-bg-1", station="U-25", *, share=0.15, minutes=240, at_min=60):
    return Discharge(outlet=outlet, share=share, duration_min=minutes, arrives=Arrival(station=station, at_min=at_min))


def world_of(*discharges, rain=(), seed=3, zero=ZERO):
    scenario = Scenario(name="test", title="", about="", seed=seed, discharges=discharges, rain=rain)
    return World(demo_network(), scenario, zero_s=zero.timestamp())


def means(world, station, parameter, starts):
    """True 20-minute means with the instrument's noise, the same for the same interval whatever else is asked."""
    time = np.array([start.timestamp() for start in starts])
    value = np.mean([world.value(station, parameter, time + offset) for offset in (200.0, 600.0, 1000.0)], axis=0)
    key = sum(map(ord, f"{station}{parameter}"))
    noise = np.array([np.random.default_rng([key, int(t) // 1200]).normal() for t in time])
    return value + noise * INSTRUMENTS[parameter][0] / 4


class RiverDatabase:
    """What a test does to a `network_database`; `sql` is a plain connection."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.engine = make_engine(self.url, pool_size=2)
        self.sql = await asyncpg.connect(libpq_url(self.url))
        rows = await self.sql.fetch(
            "SELECT s.id, st.code AS station, st.id AS station_id, p.code AS parameter, p.scale FROM series s"
            " JOIN station st ON st.id = s.station_id JOIN parameter p ON p.id = s.parameter_id"
        )
        self.series = {(row["station"], row["parameter"]): (row["id"], row["scale"]) for row in rows}
        self.station = {row["station"]: row["station_id"] for row in rows}
        await self.sql.execute("UPDATE station_work SET evaluated_at = now()")
        return self

    async def __aexit__(self, *_):
        await self.sql.close()
        await self.engine.dispose()

    def evaluator(self, now, detectors=DETECTORS):
        return Evaluator(self.engine, registry=detectors, clock=lambda: now)

    async def store(self, world, stations, since, until, *, parameters=None):
        """Intervals of stations over [since, until) hours after ZERO, and a journal row each."""
        first = ZERO + timedelta(hours=since)
        starts = [first + k * INTERVAL for k in range(round((until - since) * 3))]
        for station in stations:
            rows = []
            for (code, parameter), (series, scale) in self.series.items():
                if code != station or parameter == "airtemp" or (parameters and parameter not in parameters):
                    continue
                for start, mean in zip(starts, means(world, code, parameter, starts), strict=True):
                    scaled = round(float(mean) * 10**scale)
                    squares = scaled * scaled * N
                    rows.append((series, start, N, N, scaled * N, squares, float(mean), float(mean)))
            await self.sql.copy_records_to_table(
                "interval_20min",
                records=rows,
                columns=["series_id", "start", "n", "n_valid", "total", "total_squares", "minimum", "maximum"],
            )
            await self.sql.execute(
                "INSERT INTO journal (station_id, kind, time_min, time_max, entries) VALUES ($1,'water',$2,$3,1)",
                self.station[station], starts[0], starts[-1] + timedelta(minutes=19),
            )  # fmt: skip

    async def send(self, world, stations, since, until, *, received):
        """The same rivers as minute readings through the intake, an hour a message: raw bytes are there as well."""
        intake = await Intake.open(self.url, worker="test", clock=lambda: received)
        for station in stations:
            messages = [
                Incoming(
                    f"uskat/v1/{station}/water", encode_water(self._hour(world, station, hour)),
                    round(received.timestamp() * 1e6),
                )
                for hour in range(since, until)
            ]  # fmt: skip
            assert all(0 < outcome.stored == outcome.received for outcome in await intake.store(messages))
        await intake.close()

    def _hour(self, world, station, hour):
        times = [ZERO + timedelta(hours=hour, minutes=minute) for minute in range(60)]
        seconds = np.array([time.timestamp() for time in times])
        columns = {}
        for code, parameter in sorted(self.series):
            if code == station and parameter != "airtemp":
                noise = np.random.default_rng([sum(map(ord, f"{station}{parameter}")), hour + 1000]).normal(size=60)
                columns[parameter] = world.value(station, parameter, seconds) + noise * INSTRUMENTS[parameter][0] / 4
        return [
            WaterPacket(
                t=time,
                seq=(hour + 1000) * 60 + place,
                v={code: round(float(v[place]), 4) for code, v in columns.items()},
            )
            for place, time in enumerate(times)
        ]

    async def alerts(self, **where):
        rows = await self.sql.fetch(
            "SELECT a.*, st.code AS station FROM alert a JOIN station st ON st.id = a.station_id ORDER BY a.id"
        )
        found = [dict(row) for row in rows]
        for row in found:
            for name in ("figures", "reasons", "detail"):
                row[name] = json.loads(row[name])
        return [row for row in found if all(row[name] == value for name, value in where.items())]

    async def fault(self, station, parameter, since):
        """A standing fault of an instrument, as its detector would leave it."""
        await self.sql.execute(
            "INSERT INTO alert (key, station_id, series_id, detector, kind, severity, state, started_at, knowable_at,"
            " known_at, updated_at, title, figures, reasons) VALUES ($1,$2,$3,'fault','fault','maintenance','active',"
            "$4,$4,$4,$4,'fault','{}','[]')",
            f"fault:{station}:{parameter}", self.station[station], self.series[station, parameter][0], since,
        )  # fmt: skip

    async def forget_judgements(self):
        """As if nothing had been evaluated yet: data stay, and every station waits."""
        for table in ("notification_log", "alert_event", "alert", "detector_state", "detector_snapshot"):
            await self.sql.execute(f"DELETE FROM {table}")
        await self.sql.execute(
            "INSERT INTO journal (station_id, kind, time_min, time_max, entries)"
            " SELECT s.station_id, 'water', min(i.start), max(i.start) + interval '19 minutes', 1"
            " FROM interval_20min i JOIN series s ON s.id = i.series_id GROUP BY s.station_id ORDER BY s.station_id"
        )

    async def settle(self, now, *, rounds=10):
        """Evaluate until the journal is empty."""
        evaluator = self.evaluator(now)
        for _ in range(rounds):
            await evaluator.evaluate_waiting()
            if not await self.sql.fetchval("SELECT count(*) FROM journal"):
                return
        raise AssertionError("the journal never became empty")
