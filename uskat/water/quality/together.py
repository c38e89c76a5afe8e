"""Tests of several parameters together: out of the water, oxygen at night, pH step, redundant instruments."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import LimitTable, test_set
from uskat.water.quality.readings import (
    MICROS,
    SERIES_STRIDE,
    BoolArray,
    FloatArray,
    IntArray,
    QualitySeries,
    Readings,
)

NOT_WETTED = frozenset({"airtemp", "precip", "level", "discharge"})
"""Measured by something that does not hang in the water with the probe."""
CARRY_US = 1200 * MICROS
BELOW_FREEZING = -0.2
HALF_NOON_S = 87.0 / 15.0 * 3600.0
"""Local solar time at 87° E is UTC plus this."""


def multi_variate(readings: Readings, series: Sequence[QualitySeries]) -> IntArray:
    """Fail: the probe hangs in the air. Suspect: what does not go together. Not evaluated without conductivity."""
    flag = np.full(len(readings), Flag.NOT_EVALUATED, np.int64)
    for places in _devices(series):
        if "ec25" in places:
            wetted = [place for code, place in places.items() if code not in NOT_WETTED]
            of_device = np.isin(readings.series, wetted)
            flag[of_device] = Flag.PASS
            fail, suspect = _out_of_water(readings, places, of_device)
            flag[suspect] = Flag.SUSPECT
            flag[_ph_step(readings, places)] = Flag.SUSPECT
            flag[_oxygen_at_night(readings, places)] = Flag.SUSPECT
            flag[fail] = Flag.FAIL
    return flag


def _devices(series: Sequence[QualitySeries]) -> Iterator[dict[str, int]]:
    """Places of the series of each device by parameter."""
    for device in sorted({one.device_id for one in series}):
        yield {one.parameter: place for place, one in enumerate(series) if one.device_id == device}


def _own(readings: Readings, place: int | None) -> IntArray:
    """Positions of the readings of a series, ascending in time."""
    if place is None:
        return np.zeros(0, np.int64)
    low, high = np.searchsorted(readings.series, [place, place + 1])
    return np.arange(low, high)


def _at(readings: Readings, place: int | None, time_us: IntArray) -> FloatArray:
    """Values of a series at exact moments; nan where it has none."""
    if place is None or not len(readings):
        return np.full(len(time_us), np.nan)
    wanted = place * SERIES_STRIDE + time_us
    found = np.minimum(np.searchsorted(readings.key, wanted), len(readings) - 1)
    return np.where(readings.key[found] == wanted, readings.value[found], np.nan)


def oxygen_saturation(temperature: FloatArray) -> FloatArray:
    """Dissolved oxygen at saturation, mg/L, fresh water, 1 atm: Benson and Krause (1984); below 0 °C as at 0 °C."""
    kelvin = np.maximum(temperature, 0.0) + 273.15
    return np.exp(
        -139.34411 + 1.575701e5 / kelvin - 6.642308e7 / kelvin**2 + 1.243800e10 / kelvin**3 - 8.621949e11 / kelvin**4
    )


def _out_of_water(readings: Readings, places: dict[str, int], of_device: BoolArray) -> tuple[IntArray, IntArray]:
    """Positions that fail, and those that are suspect.

    Conductivity near zero is no river; that the whole probe is in the air is sure when the temperature follows the air
    or is below freezing, when oxygen stands at saturation, or when the level is below the sensor (norms sheet §6.3).
    """
    nothing = np.zeros(0, np.int64)
    rule, conductivity = test_set().out_of_water, _own(readings, places["ec25"])
    low = readings.value[conductivity] < rule.ec25
    if not low.any():
        return nothing, nothing
    time = readings.time_us[conductivity]
    temperature = _at(readings, places.get("temp"), time)
    with np.errstate(invalid="ignore"):
        follows_air = np.abs(temperature - _at(readings, places.get("airtemp"), time)) <= rule.air_difference
        oxygen = _at(readings, places.get("do"), time) / oxygen_saturation(temperature)
        saturated = np.abs(oxygen - 1.0) <= rule.oxygen_share
        dry = (_at(readings, places.get("level"), time) <= rule.dry_level) | (temperature < BELOW_FREEZING)
        sure = readings.value[conductivity] < rule.ec25_sure
    out = low & ((sure & (follows_air | saturated | dry)) | (follows_air & saturated))
    held = np.flatnonzero(of_device)
    before = np.searchsorted(time, readings.time_us[held], side="right") - 1
    known = (before >= 0) & (readings.time_us[held] - time[np.maximum(before, 0)] <= CARRY_US)
    return held[known & out[np.maximum(before, 0)]], conductivity[low & ~out]


def _ph_step(readings: Readings, places: dict[str, int]) -> IntArray:
    """pH that moved within an hour while conductivity and redox potential did not."""
    rule, own = test_set().ph_step, _own(readings, places.get("ph"))
    time = readings.time_us[own]
    ago = np.int64(rule.hours * 3600 * MICROS)
    before = np.searchsorted(time, time - ago, side="right") - 1
    known = (before >= 0) & (time - time[np.maximum(before, 0)] <= 1.5 * ago)
    before = np.maximum(before, 0)
    value = readings.value[own]
    step = np.flatnonzero(known & (np.abs(value - value[before]) > rule.step)) if len(own) else own
    if not len(step):
        return step
    then, now = time[before[step]], time[step]
    ec_then, ec_now = (_at(readings, places["ec25"], moment) for moment in (then, now))
    orp_then, orp_now = (_at(readings, places.get("orp"), moment) for moment in (then, now))
    with np.errstate(invalid="ignore"):
        still = np.abs(ec_now - ec_then) < rule.ec25_share * ec_then
        still &= ~(np.abs(orp_now - orp_then) >= rule.orp)
    return own[step[still]]


def _oxygen_at_night(readings: Readings, places: dict[str, int]) -> IntArray:
    """Oxygen far above saturation while nothing makes it."""
    rule, own = test_set().oxygen_at_night, _own(readings, places.get("do"))
    high = own[readings.value[own] > rule.saturation * 7.0]  # 7 mg/L: saturation of water warmer than any river
    if not len(high):
        return high
    time = readings.time_us[high]
    hour = np.mod(time / MICROS + HALF_NOON_S, 86_400.0) / 3600.0
    night = (hour >= rule.from_hour) | (hour < rule.to_hour)
    limit = rule.saturation * oxygen_saturation(_at(readings, places.get("temp"), time))
    with np.errstate(invalid="ignore"):
        return high[night & (readings.value[high] > limit)]


def neighbour(readings: Readings, series: Sequence[QualitySeries], *, limits: LimitTable) -> IntArray:
    """Two instruments of one station that measure the same and disagree: both suspect; not evaluated without a second.

    Other stations are compared by the fault detector (drift): their data arrive in their own time.
    """
    flag = np.full(len(readings), Flag.NOT_EVALUATED, np.int64)
    codes = [one.parameter for one in series]
    if len(set(codes)) == len(codes):
        return flag
    carry = np.int64(test_set().neighbour.minutes * 60 * MICROS)
    for one, other in combinations(range(len(series)), 2):
        if codes[one] != codes[other]:
            continue
        for place, against in ((one, other), (other, one)):
            own, mates = _own(readings, place), _own(readings, against)
            if not len(own) or not len(mates):
                continue
            before = np.searchsorted(readings.time_us[mates], readings.time_us[own], side="right") - 1
            mate = mates[np.maximum(before, 0)]
            known = (before >= 0) & (readings.time_us[own] - readings.time_us[mate] <= carry)
            allowed = np.maximum(2 * limits.spike_floor[place], limits.spike_share[place] * readings.value[mate])
            apart = np.abs(readings.value[own] - readings.value[mate]) > allowed
            fresh = own[known & (flag[own] == Flag.NOT_EVALUATED)]
            flag[fresh] = Flag.PASS
            flag[own[known & apart]] = Flag.SUSPECT
    return flag
