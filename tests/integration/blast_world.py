"""The demo's district of seismographs with simulated records, stored by the real intake; declared blasts beside them."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import libpq_url, make_engine
from services.storage.intake import Incoming, Intake
from simulators.blast_case import PITS, BlastCase, TrueEvent
from simulators.blast_field import CALIBRATION, PLACES, TRIGGER_MM_S, Instrument, record_case
from tests.unit.blast.passports import passport_data
from uskat.wire.seismic import encode_miniseed

FIRED = datetime(2026, 6, 3, 7, 0, tzinfo=UTC)
"""14:00 of a Wednesday in Kuzbass."""
PIT = PITS[0]
HOUR = timedelta(hours=1)
DETECTORS = [detector for detector in REGISTRY if detector.name in {"blast", "blast_report", "vibration"}]


def blast(name="b1", *, at=FIRED, charge_kg=500.0, groups=30, place=(PIT.latitude, PIT.longitude)):
    return TrueEvent(name, "declared", at.timestamp(), *place, charge_kg, groups, 0.042, PIT.code)


def truck(name="t1", *, at=FIRED, station=5):
    return TrueEvent(name, "truck", at.timestamp(), station=station, size=0.4)


def earthquake(name="e1", *, at=FIRED):
    # 12 km below and 90 km beside the network
    return TrueEvent(name, "earthquake", at.timestamp(), 54.9, 87.6, depth_km=12.0, magnitude=3.6)


def records(*events, seed=5, late=None):
    """Records of the events: (device, start, miniSEED). late: device → seconds of a wrong clock."""
    clocks = {code: ((0.0, 4e9, seconds, 0.0),) for code, seconds in (late or {}).items()}
    instruments = tuple(
        Instrument(f"S{number + 1:02d}", number, *place, 1.0, (), clocks.get(f"S{number + 1:02d}", ()))
        for number, place in enumerate(PLACES)
    )
    case = BlastCase(seed, 3.0, PITS, tuple(sorted(events, key=lambda event: event.at_s)), ())
    return [
        (found.instrument.code, found.channels[0].start, encode_miniseed(list(found.channels)))
        for found in record_case(case, instruments)
    ]


class BlastWorld:
    """A database with twelve seismographs, the pits and their enterprises."""

    def __init__(self, url, sql, intake):
        self.url, self.sql, self.intake = url, sql, intake
        self.now = FIRED + HOUR
        self.engines = []

    @classmethod
    async def make(cls, url):
        sql = await asyncpg.connect(libpq_url(url))
        for number, (latitude, longitude) in enumerate(PLACES):
            await _seismograph(sql, f"S{number + 1:02d}", latitude, longitude)
        for pit in PITS:
            await _pit(sql, pit)
        return cls(url, sql, await Intake.open(url, worker="test", clock=lambda: datetime(2027, 1, 1, tzinfo=UTC)))

    async def close(self):
        for engine in self.engines:
            await engine.dispose()
        await self.intake.close()
        await self.sql.close()

    def evaluator(self, registry=DETECTORS, pace_s=0.0):
        """Another worker, with connections of its own."""
        self.engines.append(make_engine(self.url, pool_size=3))
        return Evaluator(self.engines[-1], registry=registry, clock=lambda: self.now, facts_kept_s=0.0, pace_s=pace_s)

    async def store(self, found):
        received_us = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1e6)
        outcomes = await self.intake.store(
            [Incoming(f"uskat/v1/{device}/seismic", payload, received_us) for device, _, payload in found]
        )
        assert not any(outcome.refusals for outcome in outcomes)

    async def heard(self, moment):
        """Every instrument told its state at a moment."""
        await self.sql.execute(
            "INSERT INTO device_status (device_id, time, state, body, digest, raw_id)"
            " SELECT id, $1, 'online', '{}', 'x', 1 FROM device", moment,
        )  # fmt: skip

    async def declare(
        self, code="b-1", *, start=FIRED - HOUR, end=FIRED + HOUR, status="published", charge_kg=500.0, pit=PIT,
        fired_at=None, reported_at=None, declared_at=FIRED - 24 * HOUR, place=(PIT.latitude, PIT.longitude), groups=30,
    ):  # fmt: skip
        """A declared blast as the API leaves it, with the word to the network; the same code again changes it."""
        data = passport_data(blast_id=code, max_charge_per_delay_kg=charge_kg)
        data["holes"] = [data["holes"][0] | {"number": str(n), "delay_ms": 42.0 * n} for n in range(groups)]
        identifier = await self.sql.fetchval(
            "INSERT INTO blast (organisation_id, pit_id, code, status, version, passport, planned_from, planned_to,"
            " fired_at, reported_at, longitude, latitude, total_charge_kg, max_charge_per_delay_kg, declared_at,"
            " updated_at) SELECT organisation_id, id, $2, $3, 1, $4::jsonb, $5, $6, $7, $8, $9, $10, 1, $11, $12, $12"
            " FROM pit WHERE code = $1 ON CONFLICT (organisation_id, code) DO UPDATE SET status = excluded.status,"
            " fired_at = excluded.fired_at, reported_at = excluded.reported_at, planned_from = excluded.planned_from,"
            " planned_to = excluded.planned_to RETURNING id",
            pit.code, code, status, json.dumps(data), start, end, fired_at, reported_at, place[1], place[0], charge_kg,
            declared_at,
        )  # fmt: skip
        hub = await self.sql.fetchval("SELECT min(id) FROM station")
        await self.sql.execute(
            "INSERT INTO journal (station_id, kind, time_min, time_max, entries) VALUES ($1, 'declared', $2, $3, 1)",
            hub, start, end,
        )  # fmt: skip
        return identifier

    async def alerts(self, *kinds, state=None):
        rows = await self.sql.fetch("SELECT a.*, s.code FROM alert a JOIN station s ON s.id = a.station_id ORDER BY id")
        wanted = [row for row in rows if not kinds or row["kind"] in kinds]
        return [row for row in wanted if (row["state"] != "withdrawn" if state is None else row["state"] == state)]

    async def events(self):
        return await self.sql.fetch("SELECT * FROM blast_event WHERE withdrawn_at IS NULL ORDER BY at")


async def _seismograph(sql, code, latitude, longitude):
    station = await sql.fetchval(
        "INSERT INTO station (code, name, kind, latitude, longitude) VALUES ($1,$1,'seismic',$2,$3) RETURNING id",
        code, latitude, longitude,
    )  # fmt: skip
    properties = {"channels": CALIBRATION, "trigger_mm_s": TRIGGER_MM_S, "trigger_pa": 5.0}
    await sql.execute(
        "INSERT INTO device (code, station_id, kind, properties) VALUES ($1,$2,'seismograph',$3::jsonb)",
        code, station, json.dumps(properties),
    )  # fmt: skip
    await sql.execute("INSERT INTO station_work (station_id) VALUES ($1)", station)


async def _pit(sql, pit):
    owner = await sql.fetchval(
        "INSERT INTO organisation (code, name, kind, demo) VALUES ($1, $1, 'enterprise', true)"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id",
        pit.enterprise,
    )  # fmt: skip
    side = pit.radius_m / 111_200
    ring = [[pit.longitude + e * side * 1.7, pit.latitude + n * side] for e, n in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    await sql.execute(
        "INSERT INTO pit (code, name, organisation_id, outline, longitude, latitude, demo)"
        " VALUES ($1,$1,$2,$3::jsonb,$4,$5,true)",
        pit.code, owner, json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}), pit.longitude, pit.latitude,
    )  # fmt: skip
