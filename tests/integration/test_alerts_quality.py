"""Quality control and faults end to end: raw readings and journal in, judged intervals and alerts out."""

import json
import random
from datetime import timedelta

import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import make_engine
from tests.integration.alerts_world import at, make_world

MINUTE = timedelta(minutes=1)
WATER_STEPS = [step for step in REGISTRY if step.name in {"quality", "exceedance", "fault"}]
COLUMNS = "series_id, start, rollup, flags, n, n_pass, mean_pass, minimum_pass, maximum_pass, test_set"


@pytest.fixture
async def world(database):
    made = await make_world(database, parameters=("nh4", "do", "ph", "ec25", "temp"))
    yield made
    await made.sql.close()


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=3)
    yield made
    await made.dispose()


@pytest.fixture
def evaluator(engine):
    return Evaluator(engine, registry=WATER_STEPS, clock=lambda: at(100))


def minutes(first, count):
    return [at(0) + (first + place) * MINUTE for place in range(count)]


def noisy(level, count, *, seed=1, deviation=0.01):
    noise = random.Random(seed)
    return [round(level + noise.gauss(0, deviation), 4) for _ in range(count)]


async def store(world, parameter, times, values, *, flag=1, journal=True):
    """Readings and their exact aggregates, as ingest leaves them, and one journal row."""
    series, scale = world.series[parameter], world.scale[parameter]
    rows = [(series, time, value, flag, 1) for time, value in zip(times, values, strict=True)]
    await world.sql.executemany(
        "INSERT INTO observation (series_id, time, value, flag, raw_id) VALUES ($1,$2,$3,$4,$5)", rows
    )
    await world.sql.execute(
        """INSERT INTO interval_20min (series_id, start, n, n_valid, total, total_squares, minimum, maximum, n_service)
        SELECT series_id, date_bin('20 minutes', time, 'epoch'), count(*), count(*) FILTER (WHERE flag = 1),
            coalesce(sum(round(value * 10.0 ^ $2::int)::bigint) FILTER (WHERE flag = 1), 0),
            coalesce(sum(round(value * 10.0 ^ $2::int)::numeric * round(value * 10.0 ^ $2::int)::numeric)
                FILTER (WHERE flag = 1), 0),
            min(value) FILTER (WHERE flag = 1), max(value) FILTER (WHERE flag = 1),
            count(*) FILTER (WHERE flag & 48 <> 0)
        FROM observation WHERE series_id = $1 GROUP BY 1, 2
        ON CONFLICT (series_id, start) DO UPDATE SET n = excluded.n, n_valid = excluded.n_valid,
            total = excluded.total, total_squares = excluded.total_squares, minimum = excluded.minimum, maximum = excluded.maximum,
            n_service = excluded.n_service""",
        series, scale,
    )  # fmt: skip
    if journal:
        await world.journal("water", min(times), max(times))


async def quality(world, parameter=None):
    rows = await world.sql.fetch(f"SELECT {COLUMNS} FROM quality_interval ORDER BY series_id, start")
    return [dict(row) for row in rows if parameter is None or row["series_id"] == world.series[parameter]]


async def test_clean_readings_pass_and_the_mean_is_that_of_the_aggregates(world, evaluator):
    await store(world, "nh4", minutes(0, 60), noisy(0.3, 60))
    await evaluator.evaluate_waiting()
    rows = await quality(world, "nh4")
    assert [row["rollup"] for row in rows] == [2, 1, 2]  # the first and the last readings have no neighbours yet
    assert [(row["n"], row["n_pass"]) for row in rows] == [(20, 20)] * 3
    means = await world.sql.fetch("SELECT (total / (n * 1e6))::float8 AS mean FROM interval_20min ORDER BY start")
    assert [row["mean_pass"] for row in rows] == [row["mean"] for row in means]
    assert {row["test_set"] for row in rows} == {"uskat-quality/1"}


async def test_nothing_is_written_when_nothing_changed(world, evaluator):
    await store(world, "nh4", minutes(0, 60), noisy(0.3, 60))
    await evaluator.evaluate_waiting()
    before = await world.sql.fetch("SELECT xmin, series_id, start FROM quality_interval ORDER BY 2, 3")
    await world.journal("water", at(0), at(1))
    await evaluator.evaluate_waiting()
    assert await world.sql.fetch("SELECT xmin, series_id, start FROM quality_interval ORDER BY 2, 3") == before


async def test_spikes_do_not_make_a_violation_and_a_step_does(world, evaluator):
    spiky = noisy(8.2, 120)
    for place in range(3, 117, 9):
        spiky[place] = 11.5  # one in nine: the plain mean would exceed pH 8.5
    await store(world, "ph", minutes(0, 120), spiky)
    await store(world, "nh4", minutes(0, 120), noisy(0.3, 60) + noisy(1.4, 60, seed=2))
    await evaluator.evaluate_waiting()
    violations = await world.alerts(kind="exceedance")
    assert [(alert["series_id"], alert["started_at"]) for alert in violations] == [(world.series["nh4"], at(1))]
    assert all(row["n_pass"] == 20 for row in await quality(world, "nh4"))


