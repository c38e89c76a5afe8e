"""Spike: a reading far from its neighbours on both sides, to which the series returns within one or two readings.

|x − median| > max(k·s, floor, share·|median|), with the median of five readings around x (of three where readings come
less often than every ten minutes) and s = 1.4826·MAD of the deviations before it. A step stays, so the median follows
it and it is no spike. The newest readings are not evaluated until others follow; one of them that stands alone so far
is *undecided* and does not count until then. Where most of a dozen readings deviate like that (s itself beyond the
floor), the instrument is noisy and all of the dozen fail.
"""

from typing import NamedTuple

import numpy as np

from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import LimitTable, test_set
from uskat.water.quality.readings import MICROS, BoolArray, FloatArray, IntArray, Readings

MAD_TO_DEVIATION = 1.4826
FAST_PAIR_US = 1200 * MICROS
"""Two readings back within this: the series is fast, and a spike may have two readings."""
WIDE_US = 2 * FAST_PAIR_US
TOGETHER = 3
"""So many parameters of one device that jump, or are noisy, in one reading: it may be the river, so suspect only."""


class SpikeFlags(NamedTuple):
    """flag by reading; undecided: deviates, and what follows is not known yet."""

    flag: IntArray
    undecided: BoolArray


class _Deviation(NamedTuple):
    """From the median around: value, the median, whether the window was whole, and whether it had five readings."""

    size: FloatArray
    median: FloatArray
    evaluated: BoolArray
    wide: BoolArray


def spike(readings: Readings, limits: LimitTable, *, block: IntArray, scale_s: float, device: IntArray) -> SpikeFlags:
    """Flags of usable readings. device: number of the device by place of a series."""
    n = len(readings)
    flag = np.full(n, Flag.NOT_EVALUATED, np.int64)
    if n < 3:
        return SpikeFlags(flag, np.zeros(n, bool))
    deviation = _deviations(readings, block)
    floor, share = limits.spike_floor[readings.series], limits.spike_share[readings.series]
    tested = np.isfinite(floor)
    flag[deviation.evaluated & tested] = Flag.PASS
    least = np.maximum(floor, share * np.abs(deviation.median))
    far = deviation.evaluated & tested & (deviation.size > least)
    hit = np.flatnonzero(far)
    if len(hit):
        usual = test_set().spike.k * _scale(readings, deviation, block, at=hit, scale_s=scale_s)
        alone = hit[deviation.size[hit] > usual]
        flag[alone] = Flag.FAIL
        flag[_together(readings, alone[~deviation.wide[alone]], device)] = Flag.SUSPECT
        noisy = _noisy(readings, deviation, block, far=far, least=least, scale_s=scale_s)
        flag[noisy] = Flag.FAIL
        flag[_together(readings, noisy, device)] = Flag.SUSPECT
    return SpikeFlags(flag, _undecided(readings, limits, block, deviation, device))


def _deviations(readings: Readings, block: IntArray) -> _Deviation:
    x, time, n = readings.value, readings.time_us, len(readings)
    place = np.arange(n)
    at = {k: np.clip(place + k, 0, n - 1) for k in (-2, -1, 1, 2)}
    ok = {k: (block[at[k]] == block) & (at[k] != place) & (at[k] == place + k) for k in at}
    back_fast = ok[-2] & (time - time[at[-2]] <= FAST_PAIR_US)
    ahead_fast = ~ok[-2] & ok[2] & (time[at[2]] - time <= FAST_PAIR_US)
    both = ok[-2] & ok[2]
    wide = both & (time[at[2]] - time[at[-2]] <= WIDE_US)
    narrow = ~wide & ok[-1] & ok[1] & (both | ~(back_fast | ahead_fast))
    before, after = x[at[-1]], x[at[1]]
    median = np.maximum(np.minimum(before, x), np.minimum(np.maximum(before, x), after))
    if wide.any():
        five = np.stack([x[at[-2]], before, x, after, x[at[2]]], axis=1)[wide]
        five.sort(axis=1)
        median[wide] = five[:, 2]
    return _Deviation(np.abs(x - median), median, wide | narrow, wide)


