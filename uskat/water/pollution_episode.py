"""One pollution episode a station out of everything that was found there: exceedances and events that overlap."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

JOIN = timedelta(hours=3)
"""Findings closer than this speak of one passage."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One finding that speaks of pollution; times of the finding."""

    alert_id: int
    parameter: str | None
    started_at: datetime
    ended_at: datetime | None
    settled_at: datetime | None
    knowable_at: datetime


@dataclass(frozen=True, slots=True)
class PollutionEpisode:
    """Signs at one station that join, in time order. ended_at None while one of them lasts."""

    station: str
    signs: tuple[Sign, ...]

    @property
    def started_at(self) -> datetime:
        """When the first began."""
        return self.signs[0].started_at

    @property
    def ended_at(self) -> datetime | None:
        """When the last ended."""
        return _last(sign.ended_at for sign in self.signs)

    @property
    def settled_at(self) -> datetime | None:
        """When its end was certain."""
        return _last(sign.settled_at for sign in self.signs)

    @property
    def knowable_at(self) -> datetime:
        """When the first of them could have been known."""
        return min(sign.knowable_at for sign in self.signs)

    def overlaps(self, since: datetime, until: datetime) -> bool:
        """True when the episode and [since, until) share a moment."""
        return self.started_at < until and (self.ended_at is None or self.ended_at > since)


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    known: list[datetime] = []
    for moment in moments:
        if moment is None:
            return None
        known.append(moment)
    return max(known)


def join_signs(station: str, signs: Iterable[Sign]) -> tuple[PollutionEpisode, ...]:
    """Episodes of a station in time order; the result does not depend on the order of the signs."""
    groups: list[list[Sign]] = []
    reach: datetime | None = None
    for sign in sorted(signs, key=lambda sign: (sign.started_at, sign.alert_id)):
        open_ended = bool(groups) and reach is None
        if groups and (open_ended or (reach is not None and sign.started_at <= reach + JOIN)):
            groups[-1].append(sign)
        else:
            groups.append([sign])
        reach = _last(one.ended_at for one in groups[-1])
    return tuple(PollutionEpisode(station, tuple(group)) for group in groups)
