"""Background of a norm that limits a rise: from the posts upstream, or from the season of the post itself.

A norm such as «not more than 0.75 mg/dm³ above the background» needs to know what the water would be without the
discharge. First choice: the nearest posts upstream, taken over the hours from which the water may have come (mean
travel time T, window [T/1.3, 1.3·T], shared sheet `water/norms.md` §5.2). Where these say nothing: the post's own
median at that hour over the two weeks before, which is no legal background and is marked as such. Method and limits:
docs/algorithms/norms.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean, median, pstdev
from typing import Any

from uskat.water.interval import INTERVAL, Interval, interval_start

TRAVEL_SLACK = 1.3
"""Norms sheet §5.2: the time of travel is known within this factor."""
UPSTREAM_SHARE = 0.5
"""Share of the window's intervals that must have been measured upstream."""
SEASON_DAYS = 14
SEASON_DAYS_NEEDED = 7
COVERAGE_FACTOR = 2.0
MAD_TO_SIGMA = 1.4826


class BackgroundSource(StrEnum):
    """Where a background comes from. upstream: the legal meaning, as far as posts stand for it; season: a stand-in."""

    UPSTREAM = "upstream"
    SEASON = "season"


@dataclass(frozen=True, slots=True)
class Rise:
    """How far a value may lie above its background, in the parameter's unit.

    delta: allowed rise. ceiling: value that the rise may not pass. natural_above, natural_share: where the background
    itself is higher than the first, the allowed rise is the second times the background. reference: `upstream`, or
    `hottest_month` for norms against a climate that no post measures.
    """

    delta: float
    ceiling: float | None = None
    natural_above: float | None = None
    natural_share: float | None = None
    reference: str = "upstream"


@dataclass(frozen=True, slots=True)
class UpstreamPost:
    """A post upstream. travel_s: mean travel time to here; weight: its share of the water at a confluence."""

    code: str
    distance_km: float
    travel_s: float
    weight: float


@dataclass(frozen=True, slots=True)
class Background:
    """A background value with its expanded uncertainty (k = 2), both in the parameter's unit, and whence it is."""

    value: float
    uncertainty: float
    source: BackgroundSource
    posts: tuple[UpstreamPost, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the detail of a finding."""
        return {
            "value": self.value,
            "uncertainty": self.uncertainty,
            "source": self.source.value,
            "posts": [
                {"station": post.code, "distance_km": post.distance_km, "travel_h": round(post.travel_s / 3600, 2)}
                for post in self.posts
            ],
        }


def allowed_maximum(rise: Rise, background: float) -> float:
    """The highest value that the norm allows over a background.

    A ceiling binds only while nature itself stays below it: where the background is above, only the rise counts.
    """
    delta = rise.delta
    if rise.natural_above is not None and rise.natural_share is not None and background > rise.natural_above:
        delta = max(delta, rise.natural_share * background)
    limit = background + delta
    if rise.ceiling is not None and background <= rise.ceiling:
        limit = min(limit, rise.ceiling)
    return limit


def travel_window(start: datetime, travel_s: float) -> tuple[datetime, datetime]:
    """Half-open span of interval starts upstream whose water may pass here in the interval that begins at `start`."""
    earliest = interval_start(start - timedelta(seconds=travel_s * TRAVEL_SLACK))
    latest = interval_start(start - timedelta(seconds=travel_s / TRAVEL_SLACK))
    return earliest, latest + INTERVAL


def upstream_background(
    start: datetime, posts: Sequence[UpstreamPost], *, intervals: Mapping[str, Mapping[datetime, Interval]]
) -> Background | None:
    """Background for the interval that begins at `start`; None unless every post upstream says enough.

    intervals: by station code and start, only those that count. Posts of several branches are mixed by their weights.
    """
    if not posts:
        return None
    total = sum(post.weight for post in posts)
    value = variance = 0.0
    for post in posts:
        low, high = travel_window(start, post.travel_s)
        measured = intervals.get(post.code, {})
        starts = [low + place * INTERVAL for place in range((high - low) // INTERVAL)]
        means = [measured[moment].mean for moment in starts if moment in measured]
        known = [mean for mean in means if mean is not None]
        if len(known) < UPSTREAM_SHARE * len(starts):
            return None
        share = post.weight / total
        value += share * fmean(known)
        variance += (share * pstdev(known)) ** 2
    return Background(value, COVERAGE_FACTOR * variance**0.5, BackgroundSource.UPSTREAM, tuple(posts))


def season_hours(start: datetime) -> list[datetime]:
    """Starts of the same hour of the day on each of the days before the interval that begins at `start`."""
    hour = start.replace(minute=0, second=0, microsecond=0)
    return [hour - timedelta(days=day) for day in range(1, SEASON_DAYS + 1)]


def seasonal_background(means: Iterable[float]) -> Background | None:
    """Background from the means of one hour of the day over the days before; None for fewer than a week of them."""
    known = sorted(means)
    if len(known) < SEASON_DAYS_NEEDED:
        return None
    middle = median(known)
    spread = MAD_TO_SIGMA * median(abs(mean - middle) for mean in known)
    return Background(middle, COVERAGE_FACTOR * spread, BackgroundSource.SEASON)
