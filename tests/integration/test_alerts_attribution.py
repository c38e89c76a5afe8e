"""Events and their sources end to end: means of true rivers in, one source a plume out, on both databases."""

from datetime import timedelta

import pytest

from services.storage.calibration_store import calibrate_reaches, read_calibrations
from services.storage.engine import unit_of_work
from simulators.scenario import Rain
from tests.integration.river_world import ZERO, RiverDatabase, discharge, world_of

STATIONS = ("KU-1", "KU-2", "PU-1", "U-43", "U-36", "U-25", "TA-1", "TA-2", "U-21", "U-15", "U-08", "U-01", "TOM-545")
NOW = ZERO + timedelta(hours=36)


@pytest.fixture
async def rivers(network_database):
    async with RiverDatabase(network_database) as made:
        yield made


def told(alerts):
    """What is compared between two runs: everything but ids and the moments of the runs."""
    return sorted(
        (
            a["station"], a["key"], a["kind"], a["severity"], a["state"], a["started_at"], a["ended_at"],
            a["settled_at"], a["title"], str(a["figures"]), str(a["reasons"]),
            str({key: value for key, value in a["detail"].items() if key != "upstream_alert"}),
        )
        for a in alerts
        if a["state"] != "withdrawn"
    )  # fmt: skip


async def test_a_plume_has_one_source_and_the_stations_below_refer_to_it(rivers):
    await rivers.store(world_of(discharge()), STATIONS, -144, 36)
    await rivers.settle(NOW)
    sources = await rivers.alerts(kind="source")
    carried = [a for a in sources if a["detail"]["candidates"]]
    (source,) = carried
    assert source["station"] == "U-25"
    assert source["published"] is False
    assert [(r["river"], r["from_km"], r["to_km"]) for r in source["detail"]["reaches"]] == [("uskat", 36.0, 25.0)]
    assert source["detail"]["candidates"][0]["outlet"] == "out-bg-1"
    assert source["detail"]["candidates"][0]["probability"] > 0.5
    below = [a for a in sources if a is not source]
    assert {a["station"] for a in below} >= {"U-21", "U-15"}
    assert {a["detail"]["upstream_alert"] for a in below} == {source["id"]}
    assert {a["detail"]["upstream_station"] for a in below} == {"U-25"}


async def test_data_that_come_late_and_in_any_order_lead_to_the_same_findings(rivers):
    world = world_of(discharge())
    upper, rest = ("U-36", "U-43"), [code for code in STATIONS if code not in {"U-36", "U-43"}]
    await rivers.store(world, rest, -144, 8)
    await rivers.settle(ZERO + timedelta(hours=8))
    (source,) = [a for a in await rivers.alerts(kind="source", station="U-25") if a["state"] != "withdrawn"]
    assert source["detail"]["reach"]["wide"] is True
    assert {"U-36", "U-43"} <= set(source["detail"]["reach"]["passed_stations"])
    assert {"out-bg-1", "out-zv-1"} <= {candidate["outlet"] for candidate in source["detail"]["candidates"]}
    await rivers.store(world, rest[::-1], 8, 36)
    await rivers.settle(NOW)
    await rivers.store(world, upper, -20, 36)
    await rivers.settle(NOW)
    await rivers.store(world, upper, -144, -20)
    await rivers.settle(NOW)
    late = told(await rivers.alerts())
    (source,) = [a for a in await rivers.alerts(kind="source", station="U-25") if a["state"] != "withdrawn"]
    assert source["detail"]["reach"]["wide"] is False
    assert [(r["river"], r["from_km"]) for r in source["detail"]["reaches"]] == [("uskat", 36.0)]
    await rivers.forget_judgements()
    await rivers.settle(NOW)
    assert told(await rivers.alerts()) == late


