"""Ripple firing: do the lines in the spectra of an event's records fit a passport's delays (norms.md §3.6).

Groups fired every d seconds raise the spectrum at 1/d, 2/d, … at every station alike, paths do not. The spectra of the
records, each over its own running median, are averaged with the weight of what stands above the noise; the average is
correlated with the spectrum that the declared delays would make.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules

Floats = NDArray[np.float64]
STEP_HZ = 0.25
LINES_HZ = np.arange(8.0, 70.0 + STEP_HZ / 2, STEP_HZ)
"""Frequencies at which the spectrum of a record is kept."""
DB = 10 / math.log(10)
MEDIAN_BINS = 41
FLOOR_PERCENT = 5.0
DEEPEST = -2.0
"""ln of power below the median that counts no further: holes of a spectrum are deep by chance."""
FAINT = 1e-3
FINE = 5
"""Steps of the computed spectra in one of the kept ones."""
MOST_GROUPS = 120
NEAREST = 3


@dataclass(frozen=True, slots=True)
class LineStack:
    """Spectra of an event's records as one. residual: mean ln power over the running median; weight: of each bin.

    length_s: how long the clearest records shake.
    """

    residual: Floats
    weight: Floats
    length_s: float


@dataclass(frozen=True, slots=True)
class DelayFit:
    """Correlation of the stack with the lines of delays (−1 … 1). best_s: the usual delay that fits best.

    log_odds: ln of how much better the declared delays fit than usual ones do.
    """

    declared: float
    best: float
    best_s: float
    log_odds: float

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return {
            "declared": round(self.declared, 3),
            "best": round(self.best, 3),
            "best_s": self.best_s,
            "log_odds": round(self.log_odds, 2),
        }


def spectrum_db(power: Floats, frequencies_hz: Floats) -> tuple[int, ...]:
    """A power spectrum at `LINES_HZ` in whole dB under its largest value there; what lies beyond it is the lowest."""
    kept = np.interp(LINES_HZ, frequencies_hz, power, right=0.0)
    highest = float(kept.max(initial=0.0))
    if highest <= 0:
        return ()
    return tuple(round(float(value)) for value in DB * np.log(np.maximum(kept / highest, 1e-12)))


def stack_lines(records: Sequence[RecordFeatures]) -> LineStack | None:
    """The clear records' spectra as one; None without any."""
    clear = [r for r in records if r.peak_snr >= event_rules().delays.least_snr and len(r.spectrum_db) == LINES_HZ.size]
    if not clear:
        return None
    parts = [_over_median(record.spectrum_db) for record in clear]
    trust = np.log10([record.peak_snr for record in clear])[:, None]
    weight = trust * np.array([share for _, share in parts]) + FAINT
    residual = np.array([lines for lines, _ in parts])
    length = float(np.median(sorted(record.duration_s for record in clear)[:NEAREST]))
    return LineStack((weight * residual).sum(axis=0) / weight.sum(axis=0), weight.sum(axis=0), length)


@lru_cache(maxsize=4096)
def _over_median(spectrum: tuple[int, ...]) -> tuple[Floats, Floats]:
    """ln power of one record over its running median, and the share of each bin that is not noise.

    Kept: an event is judged anew with every record that comes.
    """
    power = np.array(spectrum, dtype=np.float64) / DB
    base = median_filter(power, size=MEDIAN_BINS, mode="nearest")
    above = np.exp(base - np.percentile(power, FLOOR_PERCENT))
    return np.maximum(power - base, DEEPEST), np.clip((above - 1) / (above + 4), 0.0, 1.0)


def delay_fit(stack: LineStack, delay_s: float, *, groups: int) -> DelayFit:
    """How the declared delays fit, against the usual ones fired for as long as the records shake."""
    rules = event_rules().delays
    declared = _correlation(stack, _lines(min(groups, MOST_GROUPS), round(delay_s, 4)))
    usual = usual_fits(stack)
    mean = float(np.mean([math.exp(rules.gain * value) for value in usual.values()]))
    best_s = max(usual, key=lambda item: usual[item])
    return DelayFit(declared, usual[best_s], best_s, rules.gain * declared - math.log(mean))


def usual_fits(stack: LineStack) -> dict[float, float]:
    """Correlation with each of the usual delays, s."""
    return {
        delay_s: _correlation(stack, _lines(_groups(stack.length_s, delay_s), delay_s))
        for delay_s in event_rules().delays.usual_s
    }


def _groups(length_s: float, delay_s: float) -> int:
    """Even numbers only, so that lengths a little apart share a computed spectrum."""
    return int(np.clip(2 * round(length_s / delay_s / 2), 3, MOST_GROUPS))


def _correlation(stack: LineStack, lines: Floats) -> float:
    weight = stack.weight / stack.weight.sum()
    one = stack.residual - float((weight * stack.residual).sum())
    other = lines - float((weight * lines).sum())
    norm = float((weight * one**2).sum() * (weight * other**2).sum())
    return float((weight * one * other).sum()) / math.sqrt(norm) if norm > 0 else 0.0


@lru_cache(maxsize=512)
def _lines(groups: int, delay_s: float) -> Floats:
    """ln of the expected power of `groups` equal pulses every delay_s, over its running median.

    Delays scatter by a share of themselves and add up (a random walk), and a row of holes has a length, by which waves
    from its near and far end arrive closer or farther apart: shift_s.
    """
    rules = event_rules().delays
    step = STEP_HZ / FINE
    frequency = np.arange(LINES_HZ[0] - 1, LINES_HZ[-1] + 1, step)
    once = 2 * np.pi * frequency
    power = np.zeros_like(frequency)
    for shift in (-1.0, -0.5, 0.0, 0.5, 1.0):
        turn = np.exp(-0.5 * (once * rules.scatter * delay_s) ** 2 + 1j * once * (delay_s + shift * rules.shift_s))
        series = turn * (groups - 1 - groups * turn + turn**groups) / (1 - turn) ** 2
        power += groups + 2 * np.real(series)
    width = round(rules.width_hz / step) | 1
    smooth = uniform_filter1d(np.maximum(power / 5, 1e-6) + 0.05 * groups, width)
    lines = np.log(np.interp(LINES_HZ, frequency, smooth))
    return np.asarray(lines - median_filter(lines, size=MEDIAN_BINS, mode="nearest"), dtype=np.float64)