def _scale(
    readings: Readings, deviation: _Deviation, block: IntArray, *, at: IntArray, scale_s: float, needed: int = 5
) -> FloatArray:
    """Usual deviation before each position, from so many readings of its stretch; 0 where there are fewer."""
    earlier = at[:, None] - np.arange(1, test_set().spike.scale_readings + 1)
    inside = earlier >= 0
    earlier = np.maximum(earlier, 0)
    inside &= (block[earlier] == block[at][:, None]) & deviation.evaluated[earlier]
    inside &= readings.time_us[at][:, None] - readings.time_us[earlier] <= scale_s * MICROS
    sizes = np.sort(np.where(inside, deviation.size[earlier], np.inf), axis=1)
    count = inside.sum(axis=1)
    middle = sizes[np.arange(len(at)), np.maximum(count - 1, 0) // 2]
    scale: FloatArray = np.where(count >= needed, MAD_TO_DEVIATION * middle, 0.0)
    return scale


def _noisy(
    readings: Readings, deviation: _Deviation, block: IntArray, *, far: BoolArray, least: FloatArray, scale_s: float
) -> IntArray:
    """Positions inside a dozen readings whose usual deviation is itself beyond the floor."""
    rule, n = test_set().spike, len(readings)
    often = np.cumsum(far)
    recent = often - np.concatenate([np.zeros(rule.scale_readings, np.int64), often])[:n]
    end = np.flatnonzero(deviation.evaluated & (recent * 2 >= rule.noise_readings))
    if not len(end):
        return end
    scale = _scale(readings, deviation, block, at=end, scale_s=scale_s, needed=rule.noise_readings)
    end = end[scale > least[end]]
    earlier = np.maximum(end[:, None] - np.arange(rule.scale_readings + 1), 0)
    inside = (block[earlier] == block[end][:, None]) & deviation.evaluated[earlier]
    inside &= readings.time_us[end][:, None] - readings.time_us[earlier] <= scale_s * MICROS
    found: IntArray = np.unique(earlier[inside])
    return found


def _together(readings: Readings, hit: IntArray, device: IntArray) -> IntArray:
    """Those of the hits that several parameters of one device have at the same moment."""
    if len(hit) < TOGETHER:
        return hit[:0]
    moment = np.stack([device[readings.series[hit]], readings.time_us[hit]], axis=1)
    _, group, count = np.unique(moment, axis=0, return_inverse=True, return_counts=True)
    found: IntArray = hit[count[group.reshape(-1)] >= TOGETHER]
    return found


def _undecided(
    readings: Readings, limits: LimitTable, block: IntArray, deviation: _Deviation, device: IntArray
) -> BoolArray:
    """Readings at the edge of a stretch that stand apart from the two nearest evaluated ones."""
    n = len(readings)
    undecided = np.zeros(n, bool)
    floor = limits.spike_floor[readings.series]
    edge = np.flatnonzero(~deviation.evaluated & np.isfinite(floor))
    if not len(edge):
        return undecided
    place = np.arange(n)
    last = np.maximum.accumulate(np.where(deviation.evaluated, place, -1))
    following = np.minimum.accumulate(np.where(deviation.evaluated, place, n)[::-1])[::-1]
    apart = np.zeros(len(edge), bool)
    for first, second in (
        (last[edge], last[np.maximum(last[edge] - 1, 0)]),
        (following[edge], following[np.minimum(following[edge] + 1, n - 1)]),
    ):
        known = (first >= 0) & (first < n) & (second >= 0) & (second < n) & (second != first)
        one, two = np.clip(first, 0, n - 1), np.clip(second, 0, n - 1)
        known &= (block[one] == block[edge]) & (block[two] == block[edge])
        x = readings.value
        least = np.maximum(floor[edge], limits.spike_share[readings.series[edge]] * np.abs(x[one]))
        apart |= known & (np.abs(x[edge] - x[one]) > least) & (np.abs(x[edge] - x[two]) > least)
    undecided[edge[apart]] = True
    slow = edge[apart & ~_fast_around(readings, block, edge)]
    undecided[_together(readings, slow, device)] = False
    return undecided


def _fast_around(readings: Readings, block: IntArray, edge: IntArray) -> BoolArray:
    back, ahead = np.maximum(edge - 2, 0), np.minimum(edge + 2, len(readings) - 1)
    time = readings.time_us
    near_back = (block[back] == block[edge]) & (back < edge) & (time[edge] - time[back] <= FAST_PAIR_US)
    near_ahead = (block[ahead] == block[edge]) & (ahead > edge) & (time[ahead] - time[edge] <= FAST_PAIR_US)
    fast: BoolArray = near_back | near_ahead
    return fast