async def test_a_source_that_late_data_move_up_the_river_is_carried_by_the_station_above(rivers):
    world = world_of(discharge("out-zv-1", "U-36", minutes=300))
    below = [code for code in STATIONS if code != "U-36"]
    await rivers.store(world, below, -144, 30)
    await rivers.settle(NOW)
    (source,) = [a for a in await rivers.alerts(kind="source", station="U-25") if a["state"] != "withdrawn"]
    assert {"out-bg-1", "out-zv-1"} <= {candidate["outlet"] for candidate in source["detail"]["candidates"]}
    await rivers.store(world, ["U-36"], -144, 30)
    await rivers.settle(NOW)
    standing = [a for a in await rivers.alerts(kind="source") if a["state"] != "withdrawn"]
    (carrier,) = [a for a in standing if a["detail"]["candidates"]]
    assert carrier["station"] == "U-36"
    assert carrier["detail"]["candidates"][0]["outlet"] == "out-zv-1"
    (reference,) = [a for a in standing if a["station"] == "U-25"]
    assert reference["detail"]["upstream_alert"] == carrier["id"]


async def test_rain_is_natural_and_has_no_source(rivers):
    await rivers.store(world_of(rain=(Rain(start_min=0, hours=8, mm=30),)), STATIONS, -144, 30)
    await rivers.settle(NOW)
    standing = [a for a in await rivers.alerts() if a["state"] != "withdrawn" and a["started_at"] >= ZERO]
    assert {a["kind"] for a in standing} <= {"natural", "exceedance"}
    assert all("Природная" in a["title"] for a in standing if a["kind"] == "natural")
    assert not [a for a in standing if a["kind"] == "source"]


async def test_an_event_tells_what_moved_against_which_expectation(rivers):
    await rivers.store(world_of(discharge()), ["U-25"], -144, 20)
    await rivers.settle(ZERO + timedelta(hours=20))
    (event,) = await rivers.alerts(detector="event", station="U-25")
    assert event["kind"] == "event"
    moved = {item["parameter"]: item for item in event["detail"]["moved"]}
    assert {"ec25", "nh4"} <= set(moved)
    for item in moved.values():
        assert item["observed"] - item["expected"] == pytest.approx(item["deviation"], rel=0.2)
    assert moved["ec25"]["direction"] == "up"
    assert event["detail"]["signature"]["best"] == "mine_water"
    assert sum(event["detail"]["signature"]["probabilities"].values()) == pytest.approx(1, abs=0.01)


async def test_what_moved_only_under_a_fault_is_no_event(rivers):
    await rivers.store(world_of(discharge()), ["U-25"], -144, 20)
    for parameter in ("temp", "ph", "ec25", "do", "turb", "orp", "nh4"):
        await rivers.fault("U-25", parameter, ZERO - timedelta(days=1))
    await rivers.settle(ZERO + timedelta(hours=20))
    assert not [a for a in await rivers.alerts(detector="event") if a["state"] != "withdrawn"]


async def test_intervals_one_by_one_give_the_same_events_as_all_at_once(rivers):
    world = world_of(discharge(minutes=180))
    await rivers.store(world, ["U-25"], -144, -2)
    await rivers.settle(ZERO - timedelta(hours=2))
    for step in range(3 * 12):
        hour = -2 + step / 3
        await rivers.store(world, ["U-25"], hour, hour + 1 / 3)
        await rivers.settle(ZERO + timedelta(hours=hour + 1 / 3))
    one_by_one = told(await rivers.alerts(detector="event"))
    kept = await rivers.sql.fetchval(
        "SELECT count(*) FROM detector_snapshot WHERE station_id = $1", rivers.station["U-25"]
    )
    assert 4 <= kept <= 12
    await rivers.forget_judgements()
    await rivers.settle(ZERO + timedelta(hours=10))
    assert one_by_one == told(await rivers.alerts(detector="event"))
    assert one_by_one


async def test_plumes_that_two_stations_saw_calibrate_the_reach_between_them(rivers):
    await rivers.store(world_of(discharge()), STATIONS, -144, 36)
    await rivers.settle(NOW)
    async with unit_of_work(rivers.engine) as connection:
        found = await calibrate_reaches(connection)
    async with unit_of_work(rivers.engine) as connection:
        assert await read_calibrations(connection) == found
    assert ("uskat", 25.0, 24.2) in found
    assert all(0.7 < one.factor < 1.5 and one.pairs >= 1 for one in found.values())
