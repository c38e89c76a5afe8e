"""Sources of simulated plumes over the demonstration network: reach, outlet, release, forecast, mass."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulators.scenario import Rain
from tests.unit.water.river_records import (
    FIRST_BELOW,
    ZERO,
    discharge,
    episode_at,
    records_of,
    river_of,
    world_of,
)
from uskat.water.attribution import attribute
from uskat.water.attribution_finding import source_finding
from uskat.water.attribution_reach import Verdict
from uskat.water.network import demo_network
from uskat.water.network_items import RiverPoint
from uskat.water.passing import StationRecord

END = ZERO + timedelta(hours=30)
SEASONS = {
    "low flow in summer": datetime(2026, 8, 15, 6, tzinfo=UTC),
    "high water in May": datetime(2026, 5, 15, 18, tzinfo=UTC),
    "under ice": datetime(2026, 1, 15, 12, tzinfo=UTC),
}
ONLY_ONE = {"out-bg-1", "out-dl-1", "out-sk-1", "out-zv-1"}
"""Outlets that have their reach for themselves."""


def found_at(station, river, *, start=ZERO, episodes=None, until=None):
    episode = episode_at(station, start=start)
    mine = {station: (episode,)} | (episodes or {})
    return episode, attribute(river, episode, until=until or start + timedelta(hours=30), episodes=mine)


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("outlet", FIRST_BELOW)
def test_the_reach_holds_the_outlet_and_the_outlet_leads(outlet, season):
    zero = SEASONS[season]
    records = records_of(world_of(discharge(outlet), zero=zero), zero=zero)
    river = river_of(records, zero=zero, temperature=0.1 if season == "under ice" else 15.0)
    _, found = found_at(FIRST_BELOW[outlet], river, start=zero)
    assert found is not None
    true = next(one for one in demo_network().outlets if one.code == outlet)
    assert found.carrier == FIRST_BELOW[outlet]
    assert found.location.area.holds(RiverPoint(true.river, true.km))
    assert not found.location.wide
    named = [candidate.outlet.code for candidate in found.candidates if candidate.outlet is not None]
    assert outlet in named
    assert named[0] == outlet or outlet not in ONLY_ONE
    assert sum(candidate.probability for candidate in found.candidates) == pytest.approx(1)


def test_the_true_outlet_leads_in_four_cases_of_five_and_is_always_among_three():
    first = total = 0
    for zero in SEASONS.values():
        for outlet, station in FIRST_BELOW.items():
            for share, minutes in ((0.1, 100), (0.2, 400)):
                world = world_of(discharge(outlet, share=share, minutes=minutes), zero=zero, seed=5)
                river = river_of(records_of(world, zero=zero), zero=zero, temperature=0.1 if zero.month == 1 else 15.0)
                _, found = found_at(station, river, start=zero)
                named = [candidate.outlet.code for candidate in found.candidates if candidate.outlet is not None]
                assert outlet in named[:3], (outlet, zero)
                first += named[0] == outlet
                total += 1
    assert first >= 0.8 * total, (first, total)


@pytest.mark.parametrize("outlet", sorted(ONLY_ONE))
@pytest.mark.parametrize("only", [{"ec25", "turb"}, {"ec25", "turb", "do", "ph", "temp", "level"}])
def test_few_parameters_are_enough_for_the_reach(outlet, only):
    records = records_of(world_of(discharge(outlet, share=0.2)), only=only)
    _, found = found_at(FIRST_BELOW[outlet], river_of(records))
    assert found is not None
    assert outlet in {candidate.outlet.code for candidate in found.candidates if candidate.outlet}
    assert not found.location.wide


def test_a_plume_seen_far_below_is_followed_up_to_where_it_began():
    world = world_of(discharge("out-zv-1", minutes=300, share=0.2))
    records = records_of(world)
    arrival = ZERO + timedelta(seconds=world.plumes["U-21"][0].way.time_s - world.plumes["U-36"][0].way.time_s)
    above = {"U-36": (episode_at("U-36", alert_id=2),)}
    episode, found = found_at("U-21", river_of(records), start=arrival, episodes=above)
    assert [passing.station for passing in found.location.chain] == ["U-21", "U-25", "U-36"]
    assert found.carrier == "U-36"
    assert found.carrier_since == ZERO
    assert found.candidates == ()
    detail = source_finding(river_of(records), episode, found=found, station_id=9, upstream_alert=4).detail
    assert (detail["upstream_station"], detail["upstream_alert"]) == ("U-36", 4)
    assert [pair["upper"] for pair in detail["pairs"]] == ["U-25"]


def test_where_nobody_above_noticed_the_station_below_carries_the_source():
    world = world_of(discharge("out-zv-1", minutes=300, share=0.2))
    records = records_of(world)
    arrival = ZERO + timedelta(seconds=world.plumes["U-25"][0].way.time_s - world.plumes["U-36"][0].way.time_s)
    _, found = found_at("U-25", river_of(records), start=arrival)
    assert found.carrier == "U-25"
    assert found.candidates[0].outlet.code == "out-zv-1"


def test_a_silent_station_makes_the_reach_wider_and_that_is_said():
    records = records_of(world_of(discharge("out-bg-1")), without={"U-36"})
    episode, found = found_at("U-25", river_of(records))
    assert found.location.wide
    assert [station.code for station in found.location.area.passed] == ["U-36"]
    assert {"out-bg-1", "out-zv-1"} <= {candidate.outlet.code for candidate in found.candidates if candidate.outlet}
    assert found.candidates[0].outlet.code == "out-bg-1"
    finding = source_finding(river_of(records), episode, found=found, station_id=6)
    assert any("U-36" in reason and "шире" in reason for reason in finding.reasons)


def test_a_broken_instrument_is_no_witness():
    records = records_of(world_of(discharge("out-bg-1")))
    upper = records["U-36"]
    records["U-36"] = StationRecord(upper.station, upper.since, upper.values, frozenset(upper.values))
    _, found = found_at("U-25", river_of(records))
    verdicts = {witness.station.code: witness.verdict for witness in found.location.witnesses}
    assert verdicts == {"U-36": Verdict.SILENT, "U-43": Verdict.CLEAN}


def test_a_gap_just_when_it_would_have_passed_is_no_clean_bill():
    world = world_of(discharge("out-zv-1", minutes=240, share=0.2))
    records = records_of(world)
    for values in records["U-36"].values.values():
        values[records["U-36"].place(ZERO - timedelta(hours=1)) : records["U-36"].place(ZERO + timedelta(hours=9))] = (
            np.nan
        )
    arrival = ZERO + timedelta(seconds=world.plumes["U-25"][0].way.time_s - world.plumes["U-36"][0].way.time_s)
    _, found = found_at("U-25", river_of(records), start=arrival)
    assert found.location.wide
    assert "out-zv-1" in {candidate.outlet.code for candidate in found.candidates if candidate.outlet}


def test_rain_has_no_source():
    records = records_of(world_of(rain=(Rain(start_min=-60, hours=6, mm=25),)))
    _, found = found_at("U-25", river_of(records))
    assert found is None


def test_nothing_that_moved_has_no_source():
    _, found = found_at("U-25", river_of(records_of(world_of())))
    assert found is None


def test_the_release_window_holds_the_true_release():
    for outlet, station in FIRST_BELOW.items():
        world = world_of(discharge(outlet))
        _, found = found_at(station, river_of(records_of(world)))
        released = datetime.fromtimestamp(world.plumes[station][0].start_s, UTC)
        assert found.release.earliest_at <= released <= found.release.latest_at, outlet


def test_the_forecast_holds_the_true_arrivals():
    world = world_of(discharge("out-kp-1", share=0.2))
    _, found = found_at("TA-2", river_of(records_of(world)))
    arrivals = {arrival.target.code: arrival for arrival in found.arrivals}
    for station in ("U-21", "U-15", "U-08", "U-01"):
        plume = world.plumes[station][0]
        true = datetime.fromtimestamp(plume.start_s + plume.way.time_s + plume.duration_s / 2, UTC)
        assert arrivals[station].earliest_at <= true <= arrivals[station].latest_at, station
        assert (
            arrivals[station].share_low
            <= plume.share / world.plumes["TA-2"][0].share
            <= 1.3 * arrivals[station].share_high
        )
    assert "uskat>tom" in arrivals


def test_the_mass_is_that_of_the_release():
    world = world_of(discharge("out-kp-1", share=0.2, minutes=240))
    _, found = found_at("TA-2", river_of(records_of(world)))
    masses = {mass.parameter: mass for mass in found.masses}
    plume = world.plumes["TA-2"][0]
    flow = float(world.flow(RiverPoint("talda", 0.5), np.array([plume.start_s + plume.way.time_s]))[0])
    true = (120.0 - 14.0) * plume.share * flow * plume.duration_s / 1000
    assert masses["no3"].low_kg < true < masses["no3"].high_kg
    assert masses["no3"].kg == pytest.approx(true, rel=0.25)


def test_the_finding_is_for_the_agency_and_complete():
    records = records_of(world_of(discharge("out-bg-1")))
    river = river_of(records)
    episode, found = found_at("U-25", river)
    finding = source_finding(river, episode, found=found, station_id=6)
    assert finding.published is False
    assert finding.key == "source:6"
    assert (finding.started_at, finding.knowable_at) == (episode.started_at, episode.knowable_at)
    detail = finding.detail
    assert [(r["river"], r["from_km"], r["to_km"]) for r in detail["reaches"]] == [("uskat", 36.0, 25.0)]
    assert [candidate["outlet"] for candidate in detail["candidates"]] == ["out-bg-1", None]
    assert detail["level"] == "memory"
    assert "Берёзовая Грива" in finding.title
    assert {"excess", "front_at", "earliest_at", "latest_at"} <= set(detail["forecast"][0])


def test_the_same_records_in_another_order_say_the_same():
    records = records_of(world_of(discharge("out-bg-1")))
    turned = dict(reversed(records.items()))
    episode, first = found_at("U-25", river_of(records))
    _, second = found_at("U-25", river_of(turned))
    one, other = (
        source_finding(river_of(part), episode, found=found, station_id=1)
        for part, found in ((records, first), (turned, second))
    )
    assert one == other
