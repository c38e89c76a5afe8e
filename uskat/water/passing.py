"""What passed a station: how far each parameter left its own level, when it began, when it was highest.

The level before is a band: from the median of the day before to the quartiles of the four days before that, whichever
is farther. What lies in the band is no departure, so a river that comes back from dilution to its usual concentration
does not look polluted. The scale is the median deviation of the day before, so a daily course is no event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from uskat.water.chemistry import ammonia_mg_l
from uskat.water.interval import INTERVAL, INTERVAL_S
from uskat.water.signature import Change

FloatArray = NDArray[np.float64]

BASELINE = timedelta(hours=24)
HISTORY = timedelta(days=4)
"""Before the baseline: what the water was like in the days before."""
GUARD = timedelta(hours=3)
"""An alert comes later than the first of the front: this much before it is no baseline."""
BASELINE_LEAST = 6
"""Intervals that a level needs: two hours."""
HISTORY_LEAST = 36
"""Intervals of the days before without which they say nothing: half a day."""
USUAL = (0.25, 0.75)
SIGNIFICANT = 4.0
"""Scales that a change must have."""
ONSET_SHARE = 0.15
"""The front begins where the excess has this share of its peak."""
TRACERS = frozenset(
    {
        "ec25", "tds", "tss", "turb", "nh4", "no2", "no3", "po4_p", "cl", "so4", "fe", "mn", "cu", "zn", "al", "ni",
        "oil", "phenol", "cod", "bod5", "toc", "chl",
    }
)  # fmt: skip
"""Parameters that a river can only dilute on its way: what comes from above was at least as high above."""
PROPERTIES = ("ph", "do", "orp", "temp")
CONTEXT = ("level", "discharge", "precip", "airtemp")
RELATIVE_FLOOR = 0.04
ABSOLUTE_FLOOR: Mapping[str, float] = {
    "temp": 0.5, "ph": 0.08, "do": 0.4, "orp": 10.0, "level": 2.0, "ec25": 8.0, "turb": 1.5, "nh4": 0.03, "no2": 0.006,
    "no3": 0.4, "precip": 0.01,
}  # fmt: skip
"""Smallest change that can mean something, in the parameter's unit (project assumption)."""


