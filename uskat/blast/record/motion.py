"""Quantities of one axis as functions of its samples (norms.md 1.1.4, 1.1.5, 1.1.7).

Samples are arrays of shape (n,), float64, offset removed, in mm/s (microphone: Pa), sampled at `rate_hz`.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft
from scipy.integrate import cumulative_trapezoid
from scipy.signal import butter, sosfiltfilt
from scipy.signal.windows import tukey

Samples = NDArray[np.float64]
FFT_STEP_HZ = 0.1
"""A short record is padded with zeros until its spectrum has this step."""
FFT_TAPER = 0.1
FFT_LOWEST_HZ = 1.0
"""Below it a blast seismograph measures drift and wind, not ground motion."""
DISPLACEMENT_CORNER_HZ = 2.0
ENERGY_SHARE = (0.05, 0.95)
QUIET_WINDOW_S = 0.25
FIVE_POINT = np.array([-1.0, 8.0, 0.0, -8.0, 1.0]) / 12


def zero_crossing_frequency_hz(values: Samples, peak: int, *, rate_hz: float) -> float | None:
    """Half-period frequency at the sample `peak`: 1 / (2·(t₂−t₁)) of the interpolated crossings on its two sides.

    None when the record ends before it crosses zero on either side, or the peak is zero.
    """
    if values[peak] == 0:
        return None
    positive = values * np.sign(values[peak]) > 0
    outside_before = np.flatnonzero(~positive[:peak])
    outside_after = np.flatnonzero(~positive[peak:])
    if not outside_before.size or not outside_after.size:
        return None
    before, after = int(outside_before[-1]), peak + int(outside_after[0])
    left = before + values[before] / (values[before] - values[before + 1])
    right = after - values[after] / (values[after] - values[after - 1])
    return float(rate_hz / (2 * (right - left)))


def dominant_frequency_hz(values: Samples, *, rate_hz: float) -> float | None:
    """Frequency of the largest |FFT(v·w)|, w a 10 % cosine taper, zero-padded to a step of at most 0.1 Hz.

    Searched from 1 Hz, and from two cycles within the record, up to Nyquist. It differs from the zero-crossing
    frequency and does not decide compliance (norms.md 1.1.6). None when the record is too short or silent.
    """
    count = values.size
    lowest = max(FFT_LOWEST_HZ, 2 * rate_hz / count)
    if count < 8 or lowest >= rate_hz / 2:
        return None
    length = next_fast_len(max(count, math.ceil(rate_hz / FFT_STEP_HZ)), real=True)
    scale = float(np.abs(values).max())
    if not 0 < scale < math.inf:
        return None
    # Single precision is twice as quick and errs far below the digitiser's step; scaled, so that no value overflows.
    tapered = (values / scale).astype(np.float32) * _taper(count)
    spectrum = rfft(tapered, length)
    power = spectrum.real**2 + spectrum.imag**2
    first = math.ceil(lowest * length / rate_hz)
    best = first + int(np.argmax(power[first:]))
    return float(best * rate_hz / length) if power[best] > 0 else None


@lru_cache(maxsize=8)
def _taper(count: int) -> NDArray[np.float32]:
    return np.asarray(tukey(count, FFT_TAPER), dtype=np.float32)


def acceleration(values: Samples, *, rate_hz: float) -> Samples:
    """dv/dt in mm/s²: five-point differences (error below 0.1 % up to a twelfth of the rate), two-point at the ends."""
    if values.size < 5:
        return np.gradient(values) * rate_hz if values.size > 1 else np.zeros_like(values)
    slope = np.empty_like(values)
    slope[2:-2] = np.convolve(values, FIVE_POINT, "valid")
    slope[1], slope[-2] = (values[2] - values[0]) / 2, (values[-1] - values[-3]) / 2
    slope[0], slope[-1] = values[1] - values[0], values[-1] - values[-2]
    return slope * rate_hz


def displacement(values: Samples, *, rate_hz: float) -> Samples | None:
    """∫v dt in mm with a zero-phase second-order high-pass at 2 Hz, which takes away the drift; None if too short.

    Integrated first and filtered then: the two commute but for the record's ends, where this order drifts less.
    """
    corner = DISPLACEMENT_CORNER_HZ / (rate_hz / 2)
    if corner >= 1 or values.size < rate_hz / DISPLACEMENT_CORNER_HZ:
        return None
    moved = cumulative_trapezoid(values, dx=1 / rate_hz, initial=0.0)
    return np.asarray(sosfiltfilt(_drift_filter(corner), moved), dtype=np.float64)


@lru_cache(maxsize=16)
def _drift_filter(corner: float) -> Samples:
    """Second-order sections of the high-pass; corner: over Nyquist. Designing it takes longer than filtering."""
    return np.asarray(butter(2, corner, "highpass", output="sos"), dtype=np.float64)


def sine_acceleration_mm_s2(ppv_mm_s: float, frequency_hz: float) -> float:
    """2πf·PPV: 20 mm/s at 25 Hz → 3141.6 mm/s²."""
    return 2 * math.pi * frequency_hz * ppv_mm_s


def sine_displacement_mm(ppv_mm_s: float, frequency_hz: float) -> float:
    """PPV/(2πf): 20 mm/s at 25 Hz → 0.12732 mm."""
    return ppv_mm_s / (2 * math.pi * frequency_hz)


def energy_duration_s(values: Samples, *, rate_hz: float) -> float | None:
    """Seconds between 5 % and 95 % of ∫v² dt; None for silence."""
    energy = np.cumsum(np.square(values))
    if not energy.size or not np.isfinite(energy[-1]) or energy[-1] <= 0:
        return None
    low, high = np.searchsorted(energy, np.asarray(ENERGY_SHARE) * energy[-1])
    return float((high - low) / rate_hz)


def quiet_level(values: Samples, *, rate_hz: float) -> float | None:
    """Root mean square of the quietest quarter of a second: what the axis shows when nothing happens.

    None when the record is shorter than two such windows.
    """
    window = max(2, round(QUIET_WINDOW_S * rate_hz))
    whole = values.size // window
    if whole < 2:
        return None
    parts = values[: whole * window].reshape(whole, window)
    return float(np.sqrt(np.square(parts).mean(axis=1).min()))
