"""Hour and day aggregates against a slow reference over the readings themselves, on both databases."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from services.alerts.worker import Evaluator
from services.storage.engine import make_engine
from tests.integration.alerts_world import at, make_world
from uskat.water.interval import exact_deviation, exact_mean

LOCAL = ZoneInfo("Asia/Novokuznetsk")
SCALE = 6


@pytest.fixture
async def world(database):
    made = await make_world(database, parameters=("nh4", "ec25"))
    yield made
    await made.sql.close()


@pytest.fixture
async def evaluator(database):
    engine = make_engine(database, pool_size=2)
    yield Evaluator(engine, registry=(), clock=lambda: at(1000))
    await engine.dispose()


async def store(world, readings):
    """Readings {time: value} of nh4 as ingest would: exact integer sums by interval, and the journal."""
    intervals = defaultdict(list)
    for time, value in readings.items():
        start = time - (time - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(minutes=20)
        intervals[start].append(round(value * 10**SCALE))
    for start, values in intervals.items():
        await world.sql.execute(
            "INSERT INTO interval_20min AS i (series_id, start, n, n_valid, total, total_squares, minimum, maximum)"
            " VALUES ($1,$2,$3,$3,$4,$5,$6,$7) ON CONFLICT (series_id, start) DO UPDATE SET n = i.n + excluded.n,"
            " n_valid = i.n_valid + excluded.n_valid, total = i.total + excluded.total,"
            " total_squares = i.total_squares + excluded.total_squares,"
            " minimum = least(i.minimum, excluded.minimum), maximum = greatest(i.maximum, excluded.maximum)",
            world.series["nh4"], start, len(values), sum(values), sum(v * v for v in values),
            min(values) / 10**SCALE, max(values) / 10**SCALE,
        )  # fmt: skip
    await world.journal("water", min(readings), max(readings))


def reference(readings, bucket):
    groups = defaultdict(list)
    for time, value in readings.items():
        groups[bucket(time)].append(round(value * 10**SCALE))
    result = {}
    for start, values in groups.items():
        n, total, squares = len(values), sum(values), sum(v * v for v in values)
        mean = float(Fraction(total, n * 10**SCALE))
        assert mean == exact_mean(total, n, scale=SCALE)
        deviation = exact_deviation(total, squares, n=n, scale=SCALE)
        result[start] = (n, mean, min(values) / 10**SCALE, max(values) / 10**SCALE, deviation)
    return result


def hour(time):
    return time.replace(minute=0, second=0)


def local_day(time):
    return datetime.combine(time.astimezone(LOCAL).date(), datetime.min.time(), tzinfo=LOCAL).astimezone(UTC)


async def rollups(world, resolution):
    rows = await world.sql.fetch("SELECT * FROM rollup WHERE resolution = $1", resolution)
    return {
        row["start"]: (row["n_valid"], row["mean"], row["minimum"], row["maximum"], row["deviation"]) for row in rows
    }


@pytest.mark.parametrize("seed", range(3))
async def test_rollups_are_the_same_bits_in_any_order_and_batching(world, evaluator, seed):
    noise = random.Random(seed)
    readings = {
        at(0) + timedelta(minutes=minute): round(noise.uniform(0.01, 3), 6)
        for minute in range(60 * 50)
        if noise.random() < 0.8
    }
    pieces = list(readings.items())
    noise.shuffle(pieces)
    while pieces:
        size = noise.randint(1, 900)
        await store(world, dict(pieces[:size]))
        del pieces[:size]
        if noise.random() < 0.5:
            await evaluator.evaluate_waiting()
    await evaluator.evaluate_waiting()
    assert await rollups(world, "hour") == reference(readings, hour)
    assert await rollups(world, "day") == reference(readings, local_day)


async def test_a_day_is_a_local_day_and_knows_what_was_expected(world, evaluator):
    await store(world, {at(16.99): 1.0, at(17): 3.0})  # midnight in Novokuznetsk is 17:00 UTC
    await evaluator.evaluate_waiting()
    rows = await world.sql.fetch("SELECT * FROM rollup WHERE resolution = 'day' ORDER BY start")
    assert [(row["start"], row["mean"], row["n_expected"]) for row in rows] == [
        (at(-7), 1.0, 1440),
        (at(17), 3.0, 1440),
    ]
    (one, _) = await world.sql.fetch("SELECT * FROM rollup WHERE resolution = 'hour' ORDER BY start")
    assert (one["n_expected"], one["n_valid"], one["deviation"], one["intervals_valid"]) == (60, 1, None, 0)


async def test_intervals_with_three_quarters_of_the_readings_are_counted_valid(world, evaluator):
    await world.interval("nh4", at(1), 1.0, n=20, n_valid=15)
    await world.interval("nh4", at(1) + timedelta(minutes=20), 1.0, n=20, n_valid=14)
    await world.journal("water", at(1), at(1.5))
    await evaluator.evaluate_waiting()
    row = await world.sql.fetchrow("SELECT * FROM rollup WHERE resolution = 'hour'")
    assert (row["n"], row["n_valid"], row["intervals_valid"]) == (40, 29, 1)


async def test_an_hour_without_valid_readings_has_no_mean(world, evaluator):
    await world.interval("nh4", at(1), 1.0, n=5, n_valid=0)
    await world.journal("water", at(1), at(1))
    await evaluator.evaluate_waiting()
    row = await world.sql.fetchrow("SELECT * FROM rollup WHERE resolution = 'hour'")
    assert (row["n"], row["n_valid"], row["mean"], row["deviation"]) == (5, 0, None, None)
