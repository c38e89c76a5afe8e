"""Walking up the demonstration network, cutting ways, flow at a place, kilometres on the drawn line."""

from datetime import UTC, datetime

import pytest

from uskat.water.network import demo_network
from uskat.water.network_items import Reach, RiverPoint
from uskat.water.river_flow import assumed_ratio, covered_by_ice, flow_at, mean_flow, river_state, station_point
from uskat.water.river_graph import catchment, outlets_within, pieces_between, stations_above, stations_following
from uskat.water.river_line import line, nearest_point, position, riverside

NETWORK = demo_network()


def above(code, ignored=frozenset()):
    return catchment(NETWORK, station_point(NETWORK, code), ignored=ignored)


def test_the_water_above_a_station_ends_at_the_next_stations_on_every_branch():
    area = above("U-21")
    assert {bound.code for bound in area.bounds} == {"U-25", "TA-2"}
    assert set(area.pieces) == {Reach("uskat", 25.0, 21.0), Reach("talda", 0.5, 0.0)}
    assert area.open_ends == ()


def test_a_confluence_has_no_source_of_its_own_and_a_head_reach_has():
    assert above("U-43").open_ends == ()
    assert {bound.code for bound in above("U-43").bounds} == {"KU-2", "PU-1"}
    assert above("KU-1").open_ends == ("krivoy_uskat",)


def test_a_station_that_cannot_tell_is_passed_over():
    area = above("U-21", ignored={"TA-2"})
    assert {bound.code for bound in area.bounds} == {"U-25", "TA-1"}
    assert [station.code for station in area.passed] == ["TA-2"]
    assert {outlet.code for outlet in outlets_within(NETWORK, area)} == {"out-kp-1", "out-sl-1"}


@pytest.mark.parametrize(
    ("code", "outlets"),
    [("TA-2", {"out-kp-1", "out-sl-1"}), ("KU-2", {"out-dl-1"}), ("U-36", {"out-zv-1"}), ("U-25", {"out-bg-1"}),
     ("U-15", {"out-sk-1"}), ("U-08", set())],
)  # fmt: skip
def test_outlets_lie_in_the_reach_above_their_first_station(code, outlets):
    assert {outlet.code for outlet in outlets_within(NETWORK, above(code))} == outlets


def test_stations_above_and_following():
    assert stations_above(NETWORK, "U-21", levels=2) == ("U-25", "TA-2", "U-36", "TA-1")
    assert stations_following(NETWORK, "KU-1", levels=3) == ("KU-2", "U-43", "U-36")
    assert stations_following(NETWORK, "TOM-545", levels=3) == ()


def test_a_way_is_cut_where_its_flow_changes():
    pieces = pieces_between(NETWORK, RiverPoint("uskat", 30.0), lower=RiverPoint("uskat", 20.0))
    assert [(piece.from_km, piece.to_km) for piece in pieces] == [
        (30.0, 25.0),
        (25.0, 24.2),
        (24.2, 21.0),
        (21.0, 20.0),
    ]
    assert pieces_between(NETWORK, RiverPoint("uskat", 20.0), lower=RiverPoint("uskat", 30.0)) is None


def test_flow_grows_downstream_and_ends_at_the_annual_mean():
    flows = [mean_flow(NETWORK, RiverPoint("uskat", km)) for km in (42.0, 30.0, 24.0, 10.0, 0.0)]
    assert flows == sorted(flows)
    assert flows[-1] == pytest.approx(8.0)
    place = flow_at(NETWORK, RiverPoint("uskat", 0.0), ratio=0.5)
    assert (place.discharge_m3_s, place.basin_m2) == (pytest.approx(4.0), pytest.approx(1.5e9))


def test_measured_flow_carries_over_and_without_any_the_regime_is_assumed():
    july = datetime(2026, 7, 15, tzinfo=UTC)
    at_mouth = mean_flow(NETWORK, station_point(NETWORK, "U-01"))
    state = river_state(NETWORK, july, discharges=[("U-01", 0.6 * at_mouth), ("nowhere", 5.0)])
    assert (state.ratio, state.stations, state.measured) == (pytest.approx(0.6), ("U-01",), True)
    assumed = river_state(NETWORK, july, discharges=[])
    assert (assumed.ratio, assumed.measured, assumed.factor) == (pytest.approx(assumed_ratio(july)), False, 2.0)
    assert assumed_ratio(july) == pytest.approx(0.75, abs=0.05)


def test_ice_by_temperature_else_by_month():
    january, july = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)
    assert covered_by_ice(january, None)
    assert not covered_by_ice(january, 2.0)
    assert covered_by_ice(january, 0.1)
    assert not covered_by_ice(july, None)


def test_a_kilometre_lies_on_the_line_and_is_found_again():
    point = RiverPoint("uskat", 25.0)
    longitude, latitude = position(NETWORK, point)
    assert (longitude, latitude) == (pytest.approx(87.0623, abs=1e-3), pytest.approx(54.0615, abs=1e-3))
    found, distance_km = nearest_point(NETWORK, longitude, latitude=latitude)
    assert found.river == "uskat"
    assert found.km == pytest.approx(25.0, abs=0.01)
    assert distance_km < 0.01
    course = line(NETWORK, Reach("uskat", 36.0, 25.0))
    assert course[0] == position(NETWORK, RiverPoint("uskat", 36.0))
    assert course[-1] == (longitude, latitude)


def test_villages_by_the_river_are_those_near_its_line():
    codes = {code for code, _, _ in riverside(NETWORK)}
    assert "terentyevskoye" in codes
    assert "kotino" not in codes
