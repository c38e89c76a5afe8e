"""norms.md 3.1.1, 3.1.5: simulated Wood–Anderson amplitudes against obspy's own estimates."""

import numpy as np
import pytest
from obspy.signal.invsim import WOODANDERSON, estimate_magnitude, paz_2_amplitude_value_of_freq_resp

from uskat.blast.magnitude.law import OutsideRangeError, magnitude_pack, station_magnitude
from uskat.blast.magnitude.wood_anderson import (
    PolesZeros,
    half_peak_to_peak,
    station_amplitude_mm,
    wood_anderson_trace_mm,
)

LE3D = PolesZeros(
    poles=(-4.444 + 4.444j, -4.444 - 4.444j, -1.083 + 0j), zeros=(0j, 0j, 0j), gain=1.0, sensitivity=671140000.0
)
"""The instrument of the doctest of obspy's estimate_magnitude."""
RATE = 200.0


def tone(frequency, peak=1.0, seconds=40.0):
    time = np.arange(0, seconds, 1 / RATE)
    return peak * np.sin(2 * np.pi * frequency * time) * np.exp(-(((time - seconds / 2) / (seconds / 6)) ** 2))


def test_obspy_estimates_the_golden_magnitudes_of_norms_3_1_1():
    paz = LE3D.to_obspy()
    assert estimate_magnitude(paz, 3.34e6, 0.065, 0.255) == pytest.approx(2.132873, abs=5e-7)
    assert estimate_magnitude([paz, paz], [3.34e6, 5e6], [0.065, 0.1], 0.255) == pytest.approx(2.347618, abs=5e-7)


@pytest.mark.parametrize("frequency", [0.8, 1.25, 3.0, 8.0])
def test_a_tone_has_the_amplitude_that_the_response_foresees(frequency):
    trace = wood_anderson_trace_mm(tone(frequency, peak=1e-4), RATE)
    expected = 1e-4 * paz_2_amplitude_value_of_freq_resp(WOODANDERSON, frequency) * 2080 * 1000
    assert half_peak_to_peak(trace) == pytest.approx(expected, rel=0.02)


def test_counts_of_an_instrument_give_the_same_magnitude_as_obspys_reading_of_one_swing():
    frequency, counts = 2.0, 3.34e6
    amplitude = station_amplitude_mm([tone(frequency, peak=counts / 2)], RATE, response=LE3D)
    law = magnitude_pack().law("bakun-joyner-1984")
    expected = estimate_magnitude(LE3D.to_obspy(), counts, 1 / (2 * frequency), 50.0)
    assert station_magnitude(amplitude, 50.0, law=law) == pytest.approx(expected, abs=0.01)


def test_the_horizontals_are_averaged():
    one, two = tone(2.0), tone(2.0, peak=3.0)
    mean = station_amplitude_mm([one, two], RATE)
    assert mean == pytest.approx((station_amplitude_mm([one], RATE) + station_amplitude_mm([two], RATE)) / 2)


def test_half_peak_to_peak_takes_one_swing_not_the_drift():
    assert half_peak_to_peak(np.array([0.0, 3.0, 2.0, 6.0, 5.0])) == pytest.approx(2.0)
    assert half_peak_to_peak(np.zeros(5)) == 0.0


def test_samples_that_are_no_numbers_are_refused():
    with pytest.raises(OutsideRangeError):
        wood_anderson_trace_mm(np.array([0.0, np.nan, 1.0]), RATE)
    with pytest.raises(OutsideRangeError):
        station_amplitude_mm([], RATE)
