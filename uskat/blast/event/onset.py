"""When the ground began to move: energy over the quiet part finds the place, Akaike's criterion the sample.

AIC of a sample k: k·ln var(x[:k]) + (n−k−1)·ln var(x[k:]) (Maeda 1985; obspy `aic_simple` is the twin in the tests),
summed over the axes; its least value parts noise from signal.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
CHUNK_S = 0.25
QUIET_SHARE = 0.15
SHORT_S = 0.06
RISE = 5.0
"""Energy over that of the noise at which the signal is surely there: amplitude ratio √5."""
SUSTAINED = 0.6
LOOK_BACK_S, LOOK_AHEAD_S = 0.8, 0.25
LEAST_VARIANCE = 1e-18


@dataclass(frozen=True, slots=True)
class Onset:
    """First sample of the signal. noise_rms: of the vector; snr: amplitude just after over noise.

    quiet_s: how much of quiet the record holds before it; a record that begins inside the signal has none.
    """

    sample: int
    noise_rms: float
    snr: float
    quiet_s: float


def moving_mean(values: Samples, length: int) -> Samples:
    """Mean of the next `length` values at each place; shorter at the end. values: shape (n,)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.minimum(np.arange(values.size) + length, values.size)
    return np.asarray((total[ends] - total[:-1]) / np.maximum(ends - np.arange(values.size), 1), dtype=np.float64)


def noise_rms(values: Samples, rate_hz: float) -> float:
    """RMS of the quietest chunks of a record; values: shape (n,)."""
    length = max(1, int(CHUNK_S * rate_hz))
    whole = values[: values.size // length * length].reshape(-1, length)
    if not whole.size:
        return float(np.sqrt(np.mean(values**2)))
    power = np.sort((whole**2).mean(axis=1))
    quiet = power[: max(2, int(QUIET_SHARE * power.size))]
    return float(np.sqrt(max(float(np.median(quiet)), LEAST_VARIANCE)))


def find_onset(axes: Samples, rate_hz: float) -> Onset | None:
    """Onset in band-passed samples of shape (axes, n); None when nothing rises above the noise."""
    vector = np.sqrt((axes**2).sum(axis=0))
    noise = noise_rms(vector, rate_hz)
    short = max(2, int(SHORT_S * rate_hz))
    ahead = moving_mean(vector**2, short)
    above = ahead > RISE * noise**2
    stays = moving_mean(above.astype(np.float64), 4 * short) >= SUSTAINED
    found = np.flatnonzero(above & stays)
    if not found.size:
        return None
    rough = int(found[0])
    begin = max(0, rough - int(LOOK_BACK_S * rate_hz))
    end = min(axes.shape[1], rough + short + int(LOOK_AHEAD_S * rate_hz))
    sample = begin + aic_pick(axes[:, begin:end])
    after = float(np.sqrt(np.mean(vector[sample : sample + 4 * short] ** 2)))
    return Onset(sample, noise, after / noise, sample / rate_hz)


def aic_pick(axes: Samples) -> int:
    """Sample of the least summed AIC of windows of shape (axes, n); 0 when they are too short to part."""
    n = axes.shape[1]
    if n < 8:
        return 0
    return int(np.argmin(aic(axes).sum(axis=0)[2:-2])) + 2


def aic(axes: Samples) -> Samples:
    """AIC of every cut k of windows of shape (axes, n): shape (axes, n), ends padded with their neighbours."""
    n = axes.shape[1]
    count = np.arange(1, n, dtype=np.float64)
    sums, squares = np.cumsum(axes, axis=1), np.cumsum(axes**2, axis=1)
    left = squares[:, :-1] / count - (sums[:, :-1] / count) ** 2
    rest = n - count
    right = (squares[:, -1:] - squares[:, :-1]) / rest - ((sums[:, -1:] - sums[:, :-1]) / rest) ** 2
    value = count * np.log(np.maximum(left, LEAST_VARIANCE)) + (rest - 1) * np.log(np.maximum(right, LEAST_VARIANCE))
    return np.concatenate([value[:, :1], value], axis=1)
