"""Vibration and clocks end to end, on both databases."""

import json
from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import make_engine
from tests.integration.alerts_world import RAW_STEP, T0, at, make_world

DEVICES = [detector for detector in REGISTRY if detector.name in {"vibration", "clock"}]
SECOND = timedelta(seconds=1)


@pytest.fixture
async def world(database):
    made = await make_world(database, parameters=(), kind="seismic", code="S-1")
    yield made
    await made.sql.close()


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=2)
    yield made
    await made.dispose()


class Bench:
    def __init__(self, engine):
        self.now = at(100)
        self.evaluator = Evaluator(engine, registry=DEVICES, clock=lambda: self.now)

    async def look(self, now=None):
        self.now = now or self.now
        await self.evaluator.evaluate_waiting()


@pytest.fixture
def bench(engine):
    return Bench(engine)


async def histogram(world, start, peak, *, length=60.0, raw_id=1):
    body = {"t": start.isoformat(), "length_s": length, "peak": peak, "freq_hz": {"V": 12.0}}
    await world.sql.execute(
        "INSERT INTO histogram_interval (device_id, start, length_s, digest, peaks, raw_id)"
        " VALUES ($1,$2,$3,$4,$5::jsonb,$6)",
        world.device, start, length, str(raw_id).encode(), json.dumps(body), raw_id,
    )  # fmt: skip
    await world.journal("histogram", start, start)


async def test_a_record_above_the_limit_is_an_alert_that_is_over_at_once(world, bench):
    await world.record(at(5), {"V": 4.1, "L": 4.3, "T": 7.3}, pvs=7.7)
    await world.record(at(6), {"V": 1.1, "L": 4.99, "T": 5.0}, digest=b"2")
    await bench.look()
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["severity"], alert["state"]) == ("vibration", "violation", "returned")
    assert (alert["started_at"], alert["ended_at"]) == (at(5), at(5) + 3 * SECOND)
    assert alert["figures"]["ppv"] == {"value": 7.3, "unit": "мм/с"}
    assert alert["figures"]["frequency"] == {"value": 30.0, "unit": "Гц"}
    assert alert["norm"]["verified"] is False
    assert await world.events() == ["opened", "returned"]


async def test_a_record_made_by_hands_is_not_published(world, bench):
    await world.record(at(5), {"V": 174.8, "L": 141.3, "T": 151.5}, pvs=213.2, zc=6.0)
    await bench.look()
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["severity"], alert["published"]) == ("handling", "maintenance", False)
    assert await world.sql.fetchval("SELECT count(*) FROM notification_log WHERE channel = 'sse'") == 0


async def test_histogram_peaks_count_and_give_way_to_the_waveform(world, bench):
    await histogram(world, at(5), {"V": 6.0, "L": 1.0, "MIC": 3.0})
    await bench.look()
    (alert,) = await world.alerts()
    assert alert["figures"]["ppv"]["value"] == 6.0
    await world.record(at(5) + 20 * SECOND, {"V": 6.2, "L": 1.0, "T": 2.0}, pvs=6.3)
    await bench.look()
    (alert,) = await world.alerts()
    assert (alert["started_at"], alert["figures"]["ppv"]["value"]) == (at(5) + 20 * SECOND, 6.2)
    assert (alert["state"], await world.events()) == ("returned", ["opened", "returned", "updated"])


async def reject(world, received, reason="clock_future", *, raw_id=None):
    raw_id = raw_id or round((received - T0.replace(year=1970, month=1, day=1)).total_seconds() * 1e6) * RAW_STEP
    await world.sql.execute(
        "INSERT INTO rejected (raw_id, device_id, station_id, reason, detail, readings, received_at)"
        " VALUES ($1,$2,$3,$4,'',1,$5)",
        raw_id, world.device, world.station, reason, received,
    )  # fmt: skip
    await world.journal("reject", received, received)


async def committed(world, moment):
    await world.sql.execute("UPDATE journal SET committed_at = $1", moment)


async def test_refused_times_open_one_clock_finding_with_a_hint(world, bench):
    for minute in range(5):
        await reject(world, at(10) + minute * 60 * SECOND)
    await reject(world, at(10.5), "clock_past")
    await reject(world, at(10.5), "bad_value")
    await committed(world, at(10))
    await bench.look(at(11))
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["state"], alert["started_at"]) == ("clock", "active", at(10))
    assert alert["figures"]["future_count"]["value"] == 5
    assert alert["figures"]["past_count"]["value"] == 1
    assert any("UTC" in reason for reason in alert["reasons"])
    await bench.look(at(16.4))
    assert [alert["state"] for alert in await world.alerts()] == ["active"]
    await bench.look(at(16.6))  # by the timer: six quiet hours
    (alert,) = await world.alerts()
    assert (alert["state"], alert["ended_at"]) == ("returned", at(10.5))


async def test_an_offset_the_device_tells_itself_is_evidence(world, bench):
    for hour, offset in ((10, 12.0), (11, -45.0)):
        raw_id = round((at(hour) - T0.replace(year=1970, month=1, day=1)).total_seconds() * 1e6) * RAW_STEP
        await world.sql.execute(
            "INSERT INTO device_status (device_id, time, state, body, digest, raw_id)"
            " VALUES ($1,$2,'online',$3::jsonb,$4,$5)",
            world.device, at(hour), json.dumps({"state": "online", "clock_offset_s": offset}), str(hour).encode(), raw_id,
        )  # fmt: skip
    await world.journal("status", at(10), at(11))
    await committed(world, at(10))
    await bench.look(at(11.5))
    (alert,) = await world.alerts()
    assert alert["figures"]["offset_largest"] == {"value": 45.0, "unit": "с"}
    assert alert["started_at"] == at(11)


async def raw(world, received, seq, first, last=None):
    raw_id = round((received - T0.replace(year=1970, month=1, day=1)).total_seconds() * 1e6) * RAW_STEP
    await world.sql.execute(
        "INSERT INTO raw_message (received_at, raw_id, device_id, topic, payload, chain_seq, prev_hash, hash, seq_first,"
        " seq_last, t_first, t_last, readings) VALUES ($1,$2,$3,'t','','1','','',$4,$4,$5,$6,1)",
        received, raw_id, world.device, seq, first, last or first,
    )  # fmt: skip


async def test_device_time_that_jumps_back_against_the_count_is_found(world, bench):
    await raw(world, at(10), 7, at(10))
    await raw(world, at(10) + SECOND, 8, at(8))
    await raw(world, at(10) + 2 * SECOND, 9, at(8) + SECOND)
    await world.journal("water", at(8), at(10))
    await committed(world, at(10))
    await bench.look(at(10.1))
    (alert,) = await world.alerts()
    assert alert["figures"]["back_largest"] == {"value": 7200.0, "unit": "с"}
    await world.journal("water", at(8), at(10))
    await committed(world, at(10.2))
    await bench.look(at(10.3))  # the same evidence, out of the window but remembered
    (alert,) = await world.alerts()
    assert alert["figures"]["back_count"]["value"] == 1


async def test_late_delivery_and_a_counter_that_starts_again_are_no_jumps(world, bench):
    await raw(world, at(10), 8, at(10))
    await raw(world, at(10) + SECOND, 7, at(9.9))  # a buffered message, delivered later
    await raw(world, at(10) + 2 * SECOND, 1, at(10) + 2 * SECOND)  # restarted
    await raw(world, at(10) + 3 * SECOND, 2, at(10) + 3 * SECOND)
    await world.journal("water", at(9), at(10))
    await committed(world, at(10))
    await bench.look(at(10.1))
    assert await world.alerts() == []
