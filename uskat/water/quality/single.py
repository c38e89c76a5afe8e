"""Tests of a reading by itself or against the one before it: gross and seasonal range, rate of change, time gap."""

import numpy as np

from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import LimitTable, test_set
from uskat.water.quality.readings import MICROS, FloatArray, IntArray, Readings

LOCAL_OFFSET_US = 7 * 3600 * MICROS
"""Asia/Novokuznetsk, UTC+7 without daylight saving since 2016: the month decides the season."""


def gross_range(readings: Readings, limits: LimitTable) -> IntArray:
    """Fail outside what the quantity can be, suspect outside what the instrument's user expects of it."""
    low, high, expected_low, expected_high = limits.gross[readings.series].T
    value = readings.value
    flag = np.full(len(readings), Flag.PASS, np.int64)
    flag[(value < expected_low) | (value > expected_high)] = Flag.SUSPECT
    flag[(value < low) | (value > high) | ~np.isfinite(value)] = Flag.FAIL
    return flag


def seasonal_range(readings: Readings, limits: LimitTable) -> IntArray:
    """Suspect outside the range of the season (climatology test); not evaluated where the season has none."""
    local = (readings.time_us + LOCAL_OFFSET_US).astype("datetime64[us]").astype("datetime64[M]")
    month = local.astype(np.int64) % 12
    low, high = limits.seasonal[readings.series, month].T
    outside = (readings.value < low) | (readings.value > high)
    flag = np.where(outside, Flag.SUSPECT, Flag.PASS).astype(np.int64)
    flag[np.isinf(low) & np.isinf(high)] = Flag.NOT_EVALUATED
    return flag


def rate_of_change(readings: Readings, limits: LimitTable, *, block: IntArray) -> IntArray:
    """Suspect where a value moves faster than its parameter usually does, beyond the noise that two readings have."""
    flag = np.full(len(readings), Flag.NOT_EVALUATED, np.int64)
    if len(readings) < 2:
        return flag
    joined = block[1:] == block[:-1]
    series = readings.series[1:]
    allowance = _allowance(readings.value[:-1], limits.spike_floor[series], limits.spike_share[series])
    flag[1:][joined] = rates(readings.value, readings.time_us, per_s=limits.rate_per_s[series], allowance=allowance)[
        joined
    ]
    flag[~np.isfinite(limits.rate_per_s[readings.series])] = Flag.NOT_EVALUATED
    return flag


def rates(value: FloatArray, time_us: IntArray, *, per_s: FloatArray, allowance: FloatArray) -> IntArray:
    """Flags of the second to the last reading: |Δx| > allowance + rate·Δt is suspect."""
    seconds = np.diff(time_us) / MICROS
    too_fast = np.abs(np.diff(value)) > allowance + per_s * seconds
    return np.where(too_fast, Flag.SUSPECT, Flag.PASS).astype(np.int64)


def _allowance(before: FloatArray, floor: FloatArray, share: FloatArray) -> FloatArray:
    return np.where(np.isfinite(floor), np.maximum(floor, share * np.abs(before)), 0.0)


def time_gap(readings: Readings, expected_s: FloatArray, *, reach_s: float) -> IntArray:
    """Suspect: the reading before is missing, so this one is the first after a gap (or at all within the reach)."""
    flag = np.full(len(readings), Flag.SUSPECT, np.int64)
    if len(readings) > 1:
        same = readings.series[1:] == readings.series[:-1]
        allowed = np.minimum(test_set().time_gap.intervals * expected_s[readings.series[1:]], reach_s)
        flag[1:][same & (np.diff(readings.time_us) <= allowed * MICROS)] = Flag.PASS
    return flag
