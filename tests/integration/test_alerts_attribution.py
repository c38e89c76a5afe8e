"""Events and their sources end to end: means of true rivers in, one source a plume out, on both databases."""

from datetime import timedelta

import pytest

from tests.integration.river_world import ZERO, RiverDatabase, discharge, world_of

STATIONS = ("KU-1", "KU-2", "PU-1", "U-43", "U-36", "U-25", "TA-1", "TA-2", "U-21", "U-15", "U-08", "U-01", "TOM-545")
NOW = ZERO + timedelta(hours=36)


@pytest.fixture
async def rivers(database):
    async with RiverDatabase(database) as made:
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