async def test_a_stuck_value_takes_its_own_violation_back(world, evaluator):
    await store(world, "do", minutes(0, 60), noisy(7.0, 60))
    await store(world, "do", minutes(60, 60), [5.3] * 60)
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts(kind="exceedance")] == ["active"]
    await store(world, "do", minutes(120, 90), [5.3] * 90)
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts(kind="exceedance")] == ["withdrawn"]
    stuck = [row for row in await quality(world, "do") if row["start"] >= at(1)]
    assert {(row["rollup"], row["n_pass"], row["mean_pass"]) for row in stuck} == {(4, 0, None)}


async def test_a_maintenance_window_silences_what_it_covers(world, evaluator):
    await store(world, "nh4", minutes(0, 120), noisy(1.4, 120))
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts()] == ["active"]
    await world.sql.execute(
        "INSERT INTO station_visit (station_id, kind, starts_at, ends_at, entered_by) VALUES ($1,'visit',$2,$3,'t')",
        world.station, at(0), at(2),
    )  # fmt: skip
    await world.journal("visit", at(0), at(2))
    await evaluator.evaluate_waiting()
    assert [alert["state"] for alert in await world.alerts()] == ["withdrawn"]
    assert {(row["rollup"], row["n_pass"]) for row in await quality(world, "nh4")} == {(2, 0)}


async def test_calibration_readings_never_count(world, evaluator):
    await store(world, "nh4", minutes(0, 60), noisy(2.0, 60), flag=1 + 32)
    await evaluator.evaluate_waiting()
    assert await world.alerts() == []
    assert {(row["rollup"], row["n"], row["n_pass"]) for row in await quality(world)} == {(2, 20, 0)}


async def test_a_decided_conflict_is_judged_in_place_of_the_first_value(world, evaluator):
    values = noisy(0.3, 60)
    values[30] = 9.0
    await store(world, "nh4", minutes(0, 60), values)
    await evaluator.evaluate_waiting()
    assert [row["n_pass"] for row in await quality(world, "nh4")] == [20, 19, 20]
    series, moment = world.series["nh4"], minutes(30, 1)[0]
    conflict = await world.sql.fetchval(
        "INSERT INTO observation_conflict (series_id, time, value, flag, raw_id) VALUES ($1,$2,0.3,1,2) RETURNING id",
        series, moment,
    )  # fmt: skip
    await world.sql.execute(
        "INSERT INTO observation_decision (series_id, time, conflict_id, decided_by, reason)"
        " VALUES ($1,$2,$3,'t','test')",
        series, moment, conflict,
    )  # fmt: skip
    await world.journal("water", moment, moment)
    await evaluator.evaluate_waiting()
    assert [row["n_pass"] for row in await quality(world, "nh4")] == [20, 20, 20]


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_and_batching_of_the_same_readings_gives_the_same_rows_and_alerts(world, evaluator, seed):
    noise = random.Random(seed)
    values = noisy(0.4, 700, seed=seed, deviation=0.06)
    for place in noise.sample(range(700), 25):
        values[place] = 3.0
    values[200:380] = [0.9] * 180
    values[500:560] = noisy(1.2, 60, seed=seed + 1)
    await store(world, "nh4", minutes(0, 700), values)
    await evaluator.evaluate_waiting()
    shown = ("state", "key", "started_at", "ended_at", "settled_at", "figures")
    expected = await quality(world), [[alert[name] for name in shown] for alert in await world.alerts()]
    assert any(row["rollup"] == 4 for row in expected[0])
    await world.sql.execute("TRUNCATE observation, interval_20min, quality_interval, alert, alert_event, detector_state,"
                            " notification_log, rollup CASCADE")  # fmt: skip
    pieces = [(first, min(first + 37, 700)) for first in range(0, 700, 37)]
    noise.shuffle(pieces)
    for first, last in pieces:
        await store(world, "nh4", minutes(first, last - first), values[first:last])
        if noise.random() < 0.7:
            await evaluator.evaluate_waiting()
    await evaluator.evaluate_waiting()
    alerts = [[alert[name] for name in shown] for alert in await world.alerts() if alert["state"] != "withdrawn"]
    assert await quality(world) == expected[0]
    assert sorted(alerts, key=str) == sorted(expected[1], key=str)


