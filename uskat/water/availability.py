"""Availability of a series: the share of 20-minute intervals of a local month that may be judged.

The acts on automatic systems name no share that was found (norms.md §4.1): 90 % a month is the project's default.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from uskat.water.interval import INTERVAL
from uskat.water.norms import LOCAL_ZONE

NEEDED_SHARE = 0.9
FIRST_OF_NEXT = timedelta(days=32)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of Asia/Novokuznetsk as [start, end), UTC; code: «2026-06»."""

    code: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Availability:
    """Intervals of one series in one month.

    expected: that could have been measured so far. valid: with enough valid readings. remarked: valid ones during which
    a state channel (automatic system, equipment, seal) was not OK. serviced: with readings in service or calibration.
    """

    month: str
    expected: int
    valid: int
    remarked: int
    serviced: int

    @property
    def share(self) -> float | None:
        """Valid of expected; None when nothing could be expected yet."""
        return self.valid / self.expected if self.expected else None

    @property
    def enough(self) -> bool | None:
        """True when the share reaches the project's default; None when there is none."""
        return None if self.share is None else self.share >= NEEDED_SHARE


def month_of(moment: datetime) -> Month:
    """The local month that holds a moment."""
    local = moment.astimezone(LOCAL_ZONE)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + FIRST_OF_NEXT).replace(day=1)
    utc = moment.tzinfo
    return Month(f"{first:%Y-%m}", first.astimezone(utc), following.astimezone(utc))


def expected_intervals(month: Month, *, since: datetime, now: datetime) -> int:
    """Whole intervals of a month after the series began (`since`) and before `now`."""
    start, end = max(month.start, since), min(month.end, now)
    return max(0, (end - start) // INTERVAL)
