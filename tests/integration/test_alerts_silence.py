"""Silence end to end, on both databases."""

from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import make_engine
from tests.integration.alerts_world import at, make_world

SILENCE = [detector for detector in REGISTRY if detector.name == "silence"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database):
    made = await make_world(database, parameters=("nh4", "ph"), created=at(0))
    yield made
    await made.sql.close()


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=2)
    yield made
    await made.dispose()


class Bench:
    def __init__(self, engine):
        self.now = at(0)
        self.evaluator = Evaluator(engine, registry=SILENCE, clock=lambda: self.now, facts_kept_s=0)

    async def look(self, now):
        self.now = now
        await self.evaluator.evaluate_waiting()


@pytest.fixture
def bench(engine):
    return Bench(engine)


async def both(world, time):
    await world.reading("nh4", time, journal=False)
    await world.reading("ph", time)


async def test_a_silent_device_gives_one_alert_by_the_timer(world, bench):
    await both(world, at(1))
    await bench.look(at(1) + MINUTE)
    await bench.look(at(1) + 10 * MINUTE)
    assert await world.alerts() == []
    await bench.look(at(1) + 10 * MINUTE + timedelta(seconds=1))
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["state"], alert["severity"]) == ("silence", "active", "maintenance")
    assert alert["key"] == f"silence:device:{world.device}"
    assert alert["started_at"] == at(1)
    assert alert["knowable_at"] == at(1) + 10 * MINUTE


async def test_one_silent_channel_is_named(world, bench):
    await both(world, at(1))
    for minute in range(2, 14, 2):
        await world.reading("ph", at(1) + minute * MINUTE)
        await bench.look(at(1) + minute * MINUTE)
    (alert,) = await world.alerts()
    assert alert["series_id"] == world.series["nh4"]
    assert alert["title"] == "Нет показаний: Аммоний-ион (U-01-dev)"


async def test_a_device_that_never_sent_is_silent_since_its_registration(world, bench):
    await bench.look(at(0) + MINUTE)
    assert await world.alerts() == []
    await bench.look(at(0) + 11 * MINUTE)
    (alert,) = await world.alerts()
    assert alert["started_at"] == at(0)
    assert "ни разу" in alert["reasons"][0]


async def test_data_that_come_back_end_the_silence_at_their_first_reading(world, bench):
    await both(world, at(1))
    await bench.look(at(1) + MINUTE)
    await bench.look(at(2))
    for minute in (1, 30, 62):  # the whole buffer in one message
        await both(world, at(1) + minute * MINUTE)
    await bench.look(at(2) + 2 * MINUTE)
    (alert,) = await world.alerts()
    assert (alert["state"], alert["started_at"], alert["ended_at"]) == ("returned", at(1), at(1) + MINUTE)
    assert alert["figures"]["gap"] == {"value": 1.0, "unit": "мин"}
    assert alert["figures"]["silent"] == {"value": 62.0, "unit": "мин"}
    assert await world.events() == ["opened", "returned"]


async def test_late_data_that_do_not_reach_the_present_move_the_silence_on(world, bench):
    await both(world, at(1))
    await bench.look(at(1) + MINUTE)
    await bench.look(at(2))
    await both(world, at(1) + 2 * MINUTE)  # the beginning of the buffer, delivered an hour later
    await bench.look(at(2) + MINUTE)
    (alert,) = await world.alerts()
    assert (alert["state"], alert["started_at"]) == ("active", at(1) + 2 * MINUTE)
    await both(world, at(2) + 2 * MINUTE)
    await bench.look(at(2) + 2 * MINUTE)
    (alert,) = await world.alerts()
    assert (alert["started_at"], alert["ended_at"]) == (at(1) + 2 * MINUTE, at(2) + 2 * MINUTE)
    assert alert["figures"]["gap"] == {"value": 60.0, "unit": "мин"}
    assert alert["figures"]["silent"] == {"value": 62.0, "unit": "мин"}
    assert await world.events() == ["opened", "updated", "returned"]


async def test_a_second_silence_is_a_second_alert(world, bench):
    await both(world, at(1))
    await bench.look(at(1) + MINUTE)
    await bench.look(at(2))
    await both(world, at(2))
    await bench.look(at(2) + MINUTE)
    await bench.look(at(3))
    first, second = await world.alerts()
    assert (first["state"], second["state"]) == ("returned", "active")
    assert second["started_at"] == at(2)


async def test_a_channel_stays_reported_when_its_device_falls_silent_too(world, bench):
    await both(world, at(1))
    await world.reading("ph", at(1) + 5 * MINUTE)
    await bench.look(at(1) + 11 * MINUTE)
    await bench.look(at(2))
    channel, device = await world.alerts()
    assert (channel["state"], device["state"]) == ("active", "active")
    assert device["started_at"] == at(1) + 5 * MINUTE
    await world.reading("ph", at(2) + MINUTE)
    await bench.look(at(2) + MINUTE)
    channel, device = await world.alerts()
    assert (channel["state"], device["state"]) == ("active", "returned")


async def test_a_device_switched_off_is_no_longer_silent(world, bench):
    await both(world, at(1))
    await bench.look(at(1) + MINUTE)
    await bench.look(at(2))
    await world.sql.execute("UPDATE device SET enabled = false")
    await world.journal("water", at(2), at(2))
    await bench.look(at(3))
    (alert,) = await world.alerts()
    assert alert["state"] == "returned"
    assert "отключён" in alert["reasons"][-1]
    await world.sql.execute("UPDATE device SET enabled = true")
    await world.journal("water", at(2), at(2))
    await bench.look(at(4))
    await bench.look(at(4) + 3 * MINUTE)
    (alert,) = await world.alerts()
    assert (alert["state"], await world.events()) == ("active", ["opened", "returned", "reopened"])


async def test_a_logger_that_returns_after_hours_is_not_called_silent_while_it_delivers(world, bench):
    """Its newest reading is hours old until the buffer is empty: that gap never existed."""
    now = at(6 * 60)
    for minute in (1, 120, 240):
        await both(world, at(minute))
        await bench.look(now)
        now += timedelta(seconds=20)
    assert await world.alerts() == []
    await both(world, now)
    await bench.look(now)
    assert await world.alerts() == []


async def test_a_delivery_that_breaks_off_leaves_a_silence(world, bench):
    await both(world, at(60))
    await bench.look(at(6 * 60))
    assert await world.alerts() == []
    await bench.look(at(6 * 60 + 3))
    (alert,) = await world.alerts()
    assert (alert["state"], alert["started_at"]) == ("active", at(60))
