"""Readings and aggregates through the API are what was sent."""

import csv
import io
import statistics
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from services.storage import tables as t
from services.storage.engine import make_engine, unit_of_work
from services.storage.observation_reading import LANES
from services.storage.rollups import recompute_rollups
from tests.integration.test_api.world import DEVICE, MINUTES, NOW, START, World, decoded, minute_packets, store
from uskat.wire.water import WaterPacket


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_raw_readings_come_back_value_by_value(world: World) -> None:
    page = await world.get(f"/series/{world.of('ph')}/observations")
    assert {moment(item["time"]): item["value"] for item in page["items"]} == world.sent
    assert page["series"]["parameter"] == "ph"
    assert page["series"]["unit"] == "pH"
    assert page["next"] is None
    assert {item["flag"] for item in page["items"]} == {1}


async def test_the_range_is_half_open(world: World) -> None:
    first, last = START + timedelta(minutes=10), START + timedelta(minutes=20)
    page = await world.get(f"/series/{world.of('ph')}/observations", start=first.isoformat(), end=last.isoformat())
    times = [moment(item["time"]) for item in page["items"]]
    assert times == [first + timedelta(minutes=minute) for minute in range(10)]


@pytest.mark.parametrize("resolution", ["raw", "20min"])
async def test_pages_join_to_the_whole_without_gap_or_overlap(world: World, resolution: str) -> None:
    path = f"/series/{world.of('ph')}/observations"
    whole = await world.get(path, resolution=resolution)
    joined, cursor = [], None
    for _ in range(200):
        page = await world.get(path, resolution=resolution, limit=7, **({"cursor": cursor} if cursor else {}))
        joined += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert joined == whole["items"]


async def test_the_link_header_leads_to_the_next_page(world: World) -> None:
    answer = await world.client.get(f"/api/v1/series/{world.of('ph')}/observations", params={"limit": 50})
    link = answer.links["next"]["url"]
    following = await world.client.get(link)
    assert decoded(following)["items"][0]["time"] > decoded(answer)["items"][-1]["time"]


async def test_twenty_minute_aggregates_are_exact_and_tell_their_coverage(world: World) -> None:
    page = await world.get(f"/series/{world.of('ph')}/observations", resolution="20min")
    assert [moment(item["start"]) for item in page["items"]] == [START + timedelta(minutes=20 * k) for k in range(6)]
    for item in page["items"]:
        start = moment(item["start"])
        values = [value for time, value in world.sent.items() if start <= time < start + timedelta(minutes=20)]
        assert item["mean"] == pytest.approx(statistics.fmean(values), abs=1e-12)
        assert item["deviation"] == pytest.approx(statistics.stdev(values), abs=1e-9)
        assert (item["minimum"], item["maximum"]) == (min(values), max(values))
        assert (item["n"], item["n_valid"], item["expected"], item["coverage"]) == (20, 20, 20, 1.0)
        assert item["intervals_valid"] == 1


@pytest.mark.parametrize(("resolution", "rows"), [("20min", 6), ("hour", 2), ("day", 1)])
async def test_aggregates_as_of_now_equal_the_kept_ones(world: World, resolution: str, rows: int) -> None:
    path = f"/series/{world.of('ph')}/observations"
    start = (NOW - timedelta(days=3)).isoformat()
    world.clock.now += timedelta(seconds=1)
    again = await world.get(path, resolution=resolution, start=start, as_of=world.clock.now.isoformat())
    assert len(again["items"]) == rows
    assert sum(item["n"] for item in again["items"]) == MINUTES
    assert sum(item["intervals_valid"] for item in again["items"]) == 6
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        station = await connection.scalar(select(t.series.c.station_id).where(t.series.c.id == world.of("ph")))
        await recompute_rollups(connection, station, [(START, NOW)])
    await engine.dispose()
    kept = await world.get(path, resolution=resolution, start=start)
    assert again["items"] == kept["items"]