@dataclass(frozen=True)
class StationRecord:
    """20-minute means of a station on a grid from `since`; NaN where nothing counts. broken: under a fault."""

    station: str
    since: datetime
    values: Mapping[str, FloatArray]
    broken: frozenset[str] = frozenset()

    @cached_property
    def length(self) -> int:
        """Intervals of the grid."""
        return max((len(values) for values in self.values.values()), default=0)

    def place(self, moment: datetime) -> int:
        """Number of the interval that holds a moment, kept inside the grid."""
        return min(max((moment - self.since) // INTERVAL, 0), self.length)

    def moment(self, place: int) -> datetime:
        """Start of an interval by its number."""
        return self.since + place * INTERVAL

    def part(self, parameter: str, since: datetime, *, until: datetime) -> FloatArray:
        """Means of one parameter over [since, until)."""
        return self.values[parameter][self.place(since) : self.place(until)]


@dataclass(frozen=True)
class Excess:
    """How far one parameter went from its level. course: value less level over the window, NaN where missing.

    scale: of its ordinary deviations. peak: the largest departure, signed. onset_at: start of the front; over_at: end
    of the last interval beyond half the peak.
    """

    parameter: str
    level: float
    scale: float
    since: datetime
    course: FloatArray = field(repr=False)
    peak: float
    peak_at: datetime
    onset_at: datetime
    over_at: datetime

    @property
    def significance(self) -> float:
        """Peak in scales."""
        return abs(self.peak) / self.scale

    @property
    def significant(self) -> bool:
        """True when the departure is more than the parameter's own restlessness."""
        return self.significance >= SIGNIFICANT

    @property
    def duration_h(self) -> float:
        """Hours beyond half of the peak."""
        high = np.abs(np.nan_to_num(self.course)) >= abs(self.peak) / 2
        same = np.sign(np.nan_to_num(self.course)) == np.sign(self.peak)
        return float(np.count_nonzero(high & same)) * INTERVAL_S / 3600

    def value(self, moment: datetime) -> float:
        """What was measured beyond the level at a moment of the window, added to it; the level where it is missing."""
        place = (moment - self.since) // INTERVAL
        inside = 0 <= place < len(self.course) and np.isfinite(self.course[place])
        return self.level + (float(self.course[place]) if inside else 0.0)


@dataclass(frozen=True)
class Passing:
    """A passage at a station over [since, until): the excess of every parameter that could be judged."""

    station: str
    since: datetime
    until: datetime
    excesses: Mapping[str, Excess]

    @cached_property
    def tracers(self) -> tuple[Excess, ...]:
        """Tracers that rose significantly, the clearest first; without one, properties that moved."""
        moved = [e for e in self.excesses.values() if e.significant]
        rising = [e for e in moved if e.parameter in TRACERS and e.peak > 0]
        chosen = rising or [e for e in moved if e.parameter in {"ph", "orp"}]
        return tuple(sorted(chosen, key=lambda excess: (-excess.significance, excess.parameter)))

    @cached_property
    def changes(self) -> dict[str, Change]:
        """For the signature: level and extreme of each parameter, taken together in time where tracers moved."""
        return {code: Change(e.level, e.level + e.peak) for code, e in self.excesses.items()} | self._ammonia

    @cached_property
    def _ammonia(self) -> dict[str, Change]:
        """Un-ionised ammonia as `nh3`, mg/L, when ammonium was farthest from its level; none where pH is not known."""
        nh4, temperature, ph = (self.excesses.get(code) for code in ("nh4", "temp", "ph"))
        if nh4 is None or temperature is None or ph is None:
            return {}
        at = nh4.peak_at
        return {
            "nh3": Change(
                ammonia_mg_l(nh4.level, temperature.level, ph=ph.level),
                ammonia_mg_l(nh4.level + nh4.peak, temperature.value(at), ph=ph.value(at)),
            )
        }

    @property
    def onset_at(self) -> datetime:
        """When the clearest tracer began to rise; the beginning of the window when none did."""
        return self.tracers[0].onset_at if self.tracers else self.since

    @property
    def peak_at(self) -> datetime:
        """When the clearest tracer was highest."""
        return self.tracers[0].peak_at if self.tracers else self.since


def passing_of(record: StationRecord, since: datetime, *, until: datetime) -> Passing:
    """What passed a station in [since, until), against the day before `since`."""
    found = {code: excess_of(record, code, since=since, until=until) for code in record.values}
    judged = {code: e for code, e in found.items() if e is not None and code not in record.broken}
    return Passing(record.station, since, until, judged)


def excess_of(record: StationRecord, parameter: str, *, since: datetime, until: datetime) -> Excess | None:
    """Excess of one parameter in [since, until); None without enough data before or any inside."""
    before = record.part(parameter, since - BASELINE, until=since)
    known = before[np.isfinite(before)]
    course = record.part(parameter, since, until=until)
    if len(known) < BASELINE_LEAST or not np.isfinite(course).any():
        return None
    newest = 0.0 if parameter == "precip" else float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - newest)))
    low, high = _band(record, parameter, newest=newest, until=since - BASELINE)
    relative = RELATIVE_FLOOR * abs(high) if parameter in TRACERS else 0.0
    scale = max(spread, relative / 2, ABSOLUTE_FLOOR.get(parameter, 0.0) / 2, 1e-9)
    excess = np.maximum(course - high, 0.0) + np.minimum(course - low, 0.0)
    smooth = _calmed(excess)
    place = int(np.nanargmax(np.abs(smooth)))
    peak = float(smooth[place])
    level = high if peak > 0 else low if peak < 0 else newest
    start = record.place(since)
    onset, over = _edges(smooth, place, peak=peak)
    return Excess(
        parameter, level, scale, since, excess, peak, record.moment(start + place), record.moment(start + onset),
        record.moment(start + over + 1),
    )  # fmt: skip


def _band(record: StationRecord, parameter: str, *, newest: float, until: datetime) -> tuple[float, float]:
    """Lower and higher end of the usual: the newest level and the middle half of the days before, where known."""
    if parameter == "precip":
        return newest, newest
    earlier = record.part(parameter, until - HISTORY, until=until)
    earlier = earlier[np.isfinite(earlier)]
    if len(earlier) < HISTORY_LEAST:
        return newest, newest
    low, high = np.quantile(earlier, USUAL)
    return min(newest, float(low)), max(newest, float(high))


def _calmed(course: FloatArray) -> FloatArray:
    """Median of three neighbours, so that one spike is no peak; missing neighbours do not count."""
    padded = np.concatenate(([course[0]], course, [course[-1]]))
    stack = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    filled = np.where(np.isfinite(stack), stack, course)
    return np.where(np.isfinite(course), np.median(filled, axis=0), np.nan)


def _edges(course: FloatArray, place: int, *, peak: float) -> tuple[int, int]:
    """First interval of the front and last interval beyond half the peak, gaps passed over."""
    share = np.nan_to_num(course / peak, nan=1.0) if peak else np.zeros_like(course)
    onset = place
    while onset > 0 and share[onset - 1] >= ONSET_SHARE:
        onset -= 1
    beyond = np.flatnonzero(share >= 0.5)
    return onset, int(beyond[-1]) if len(beyond) else place
