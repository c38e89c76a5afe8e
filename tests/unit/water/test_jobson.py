"""Jobson's equations against the worked example and both tables of the norms sheet §5.2 (shared/water/norms.md)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.jobson import (
    RiverFlow,
    largest_velocity,
    leading_edge_h,
    passing_time_s,
    peak_mg_l,
    probable_velocity,
    unit_peak,
    unit_response,
    wave_celerity,
)

SLOPE = 0.000558


def uskat(discharge, slope=SLOPE):
    return RiverFlow(1.5e9, 8.0, discharge, slope)


def hours(length_km, velocity):
    return length_km * 1000 / velocity / 3600


def test_the_worked_example():
    flow = uskat(4)
    assert flow.relative_area == pytest.approx(1.15574e11, rel=1e-5)
    assert probable_velocity(flow) == pytest.approx(0.3295, abs=5e-5)
    assert largest_velocity(flow) == pytest.approx(0.5794, abs=5e-5)
    peak_h = hours(43, probable_velocity(flow))
    assert peak_h == pytest.approx(36.25, abs=0.005)
    assert leading_edge_h(peak_h) == pytest.approx(32.26, abs=0.005)
    cup = unit_peak(peak_h, flow.relative_discharge)
    assert cup == pytest.approx(47.99, abs=0.005)
    assert passing_time_s(cup) / 3600 == pytest.approx(11.58, abs=0.005)
    earliest_h = hours(43, largest_velocity(flow))
    assert earliest_h == pytest.approx(20.62, abs=0.005)
    assert leading_edge_h(earliest_h) == pytest.approx(18.35, abs=0.005)
    assert peak_mg_l(mass_kg=1000, unit_peak_1e6=cup, discharge_m3_s=4) == pytest.approx(12.0, abs=0.05)


@pytest.mark.parametrize(
    ("discharge", "vp", "tp", "tl", "td10", "vmp", "tp_min"),
    [
        (2, 0.2570, 44.86, 39.92, 16.31, 0.4779, 24.12),
        (4, 0.3295, 34.99, 31.14, 11.25, 0.5794, 19.90),
        (8, 0.4343, 26.55, 23.63, 7.83, 0.7259, 15.88),
        (20, 0.6475, 17.80, 15.84, 4.96, 1.0241, 11.26),
        (60, 1.0859, 10.62, 9.45, 3.00, 1.6373, 7.04),
    ],
)
def test_the_table_by_discharge(discharge, vp, tp, tl, td10, vmp, tp_min):
    flow = uskat(discharge)
    assert probable_velocity(flow) == pytest.approx(vp, abs=5.1e-5)
    assert largest_velocity(flow) == pytest.approx(vmp, abs=5.1e-5)
    peak_h = hours(41.5, probable_velocity(flow))
    assert peak_h == pytest.approx(tp, abs=0.0051)
    assert leading_edge_h(peak_h) == pytest.approx(tl, abs=0.0051)
    assert passing_time_s(unit_peak(peak_h, flow.relative_discharge)) / 3600 == pytest.approx(td10, abs=0.0051)
    assert hours(41.5, largest_velocity(flow)) == pytest.approx(tp_min, abs=0.0051)


@pytest.mark.parametrize(
    ("upper", "lower", "tp", "tl"),
    [(42.5, 36, 5.48, 4.88), (36, 25, 9.27, 8.25), (25, 21, 3.37, 3.00), (21, 15, 5.06, 4.50), (15, 8, 5.90, 5.25),
     (8, 1, 5.90, 5.25)],
)  # fmt: skip
def test_the_table_by_reach(upper, lower, tp, tl):
    peak_h = hours(upper - lower, probable_velocity(uskat(4)))
    assert peak_h == pytest.approx(tp, abs=0.0051)
    assert leading_edge_h(peak_h) == pytest.approx(tl, abs=0.0051)


def test_without_a_slope_the_other_form_is_taken():
    flow = uskat(4, slope=None)
    scale = flow.relative_area**0.821 * 0.5**-0.465 * 4 / 1.5e9
    assert probable_velocity(flow) == pytest.approx(0.020 + 0.051 * scale)
    assert largest_velocity(flow) == pytest.approx(0.2 + 0.093 * scale)


def test_a_flood_wave_runs_ahead_of_its_water():
    assert wave_celerity(0.9) == pytest.approx(1.5, abs=1e-3)


@given(st.floats(0.2, 100.0), st.floats(0.05, 10.0))
def test_the_unit_response_is_a_triangle_of_area_one(peak_h, relative_discharge):
    response = unit_response(peak_h, relative_discharge)
    assert response.front_s < response.peak_s < response.end_s
    assert response.passed(response.front_s) == 0
    assert response.passed(response.end_s) == 1
    tip = 2 / (response.end_s - response.front_s)
    assert tip == pytest.approx(unit_peak(peak_h, relative_discharge) * 1e-6)
    step = (response.end_s - response.front_s) / 200
    shares = [response.passed(response.front_s + place * step) for place in range(201)]
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(shares))


def test_a_long_release_reaches_the_concentration_of_its_source():
    response = unit_response(5.0, 1.0)
    lasting_s = 3 * (response.end_s - response.front_s)
    assert response.share(response.end_s + 60, lasting_s) == pytest.approx(1.0)
    assert response.share(response.front_s, lasting_s) == 0
