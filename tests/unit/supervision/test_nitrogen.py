"""Nitrogen after blasts: what may belong together, and what does not (water/norms.md, row «Mine/pit water»)."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.supervision.nitrogen import (
    NO_CHARGE,
    BlastFired,
    NitrogenRise,
    Way,
    nitrogen_contexts,
    nitrogen_rules,
    risen_nitrogen,
)
from uskat.water.network import demo_network
from uskat.water.river_flow import RiverState

NETWORK = demo_network()
RULES = nitrogen_rules()
STATE = RiverState(0.5, 1.3, under_ice=False)
FIRED = datetime(2026, 5, 12, 5, 0, tzinfo=UTC)
SUKHOY_LOG = (87.048, 54.1585)
"""A pit of the demonstration network; its outlet enters the Talda at 16 km, 15.5 km above the station TA-2."""


def blast(*, hours=0.0, enterprise="sukhoy-log-demo", place=SUKHOY_LOG, **changes):
    known = {"blast_id": "sl-1", "charge_kg": 42_500.0} | changes
    return BlastFired(enterprise=enterprise, place=place, fired_at=FIRED - timedelta(hours=hours), **known)


def rise(station="TA-2", *, parameters=("nh4",), **changes):
    return NitrogenRise(alert=7, station=station, parameters=parameters, started_at=FIRED, **changes)


def contexts(blasts, rises, *, network=NETWORK):
    return nitrogen_contexts(blasts, rises, network=network, state=STATE, rules=RULES)


def test_a_rise_below_the_outlet_of_the_pit_a_day_later_names_blast_way_and_travel():
    [found] = contexts([blast(hours=30)], [rise()])
    assert (found.entry.way, found.travel.length_km, found.hours) == (Way.OUTLET, pytest.approx(15.5), 30.0)
    assert "Взрыв sl-1, 42,5 т ВВ – за 30 ч до начала роста" in found.reasons[0]
    assert "Выпуск карьерных вод, Сухой Лог (демо)" in found.reasons[1]
    told = found.to_json()
    assert (told["blast"], told["alert"], told["level"]) == ("sl-1", 7, "memory")
    assert told["travel_h"][0] < told["travel_h"][1] < 30


def test_it_is_always_said_that_this_is_no_charge():
    for found in contexts([blast(hours=30), blast(hours=200)], [rise(), rise("U-15")]):
        assert found.reasons[-1] == NO_CHARGE
        assert len(found.reasons) == len(found.reasons_en)


@pytest.mark.parametrize(("hours", "fits"), [(5.9, False), (240.1, False), (-3, False), (239.9, True), (40, True)])
def test_only_the_window_of_six_hours_to_ten_days_counts(hours, fits):
    assert bool(contexts([blast(hours=hours)], [rise()])) is fits


def test_water_that_cannot_have_come_so_fast_is_no_context():
    """Six and a half hours are inside the window, but the Talda needs longer for 15.5 km."""
    [slow] = contexts([blast(hours=30)], [rise()])
    assert slow.travel.earliest_h > 6.5
    assert contexts([blast(hours=6.5)], [rise()]) == []


@pytest.mark.parametrize("station", ["TA-1", "KU-1", "U-43", "SEIS-TALDA-1", "nowhere"])
def test_a_station_that_the_water_does_not_pass_is_no_context(station):
    """TA-1 lies above the outlet, KU-1 and U-43 on another branch, the others on no river at all."""
    assert contexts([blast(hours=100)], [rise(station)]) == []


def test_a_pit_without_an_outlet_is_reckoned_from_the_nearest_river_and_says_that_nobody_surveyed_it():
    without = msgspec.structs.replace(NETWORK, outlets=())
    [found] = contexts([blast(hours=60)], [rise()], network=without)
    assert found.entry.way is Way.RELIEF
    assert "не проверено" in found.reasons[1]
    far = blast(hours=60, place=(88.5, 54.9))
    assert contexts([far], [rise()], network=without) == []


def test_an_outlet_of_sewage_is_no_way_of_pit_water():
    only = [outlet for outlet in NETWORK.outlets if outlet.kind == "sewage"]
    assert only
    network = msgspec.structs.replace(NETWORK, outlets=tuple(only))
    far = blast(hours=100, enterprise=only[0].organisation, place=(88.5, 54.9))
    assert contexts([far], [rise("U-01")], network=network) == []


def test_a_charge_that_nobody_reported_is_left_out_of_the_words():
    [found] = contexts([blast(hours=30, charge_kg=None)], [rise()])
    assert "т ВВ" not in found.reasons[0]


def test_nitrogen_that_fell_and_other_parameters_are_no_rise():
    assert risen_nitrogen("no3") == ("no3",)
    assert risen_nitrogen(None, [("nh4", 0.2, 0.9), ("no2", 0.1, 0.05), ("turb", 1, 50)]) == ("nh4",)
    assert risen_nitrogen("turb") == ()
    assert contexts([blast(hours=30)], [rise(parameters=())]) == []


@given(st.lists(st.floats(-50, 400), max_size=12), st.sampled_from([s.code for s in NETWORK.stations]))
def test_whatever_is_found_fits_the_window_and_the_water_runs_down(hours, station):
    blasts = [blast(hours=hour, blast_id=f"b-{place}") for place, hour in enumerate(hours)]
    found = contexts(blasts, [rise(station)])
    assert [one.blast.fired_at for one in found] == sorted((one.blast.fired_at for one in found), reverse=True)
    for one in found:
        assert 6 <= one.hours <= 240
        assert one.travel.earliest_h <= one.hours
        assert NETWORK.distance_km(one.entry.point, _point(station)) == pytest.approx(one.travel.length_km)


def _point(code):
    from uskat.water.river_flow import station_point

    return station_point(NETWORK, code)
