"""Drift: days that are over get their medians; days that these can change are compared with the posts around.

No finding is made here: the level of a day becomes the flag of the test `neighbour` of its intervals, which are judged
again where it changed, and the fault detector tells of it. Posts around are told when a day of this one changed, so
late data anywhere lead to the same levels as timely ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta

import numpy as np

from services.alerts.detection import Evaluation, Span, StationContext
from services.alerts.detectors.quality import judge_between, series_of
from services.storage.detector_reading import SeriesFacts
from services.storage.drift_store import (
    NEIGHBOUR,
    Days,
    QualityDay,
    computed_medians,
    days_of_visits,
    keep_days,
    quality_days,
    series_of_stations,
    tell_neighbours,
)
from uskat.water.drift import DayCourse, drift_levels
from uskat.water.interval import INTERVAL
from uskat.water.norms import LOCAL_ZONE
from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import test_set
from uskat.water.quality.readings import reach_of

DAY = timedelta(days=1)
OWN_DATA = frozenset({"water", "visit"})


async def evaluate(context: StationContext) -> Evaluation:
    """Finish the days that are over, judge those that depend on a changed one."""
    own = [one for one in context.station.series if one.parameter in test_set().drift.parameters]
    if context.station.kind != "river" or not own:
        return Evaluation()
    today = local_day(context.now)
    finished = date.fromisoformat(context.memory["day"]) if "day" in context.memory else None
    touched = [day for day in _touched(context) if day < today]
    if finished is not None and finished < today:
        touched += _days(finished, today)
    changed = await _finish(context, own, touched) if touched else []
    window = test_set().drift.window_days
    judged = {day + ahead * DAY for day in changed for ahead in range(window + 1)} | _told(context)
    judged |= {today} if finished != today else set()
    spans = await _compare(context, own, sorted(day for day in judged if day <= today)) if judged else []
    around = _around(context)
    if changed and around:
        low, high = start_of(min(changed)), start_of(max(changed) + (window + 1) * DAY)
        if low < context.now:
            await tell_neighbours(context.connection, around, low=low, high=min(high, context.now))
    span = Span(min(one.low for one in spans), max(one.high for one in spans)) if spans else None
    return Evaluation(memory={"day": today.isoformat()}, changed=span)


def local_day(moment: datetime) -> date:
    """Day of Asia/Novokuznetsk."""
    return moment.astimezone(LOCAL_ZONE).date()


def start_of(day: date) -> datetime:
    """First moment of a local day."""
    return datetime.combine(day, time(), LOCAL_ZONE)


def _days(first: date, until: date) -> list[date]:
    return [first + place * DAY for place in range((until - first).days)]


def _touched(context: StationContext) -> Iterable[date]:
    """Days whose judged intervals the new data may have changed."""
    reach = timedelta(seconds=reach_of(series_of(context)).reach_s) + INTERVAL
    for span in context.journal:
        if span.kind in OWN_DATA:
            yield from _days(local_day(span.low - reach), local_day(span.high + reach) + DAY)


def _told(context: StationContext) -> set[date]:
    return {
        day
        for span in context.journal
        if span.kind == NEIGHBOUR
        for day in _days(local_day(span.low), local_day(span.high) + DAY)
    }


def _around(context: StationContext) -> list[str]:
    """The post upstream that brings most of the water, and the next downstream."""
    above = sorted(context.station.upstream, key=lambda post: (-post.weight, post.code))[:1]
    below = [post for post in context.station.downstream if post.next][:1]
    return [post.code for post in above] + [post.code for post in below]


async def _finish(context: StationContext, own: Sequence[SeriesFacts], days: Iterable[date]) -> list[date]:
    """Bring the medians of days that are over up to date; returns those that changed."""
    wanted = sorted(set(days))
    ids, first, last = [one.id for one in own], wanted[0], wanted[-1]
    now = await computed_medians(context.connection, ids, since=start_of(first), until=start_of(last + DAY))
    stored = await quality_days(context.connection, ids, since=first, until=last + DAY)
    news: Days = {}
    for day in wanted:
        for series_id in ids:
            before = stored.get((series_id, day), QualityDay())
            if before.median != now.get((series_id, day)):
                news[series_id, day] = QualityDay(now.get((series_id, day)), before.level, before.detail)
    await keep_days(context.connection, news)
    return sorted({day for _, day in news})


async def _compare(context: StationContext, own: Sequence[SeriesFacts], days: Sequence[date]) -> list[Span]:
    """Levels of some days; judges the intervals of a day again whose level changed, and returns what that altered."""
    around = _around(context)
    found = await series_of_stations(context.connection, around)
    mates = {one.id: [found[code, one.parameter] for code in around if (code, one.parameter) in found] for one in own}
    window = test_set().drift.window_days
    ids = [*mates, *(mate for others in mates.values() for mate in others)]
    since = days[0] - window * DAY
    stored = await quality_days(context.connection, ids, since=since, until=days[-1] + DAY)
    visits = await days_of_visits(
        context.connection, context.station.id, since=start_of(since), until=start_of(days[-1] + DAY)
    )
    news: Days = {}
    for day in days:
        past = _days(day - window * DAY, day)
        courses = {
            one.parameter: DayCourse(
                _course(stored, one.id, past),
                tuple(_course(stored, mate, past) for mate in mates[one.id]),
                _first_after_service(visits, one.id, past),
            )
            for one in own
        }
        news |= _levels(own, day, courses=courses, stored=stored)
    await keep_days(context.connection, news)
    return await _judge_again(context, news, stored)


def _levels(own: Sequence[SeriesFacts], day: date, *, courses: Mapping[str, DayCourse], stored: Days) -> Days:
    """The series whose level on a day, or what explains it, is not the stored one."""
    levels = drift_levels(courses)
    news: Days = {}
    for one in own:
        before = stored.get((one.id, day), QualityDay())
        flag, departure = levels.get(one.parameter, (Flag.PASS, None))
        detail = asdict(departure) if departure else {}
        if (before.level, before.detail) != (flag, detail):
            news[one.id, day] = QualityDay(before.median, int(flag), detail)
    return news


async def _judge_again(context: StationContext, news: Days, stored: Days) -> list[Span]:
    """Judge the intervals of every day again on which the level of some series is another now."""
    spans = []
    for day in sorted({key[1] for key, one in news.items() if one.level != stored.get(key, QualityDay()).level}):
        _, span = await judge_between(context, start_of(day), start_of(day + DAY))
        spans += [span] if span is not None else []
    return spans


def _course(stored: Days, series_id: int, days: Sequence[date]) -> np.typing.NDArray[np.float64]:
    medians = [stored.get((series_id, day), QualityDay()).median for day in days]
    return np.array([np.nan if median is None else median for median in medians], np.float64)


def _first_after_service(visits: Sequence[tuple[int | None, date]], series_id: int, days: Sequence[date]) -> int:
    """Place of the first whole day after the last visit to the instrument."""
    served = [day for target, day in visits if target in {None, series_id} and day < days[-1]]
    return (max(served) - days[0]).days + 1 if served and max(served) >= days[0] else 0
