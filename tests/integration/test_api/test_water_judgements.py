"""Norm packs, pollution index, availability, episodes and flood states over the API, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.storage.engine import libpq_url
from tests.integration.test_api.world import DEVICE, NOW, World, decoded, raise_alert

INTERVAL = timedelta(minutes=20)
DAY = timedelta(days=1)


async def intervals(world: World, parameter: str, course: dict[datetime, float], **columns: int) -> None:
    """Whole intervals of the device, written as ingest leaves them."""
    sql = await asyncpg.connect(libpq_url(world.url))
    series = world.of(parameter)
    scale = await sql.fetchval(
        "SELECT p.scale FROM series s JOIN parameter p ON p.id = s.parameter_id WHERE s.id = $1", series
    )
    rows = []
    for start, value in course.items():
        scaled = round(value * 10**scale)
        rows.append(
            (series, start, 20, columns.get("valid", 20), scaled * 20, scaled**2 * 20, columns.get("states", 0))
        )
    await sql.executemany(
        "INSERT INTO interval_20min (series_id, start, n, n_valid, total, total_squares, states)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7)",
        rows,
    )
    await sql.close()


async def test_packs_say_what_holds_and_what_is_verified(world: World) -> None:
    packs = {item["id"]: item for item in (await world.get("/norms"))["items"]}
    assert packs["fishery-296-2025"]["in_force"]
    assert packs["fishery-296-2025"]["verified_numbers"] == 0
    assert not packs["fishery-552-2016"]["in_force"]
    assert packs["sanitary-1.2.3685-21"]["valid_to"] == "2027-03-01"
    assert packs["sanitary-1.2.3685-21"]["verified_numbers"] == 2
    detail = await world.get("/norms/fishery-296-2025")
    assert len(detail["norms"]) == detail["numbers"] > 20
    assert (await world.client.get("/api/v1/norms/none")).status_code == 404


async def test_the_norm_of_a_station_is_that_of_the_moment(world: World) -> None:
    now = await world.get(f"/stations/{DEVICE}/norms", parameter="nh4")
    [norm] = now["norms"]
    assert (norm["pack"], norm["maximum"], norm["verified"]) == ("fishery-296-2025", 0.5, False)
    then = await world.get(f"/stations/{DEVICE}/norms", parameter="nh4", at="2025-08-31T16:59:59Z")
    assert then["norms"][0]["pack"] == "fishery-552-2016"
    everything = await world.get(f"/stations/{DEVICE}/norms")
    assert {norm["parameter"] for norm in everything["norms"]} >= {"nh4", "temp", "do", "mn"}
    [rise] = [norm for norm in everything["norms"] if norm["parameter"] == "temp"]
    assert (rise["form"], rise["delta"], rise["maximum"]) == ("background_delta", 5.0, None)
    assert (await world.client.get("/api/v1/stations/none/norms")).status_code == 404


async def test_the_index_from_sensors_is_called_an_analogue_and_names_its_ingredients(world: World) -> None:
    empty = await world.get(f"/stations/{DEVICE}/pollution-index")
    assert (empty["class_code"], empty["ingredients"]) == (None, [])
    sql = await asyncpg.connect(libpq_url(world.url))
    first = datetime(2026, 5, 1, 17, tzinfo=UTC)
    rows = [(world.of("nh4"), first + day * DAY, 0.9 if day < 3 else 0.2, 72 if day < 12 else 10) for day in range(14)]
    await sql.executemany(
        "INSERT INTO rollup (series_id, resolution, start, n, n_valid, n_expected, mean, intervals_valid)"
        " VALUES ($1,'day',$2,1440,1440,1440,$3,$4)",
        rows,
    )
    await sql.close()
    found = await world.get(f"/stations/{DEVICE}/pollution-index")
    assert "оперативный аналог" in found["label"]
    assert found["level"] == "memory"
    [nh4] = found["ingredients"]
    assert (nh4["samples"], nh4["exceeding"]) == (12, 3)  # two days rest on too few intervals
    assert nh4["score"] == pytest.approx(4.95)  # row NH4 of the worked example: α 25 %, β 1.8
    assert len(found["missing"]) == 14


@pytest.mark.parametrize("query", [{"start": "2026-06-02T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
                                   {"start": "2020-01-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}])  # fmt: skip
async def test_impossible_periods_are_refused(world: World, query: dict[str, str]) -> None:
    for path in ("pollution-index", "availability"):
        answer = await world.client.get(f"/api/v1/stations/{DEVICE}/{path}", params=query)
        assert answer.status_code == 422


async def test_availability_counts_valid_intervals_of_local_months(world: World) -> None:
    begun = datetime(2026, 5, 20, 17, tzinfo=UTC)
    await intervals(world, "nh4", {begun + place * INTERVAL: 0.2 for place in range(700)})
    await intervals(world, "nh4", {begun + place * INTERVAL: 0.2 for place in range(700, 720)}, states=5)
    await intervals(world, "nh4", {begun + place * INTERVAL: 0.2 for place in range(720, 740)}, valid=3)
    found = await world.get(f"/stations/{DEVICE}/availability", start="2026-05-25T00:00:00Z")
    months = {item["month"]: item for item in found["items"] if item["parameter"] == "nh4"}
    may = months["2026-05"]
    assert (may["expected"], may["valid"], may["remarked"]) == (792, 720, 20)  # 11 local days from the first reading
    assert may["share"] == pytest.approx(720 / 792)
    assert may["enough"] is True
    june = months["2026-06"]
    assert (june["expected"], june["valid"], june["enough"]) == ((NOW - may_end()) // INTERVAL, 0, False)


def may_end() -> datetime:
    return datetime(2026, 5, 31, 17, tzinfo=UTC)


async def test_episodes_carry_peak_mean_excess_and_verdict(world: World) -> None:
    figures = {
        "peak": {"value": 9.1, "unit": "ед. pH"}, "limit": {"value": 8.5, "unit": "ед. pH"},
        "mean_excess": {"value": 0.4, "unit": "ед. pH"}, "intervals": {"value": 3.0, "unit": "шт."},
    }  # fmt: skip
    detail = {
        "verdict": "certain",
        "confirmed": True,
        "peak_at": "2026-06-02T10:40:00+00:00",
        "uncertainty": {"value": 0.2},
    }
    first, _ = await raise_alert(world, figures=figures, detail=detail)
    second, _ = await raise_alert(world, figures=figures, detail=detail, started_at=NOW - INTERVAL, ended_at=NOW)
    await raise_alert(world, state="withdrawn", started_at=NOW - 2 * INTERVAL)
    page = await world.get("/episodes", station=DEVICE, parameter="ph", limit=1)
    [episode] = page["items"]
    assert (episode["alert"], episode["intervals"], episode["mean_excess"]) == (second, 3, 0.4)
    assert (episode["verdict"], episode["confirmed"], episode["uncertainty"]) == ("certain", True, 0.2)
    rest = await world.get("/episodes", station=DEVICE, parameter="ph", limit=1, cursor=page["next"])
    assert ([item["alert"] for item in rest["items"]], rest["next"]) == ([first], None)
    assert (await world.get("/episodes", parameter="nh4"))["items"] == []
    assert (await world.get("/episodes", end="2026-06-01T00:00:00Z"))["items"] == []


def flood_of(answer: dict[str, Any]) -> dict[str, Any]:
    [state] = [item for item in answer["items"] if item["station"] == DEVICE]
    return state


async def test_levels_have_a_colour_and_silence_is_none_of_them(world: World) -> None:
    assert flood_of(await world.get("/flood"))["colour"] == "no_data"
    last = datetime(2026, 6, 2, 11, 40, tzinfo=UTC)
    await intervals(world, "level", {last - place * INTERVAL: 405.0 - 0.5 * place for place in range(80)})
    state = flood_of(await world.get("/flood"))
    assert (state["colour"], state["word"], state["level_cm"]) == ("orange", "оранжевый", 404.5)
    assert (state["to_adverse_cm"], state["to_dangerous_cm"]) == (-4.5, 55.5)
    assert state["change_day_cm"] == 36.0
    assert state["rise_hour_cm"] == 1.5
    assert state["levels_flag"] == "demo, unverified"
    answer = await world.client.get("/api/v1/flood", params={"format": "geojson"})
    assert {item["geometry"]["type"] for item in decoded(answer)["features"]} == {"Point"}
    world.clock.now += timedelta(hours=2)
    assert flood_of(await world.get("/flood"))["colour"] == "no_data"