async def test_a_stuck_sensor_is_a_maintenance_finding_from_its_first_equal_value_to_its_last(world, evaluator):
    await store(world, "do", minutes(0, 60), noisy(7.0, 60))
    await store(world, "do", minutes(60, 200), [5.3] * 200)
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts(kind="fault")
    assert (alert["key"], alert["severity"], alert["state"]) == (
        f"fault:stuck:{world.series['do']}",
        "maintenance",
        "active",
    )
    assert (alert["started_at"], alert["knowable_at"]) == (at(1), at(3))
    assert alert["figures"]["value"] == {"value": 5.3, "unit": "мг/дм³"}
    assert "Проверьте" in alert["reasons"][-1]
    await store(world, "do", minutes(260, 60), noisy(7.0, 60))
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts(kind="fault")
    assert (alert["state"], alert["ended_at"]) == ("returned", at(1) + 200 * MINUTE)
    assert [one["state"] for one in await world.alerts(kind="exceedance")] == []


async def test_a_probe_in_the_air_is_one_finding_of_the_whole_device(world, evaluator):
    count = 90
    await store(world, "ec25", minutes(0, count), noisy(420, 30, deviation=1) + noisy(3, 60, deviation=0.4))
    await store(world, "temp", minutes(0, count), noisy(12, 30) + noisy(21, 60))
    await store(world, "do", minutes(0, count), noisy(8, 30) + noisy(8.9, 60))
    await store(world, "ph", minutes(0, count), noisy(7.8, 30) + noisy(9.4, 60))
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts()
    assert (alert["key"], alert["series_id"]) == (f"fault:out_of_water:device:{world.device}", None)
    assert alert["started_at"] == at(0) + 20 * MINUTE
    assert {row["n_pass"] for row in await quality(world, "ph") if row["start"] >= at(0) + 40 * MINUTE} == {0}


async def test_a_train_of_spikes_is_a_fault_and_jumps_near_freezing_are_ice(world, evaluator):
    spiky = noisy(7.8, 360)
    for place in range(5, 350, 17):
        spiky[place] = 10.0
    conductivity = noisy(420, 360, deviation=1)
    for place in range(5, 350, 17):
        conductivity[place] = 200.0
    await store(world, "ph", minutes(0, 360), spiky)
    await store(world, "ec25", minutes(0, 360), conductivity)
    await evaluator.evaluate_waiting()
    assert {alert["key"] for alert in await world.alerts()} == {
        f"fault:spike:{world.series['ph']}", f"fault:spike:{world.series['ec25']}",
    }  # fmt: skip
    await store(world, "temp", minutes(0, 360), noisy(0.05, 360, deviation=0.02))
    await evaluator.evaluate_waiting()
    standing = {alert["key"] for alert in await world.alerts() if alert["state"] != "withdrawn"}
    assert standing == {f"fault:ice:device:{world.device}", f"fault:spike:{world.series['ph']}"}  # ice moves no pH


async def test_a_fault_after_a_long_gap_ends_where_it_was_last_seen(world, evaluator):
    await store(world, "do", minutes(0, 60), noisy(7.0, 60))
    await store(world, "do", minutes(60, 200), [5.3] * 200)
    await evaluator.evaluate_waiting()
    await store(world, "do", minutes(60 * 40, 60), noisy(7.0, 60))
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts(kind="fault")
    assert (alert["started_at"], alert["ended_at"]) == (at(1), at(1) + 200 * MINUTE)


@pytest.mark.parametrize("late", [False, True])
async def test_a_step_at_a_service_visit_is_fouling_with_a_linear_correction(world, evaluator, late):
    first, visit, second = minutes(0, 1800), minutes(1800, 60), minutes(1860, 240)
    await store(world, "do", second, noisy(8.9, 240, seed=3))
    if late:
        await evaluator.evaluate_waiting()
    await store(world, "do", visit, noisy(9.6, 60, seed=2), flag=1 + 16)
    await store(world, "do", first, noisy(7.7, 1800))
    await evaluator.evaluate_waiting()
    (alert,) = await world.alerts(kind="fault")
    assert (alert["key"], alert["state"]) == (f"fault:fouling:{world.series['do']}", "returned")
    assert (alert["started_at"], alert["ended_at"]) == (at(30), at(31))
    assert alert["figures"]["step"]["value"] == pytest.approx(1.2, abs=0.05)
    assert json.loads(alert["detail"])["correction"]["kind"] == "linear"


async def test_a_visit_that_changes_nothing_is_no_fouling_and_an_entered_visit_counts_like_a_seen_one(world, evaluator):
    await store(world, "do", minutes(0, 2100), noisy(8.0, 1830) + noisy(9.0, 270, seed=2))
    await evaluator.evaluate_waiting()
    assert await world.alerts(kind="fault") == []
    await world.sql.execute(
        "INSERT INTO station_visit (station_id, kind, starts_at, ends_at, entered_by) VALUES ($1,'visit',$2,$3,'t')",
        world.station, at(30), at(31),
    )  # fmt: skip
    await world.journal("visit", at(30), at(31))
    await evaluator.evaluate_waiting()
    assert [alert["key"] for alert in await world.alerts(kind="fault")] == [f"fault:fouling:{world.series['do']}"]
