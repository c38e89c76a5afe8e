import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from uskat.water.travel import (
    advected_peak_mg_l,
    channel,
    fischer_dispersion,
    jobson_velocity,
    mixing_length,
    passage,
    pulse_response,
    shear_velocity,
    step_response,
)

USKAT = {"basin_m2": 1.5e9, "mean_discharge_m3_s": 8.0, "slope": 0.000558}


@pytest.mark.parametrize(("discharge", "velocity"), [(2, 0.2570), (4, 0.3295), (8, 0.4343), (20, 0.6475), (60, 1.0859)])
def test_velocity_agrees_with_the_worked_table(discharge, velocity):
    assert jobson_velocity(**USKAT, discharge_m3_s=discharge) == pytest.approx(velocity, abs=5e-5)


def test_dispersion_agrees_with_the_worked_example():
    assert fischer_dispersion(velocity_m_s=0.33, width_m=18, depth_m=0.7, slope=0.000558) == pytest.approx(
        8.96, abs=0.005
    )


def test_shear_velocity_agrees_with_the_worked_example():
    assert shear_velocity(depth_m=0.7, slope=0.000558) == pytest.approx(0.0619, abs=5e-5)


def test_advection_without_dead_zones_promises_the_higher_peak_of_the_worked_example():
    velocity = jobson_velocity(**USKAT, discharge_m3_s=4)
    peak = advected_peak_mg_l(
        mass_kg=1000, area_m2=4 / velocity, velocity_m_s=velocity, dispersion_m2_s=8.96, length_m=43_000,
        since_s=43_000 / velocity,
    )  # fmt: skip
    assert peak == pytest.approx(21, abs=0.8)


def test_mixing_from_the_bank_takes_four_times_as_far_as_from_the_middle():
    river = {"velocity_m_s": 0.33, "width_m": 18, "depth_m": 0.7, "slope": 0.000558}
    transverse = 0.6 * 0.7 * shear_velocity(depth_m=0.7, slope=0.000558)
    assert mixing_length(**river, from_bank=False) == pytest.approx(0.1 * 0.33 * 18**2 / transverse)
    assert mixing_length(**river) == pytest.approx(4 * mixing_length(**river, from_bank=False))


def test_an_unsurveyed_channel_carries_its_flow():
    depth, width = channel(4.0, 0.33)
    assert depth * width * 0.33 == pytest.approx(4.0)


reaches = st.builds(
    passage,
    length_m=st.floats(200, 60_000),
    velocity_m_s=st.floats(0.1, 2.0),
    dispersion_m2_s=st.floats(0.5, 60.0),
)


@given(reaches, st.floats(600, 86_400))
def test_a_pulse_conserves_mass(way, duration):
    step = min(duration, way.time_s) / 400
    end = way.time_s + duration + 14 * way.variance_s2**0.5 + 60 * way.variance_s2 / way.time_s
    time = np.arange(0, end, step) + step / 2
    arrived = pulse_response(time, way, duration_s=duration).sum() * step
    assert arrived == pytest.approx(duration, rel=0.01)


@given(reaches, st.floats(0.0, 500_000.0))
def test_a_share_stays_a_share_and_never_falls_while_the_source_lasts(way, moment):
    time = np.array([-1.0, 0.0, moment, moment + 60.0])
    response = step_response(time, way)
    assert ((response >= 0) & (response <= 1)).all()
    assert response[0] == response[1] == 0
    assert response[3] >= response[2] - 4 * np.finfo(float).eps


@given(reaches, reaches)
def test_ways_add(first, second):
    whole = first.then(second)
    assert_allclose(
        [whole.length_m, whole.time_s, whole.variance_s2],
        [first.length_m + second.length_m, first.time_s + second.time_s, first.variance_s2 + second.variance_s2],
    )


def test_a_longer_way_arrives_later_and_flatter():
    near = passage(length_m=2_000, velocity_m_s=0.3, dispersion_m2_s=9)
    far = near.then(near).then(near).then(near)
    time = np.arange(0, 200_000, 30.0)
    near_pulse, far_pulse = (pulse_response(time, way, duration_s=1800) for way in (near, far))
    assert near_pulse.max() > far_pulse.max()
    assert time[near_pulse.argmax()] < time[far_pulse.argmax()]


def test_a_way_of_no_length_passes_the_pulse_unchanged():
    here = passage(length_m=0.0, velocity_m_s=0.3, dispersion_m2_s=9)
    assert pulse_response(np.array([-1.0, 0.0, 59.0, 60.0]), here, duration_s=60).tolist() == [0, 1, 1, 0]
