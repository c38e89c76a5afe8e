"""Floods end to end: level intervals and journal in, alerts out, whatever the order."""

import json
import random
from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import make_engine
from tests.integration.alerts_world import INTERVAL, add_station, at, make_world

FLOOD = [detector for detector in REGISTRY if detector.name == "flood"]
MARKS = {"floodplain_cm": 320, "adverse_cm": 400, "dangerous_cm": 460, "flag": "demo, unverified", "source": "тест"}


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


async def marked(world):
    await world.sql.execute(
        "UPDATE station SET properties = $2::jsonb WHERE id = $1", world.station, json.dumps({"flood": MARKS})
    )
    return world


@pytest.fixture
async def world(database):
    made = await marked(await make_world(database, parameters=("level", "temp")))
    yield made
    await made.sql.close()


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=3)
    yield made
    await made.dispose()


@pytest.fixture
def clock():
    return Clock(at(24 * 12))


@pytest.fixture
def evaluator(engine, clock):
    return Evaluator(engine, registry=FLOOD, clock=clock)


def a_flood():
    rise = [200 + 3.0 * place for place in range(91)]
    fall = [470 - 1.0 * place for place in range(271)]
    return [200.0] * 80 + rise + fall + [200.0] * 100


async def test_a_flood_opens_grows_and_returns(world, evaluator, clock):
    levels = a_flood()
    for first in range(0, len(levels), 90):
        clock.now = at((first + 90) / 3)
        await world.hours("level", first / 3, levels[first : first + 90])
        await evaluator.evaluate_waiting()
    (alert,) = await world.alerts(kind="flood")
    assert (alert["state"], alert["severity"]) == ("returned", "extreme")
    assert alert["figures"]["to_adverse"]["value"] < 0
    detail = json.loads(alert["detail"])
    assert detail["colour"] == "red"
    assert detail["adverse_at"] < detail["dangerous_at"] < detail["peak_at"]
    assert (await world.events())[0] == "opened"
    assert (await world.events())[-1] == "returned"


async def test_an_open_gap_is_told_by_the_timer_and_ends_with_the_data(world, evaluator, clock):
    levels = [200.0] * 80 + [200 + 3.0 * place for place in range(50)]
    clock.now = at(130 / 3)
    await world.hours("level", 0, levels)
    await evaluator.evaluate_waiting()
    assert [alert["key"].split(":")[1] for alert in await world.alerts(state="active")] == [str(world.series["level"])]
    clock.now = at(130 / 3) + timedelta(minutes=62)
    await evaluator.evaluate_waiting()
    (gap,) = [alert for alert in await world.alerts(state="active") if ":gap:" in alert["key"]]
    assert gap["started_at"] == at(130 / 3)
    assert gap["severity"] == "notice"
    clock.now = at(146 / 3)
    await world.hours("level", 136 / 3, [352.0] * 10)
    await evaluator.evaluate_waiting()
    (gap,) = [alert for alert in await world.alerts() if ":gap:" in alert["key"]]
    assert (gap["state"], gap["ended_at"]) == ("returned", at(136 / 3))


async def test_a_gap_that_late_data_fill_is_withdrawn(world, evaluator):
    levels = [200.0] * 80 + [200 + 3.0 * place for place in range(50)]
    await world.hours("level", 0, levels)
    await world.hours("level", 140 / 3, [350.0] * 10 + [200.0] * 90)
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts() if ":gap:" in alert["key"]] == ["returned"]
    await world.hours("level", 130 / 3, [350.0] * 10)
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts() if ":gap:" in alert["key"]] == ["withdrawn"]


async def test_a_jump_in_cold_water_is_an_ice_jam(world, evaluator):
    """June in the test's calendar: the water's temperature says that there is ice."""
    await world.hours("temp", 0, [0.1] * 60)
    await world.hours("level", 0, [150.0] * 30 + [215.0] * 20 + [150.0] * 10)
    await evaluator.evaluate_waiting()
    (jam,) = [alert for alert in await world.alerts() if ":jam:" in alert["key"]]
    assert (jam["severity"], jam["state"]) == ("high", "returned")
    assert jam["figures"]["jump"]["value"] == 65.0


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_and_batching_gives_the_same_floods(world, evaluator, seed):
    noise = random.Random(seed)
    other = await marked(await add_station(world.sql, code="U-02", parameters=("level", "temp")))
    levels = [round(level + noise.uniform(-4, 4), 2) for level in a_flood()[40:320]]
    kept = [place for place in range(len(levels)) if not 120 < place < 127 and noise.random() > 0.03]
    for place in kept:
        await world.interval("level", at(0) + place * INTERVAL, levels[place])
    await world.journal("water", at(0), at(0) + len(levels) * INTERVAL)
    await evaluator.evaluate_waiting()
    pieces = [kept[first : first + 11] for first in range(0, len(kept), 11)]
    noise.shuffle(pieces)
    for piece in [*pieces[:4], *pieces]:
        for place in piece:
            await other.interval("level", at(0) + place * INTERVAL, levels[place])
        await other.journal("water", at(0) + piece[0] * INTERVAL, at(0) + piece[-1] * INTERVAL)
        await evaluator.evaluate_waiting()
    shown = ("state", "started_at", "ended_at", "settled_at", "severity", "title", "figures", "reasons", "detail")
    seen = [
        sorted(
            (alert["key"].split(":")[1], *(str(alert[name]) for name in shown))
            for alert in await world.alerts(station_id=station)
            if alert["state"] != "withdrawn"
        )
        for station in (world.station, other.station)
    ]
    strip = [[entry[1:] for entry in one] for one in seen]
    assert strip[0] == strip[1]
    assert len(strip[0]) >= 2
