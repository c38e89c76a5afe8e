"""Exceedance end to end: intervals and journal in, alerts and events out, on both databases."""

import random
from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import make_engine
from tests.integration.alerts_world import INTERVAL, add_station, at, make_world

EXCEEDANCE = [detector for detector in REGISTRY if detector.name == "exceedance"]


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
async def world(database):
    made = await make_world(database)
    yield made
    await made.sql.close()


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=3)
    yield made
    await made.dispose()


@pytest.fixture
def clock():
    return Clock(at(100))


@pytest.fixture
def evaluator(engine, clock):
    return Evaluator(engine, registry=EXCEEDANCE, clock=clock)


async def test_an_exceedance_opens_an_alert_with_figures_norm_and_events(world, evaluator):
    await world.hours("nh4", 10, [0.3, 1.3, 2.0, 1.0])
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts()
    assert alert["state"] == "active"
    assert alert["kind"] == "exceedance"
    assert alert["severity"] == "violation"
    assert alert["started_at"] == at(10) + INTERVAL
    assert alert["knowable_at"] == at(10) + 2 * INTERVAL
    assert alert["ended_at"] is None
    assert alert["series_id"] == world.series["nh4"]
    assert alert["figures"]["peak"] == {"value": 2.0, "unit": "мг/дм³"}
    assert alert["figures"]["intervals"]["value"] == 3
    assert alert["figures"]["ratio"]["value"] == 4.0
    assert alert["norm"]["pack"] == "fishery-296-2025"
    assert alert["norm"]["verified"] is False
    assert await world.events() == ["opened"]
    notes = await world.sql.fetch("SELECT channel, recipient, status FROM notification_log ORDER BY channel")
    assert [tuple(note) for note in notes] == [("log", "operator", "sent"), ("sse", "public", "sent")]


async def test_the_journal_is_empty_afterwards_and_nothing_happens_twice(world, evaluator):
    await world.hours("nh4", 10, [1.3])
    assert await evaluator.evaluate_waiting() == 1
    assert await world.sql.fetchval("SELECT count(*) FROM journal") == 0
    assert await evaluator.evaluate_waiting() == 0
    await world.journal("water", at(10), at(10))
    await evaluator.evaluate_waiting()
    assert await world.events() == ["opened"]


async def test_an_alert_returns_after_two_intervals_inside_the_margin(world, evaluator):
    await world.hours("nh4", 10, [1.0])
    await evaluator.evaluate_waiting()
    await world.hours("nh4", 10 + 1 / 3, [0.49, 0.47])  # 0.49 is inside the norm but not inside the margin of 5 %
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts()] == ["active"]
    await world.hours("nh4", 11, [0.4])
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts()
    assert alert["state"] == "returned"
    assert alert["ended_at"] == at(10) + 2 * INTERVAL
    assert alert["settled_at"] == at(10) + 4 * INTERVAL
    assert await world.events() == ["opened", "returned"]


async def test_an_interval_in_progress_is_judged_when_it_is_over(world, evaluator, clock):
    clock.now = at(10) + timedelta(minutes=16)
    await world.hours("nh4", 10, [1.0])
    await evaluator.evaluate_waiting()
    assert await world.alerts() == []
    clock.now = at(10) + INTERVAL
    assert await evaluator.evaluate_waiting() == 1  # by the timer, no data came
    assert [alert["state"] for alert in await world.alerts()] == ["active"]
    assert await evaluator.evaluate_waiting() == 0


async def test_intervals_with_too_few_readings_or_mostly_in_service_do_not_count(world, evaluator):
    await world.interval("nh4", at(10), 5.0, n=20, n_valid=14)
    await world.interval("nh4", at(11), 5.0, n=20, n_valid=10, service=10)
    await world.journal("water", at(10), at(11))
    await evaluator.evaluate_waiting()
    assert await world.alerts() == []


async def test_late_data_move_the_beginning_of_an_alert(world, evaluator):
    await world.hours("nh4", 10, [1.0])
    await evaluator.evaluate_waiting()
    await world.hours("nh4", 9 + 2 / 3, [1.5])
    await evaluator.evaluate_waiting()
    active = await world.alerts(state="active")
    assert [alert["started_at"] for alert in active] == [at(9) + 2 * INTERVAL]
    assert active[0]["figures"]["peak"]["value"] == 1.5


