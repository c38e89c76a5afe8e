"""Features of a record from its samples: onset, P and S, spectrum, ripple firing, air wave (norms.md §3.6)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.fft import next_fast_len
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfilt

from uskat.blast.event.delays import spectrum_db
from uskat.blast.event.onset import Onset, Samples, find_onset, moving_mean, noise_rms
from uskat.blast.event.record import RecordFeatures
from uskat.blast.record.calibration import GROUND, MICROPHONE, UNIT_FACTOR, read_calibration
from uskat.blast.record.piece import SampledChannel

BAND_HZ = (2.0, 40.0)
AIR_BAND_HZ = (2.0, 40.0)
CLEAR = 8.0
"""A peak that stands so far above the unfiltered noise is read without a filter, which would take a part of it."""
GROUND_MADE_PA = 0.38
"""Air pressure that ground motion makes, Pa per mm/s (norms.md 2.1.6)."""
AIR_RISE = 6.0
LEAST_LAG_S = 0.4
P_SHARE = 0.7
"""Share of the time from onset to the largest horizontal motion that is taken as P."""
LINE_BAND_HZ = (8.0, 70.0)
LINE_WIDTH_HZ = 4.0
LINE_WINDOW_S = 12.0


@dataclass(frozen=True, slots=True)
class RecordSamples:
    """Samples of one record: ground of shape (3, n) for V, L, T in mm/s; air of shape (n,) in Pa, or None."""

    station: str
    start: datetime
    rate_hz: float
    ground: Samples
    air: Samples | None


def record_samples(
    station: str, channels: Sequence[SampledChannel], *, calibration: Mapping[str, Any]
) -> RecordSamples | None:
    """Samples of a triggered record; None unless the three axes are calibrated, gap-free and sampled together."""
    known = read_calibration(calibration)
    axes: dict[str, tuple[datetime, float, Samples]] = {}
    for channel in channels:
        entry = known.get(channel.code)
        if entry is None:
            continue
        if entry.component in axes:
            return None
        values = np.asarray(channel.counts, dtype=np.float64) * (UNIT_FACTOR[entry.unit] / entry.counts_per_unit)
        axes[entry.component] = (channel.start, channel.rate_hz, values)
    if not all(axis in axes for axis in GROUND):
        return None
    start, rate, first = axes["V"]
    size = min(axes[axis][2].size for axis in GROUND)
    together = all(axes[a][1] == rate and abs((axes[a][0] - start).total_seconds()) * rate < 0.5 for a in axes)
    if not together or not all(np.isfinite(axes[axis][2]).all() for axis in axes) or first.size < rate:
        return None
    air = axes[MICROPHONE][2][:size] if MICROPHONE in axes and axes[MICROPHONE][2].size >= size else None
    return RecordSamples(station, start, rate, np.stack([axes[axis][2][:size] for axis in GROUND]), air)


def extract_features(record: RecordSamples) -> RecordFeatures | None:
    """Features of a record; None when neither ground nor air rises above the noise."""
    rate = record.rate_hz
    raw = record.ground - np.median(record.ground, axis=1, keepdims=True)
    ground = _bandpass(raw, BAND_HZ, rate)
    onset = find_onset(ground, rate)
    air = None if record.air is None else _air(record.air, ground[0], rate)
    air_begins = None if air is None else _air_begin(air, rate)
    if onset is None and air_begins is None:
        return None
    if onset is None:
        onset = Onset(
            int(air_begins or 0), noise_rms(np.sqrt((ground**2).sum(axis=0)), rate), 1.0, (air_begins or 0) / rate
        )
    begin = onset.sample
    vector = np.sqrt((ground**2).sum(axis=0))
    peak = begin + int(np.argmax(vector[begin:]))
    first, last = _energy_span(vector[begin:] ** 2 - 2 * onset.noise_rms**2)
    window = slice(begin, begin + max(last, int(0.5 * rate)) + 1)
    energy = (ground[:, window] ** 2).sum(axis=1)
    ripple, period, spectrum = _ripple(raw[:, window], rate)
    raw_energy = float((raw[:, window] ** 2).sum())
    moment = record.start + timedelta(seconds=begin / rate)
    return RecordFeatures(
        station=record.station,
        start=record.start,
        end=record.start + timedelta(seconds=raw.shape[1] / rate),
        onset_at=moment,
        onset_sd_s=_onset_sd(onset, rate),
        snr=onset.snr,
        peak_snr=float(vector[peak]) / onset.noise_rms,
        quiet_s=onset.quiet_s,
        ppv_mm_s=_peak(raw[:, begin:], ground[:, begin:], noise=noise_rms(np.sqrt((raw**2).sum(axis=0)), rate)),
        peak_after_s=(peak - begin) / rate,
        duration_s=(last - first) / rate,
        frequency_hz=max(_centroid(ground[:, window], rate), BAND_HZ[0] / 2),
        p_s_log10=_p_over_s(ground, begin, rate),
        ripple=ripple,
        ripple_s=period,
        air_pa=0.0 if air is None else float(np.abs(air).max()),
        air_after_s=None if air_begins is None else (air_begins - begin) / rate,
        axis_share=float(energy.max() / max(float(energy.sum()), 1e-30)),
        fast_share=max(0.0, 1.0 - float(energy.sum()) / max(raw_energy, 1e-30)),
        spectrum_db=spectrum,
    )


def _peak(raw: Samples, ground: Samples, *, noise: float) -> float:
    peak = float(np.abs(raw).max())
    return peak if peak > CLEAR * noise else float(np.abs(ground).max())


def _bandpass(values: Samples, band: tuple[float, float], rate_hz: float) -> Samples:
    return np.asarray(sosfilt(_sections(band, rate_hz), values, axis=-1), dtype=np.float64)


@lru_cache(maxsize=16)
def _sections(band: tuple[float, float], rate_hz: float) -> Samples:
    """Second-order sections of a band-pass; designing it takes longer than filtering."""
    high = min(band[1], 0.45 * rate_hz)
    return np.asarray(butter(2, (band[0], high), btype="bandpass", fs=rate_hz, output="sos"), dtype=np.float64)


def _onset_sd(onset: Onset, rate_hz: float) -> float:
    """Uncertainty of a pick: half a sample, and a share of the rise time that grows as the signal drowns."""
    return float(np.hypot(0.5 / rate_hz, 0.02 + 0.12 / max(onset.snr - 1.0, 0.2)))


def _energy_span(power: Samples) -> tuple[int, int]:
    """Samples at which 5 and 95 % of the energy above the noise have passed."""
    total = np.cumsum(np.maximum(power, 0.0))
    if not total.size or total[-1] <= 0:
        return 0, 0
    return int(np.searchsorted(total, 0.05 * total[-1])), int(np.searchsorted(total, 0.95 * total[-1]))


def _centroid(axes: Samples, rate_hz: float) -> float:
    size = next_fast_len(axes.shape[1], real=True)
    power = (np.abs(np.fft.rfft(axes, size, axis=1)) ** 2).sum(axis=0)
    frequencies = np.fft.rfftfreq(size, 1 / rate_hz)
    return float((power * frequencies).sum() / max(float(power.sum()), 1e-30))


def _p_over_s(ground: Samples, onset: int, rate_hz: float) -> float | None:
    """log10 of the largest vertical P over the largest horizontal S (norms.md 3.6.4)."""
    smooth = moving_mean((ground[1:, onset:] ** 2).sum(axis=0), max(1, int(0.2 * rate_hz)))
    lag = int(np.argmax(smooth))
    if lag < LEAST_LAG_S * rate_hz:
        return None
    cut = int(P_SHARE * lag)
    p_wave = float(np.abs(ground[0, onset : onset + cut]).max())
    s_wave = float(np.abs(ground[1:, onset + cut : onset + 2 * lag + int(rate_hz)]).max())
    return float(np.log10(p_wave / s_wave)) if p_wave > 0 and s_wave > 0 else None


def _ripple(axes: Samples, rate_hz: float) -> tuple[float, float, tuple[int, ...]]:
    """log10 of the strongest narrow line over the median around it, its period in s (0: none), and the spectrum."""
    part = axes[:, : int(LINE_WINDOW_S * rate_hz)]
    size = int(2 ** np.ceil(np.log2(max(part.shape[1], 4 * rate_hz))))
    power = (np.abs(np.fft.rfft(part * np.hanning(part.shape[1]), size, axis=1)) ** 2).sum(axis=0)
    step = rate_hz / size
    # lines are looked for below LINE_BAND_HZ; what lies farther above it than both filters reach cannot matter
    power = power[: math.ceil((LINE_BAND_HZ[1] + 2 * LINE_WIDTH_HZ) / step)]
    frequencies = np.arange(power.size) * step
    width = max(1, round(0.3 / step))
    smooth = np.convolve(power, np.ones(width) / width, "same")
    inside = (frequencies >= LINE_BAND_HZ[0]) & (frequencies <= min(LINE_BAND_HZ[1], 0.4 * rate_hz))
    around = median_filter(smooth, size=max(3, round(2 * LINE_WIDTH_HZ / step)), mode="nearest")
    ratio = np.where(inside, smooth / np.maximum(around, 1e-30), 0.0)
    place = int(np.argmax(ratio))
    spectrum = spectrum_db(smooth, frequencies)
    if ratio[place] <= 1:
        return 0.0, 0.0, spectrum
    return float(np.log10(ratio[place])), float(1 / frequencies[place]), spectrum


def _air(air: Samples, vertical: Samples, rate_hz: float) -> Samples:
    """Overpressure without what the ground under the microphone makes."""
    return _bandpass(air - float(np.median(air)), AIR_BAND_HZ, rate_hz) - GROUND_MADE_PA * vertical


def _air_begin(air: Samples, rate_hz: float) -> int | None:
    noise = noise_rms(air, rate_hz)
    power = moving_mean(air**2, max(2, int(0.1 * rate_hz)))
    above = np.flatnonzero(power > (AIR_RISE / 2) ** 2 * noise**2)
    return int(above[0]) if above.size else None
