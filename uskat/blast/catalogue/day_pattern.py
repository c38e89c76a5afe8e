"""When people blast: counts by local hour and weekday, and what an hour is worth as a prior (norms.md 3.6.5).

The hour is a prior and never a proof: its log-odds are capped, so that no hour outweighs a record.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from pydantic import Field

from uskat.blast.provenance import Act, Frozen, Number, parse_data

SATURDAY = 5
SMOOTHING = 1.0
"""Events added to every hour, so that an hour never seen is unlikely and not impossible (Laplace)."""


class Counts(Frozen):
    """Events by local hour 0…23 and weekday Monday…Sunday."""

    hours: tuple[int, ...] = Field(min_length=24, max_length=24)
    weekdays: tuple[int, ...] = Field(min_length=7, max_length=7)

    @property
    def n(self) -> int:
        """Events counted."""
        return sum(self.hours)

    @property
    def weekend_share(self) -> float:
        """Share of Saturday and Sunday."""
        return sum(self.weekdays[SATURDAY:]) / self.n if self.n else math.nan

    @property
    def peak_hour(self) -> int:
        """Local hour with the most events."""
        return max(range(24), key=lambda hour: self.hours[hour])

    def share_of_hours(self, first: int, end: int) -> float:
        """Share of the local hours [first, end)."""
        return sum(self.hours[first:end]) / self.n if self.n else math.nan


class DayPattern(Act):
    """Counts of blasts and of earthquakes in the local time of a region."""

    utc_offset_h: float
    most_log_odds: Number
    blast: Counts
    earthquake: Counts


@dataclass(frozen=True, slots=True)
class HourPrior:
    """ln(P(hour | blast) / P(hour | earthquake)), capped. capped: the counts alone would say more."""

    hour: int
    weekday: int
    log_odds: float
    capped: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"hour": self.hour, "weekday": self.weekday, "log_odds": self.log_odds, "capped": self.capped}


@cache
def default_day_pattern() -> DayPattern:
    """The pattern that ships with the product (Pacific Northwest, not Kuzbass)."""
    return parse_data("day_pattern.json", DayPattern)


def count_days(moments: Sequence[datetime], *, utc_offset_h: float) -> Counts:
    """Counts of aware moments in local time of a fixed offset from UTC."""
    zone = timezone(timedelta(hours=utc_offset_h))
    hours, weekdays = [0] * 24, [0] * 7
    for moment in moments:
        local = moment.astimezone(zone)
        hours[local.hour] += 1
        weekdays[local.weekday()] += 1
    return Counts(hours=tuple(hours), weekdays=tuple(weekdays))


def hour_prior(moment: datetime, *, utc_offset_h: float, pattern: DayPattern | None = None) -> HourPrior:
    """What hour and weekday of a moment say for a blast against an earthquake, within the cap of the pattern.

    utc_offset_h: of the place of the event; the pattern's hours are local hours.
    """
    known = pattern or default_day_pattern()
    local = moment.astimezone(timezone(timedelta(hours=utc_offset_h)))
    hour = _log_ratio(known.blast.hours, known.earthquake.hours, place=local.hour)
    day = _log_ratio(known.blast.weekdays, known.earthquake.weekdays, place=local.weekday())
    raw, most = hour + day, known.most_log_odds.value
    return HourPrior(local.hour, local.weekday(), max(-most, min(most, raw)), abs(raw) > most)


def _log_ratio(blasts: Sequence[int], earthquakes: Sequence[int], *, place: int) -> float:
    def probability(counts: Sequence[int]) -> float:
        return (counts[place] + SMOOTHING) / (sum(counts) + SMOOTHING * len(counts))

    return math.log(probability(blasts) / probability(earthquakes))
