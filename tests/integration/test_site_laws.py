"""`fit-site-laws`: laws from records that detection matched with declared blasts, on both databases."""

import json
import math
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text

from services.storage.blast_pairs import fit_site_laws, observed_of, ppv_records
from services.storage.blast_registry import load_surroundings
from services.storage.blast_store import file_blast
from services.storage.engine import make_engine, unit_of_work
from services.storage.site_law_store import newest_law
from tests.unit.blast.passports import FROM, hole, passport, report
from uskat.blast.geometry import Plane
from uskat.blast.passport.in_order import report_in_order
from uskat.blast.passport.lifecycle import declare
from uskat.blast.propagation.fit import fit_site
from uskat.blast.propagation.law import PpvRecord
from uskat.blast.surroundings import demo_surroundings

DEVICES = ("SEIS-KEDR-1", "SEIS-TALDA-1", "SEIS-TERENT-1", "SEIS-GRIVA-1")
K, BETA, SCATTER = 1000.0, -1.5, 0.1
EDGE = Plane(87.0880, 54.1307)
PLACED = text(
    """UPDATE station SET longitude = :longitude, latitude = :latitude
    WHERE id = (SELECT station_id FROM device WHERE code = :device)"""
)
EVENT = text(
    """INSERT INTO blast_event (code, at, ends_at, verdict, probability, station_id, device_id, blast_id, deviations,
        body, judged_at, withdrawn_at)
    SELECT :code, :at, :at, :verdict, 0.99, d.station_id, d.id, :blast, CAST(:deviations AS text[]), '{}', :at, :gone
    FROM device d WHERE d.code = :device RETURNING id"""
)
RECORD = text(
    """INSERT INTO seismic_record (start, "end", device_id, station_id, channels, rate_hz, samples, payload, digest,
        raw_id, measures)
    SELECT :at, :at, d.id, d.station_id, '{}', 1024, 1, 'x', CAST(:digest AS bytea), 1, CAST(:measures AS jsonb)
    FROM device d WHERE d.code = :device"""
)
BELONGS = text(
    """INSERT INTO blast_record (device_id, start, digest, event_id)
    SELECT d.id, :at, CAST(:digest AS bytea), :event FROM device d WHERE d.code = :device"""
)


class Field:
    """Blasts of one pit with records of a known law."""

    def __init__(self, connection):
        self.connection = connection
        self.random = np.random.default_rng(4)
        self.number = 0
        self.made = []

    async def fire(self, charge_kg, *, verdict="declared", deviations=(), gone=None, clipped=()):
        """Declare a blast and store what four instruments recorded of it."""
        self.number += 1
        at = FROM + timedelta(hours=self.number)
        holes = [hole(n, delay_ms=42.0 * n, charge_kg=charge_kg) for n in range(10)]
        plan = passport(blast_id=f"kp-{self.number}", holes=holes, max_charge_per_delay_kg=charge_kg,
                        total_charge_kg=10 * charge_kg)  # fmt: skip
        taken = await file_blast(self.connection, declare(plan, at=at, by="test"))
        common = {"at": at, "verdict": verdict, "blast": taken.head.id, "deviations": list(deviations), "gone": gone}
        found = await self.connection.execute(EVENT, common | {"code": f"e{self.number}", "device": DEVICES[0]})
        event = found.scalar_one()
        for place, device in enumerate(DEVICES):
            distance = 200.0 * 2**place
            peak = K * (distance / math.sqrt(charge_kg)) ** BETA * 10 ** self.random.normal(0, SCATTER)
            self.made.append(PpvRecord(distance, charge_kg, peak))
            measures = {"ppv_mm_s": {"V": peak / 2, "L": peak, "T": peak / 3}, "ppv_max_mm_s": peak,
                        "ppv_max_component": "L", "frequency_hz": 12.0, "clipped": list(clipped)}  # fmt: skip
            row = {"at": at, "device": device, "digest": b"d", "event": event, "measures": json.dumps(measures)}
            await self.connection.execute(RECORD, row)
            await self.connection.execute(BELONGS, row)


