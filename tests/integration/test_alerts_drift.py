"""Drift end to end: three posts of the demo network, one oxygen sensor that leaves its neighbours."""

import math
import random

import asyncpg
import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import libpq_url, make_engine
from tests.integration.alerts_world import INTERVAL, at
from tests.integration.test_alerts_background import detail, post
from tests.integration.test_alerts_quality import store

STEPS = [step for step in REGISTRY if step.name in {"quality", "drift", "exceedance", "fault"}]
DAYS = 20
STARTS, PER_DAY = 6, -0.35
POSTS = ("U-36", "U-25", "U-21")


@pytest.fixture
async def engine(network_database):
    made = make_engine(network_database, pool_size=3)
    yield made
    await made.dispose()


@pytest.fixture
async def sql(network_database, engine):
    connection = await asyncpg.connect(libpq_url(network_database))
    await connection.execute("UPDATE series SET expected_interval_s = 1200")
    yield connection
    await connection.close()


@pytest.fixture
def clock():
    return lambda: at(24 * DAYS)


@pytest.fixture
def evaluator(engine, clock):
    return Evaluator(engine, registry=STEPS, clock=clock)


def oxygen(code):
    noise = random.Random(code)
    for place in range(72 * DAYS):
        day = place / 72
        drifted = max(0.0, day - STARTS) * PER_DAY if code == "U-25" else 0.0
        yield round(9.2 + 0.8 * math.cos(2 * math.pi * day) + drifted + noise.gauss(0, 0.03), 2)


async def deliver(world, code, first_day, last_day):
    part = slice(72 * first_day, 72 * last_day)
    times = [at(0) + place * INTERVAL for place in range(72 * DAYS)][part]
    await store(world, "do", times, list(oxygen(code))[part])


async def standing(world):
    shown = ("key", "state", "started_at", "ended_at", "figures", "reasons")
    rows = [row for row in await world.alerts() if row["state"] != "withdrawn"]
    return sorted(tuple(str(row[name]) for name in shown) for row in rows)


async def levels(sql):
    return await sql.fetch("SELECT series_id, day, median, level, detail FROM quality_day ORDER BY 1, 2")


async def test_a_drifting_sensor_is_told_and_kept_from_being_a_violation_in_any_order_of_arrival(sql, evaluator):
    worlds = {code: await post(sql, code) for code in POSTS}
    for first in range(0, DAYS, 2):
        for code, world in worlds.items():
            await deliver(world, code, first, first + 2)
        await evaluator.evaluate_waiting()
    drifting = worlds["U-25"]
    alerts = [row for row in await drifting.alerts(station_id=drifting.station) if row["state"] != "withdrawn"]
    assert [row["key"] for row in alerts] == [f"fault:drift:{drifting.series['do']}"]
    assert alerts[0]["severity"] == "maintenance"
    assert alerts[0]["state"] == "active"
    assert at(24 * (STARTS + 2)) < alerts[0]["started_at"] < at(24 * (STARTS + 6))
    assert alerts[0]["figures"]["shift"]["value"] < -3
    assert detail(alerts[0])["correction"]["kind"] == "linear"
    expected = await standing(drifting), await levels(sql)
    await sql.execute("TRUNCATE observation, interval_20min, quality_interval, quality_day, alert, alert_event,"
                      " detector_state, notification_log, rollup, journal CASCADE")  # fmt: skip
    pieces = [(code, first) for code in POSTS for first in range(0, DAYS, 5)]
    random.Random(3).shuffle(pieces)
    for code, first in pieces:
        await deliver(worlds[code], code, first, first + 5)
        await evaluator.evaluate_waiting()
    assert (await standing(drifting), await levels(sql)) == expected


async def test_what_all_posts_show_is_no_drift(sql, evaluator):
    worlds = {code: await post(sql, code) for code in POSTS}
    times = [at(0) + place * INTERVAL for place in range(72 * DAYS)]
    for world in worlds.values():
        fall = [round(value - max(0, place / 72 - STARTS) * 0.2, 2) for place, value in enumerate(oxygen("U-36"))]
        await store(world, "do", times, fall)
    await evaluator.evaluate_waiting()
    assert await sql.fetchval("SELECT count(*) FROM alert WHERE detector = 'fault'") == 0
    assert await sql.fetchval("SELECT max(level) FROM quality_day") == 1


async def test_nothing_is_due_once_every_day_is_compared(sql, evaluator):
    world = await post(sql, "U-25")
    await deliver(world, "U-25", 0, 8)
    await evaluator.evaluate_waiting()
    assert await evaluator.evaluate_waiting() == 0