async def test_days_are_those_of_novokuznetsk(world: World) -> None:
    world.clock.now += timedelta(seconds=1)
    page = await world.get(
        f"/series/{world.of('ph')}/observations", resolution="day", as_of=world.clock.now.isoformat(),
        start=(NOW - timedelta(days=3)).isoformat(),
    )  # fmt: skip
    assert [item["start"] for item in page["items"]] == ["2026-06-01T17:00:00Z"]
    assert page["items"][0]["expected"] == 1440


async def test_as_of_shows_what_was_stored_before(world: World) -> None:
    before = world.clock.now + timedelta(seconds=1)
    world.clock.now += timedelta(hours=1)
    late = [WaterPacket(t=START + timedelta(seconds=30), v={"ph": 7.0}, seq=900)]
    await store(world, late)
    path = f"/series/{world.of('ph')}/observations"
    now = await world.get(path)
    then = await world.get(path, as_of=before.isoformat())
    assert len(now["items"]) == MINUTES + 1
    assert {moment(item["time"]): item["value"] for item in then["items"]} == world.sent
    assert all(item["raw_id"] < int(before.timestamp() * 1e6) * LANES for item in then["items"])
    interval_now = await world.get(path, resolution="20min")
    interval_then = await world.get(path, resolution="20min", as_of=before.isoformat())
    assert (interval_now["items"][0]["n"], interval_then["items"][0]["n"]) == (21, 20)


async def test_a_conflict_is_marked_and_a_decision_promotes_it(world: World) -> None:
    time = START + timedelta(minutes=5)
    series = world.of("ph")
    path = f"/series/{series}/observations"
    world.clock.now += timedelta(minutes=1)
    await store(world, [WaterPacket(t=time, v={"ph": 9.25}, seq=901)])

    async def reading() -> dict[str, object]:
        found = await world.get(path, start=time.isoformat(), end=(time + timedelta(seconds=1)).isoformat())
        item: dict[str, object] = found["items"][0]
        return item

    first = await reading()
    assert (first["value"], first["conflict"], "decided" in first) == (world.sent[time], True, False)
    [conflict] = (await world.get(f"/series/{series}/conflicts"))["items"]
    assert (conflict["value"], conflict["first_value"], conflict["current"]) == (9.25, world.sent[time], False)

    body = {"time": time.isoformat(), "conflict": conflict["id"], "reason": "прибор заменён"}
    answer = await world.client.post(f"/api/v1/series/{series}/decisions", json=body, headers=world.token("operate"))
    assert answer.status_code == 201, answer.text
    assert decoded(answer)["decided_by"] == "duty"
    second = await reading()
    assert (second["value"], second["conflict"], second["decided"]) == (9.25, True, True)
    interval = (await world.get(path, resolution="20min"))["items"][0]
    values = [9.25 if at == time else value for at, value in list(world.sent.items())[:20]]
    assert interval["mean"] == pytest.approx(statistics.fmean(values), abs=1e-12)
    assert interval["maximum"] == 9.25

    back = body | {"conflict": None, "reason": "вернули первое"}
    await world.client.post(f"/api/v1/series/{series}/decisions", json=back, headers=world.token("operate"))
    third = await reading()
    assert (third["value"], third["conflict"], "decided" in third) == (world.sent[time], True, False)
    assert (await world.get(path, resolution="20min"))["items"][0]["maximum"] == max(list(world.sent.values())[:20])


