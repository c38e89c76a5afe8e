"""Norms.md §1.1: frequencies, acceleration, displacement, duration."""

import numpy as np
import pytest

from tests.unit.blast.record.made import wavelet
from uskat.blast.record.motion import (
    acceleration,
    displacement,
    dominant_frequency_hz,
    energy_duration_s,
    quiet_level,
    sine_acceleration_mm_s2,
    sine_displacement_mm,
    zero_crossing_frequency_hz,
)

RATE = 1024.0


def test_1_1_4_a_gaussian_windowed_sine_of_25_hz():
    since = np.arange(-1024, 1025) / RATE
    values = np.exp(-((since / 0.2) ** 2)) * np.cos(2 * np.pi * 25 * since)
    assert zero_crossing_frequency_hz(values, 1024, rate_hz=RATE) == pytest.approx(25.0, abs=2e-3)


def test_1_1_7_the_sine_estimates():
    assert sine_acceleration_mm_s2(20, 25) == pytest.approx(3141.6, abs=0.01)
    assert sine_acceleration_mm_s2(20, 25) / 9806.65 == pytest.approx(0.32035, abs=1e-5)
    assert sine_displacement_mm(20, 25) == pytest.approx(0.12732, abs=1e-5)


def test_1_1_7_the_numeric_values_of_a_sine_agree_with_the_estimates():
    times = np.arange(8192) / RATE
    values = 20 * np.sin(2 * np.pi * 25 * times)
    middle = slice(1024, -1024)
    assert np.abs(acceleration(values, rate_hz=RATE))[middle].max() == pytest.approx(3141.6, rel=1e-3)
    assert np.abs(displacement(values, rate_hz=RATE))[middle].max() == pytest.approx(0.12732, rel=5e-3)


def test_drift_does_not_become_displacement():
    times = np.arange(8192) / RATE
    drifting = 0.5 * np.sin(2 * np.pi * 0.1 * times) + wavelet(20, 25, seconds=8.0, at_s=4.0)
    clean = wavelet(20, 25, seconds=8.0, at_s=4.0)
    moved = np.abs(displacement(drifting, rate_hz=RATE))[1024:-1024].max()
    assert moved == pytest.approx(np.abs(displacement(clean, rate_hz=RATE)).max(), rel=0.03)


def test_1_1_5_trap_2_the_spectrum_and_the_peak_may_disagree():
    values = wavelet(5, 27, width_s=0.02, seconds=4) + wavelet(3.0, 10, width_s=0.4, seconds=4, at_s=2.2)
    peak = int(np.argmax(np.abs(values)))
    assert zero_crossing_frequency_hz(values, peak, rate_hz=RATE) == pytest.approx(25, abs=4)
    assert dominant_frequency_hz(values, rate_hz=RATE) == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("frequency", [4.0, 11.3, 30.0, 120.0])
def test_the_dominant_frequency_of_a_sine(frequency):
    times = np.arange(3072) / RATE
    found = dominant_frequency_hz(0.3 + np.sin(2 * np.pi * frequency * times), rate_hz=RATE)
    assert found == pytest.approx(frequency, abs=0.06)


def test_what_is_too_short_or_silent_has_no_quantities():
    assert dominant_frequency_hz(np.ones(4), rate_hz=RATE) is None
    assert dominant_frequency_hz(np.zeros(1024), rate_hz=RATE) is None
    assert dominant_frequency_hz(np.ones(64), rate_hz=2.0) is None
    assert displacement(np.ones(100), rate_hz=RATE) is None
    assert displacement(np.ones(100), rate_hz=3.0) is None
    assert energy_duration_s(np.zeros(50), rate_hz=RATE) is None
    assert quiet_level(np.ones(300), rate_hz=RATE) is None
    assert acceleration(np.array([1.0]), rate_hz=RATE).tolist() == [0.0]
    assert acceleration(np.array([1.0, 3.0]), rate_hz=10.0).tolist() == [20.0, 20.0]


def test_the_duration_holds_ninety_per_cent_of_the_energy():
    values = np.concatenate([np.zeros(1000), np.ones(1000), np.zeros(1000)])
    assert energy_duration_s(values, rate_hz=1000.0) == pytest.approx(0.9, abs=0.002)


def test_the_quiet_level_is_that_of_the_quietest_quarter_second():
    values = np.concatenate([np.full(256, 5.0), np.full(256, -0.1), np.full(300, 3.0)])
    assert quiet_level(values, rate_hz=RATE) == pytest.approx(0.1)
