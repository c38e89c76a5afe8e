"""Quality flags, health of stations and visits, as they are served."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import DEVICE, NOW, START, raise_alert, store
from uskat.water.quality.flag import TESTS
from uskat.wire.water import WaterPacket

QUALITY = [step for step in REGISTRY if step.name == "quality"]
SPIKE = TESTS.index("spike")


async def evaluate(world):
    engine = make_engine(world.url)
    await Evaluator(engine, registry=QUALITY, clock=world.clock).evaluate_waiting()
    await engine.dispose()


async def journal_of_visits(world):
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        rows = (await connection.execute(text("SELECT time_min, time_max FROM journal WHERE kind = 'visit'"))).all()
    await engine.dispose()
    return [tuple(row) for row in rows]


async def test_flags_by_interval_name_every_test_and_the_set_that_judged(world):
    await evaluate(world)
    page = await world.get(f"/series/{world.of('ph')}/quality")
    assert page["tests"] == list(TESTS)
    assert len(page["items"]) == 6
    assert [item["rollup"] for item in page["items"]] == [2, 1, 1, 1, 1, 2]
    assert all(len(item["flags"]) == len(TESTS) for item in page["items"])
    assert {item["test_set"] for item in page["items"]} == {"uskat-quality/1"}
    assert (await world.get("/quality/tests"))["id"] == "uskat-quality"


async def test_pages_of_intervals_follow_by_cursor(world):
    await evaluate(world)
    path, found, cursor = f"/series/{world.of('ph')}/quality", [], {}
    while cursor is not None:
        page = await world.get(path, limit=4, **cursor)
        found += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert [item["start"] for item in found] == sorted(item["start"] for item in found)
    assert len(found) == 6


async def test_flags_by_reading_are_those_of_the_detector(world):
    world.clock.now = NOW + timedelta(minutes=20)
    more = [WaterPacket(t=NOW + timedelta(minutes=minute), v={"ph": 7.5}, seq=200 + minute) for minute in range(20)]
    more[9] = WaterPacket(t=more[9].t, v={"ph": 9.9}, seq=209)
    await store(world, more)
    await evaluate(world)
    path = f"/series/{world.of('ph')}/quality"
    raw = await world.get(path, resolution="raw")
    spikes = [item for item in raw["items"] if item["flags"][SPIKE] == 4]
    assert [(item["value"], item["counts"], item["rollup"]) for item in spikes] == [(9.9, False, 4)]
    assert len(raw["items"]) == 140
    intervals = await world.get(path)
    assert sum(item["n_pass"] for item in intervals["items"]) == sum(item["counts"] for item in raw["items"]) == 139


async def test_csv_has_a_column_for_each_test(world):
    await evaluate(world)
    for resolution, rows in (("20min", 6), ("raw", 120)):
        answer = await world.client.get(
            f"/api/v1/series/{world.of('ph')}/quality", params={"format": "csv", "resolution": resolution}
        )
        lines = answer.text.split("\r\n")
        assert lines[0].endswith(",".join(TESTS))
        assert len(lines) == rows + 2


@pytest.mark.parametrize(
    "asked",
    [
        {"resolution": "raw", "start": "2026-05-01T00:00:00Z"},
        {"start": "2026-06-03T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
        {"format": "geojson"},
        {"cursor": "abc"},
    ],
)
async def test_what_cannot_be_answered_is_told(world, asked):
    answer = await world.client.get(f"/api/v1/series/{world.of('ph')}/quality", params=asked)
    assert answer.status_code == 422
    assert (await world.client.get("/api/v1/series/99999/quality")).status_code == 404


async def test_the_health_of_a_station_tells_faults_loggers_and_maintenance(world):
    await evaluate(world)
    await raise_alert(
        world, detector="fault", kind="fault", key=f"fault:stuck:{world.of('ph')}", severity="maintenance",
        title="Датчик застыл: pH", detail={"hint": "Проверьте датчик."},
    )  # fmt: skip
    body = {"kind": "maintenance", "starts_at": NOW.isoformat(), "ends_at": (NOW + timedelta(hours=1)).isoformat()}
    await world.client.post(f"/api/v1/stations/{DEVICE}/visits", json=body, headers=world.token("operate"))
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.execute(
            text(
                "INSERT INTO device_status (device_id, time, state, body, digest, raw_id)"
                " SELECT id, :now, 'online', CAST(:body AS jsonb), 'x', 1 FROM device WHERE code = :code"
            ),
            {"now": NOW, "code": DEVICE, "body": json.dumps({"state": "online", "battery_v": 12.4})},
        )
    await engine.dispose()
    world.clock.now = NOW + timedelta(minutes=5)
    (health,) = (await world.get("/station-health", station=DEVICE))["items"]
    assert [(fault["kind"], fault["parameter"], fault["hint"]) for fault in health["faults"]] == [
        ("fault", "ph", "Проверьте датчик.")
    ]
    assert health["devices"][0]["battery_v"] == 12.4
    assert [window["kind"] for window in health["maintenance"]] == ["maintenance"]
    assert health["availability"] == pytest.approx(12 / (72 * health["series"]))
    assert health["last_reading_at"] == (START + timedelta(minutes=119)).isoformat().replace("+00:00", "Z")
    everywhere = await world.get("/station-health", format="geojson")
    assert {"Feature"} == {feature["type"] for feature in everywhere["features"]}
    assert len(everywhere["features"]) > 10


async def test_a_visit_is_recorded_listed_and_judged_again(world):
    body = {
        "kind": "calibration", "series": world.of("ph"), "starts_at": START.isoformat(),
        "ends_at": (START + timedelta(hours=1)).isoformat(), "note": "Два буфера",
    }  # fmt: skip
    path, operator = f"/api/v1/stations/{DEVICE}/visits", world.token("operate")
    made = await world.client.post(path, json=body, headers=operator)
    assert made.status_code == 201, made.text
    assert (made.json()["parameter"], made.json()["entered_by"]) == ("ph", "duty")
    assert await journal_of_visits(world) == [(START, START + timedelta(hours=1))]
    listed = (await world.client.get(path, headers=operator)).json()
    assert listed["items"] == [made.json()]
    await evaluate(world)
    counted = [item["n_pass"] for item in (await world.get(f"/series/{world.of('ph')}/quality"))["items"]]
    assert counted == [0, 0, 0, 20, 20, 20]
    assert (await world.client.get(path)).status_code == 401
    assert (await world.client.post(path, json=body, headers=world.token("any"))).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": START.isoformat()},
        {"kind": "picnic"},
        {"note": "a\u0000b"},
        {"starts_at": "1960-01-01T00:00:00Z"},
        {"starts_at": "2026-06-01T00:00:00"},
        {"ends_at": "2027-06-01T00:00:00Z"},
    ],
)
async def test_an_impossible_visit_is_refused(world, wrong):
    body = {"kind": "visit", "starts_at": START.isoformat(), "ends_at": NOW.isoformat()} | wrong
    operator = world.token("operate")
    answer = await world.client.post(f"/api/v1/stations/{DEVICE}/visits", json=body, headers=operator)
    assert answer.status_code == 422
    assert await journal_of_visits(world) == []


async def test_a_visit_needs_a_station_and_a_series_of_it(world):
    body = {"kind": "visit", "starts_at": START.isoformat(), "ends_at": NOW.isoformat()}
    operator, other = world.token("operate"), world.of("ph", device="U-01")
    answers = [
        await world.client.post("/api/v1/stations/nowhere/visits", json=body, headers=operator),
        await world.client.post(f"/api/v1/stations/{DEVICE}/visits", json=body | {"series": other}, headers=operator),
        await world.client.get("/api/v1/stations/nowhere/visits", headers=operator),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