@pytest.fixture
async def connection(network_database):
    engine = make_engine(network_database)
    async with unit_of_work(engine) as connection:
        await load_surroundings(connection, demo_surroundings())
        for place, device in enumerate(DEVICES):  # due east of the eastern edge of the block of `passports`
            east, north = EDGE.to_globe((200.0 * 2**place, 0.0))
            await connection.execute(PLACED, {"longitude": east, "latitude": north, "device": device})
        yield connection
    await engine.dispose()


async def test_a_pit_with_enough_records_gets_its_law(connection):
    field = Field(connection)
    for charge in (100.0, 150.0, 220.0, 300.0, 400.0, 500.0):
        await field.fire(charge)
    fitted = {one.pit: one for one in await fit_site_laws(connection, at=FROM)}
    own = fitted["kedrovaya-pad"]
    assert (own.version, own.records, own.law.refused) == (1, 24, ())
    expected = fit_site(field.made).law
    assert (own.law.k, own.law.beta) == pytest.approx((expected.k, expected.beta), rel=1e-3)
    assert own.law.s == pytest.approx(expected.s, rel=1e-3)
    assert fitted["dalny"].version is None
    assert "нет записей" in fitted["dalny"].why
    stored = await newest_law(connection, "kedrovaya-pad")
    assert stored.law.beta == own.law.beta
    assert len(stored.ppv_records) == 24
    again = {one.pit: one for one in await fit_site_laws(connection, at=FROM)}
    assert again["kedrovaya-pad"].version is None  # nothing new, nothing kept twice


async def test_distance_and_charge_are_those_of_block_and_report(connection):
    await Field(connection).fire(250.0)
    records = (await ppv_records(connection))["kedrovaya-pad"]
    assert sorted(record.distance_m for record in records) == pytest.approx([200, 400, 800, 1600], rel=0.01)
    assert {record.charge_kg for record in records} == {250.0}
    assert all(record.azimuth_deg == pytest.approx(90, abs=1) for record in records)


async def test_what_would_bend_the_law_is_left_out(connection):
    field = Field(connection)
    await field.fire(250.0, verdict="undeclared")
    await field.fire(250.0, deviations=("elsewhere",))
    await field.fire(250.0, gone=FROM)
    await field.fire(250.0, clipped=("L",))
    assert await ppv_records(connection) == {}
    await field.fire(250.0, deviations=("late", "other_size"))
    await field.fire(250.0, clipped=("MIC",))
    assert len((await ppv_records(connection))["kedrovaya-pad"]) == 8


async def test_a_report_is_checked_against_what_the_network_saw(connection):
    field = Field(connection)
    for charge in (100.0, 150.0, 220.0, 300.0, 400.0, 500.0):
        await field.fire(charge)
    await fit_site_laws(connection, at=FROM)
    key = {"enterprise": "kedrovaya-pad-demo", "code": "kp-3"}
    fits = await observed_of(connection, **key)
    assert len(fits.residuals) == 4
    assert abs(sum(one.score for one in fits.residuals) / 4) < 2
    assert (fits.origin_time, fits.place) == (None, None)  # the event was not located
    await connection.execute(
        text("""UPDATE blast_event SET longitude = 87.2, latitude = 54.2, uncertainty_km = 0.5,
            body = '{"location": {"time_sd_s": 0.5}}' WHERE code = 'e3'""")
    )
    await connection.execute(text("UPDATE seismic_record SET measures = jsonb_set(measures, '{ppv_max_mm_s}', '900')"))
    seen = await observed_of(connection, **key)
    done = report(blast_id="kp-3", fired_at=(seen.origin_time + timedelta(minutes=9)).isoformat())
    plan = passport(blast_id="kp-3")
    codes = {item.code for item in report_in_order(done, plan, observed=seen)}
    assert {"record_time", "record_place", "record_ppv"} <= codes
    assert not {code for code in codes if code.startswith("record")} & {
        item.code for item in report_in_order(done, plan)
    }
    assert await observed_of(connection, enterprise="kedrovaya-pad-demo", code="kp-99") is None


async def test_records_that_carry_no_law_are_kept_with_the_reason_and_the_prior_speaks(connection):
    field = Field(connection)
    await field.fire(250.0)
    await field.fire(260.0)
    fitted = {one.pit: one for one in await fit_site_laws(connection, at=FROM)}["kedrovaya-pad"]
    assert fitted.version == 1
    assert "нужно не меньше" in fitted.why
    assert (await newest_law(connection, "kedrovaya-pad")).usable is False