async def test_late_data_merge_two_alerts_into_the_earlier_one(world, evaluator):
    await world.hours("nh4", 10, [1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 1.2, 0.1, 0.1])
    await evaluator.evaluate_waiting()
    first, second = await world.alerts()
    assert (first["state"], second["state"]) == ("returned", "returned")
    await world.hours("nh4", 10 + 1 / 3, [0.9] * 5)
    await evaluator.evaluate_waiting()
    first, second = await world.alerts()
    assert first["started_at"] == at(10)
    assert first["ended_at"] == at(10) + 7 * INTERVAL
    assert second["state"] == "withdrawn"
    assert "объединён" in (await world.sql.fetchval("SELECT body->>'why' FROM alert_event ORDER BY id DESC LIMIT 1"))
    await world.hours("nh4", 10 + 1 / 3, [0.1] * 5)  # a decision took the correction back
    await evaluator.evaluate_waiting()
    first, second = await world.alerts()
    assert (first["state"], second["state"]) == ("returned", "returned")
    assert (first["ended_at"], second["started_at"]) == (at(10) + INTERVAL, at(12))
    assert await world.events(second["id"]) == ["opened", "returned", "withdrawn", "reopened", "returned"]


async def test_a_mistaken_alert_is_withdrawn_not_deleted(world, evaluator):
    await world.hours("nh4", 10, [1.0])
    await evaluator.evaluate_waiting()
    await world.hours("nh4", 10, [0.2])
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts()
    assert alert["state"] == "withdrawn"
    assert await world.events() == ["opened", "withdrawn"]


async def test_the_season_decides_which_oxygen_norm_holds(world, evaluator):
    await world.hours("do", 10, [5.0])  # June: at least 6 mg/dm³
    january = at(10) - timedelta(days=130)  # under ice 4 mg/dm³ is enough
    await world.interval("do", january, 5.0)
    await world.journal("water", january, january)
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts()
    assert alert["norm"]["season"] == "open_water"
    assert alert["started_at"] == at(10)


async def test_a_very_high_value_is_graded_by_the_pack(world, evaluator):
    await world.hours("nh4", 10, [6.0, 30.0])
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts()
    assert alert["severity"] == "extreme"
    assert alert["title"].startswith("Экстремально высокое загрязнение (ЭВЗ)")


def a_day_and_more(seed):
    noise = random.Random(seed)
    level, means = 0.3, []
    for _ in range(150):
        if noise.random() < 0.12:
            level = noise.choice([0.2, 0.3, 0.46, 0.48, 0.55, 0.9, 3.0])
        means.append(round(level + noise.uniform(-0.02, 0.02), 4))
    return means


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_and_batching_of_the_same_intervals_gives_the_same_alerts(world, evaluator, seed):
    """One station gets everything at once, the other in disordered pieces with repeats and wrong first versions."""
    means = a_day_and_more(seed)
    noise = random.Random(seed + 100)
    other = await add_station(world.sql, code="U-02", parameters=("nh4",))
    await world.hours("nh4", 0, means)
    pieces = [(first, means[first : first + 7]) for first in range(0, len(means), 7)]
    noise.shuffle(pieces)
    for first, piece in [*pieces[:5], *pieces]:
        if noise.random() < 0.3:
            await other.hours("nh4", first / 3, [noise.choice([0.1, 2.0])] * len(piece))
            await evaluator.evaluate_waiting()
        await other.hours("nh4", first / 3, piece)
        if noise.random() < 0.7:
            await evaluator.evaluate_waiting()
    await evaluator.evaluate_waiting()
    shown = ("state", "started_at", "ended_at", "settled_at", "severity", "title", "figures", "reasons")
    seen = {
        station: sorted(
            tuple(str(alert[name]) for name in shown)
            for alert in await world.alerts(station_id=station)
            if alert["state"] != "withdrawn"
        )
        for station in (world.station, other.station)
    }
    assert seen[world.station] == seen[other.station]
    assert len(seen[world.station]) >= 2


async def test_a_long_episode_is_resumed_from_a_checkpoint_with_the_same_result(world, evaluator):
    other = await add_station(world.sql, code="U-02", parameters=("nh4",))
    means = [1.0 + 0.01 * (place % 17) for place in range(150)]
    await other.hours("nh4", 0, means)
    for first in range(0, 150, 5):
        await world.hours("nh4", first / 3, means[first : first + 5])
        await evaluator.evaluate_waiting()
    one, two = sorted(await world.alerts(), key=lambda alert: alert["station_id"])
    assert one["figures"] == two["figures"]
    assert one["figures"]["intervals"]["value"] == 150
    state = await world.sql.fetchval(
        "SELECT state FROM detector_state WHERE detector = 'exceedance' AND station_id = $1", world.station
    )
    assert '"checkpoints"' in state
