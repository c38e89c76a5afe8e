"""What shakes a seismograph and is no blast: earthquakes near and far, hands, thunder, glitches of the electronics.

t = 0 of each motion is the arrival of its first wave. Shapes are band-limited noise under an envelope; sizes of
earthquakes follow log10 PGV = 0.85·M − 1.7·log10 R − 0.5 (mm/s, km), set to give 0.3 mm/s for M 2 at 10 km.
"""

import numpy as np
from scipy.fft import next_fast_len

from simulators.noise import gaussian, key_of, uniform
from simulators.waveform import COMPONENTS, PA_PER_MM_S, FloatArray, Motion

P_KM_S, S_KM_S = 6.0, 3.5
GROUND_PER_PA = 0.003
"""Ground motion in mm/s that a pascal of thunder makes."""


def earthquake_ppv_mm_s(magnitude: float, distance_km: float) -> float:
    """Peak velocity of an earthquake at a hypocentral distance."""
    return float(10 ** (0.85 * magnitude - 1.7 * np.log10(distance_km) - 0.5))


def tectonic_motion(
    magnitude: float, distance_km: float, *, p_to_s: float, rate_hz: float, key: int, scatter_log10: float = 0.0
) -> Motion:
    """P, then S, with coda. p_to_s: largest P of the vertical over the largest S of the horizontals."""
    lag_s = distance_km / S_KM_S - distance_km / P_KM_S
    corner = 9.0 * 10 ** (-0.4 * (magnitude - 2.0)) / (1 + distance_km / 60.0)
    corner = float(np.clip(corner, 0.8, 14.0))
    coda_s = 1.0 + 0.5 * lag_s + 10 ** (0.25 * (magnitude - 2.0))
    time_s = np.arange(int((lag_s + 5.0 * coda_s) * rate_hz)) / rate_hz
    signals = {}
    for axis in COMPONENTS[:3]:
        p_wave = _burst(time_s, corner * 1.4, coda_s * 0.5, key_of(key, axis, "p"), rate_hz)
        s_wave = _burst(time_s - lag_s, corner, coda_s, key_of(key, axis, "s"), rate_hz)
        vertical = axis == "V"
        signals[axis] = p_to_s * (1.0 if vertical else 0.45) * p_wave + (0.55 if vertical else 1.0) * s_wave
    peak = earthquake_ppv_mm_s(magnitude, distance_km) * 10 ** (scatter_log10 * float(gaussian(key, _FIRST)[0]))
    scale = peak / max(float(np.abs(signal).max()) for signal in signals.values())
    signals = {axis: signal * scale for axis, signal in signals.items()}
    return Motion(rate_hz, signals | {"MIC": PA_PER_MM_S * signals["V"]})


def handling_motion(peak_mm_s: float, *, rate_hz: float, key: int) -> Motion:
    """Hands move the sensor: a few slow jolts of 3–9 Hz on every axis (norms.md §1.1, record 6A6B0E1100E8)."""
    time_s = np.arange(int(8 * rate_hz)) / rate_hz
    jolts = np.arange(2 + int(4 * uniform(key, _FIRST)[0]), dtype=np.int64)
    moments = 6.5 * uniform(key + 1, jolts)
    moments[0] = 0.0
    signals = {}
    for axis in COMPONENTS[:3]:
        frequencies = 3.0 + 6.0 * uniform(key_of(key, axis), jolts)
        sizes = 0.5 + uniform(key_of(key, axis, 1), jolts)
        total = np.zeros_like(time_s)
        for moment, frequency, size in zip(moments, frequencies, sizes, strict=True):
            since = np.maximum(time_s - moment, 0.0)
            total += size * np.exp(-since * frequency / 2.5) * np.sin(2 * np.pi * frequency * since)
        signals[axis] = (
            total * peak_mm_s / float(np.abs(total).max()) * (0.8 + 0.2 * uniform(key_of(key, axis, 2), _FIRST)[0])
        )
    knock = np.exp(-np.maximum(time_s, 0) * 20) * np.sin(2 * np.pi * 30 * time_s)
    return Motion(rate_hz, signals | {"MIC": 3.0 * uniform(key + 2, _FIRST)[0] * knock})


def thunder_motion(peak_pa: float, *, rate_hz: float, key: int) -> Motion:
    """Thunder: claps and rumble in the air, a thousandth of it in the ground, at the same moment."""
    time_s = np.arange(int(14 * rate_hz)) / rate_hz
    claps = np.arange(3 + int(6 * uniform(key, _FIRST)[0]), dtype=np.int64)
    moments, sizes = 8.0 * uniform(key + 1, claps) ** 1.5, 0.2 + uniform(key + 2, claps)
    moments[0] = 0.0
    air = np.zeros_like(time_s)
    for place, (moment, size) in enumerate(zip(moments, sizes, strict=True)):
        air += size * _burst(time_s - moment, 18.0, 0.5, key_of(key, place), rate_hz)
    air *= peak_pa / float(np.abs(air).max())
    ground = GROUND_PER_PA * air
    return Motion(rate_hz, {"V": ground, "L": 0.7 * ground, "T": 0.6 * ground, "MIC": air})


def glitch_motion(peak_mm_s: float, *, rate_hz: float, key: int) -> Motion:
    """A spike of a few samples on one axis: electronics, not ground."""
    time_s = np.arange(int(4 * rate_hz)) / rate_hz
    axis = COMPONENTS[int(3 * uniform(key, _FIRST)[0])]
    signals: dict[str, FloatArray] = {name: np.zeros_like(time_s) for name in COMPONENTS}
    spikes = np.arange(1 + int(3 * uniform(key + 1, _FIRST)[0]), dtype=np.int64)
    for place in (3.0 * uniform(key + 2, spikes) * rate_hz).astype(np.int64):
        signals[axis][place : place + 2] = peak_mm_s * (1 if place % 2 else -1)
    return Motion(rate_hz, signals)


_FIRST = np.zeros(1, dtype=np.int64)


def _burst(since_s: FloatArray, frequency_hz: float, length_s: float, key: int, rate_hz: float) -> FloatArray:
    """Noise around a frequency under a fast rise and a slow decay; peak about one; zero before `since_s` = 0."""
    size = next_fast_len(len(since_s), real=True)
    noise = np.random.default_rng(key).standard_normal(size)
    ratio = np.fft.rfftfreq(size, 1 / rate_hz) / frequency_hz
    shaped = np.fft.irfft(np.fft.rfft(noise) * ratio / (1 + ratio**4), size)[: len(since_s)]
    late = np.maximum(since_s, 0.0)
    rise = np.minimum(late * frequency_hz * 1.5, 1.0)
    burst = rise * np.exp(-late / length_s) * shaped
    return burst / max(float(np.abs(burst).max()), 1e-30)
