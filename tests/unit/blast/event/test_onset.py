"""Onsets: obspy's AIC is the twin; noise has none."""

import numpy as np
import pytest
from obspy.signal.trigger import aic_simple

from uskat.blast.event.onset import aic, aic_pick, find_onset, moving_mean

RATE = 512.0


def signal(snr, at=1500, n=4096, seed=1):
    rng = np.random.default_rng(seed)
    axes = rng.standard_normal((3, n)) * 0.01
    time = np.arange(n - at) / RATE
    axes[:, at:] += 0.01 * snr * np.exp(-time) * np.sin(2 * np.pi * 15 * time) * np.array([[1.0], [0.8], [0.6]])
    return axes


def test_aic_is_that_of_obspy():
    trace = signal(10)[0, 1000:2000]
    # obspy names the last sample of the noise, ours the first of the signal
    assert aic(trace[None, :])[0][3:-1] == pytest.approx(aic_simple(trace)[2:-2], rel=1e-6)


@pytest.mark.parametrize(("snr", "within"), [(100, 0.006), (20, 0.01), (6, 0.05)])
def test_the_onset_is_found(snr, within):
    errors = [abs(find_onset(signal(snr, seed=seed), RATE).sample - 1500) / RATE for seed in range(10)]
    assert np.median(errors) < within


def test_noise_has_no_onset():
    for seed in range(10):
        noise = np.random.default_rng(seed).standard_normal((3, 4096)) * 0.01
        assert find_onset(noise, RATE) is None


def test_the_quiet_before_the_onset_is_told():
    found = find_onset(signal(50), RATE)
    assert found.quiet_s == pytest.approx(1500 / RATE, abs=0.02)
    assert found.noise_rms == pytest.approx(0.01 * np.sqrt(3), rel=0.2)


def test_short_windows():
    assert aic_pick(np.zeros((3, 4))) == 0
    assert moving_mean(np.array([1.0, 3.0, 5.0]), 2).tolist() == [2.0, 4.0, 5.0]