async def test_a_decision_is_journalled_for_evaluation(world: World) -> None:
    time = START + timedelta(minutes=5)
    world.clock.now += timedelta(minutes=1)
    await store(world, [WaterPacket(t=time, v={"ph": 9.25}, seq=901)])
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.exec_driver_sql("DELETE FROM journal")
    [conflict] = (await world.get(f"/series/{world.of('ph')}/conflicts"))["items"]
    body = {"time": time.isoformat(), "conflict": conflict["id"], "reason": "прибор заменён"}
    await world.client.post(f"/api/v1/series/{world.of('ph')}/decisions", json=body, headers=world.token("operate"))
    async with unit_of_work(engine) as connection:
        found = (await connection.exec_driver_sql("SELECT kind, time_min, time_max FROM journal")).all()
    await engine.dispose()
    assert [tuple(row) for row in found] == [("water", time, time)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"time": "2026-06-02T10:05:00Z", "conflict": 999, "reason": "прибор заменён"}, 422),
        ({"time": "2020-01-01T00:00:00Z", "conflict": None, "reason": "прибор заменён"}, 422),
        ({"time": "2026-06-02T10:05:00", "conflict": None, "reason": "прибор заменён"}, 422),
        ({"time": "2026-06-02T10:05:00Z", "conflict": None, "reason": ""}, 422),
        ({"time": "0001-01-01T00:00:00+14:00", "conflict": None, "reason": "прибор заменён"}, 422),
        ({"time": "2026-06-02T10:05:00Z", "conflict": None, "reason": "a\x00bcdef"}, 422),
        ([], 422),
    ],
)
async def test_a_decision_about_nothing_is_refused(world: World, body: object, status: int) -> None:
    answer = await world.client.post(
        f"/api/v1/series/{world.of('ph')}/decisions", json=body, headers=world.token("operate")
    )
    assert answer.status_code == status, answer.text


async def test_csv_streams_the_whole_range_with_units_in_the_header(world: World) -> None:
    answer = await world.client.get(f"/api/v1/series/{world.of('ph')}/observations", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith('.csv"')
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header[:3] == ["time_utc", "ph [pH]", "flag"]
    assert {moment(row[0]): float(row[1]) for row in rows} == world.sent


async def test_csv_of_several_chunks_is_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.api.routers.observations.CSV_CHUNK", 13)
    answer = await world.client.get(f"/api/v1/series/{world.of('ph')}/observations", params={"format": "csv"})
    assert len(answer.text.splitlines()) == MINUTES + 1


async def test_geojson_stands_at_the_station(world: World) -> None:
    path = f"/api/v1/series/{world.of('ph')}/observations"
    answer = await world.client.get(path, params={"format": "geojson", "limit": 3})
    assert answer.headers["content-type"] == "application/geo+json"
    collection = decoded(answer)
    station = await world.get(f"/stations/{DEVICE}")
    assert len(collection["features"]) == 3
    assert collection["features"][0]["geometry"]["coordinates"] == [station["longitude"], station["latitude"]]


async def test_latest_is_the_newest_reading_of_every_series(world: World) -> None:
    items = (await world.get("/latest"))["items"]
    assert {item["parameter"] for item in items} == {"ph", "temp"}
    [ph] = [item for item in items if item["parameter"] == "ph"]
    assert (moment(ph["time"]), ph["value"]) == max(world.sent.items())
    assert await world.get(f"/series/{world.of('ph')}/latest") == ph
    assert (await world.get("/latest", station=DEVICE))["items"] == items
    assert (await world.get("/latest", station="nowhere"))["items"] == []


async def test_an_unchanged_answer_is_not_sent_twice(world: World) -> None:
    first = await world.client.get("/api/v1/latest")
    tag = first.headers["etag"]
    again = await world.client.get("/api/v1/latest", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    world.clock.now += timedelta(minutes=1)
    await store(world, minute_packets(MINUTES, MINUTES + 1))
    changed = await world.client.get("/api/v1/latest", headers={"If-None-Match": tag})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"as_of": "2030-01-01T00:00:00Z"}, "future"),
        ({"start": "2026-06-03T00:00:00Z", "end": "2026-06-02T00:00:00Z"}, "after"),
        ({"start": "2026-01-01T00:00:00Z", "as_of": "2026-06-02T00:00:00Z", "resolution": "hour"}, "at most"),
        ({"start": "2026-06-01T00:00:00"}, "timezone"),
        ({"start": "0001-01-01T00:00:00Z"}, "between"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"resolution": "week"}, "resolution"),
        ({"limit": "0"}, "limit"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_explained(world: World, params: dict[str, str], word: str) -> None:
    answer = await world.client.get(f"/api/v1/series/{world.of('ph')}/observations", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.text


async def test_a_cursor_of_another_series_is_refused(world: World) -> None:
    page = await world.get(f"/series/{world.of('ph')}/observations", limit=5)
    answer = await world.client.get(f"/api/v1/series/{world.of('temp')}/observations", params={"cursor": page["next"]})
    assert answer.status_code == 422
