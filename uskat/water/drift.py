"""Drift and fouling: one parameter of a post that leaves its neighbours day by day while the rest of the post does not.

Daily medians of the post minus those of the nearest post upstream and downstream (a ratio for conductivity and
turbidity): against the first days after the last service the difference must have gone the same way for both, farther
and farther, beyond a multiple of the correction criterion of USGS TM1-D3 and beyond k robust deviations. Pollution
passes the neighbours too, one of them at least, and moves several parameters; so it is no drift. A post without two
neighbours is not judged: which of two is wrong cannot be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import DriftRule, test_set

FloatArray = NDArray[np.float64]
MAD_TO_DEVIATION = 1.4826
RATIO = frozenset({"ec25", "turb"})
STEADY_RATIO = 1.3
"""A neighbour whose own ratio parameter is farther from its usual value has an event that day."""
CURRENT_DAYS = 2
NEIGHBOURS = 2
BEFORE_CURRENT = 3
PROGRESS = 0.25
"""The days just before must have gone at least this share of the way, and no farther than the last ones."""


@dataclass(frozen=True, slots=True)
class Departure:
    """How far a series has gone from its neighbours. In the parameter's unit.

    shift: of the last two days against the first after the last service, the least of all neighbours. per_day: slope.
    days: days between. usual: what would still be ordinary.
    """

    shift: float
    per_day: float
    days: int
    usual: float
    significant: bool
    exclude: bool


@dataclass(frozen=True, slots=True)
class DayCourse:
    """Daily medians of one parameter over the same days, nan where unknown: own and of each neighbour.

    first: place of the first whole day after the last service.
    """

    own: FloatArray
    neighbours: tuple[FloatArray, ...]
    first: int = 0


def drift_levels(courses: Mapping[str, DayCourse]) -> dict[str, tuple[Flag, Departure]]:
    """Flag and departure, for the day after the last one of the courses, of the parameters that depart significantly.

    Suspect: told as a fault. Fail: told, and the readings are no evidence either way. None where too many parameters
    of the post depart at once.
    """
    rule = test_set().drift
    found = {code: departure(code, course) for code, course in courses.items() if code in rule.parameters}
    gone = {code: one for code, one in found.items() if one is not None and one.significant}
    if len(gone) > rule.others + 1:
        return {}
    return {code: (Flag.FAIL if one.exclude else Flag.SUSPECT, one) for code, one in gone.items()}


def departure(code: str, course: DayCourse) -> Departure | None:
    """How far a series has gone by the end of its course; None with too few days, or not two neighbours."""
    rule = test_set().drift
    own = course.own.copy()
    own[: course.first] = np.nan
    if len(course.neighbours) != NEIGHBOURS:
        return None
    usual_between = _usual_between(code, *course.neighbours, rule=rule)
    found = [
        one
        for other in course.neighbours
        if (one := _against(code, own, other, rule=rule, usual_between=usual_between)) is not None
    ]
    if len(found) < NEIGHBOURS:
        return None
    level = float(np.nanmedian(course.own))
    limit = rule.parameters[code]
    least = limit.criteria * max(limit.correct, limit.correct_share * abs(level))
    discard = rule.discard_share * max(limit.discard, limit.discard_share * abs(level))
    same = len({np.sign(shift) for one in found for shift in one.shifts}) == 1
    nearest = min(found, key=lambda one: min(map(abs, one.shifts)))
    shift = min(nearest.shifts, key=abs)
    usual = max(least, *(one.usual for one in found))
    significant = same and all(min(map(abs, one.shifts)) > usual and one.progressive for one in found)
    return Departure(
        shift=shift,
        per_day=shift / max(nearest.days, 1),
        days=nearest.days,
        usual=usual,
        significant=significant,
        exclude=significant and abs(shift) > discard,
    )


class _Against(NamedTuple):
    """Shifts of the last two days from a neighbour, days since the base, usual deviation; progressive: still going."""

    shifts: tuple[float, ...]
    days: int
    usual: float
    progressive: bool


def _usual_between(code: str, one: FloatArray, other: FloatArray, *, rule: DriftRule) -> float:
    """Robust deviation of the two neighbours from each other: how posts of this river differ without any drift."""
    valid = np.isfinite(one) & np.isfinite(other) & ((one > 0) & (other > 0) if code in RATIO else True)
    day = np.flatnonzero(valid)
    if len(day) < rule.parameters[code].least_days:
        return np.inf
    difference = np.log(one[day] / other[day]) if code in RATIO else one[day] - other[day]
    return _deviation_from_a_line(day.astype(np.float64), difference)


def _against(
    code: str, own: FloatArray, other: FloatArray, *, rule: DriftRule, usual_between: float
) -> _Against | None:
    """The departure from one neighbour, in the parameter's unit; None with too few days in common."""
    ratio = code in RATIO
    valid = np.isfinite(own) & np.isfinite(other)
    if ratio:
        valid &= (own > 0) & (other > 0)
        if valid.any():
            usual = np.median(other[valid])
            valid &= (other < STEADY_RATIO * usual) & (other > usual / STEADY_RATIO)
    day = np.flatnonzero(valid)
    if len(day) < rule.parameters[code].least_days or day[-1] < len(own) - CURRENT_DAYS:
        return None
    difference = np.log(own[day] / other[day]) if ratio else own[day] - other[day]
    base = np.median(difference[: rule.base_days])
    shifts = difference[-CURRENT_DAYS:] - base
    before = np.median(difference[-CURRENT_DAYS - BEFORE_CURRENT : -CURRENT_DAYS]) - base
    progressive = bool(
        PROGRESS * np.median(shifts) <= before <= np.max(shifts)
        or PROGRESS * np.median(shifts) >= before >= np.min(shifts)
    )
    deviation = rule.k * min(usual_between, _deviation_from_a_line(day.astype(np.float64), difference))
    length = int(day[-1] - day[: rule.base_days].mean())
    if ratio:
        level = float(np.median(own[day[: rule.base_days]]))
        shown = tuple(level * float(np.expm1(shift)) for shift in shifts)
        return _Against(shown, length, level * float(np.expm1(deviation)), progressive)
    return _Against(tuple(map(float, shifts)), length, float(deviation), progressive)


def _deviation_from_a_line(day: FloatArray, value: FloatArray) -> float:
    """Robust deviation of values around their Theil–Sen line: what a slow drift does not widen."""
    one, two = np.triu_indices(len(day), 1)
    slope = np.median((value[two] - value[one]) / (day[two] - day[one]))
    rest = value - slope * day
    return MAD_TO_DEVIATION * float(np.median(np.abs(rest - np.median(rest))))
