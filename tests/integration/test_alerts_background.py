"""Norms of a rise end to end: the posts upstream, the season of the post, late data upstream."""

import itertools
import json
from datetime import timedelta

import asyncpg
import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import libpq_url, make_engine
from tests.integration.alerts_world import INTERVAL, World, at

EXCEEDANCE = [detector for detector in REGISTRY if detector.name == "exceedance"]


@pytest.fixture
async def engine(network_database):
    made = make_engine(network_database, pool_size=3)
    yield made
    await made.dispose()


@pytest.fixture
async def sql(network_database, engine):
    connection = await asyncpg.connect(libpq_url(network_database))
    await connection.execute("UPDATE series SET expected_interval_s = 60")
    yield connection
    await connection.close()


@pytest.fixture
def evaluator(engine):
    return Evaluator(engine, registry=EXCEEDANCE, clock=lambda: at(24 * 20))


async def post(sql, code):
    rows = await sql.fetch(
        "SELECT s.id, s.station_id, s.device_id, p.code, p.scale FROM series s JOIN parameter p ON p.id = s.parameter_id"
        " JOIN station st ON st.id = s.station_id WHERE st.code = $1",
        code,
    )
    series, scale = {row["code"]: row["id"] for row in rows}, {row["code"]: row["scale"] for row in rows}
    return World(sql, rows[0]["station_id"], rows[0]["device_id"], series, scale)


def detail(alert):
    return json.loads(alert["detail"])


async def seen(world):
    shown = ("state", "started_at", "ended_at", "severity", "title", "figures", "reasons", "norm", "detail")
    return sorted(
        tuple(str(alert[name]) for name in shown) for alert in await world.alerts() if alert["state"] != "withdrawn"
    )


async def test_warm_water_below_an_outlet_is_told_from_the_posts_above(sql, evaluator):
    above, tributary, below = [await post(sql, code) for code in ("U-25", "TA-2", "U-21")]
    await above.hours("temp", 240, [10.0] * 36)
    await tributary.hours("temp", 240, [11.0] * 36)
    await below.hours("temp", 246, [12.0, 17.0, 17.5, 12.0, 12.0])
    await evaluator.evaluate_waiting()
    (alert,) = await below.alerts()
    assert (alert["severity"], alert["state"], alert["started_at"]) == ("violation", "returned", at(246) + INTERVAL)
    assert alert["norm"]["form"] == "background_delta"
    background = detail(alert)["background"]
    assert background["source"] == "upstream"
    assert [entry["station"] for entry in background["posts"]] == ["TA-2", "U-25"]
    assert background["value"] == pytest.approx((8 * 10 + 1.5 * 11) / 9.5)
    assert any("U-25 (4 км выше" in reason for reason in alert["reasons"])


async def test_a_post_without_posts_above_is_compared_with_its_own_season_and_only_noticed(sql, evaluator):
    head = await post(sql, "KU-1")
    await head.hours("temp", 0, [10.0, 10.1, 9.9] * 24 * 10)
    await head.hours("temp", 241, [17.0] * 3)
    await evaluator.evaluate_waiting()
    (alert,) = await head.alerts()
    assert alert["severity"] == "notice"
    assert detail(alert)["background"]["source"] == "season"
    assert any("не фоновый створ" in reason for reason in alert["reasons"])


async def test_without_any_background_nothing_is_judged(sql, evaluator):
    below = await post(sql, "U-21")
    await below.hours("temp", 246, [17.0] * 3)
    await evaluator.evaluate_waiting()
    assert await below.alerts() == []


async def test_the_tom_is_not_compared_with_its_small_tributary(sql, evaluator):
    mouth, tom = await post(sql, "U-01"), await post(sql, "TOM-545")
    await mouth.hours("temp", 240, [8.0] * 36)
    await tom.hours("temp", 246, [16.0] * 3)
    await evaluator.evaluate_waiting()
    assert await tom.alerts() == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
async def test_late_data_upstream_or_of_the_season_give_the_same_alerts_as_in_order(sql, evaluator, order):
    above, tributary, below = [await post(sql, code) for code in ("U-25", "TA-2", "U-21")]
    deliveries = [
        lambda: above.hours("temp", 230, [10.0] * 72),
        lambda: tributary.hours("temp", 230, [9.0] * 40),
        lambda: below.hours("temp", 0, [12.0, 12.2, 11.8] * 24 * 9),
        lambda: below.hours("temp", 246, [12.0, 16.0, 17.0, 19.0, 18.0] + [12.0] * 6 + [22.0] * 4),
    ]
    for place in order:
        await deliveries[place]()
        await evaluator.evaluate_waiting()
    in_parts = await seen(below)
    await sql.execute("TRUNCATE alert, alert_event, notification_log, detector_state RESTART IDENTITY CASCADE")
    await below.journal("water", at(0), at(0) + timedelta(days=14))
    await evaluator.evaluate_waiting()
    assert await seen(below) == in_parts
    assert len(in_parts) >= 1
