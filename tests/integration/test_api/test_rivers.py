"""Reaches, outlets, travel and plumes over the demonstration network."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from services.storage import tables as t
from services.storage.engine import make_engine, unit_of_work
from tests.integration.test_api.world import NOW, World

PLUME = {"place": "out-bg-1", "start": "2026-06-02T00:00:00Z", "duration_min": 120, "mass_kg": 1000}


async def test_every_reach_has_a_travel_time_and_says_how_sure_it_is(world: World) -> None:
    body = await world.get("/rivers/reaches")
    reaches = {(item["upper"], item["lower"]): item["travel"] for item in body["items"]}
    assert ("U-36", "U-25") in reaches
    assert len(reaches) == 12
    for travel in reaches.values():
        assert 0 < travel["earliest_h"] < travel["probable_h"] < travel["latest_h"]
        assert travel["level"] == "memory"
    assert body["flow"]["assumed"] is True
    assert body["flow"]["under_ice"] is False


async def test_reaches_are_lines_in_the_direction_of_flow(world: World) -> None:
    answer = await world.client.get("/api/v1/rivers/reaches", headers={"Accept": "application/geo+json"})
    assert answer.headers["content-type"].startswith("application/geo+json")
    lines = {item["id"]: item["geometry"] for item in answer.json()["features"]}
    course = lines["U-36>U-25"]["coordinates"]
    assert course[0] == pytest.approx([86.9604, 54.0812], abs=0.01)
    assert course[-1] == pytest.approx([87.0623, 54.0615], abs=0.01)


async def test_travel_goes_down_only_and_takes_codes_or_kilometres(world: World) -> None:
    there = await world.get("/rivers/travel", **{"from": "KU-1", "to": "U-25"})
    parts = [("KU-1", "KU-2"), ("KU-2", "U-43"), ("U-43", "uskat:36"), ("uskat:36", "U-25")]
    hours = [(await world.get("/rivers/travel", **{"from": a, "to": b}))["travel"]["probable_h"] for a, b in parts]
    assert there["travel"]["probable_h"] == pytest.approx(sum(hours), abs=0.05)
    back = await world.client.get("/api/v1/rivers/travel", params={"from": "U-25", "to": "KU-1"})
    assert back.status_code == 422
    nowhere = await world.client.get("/api/v1/rivers/travel", params={"from": "U-25", "to": "nowhere:3"})
    assert nowhere.status_code == 404


async def test_a_plume_comes_later_and_thinner_the_farther_it_goes(world: World) -> None:
    body = await world.get("/rivers/plume", **PLUME)
    stations = [one for one in body["arrivals"] if one["kind"] == "station"]
    assert [one["code"] for one in stations] == ["U-25", "U-21", "U-15", "U-08", "U-01", "TOM-545"]
    peaks = [one["peak_at"] for one in stations]
    strengths = [one["excess_mg_l"] for one in stations]
    assert peaks == sorted(peaks)
    assert strengths == sorted(strengths, reverse=True)
    for one in body["arrivals"]:
        assert one["earliest_at"] < one["peak_at"] < one["latest_at"]
        assert one["excess_low_mg_l"] <= one["excess_mg_l"] <= one["excess_high_mg_l"] <= body["start_mg_l"]
    assert "uskat>tom" in {one["code"] for one in body["arrivals"]}
    assert body["mass_kg"] == pytest.approx(1000, rel=1e-3)


async def test_a_mass_and_its_concentration_are_the_same_plume(world: World) -> None:
    by_mass = await world.get("/rivers/plume", **PLUME)
    rest = {key: value for key, value in PLUME.items() if key != "mass_kg"}
    by_strength = await world.get("/rivers/plume", **rest, start_mg_l=by_mass["start_mg_l"])
    assert [one["excess_mg_l"] for one in by_strength["arrivals"]] == pytest.approx(
        [one["excess_mg_l"] for one in by_mass["arrivals"]], rel=1e-3
    )
    for wrong in ({}, {"mass_kg": 1, "start_mg_l": 1}):
        answer = await world.client.get("/api/v1/rivers/plume", params=rest | wrong)
        assert answer.status_code == 422


async def test_a_plume_on_the_map_is_points_and_its_way(world: World) -> None:
    answer = await world.client.get("/api/v1/rivers/plume", params=PLUME | {"format": "geojson"})
    kinds = [item["geometry"]["type"] for item in answer.json()["features"]]
    assert kinds.count("LineString") == 1
    assert kinds.count("Point") >= 7


async def test_permits_are_for_the_agency_unless_all_is_a_demonstration(world: World) -> None:
    everybody = (await world.get("/rivers/outlets"))["items"]
    assert {row["permit"]["number"][:4] for row in everybody} == {"ДЕМО"}
    engine = make_engine(world.url)
    async with unit_of_work(engine) as connection:
        await connection.execute(update(t.station).where(t.station.c.code == "KU-1").values(demo=False))
    await engine.dispose()
    world.clock.now = NOW + timedelta(minutes=5)
    assert {row["permit"] for row in (await world.get("/rivers/outlets"))["items"]} == {None}
    answer = await world.client.get("/api/v1/rivers/outlets", headers=world.token("operate"))
    assert all(row["permit"] for row in answer.json()["items"])
