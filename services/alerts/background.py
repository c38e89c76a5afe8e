"""Backgrounds for norms of a rise: read for the intervals that could break one, upstream first, else by season."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.alerts.detection import Span, StationContext
from services.storage.background_reading import UPSTREAM, hour_means, series_at, tell_station
from services.storage.detector_reading import SeriesFacts, Window, read_intervals
from uskat.water.background import (
    SEASON_DAYS,
    TRAVEL_SLACK,
    Background,
    season_hours,
    seasonal_background,
    travel_window,
    upstream_background,
)
from uskat.water.exceedance import NormOf
from uskat.water.interval import INTERVAL, Interval, counts, interval_start, readings_needed
from uskat.water.norms import Norm, WaterBody, least_maximum, needs_background, norm_in_force, with_background
from uskat.water.verdict import accuracy_of

SEASON_REACH = timedelta(days=SEASON_DAYS, hours=1)
"""How long a reading can still change the seasonal background of later intervals."""
VALID_SHARE = 0.75


def body_of(context: StationContext) -> WaterBody:
    """The station's water body."""
    return WaterBody(context.station.river, context.station.code)


async def norm_over_background(context: StationContext, series: SeriesFacts, intervals: Sequence[Interval]) -> NormOf:
    """The norm of a series that limits a rise, for the starts of the given intervals; none where no background is."""

    def stated(moment: datetime) -> Norm | None:
        return norm_in_force(series.parameter, moment, water_use=context.station.water_use, body=body_of(context))

    doubtful = []
    for interval in intervals:
        norm = stated(interval.start)
        if norm is not None and norm.rise is not None and (interval.mean or 0.0) > norm.rise.delta:
            doubtful.append(interval.start)
    known = await _backgrounds(context, series, doubtful)
    asked = frozenset(doubtful)
    accuracy = accuracy_of(series.parameter, series.accuracy)

    def norm_of(moment: datetime) -> Norm | None:
        norm = stated(moment)
        if norm is None or norm.rise is None:
            return norm
        if moment not in asked:
            return least_maximum(norm)
        background = known.get(moment)
        if background is None:
            return None
        uncertainty = accuracy.uncertainty(background.value) if accuracy is not None else 0.0
        return with_background(norm, background, uncertainty=uncertainty)

    return norm_of


async def _backgrounds(
    context: StationContext, series: SeriesFacts, starts: Sequence[datetime]
) -> dict[datetime, Background]:
    found = await _from_upstream(context, series, starts)
    rest = [start for start in starts if start not in found]
    return found | await _from_season(context, series, rest)


async def _from_upstream(
    context: StationContext, series: SeriesFacts, starts: Sequence[datetime]
) -> dict[datetime, Background]:
    posts = context.station.upstream
    if not posts or not starts:
        return {}
    above = await series_at(context.connection, [post.code for post in posts], parameter=series.parameter)
    if len(above) < len(posts):
        return {}
    first, last = min(starts), max(starts)
    windows = [
        Window(above[post.code], travel_window(first, post.travel_s)[0], travel_window(last, post.travel_s)[1])
        for post in posts
    ]
    read = await read_intervals(context.connection, windows)
    counted = {
        code: {
            interval.start: interval
            for interval in read[facts.id]
            if counts(interval, readings_needed(facts.expected_interval_s, VALID_SHARE))
        }
        for code, facts in above.items()
    }
    backgrounds = {start: upstream_background(start, posts, intervals=counted) for start in starts}
    return {start: background for start, background in backgrounds.items() if background is not None}


async def _from_season(
    context: StationContext, series: SeriesFacts, starts: Sequence[datetime]
) -> dict[datetime, Background]:
    if not starts:
        return {}
    since, until = min(season_hours(min(starts))), max(season_hours(max(starts))) + INTERVAL
    means = await hour_means(context.connection, series.id, since=since, until=until)
    backgrounds = {
        start: seasonal_background([means[hour] for hour in season_hours(start) if hour in means]) for start in starts
    }
    return {start: background for start, background in backgrounds.items() if background is not None}


async def tell_downstream(context: StationContext, span: Span) -> None:
    """Have the next post downstream judged again where it was judged before it could know of this span."""
    below = next((post for post in context.station.downstream if post.next), None)
    only_told = context.journal and all(entry.kind == UPSTREAM for entry in context.journal)
    if below is None or only_told or not any(needs_background(one.parameter) for one in context.station.series):
        return
    travel = timedelta(seconds=below.travel_s)
    low, high = interval_start(span.low + travel / TRAVEL_SLACK), interval_start(span.high + travel * TRAVEL_SLACK)
    if low + INTERVAL <= context.now:
        await tell_station(context.connection, below.code, low=low, high=min(high + INTERVAL, context.now))
