"""Travel between points, its window, what ice does, what calibration teaches."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.calibration import PRIOR_SD, ReachCalibration, TravelPair, calibrate
from uskat.water.jobson import RiverFlow, largest_velocity, probable_velocity
from uskat.water.network import demo_network
from uskat.water.network_items import RiverPoint
from uskat.water.river_flow import RiverState, flow_at
from uskat.water.travel_time import reach_travel_times, travel_between

NETWORK = demo_network()
UPPER, LOWER = RiverPoint("uskat", 36.0), RiverPoint("uskat", 25.0)
OPEN, ICE = RiverState(0.5, 1.3, False), RiverState(0.5, 1.3, True)


def test_a_reach_travels_by_jobson_and_its_window_is_that_of_the_norms_sheet():
    way = travel_between(NETWORK, UPPER, lower=LOWER, state=OPEN)
    flow = flow_at(NETWORK, RiverPoint("uskat", 30.5), ratio=0.5)
    assert way.probable_h == pytest.approx(11_000 / probable_velocity(flow) / 3600)
    assert way.earliest_h == pytest.approx(11_000 / largest_velocity(flow) / 3600)
    assert way.latest_h == pytest.approx(1.3 * way.probable_h)
    assert way.front_h == pytest.approx(0.89 * way.probable_h)


def test_ice_delays_by_a_factor_between_1_2_and_1_5():
    free, covered = (travel_between(NETWORK, UPPER, lower=LOWER, state=state) for state in (OPEN, ICE))
    assert covered.probable_h == pytest.approx(1.35 * free.probable_h)
    assert covered.earliest_h == pytest.approx(1.2 * free.earliest_h)
    assert covered.latest_h == pytest.approx(1.5 * free.latest_h)


def test_ways_add_up_and_none_leads_up():
    middle = RiverPoint("uskat", 30.0)
    whole = travel_between(NETWORK, RiverPoint("krivoy_uskat", 24.0), lower=LOWER, state=OPEN)
    stations = [("krivoy_uskat", 24.0), ("krivoy_uskat", 12.3), ("uskat", 42.5), ("uskat", 36.0), ("uskat", 25.0)]
    points = [RiverPoint(*place) for place in stations]
    parts = [travel_between(NETWORK, a, lower=b, state=OPEN) for a, b in pairwise(points)]
    assert whole.probable_h == pytest.approx(sum(part.probable_h for part in parts))
    assert whole.length_km == pytest.approx(sum(part.length_km for part in parts))
    assert travel_between(NETWORK, LOWER, lower=middle, state=OPEN) is None


def test_every_pair_of_neighbours_has_a_travel_time():
    assert len(reach_travel_times(NETWORK, state=OPEN)) == 12


@given(st.floats(0.1, 10.0))
def test_more_water_is_faster(ratio):
    slow = travel_between(NETWORK, UPPER, lower=LOWER, state=RiverState(ratio, 1.3, False))
    fast = travel_between(NETWORK, UPPER, lower=LOWER, state=RiverState(ratio * 1.1, 1.3, False))
    assert fast.probable_h < slow.probable_h
    assert fast.earliest_h < slow.earliest_h


def test_without_pairs_the_prior_stands_and_pairs_pull_from_it():
    assert calibrate([]) == ReachCalibration(0.0, pytest.approx(PRIOR_SD), 0)
    pair = TravelPair(modelled_s=36_000, observed_s=30_000)
    one, many = calibrate([pair]), calibrate([pair] * 20)
    true = math.log(36 / 30)
    assert 0 < one.log_factor < many.log_factor < true
    assert many.log_factor == pytest.approx(true, rel=0.05)
    assert many.log_sd < one.log_sd < PRIOR_SD
    assert calibrate([TravelPair(0, 5), TravelPair(5, -1)]).pairs == 0


def test_a_calibrated_reach_is_faster_and_surer():
    known = {("uskat", 36.0, 25.0): calibrate([TravelPair(36_000, 30_000)] * 6)}
    plain = travel_between(NETWORK, UPPER, lower=LOWER, state=OPEN)
    way = travel_between(NETWORK, UPPER, lower=LOWER, state=OPEN, calibrations=known)
    assert way.probable_h == pytest.approx(plain.probable_h / known["uskat", 36.0, 25.0].factor)
    assert way.latest_h / way.earliest_h < plain.latest_h / plain.earliest_h
    assert way.calibrated_share == 1
    half = travel_between(NETWORK, UPPER, lower=RiverPoint("uskat", 14.0), state=OPEN, calibrations=known)
    assert 0.3 < half.calibrated_share < 0.7


def test_slope_unknown_is_the_other_form():
    flow = RiverFlow(1.5e9, 8.0, 4.0)
    assert probable_velocity(flow) != probable_velocity(RiverFlow(1.5e9, 8.0, 4.0, 0.000558))
