"""Flat line and attenuated signal: an instrument that does not move although the water does."""

import numpy as np

from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import LimitTable, test_set
from uskat.water.quality.readings import MICROS, BoolArray, FloatArray, IntArray, Readings

LEAST_READINGS = 6
WHOLE_SHARE = 0.8


def flat_line(readings: Readings, limits: LimitTable, *, block: IntArray, reach_s: float) -> IntArray:
    """Stuck: equal values, as the instrument resolves them, over so many readings and so long; the whole run counts.

    The run is looked at no farther back than reach_s. Its first readings fail as well once the run is long enough: the
    instrument did not measure then either.
    """
    n = len(readings)
    flag = np.full(n, Flag.NOT_EVALUATED, np.int64)
    if n < 2:
        return flag
    place, time = np.arange(n), readings.time_us
    change = np.ones(n, bool)
    change[1:] = (block[1:] != block[:-1]) | (readings.value[1:] != readings.value[:-1])
    run = np.maximum.accumulate(np.where(change, place, 0))
    low, high = limits.exempt[readings.series].T
    needed = limits.flat_readings[readings.series]
    tested = np.isfinite(needed) & ~((readings.value >= low) & (readings.value <= high))
    flag[1:][(block[1:] == block[:-1]) & np.isfinite(needed[1:])] = Flag.PASS
    first = np.maximum(run, _window_start(readings, reach_s))
    count, length_us = place - first + 1, time - time[first]
    rule = test_set().flat
    suspect = tested & (count >= rule.suspect_readings) & (length_us >= rule.suspect_hours * 3600 * MICROS)
    fail = tested & (count >= needed) & (length_us >= limits.flat_s[readings.series] * MICROS)
    flag[_back_to_the_start(suspect, run, time, reach_s=reach_s)] = Flag.SUSPECT
    flag[_back_to_the_start(fail, run, time, reach_s=reach_s)] = Flag.FAIL
    return flag


def _window_start(readings: Readings, reach_s: float) -> IntArray:
    key = readings.key
    found: IntArray = np.searchsorted(key, key - np.int64(reach_s * MICROS), side="left")
    return found


def _back_to_the_start(end: BoolArray, run: IntArray, time: IntArray, *, reach_s: float) -> BoolArray:
    """Readings whose own run holds a reading of `end` at most reach_s later."""
    n = len(end)
    following = np.minimum.accumulate(np.where(end, np.arange(n), n)[::-1])[::-1]
    known = following < n
    one = np.minimum(following, n - 1)
    held: BoolArray = known & (run[one] == run) & (time[one] - time <= reach_s * MICROS)
    return held


def attenuated_signal(readings: Readings, limits: LimitTable, *, reach_s: float) -> IntArray:
    """Suspect where the range of the last reach_s is below what the parameter always has; needs most of that time."""
    flag = np.full(len(readings), Flag.NOT_EVALUATED, np.int64)
    least = limits.attenuated[readings.series]
    if not np.isfinite(least).any() or len(readings) < LEAST_READINGS:
        return flag
    first = _window_start(readings, reach_s)
    place = np.arange(len(readings))
    whole = (place - first + 1 >= LEAST_READINGS) & np.isfinite(least)
    whole &= readings.time_us - readings.time_us[first] >= WHOLE_SHARE * reach_s * MICROS
    low, high = limits.exempt[readings.series].T
    whole &= ~((readings.value >= low) & (readings.value <= high))
    flag[whole] = np.where(window_range(readings.value, first)[whole] < least[whole], Flag.SUSPECT, Flag.PASS)
    return flag


def window_range(value: FloatArray, first: IntArray) -> FloatArray:
    """Largest minus smallest of value[first[i] .. i], by a sparse table: O(n log n) whatever the windows."""
    place = np.arange(len(value))
    length = place - first + 1
    level = np.floor(np.log2(length)).astype(np.int64)
    high, low = value.copy(), value.copy()
    found = np.zeros(len(value))
    for power in range(int(level.max(initial=0)) + 1):
        width = 1 << power
        if power:
            half = width >> 1
            high[half:] = np.maximum(high[half:], high[:-half].copy())
            low[half:] = np.minimum(low[half:], low[:-half].copy())
        mine = level == power
        start = first[mine] + width - 1
        found[mine] = np.maximum(high[place[mine]], high[start]) - np.minimum(low[place[mine]], low[start])
    return found
