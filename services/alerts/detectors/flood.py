"""Floods of a station's level: colours and rise, ice jams, gaps in the data of a flood.

Before the first touched interval the stored alerts are right; an open flood or jam is judged again from its start, with
the day before it for the rise. A reading changes the rise of the day after it, so the series is read on for a day, and
to its end where an episode is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from services.alerts.detection import Evaluation, Span, StationContext
from services.storage.detector_reading import SeriesFacts, Window, read_intervals
from uskat.finding import Finding, Scope
from uskat.supervision.reconcile import AlertState, StoredAlert
from uskat.water.flood import (
    LOOK_BACK,
    FloodEpisode,
    JamEpisode,
    flood_episodes,
    gap_episodes,
    jam_episodes,
    level_points,
)
from uskat.water.flood_finding import NO_LEVELS, GaugeSubject, flood_finding, flood_keys, gap_finding, jam_finding
from uskat.water.flood_level import flood_rules
from uskat.water.interval import INTERVAL, Interval, counts, interval_start, readings_needed
from uskat.water.network_items import FloodLevels

LEVEL, TEMPERATURE = "level", "temp"
VALID_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Course:
    """A level series as read. floods, jams, gaps: from where each kind is judged; until None: to its end."""

    floods: datetime
    jams: datetime
    gaps: datetime
    until: datetime | None
    intervals: Sequence[Interval]
    temperatures: Mapping[datetime, float]


async def evaluate(context: StationContext) -> Evaluation:
    """Floods, jams and gaps of every level series of the station around the touched span."""
    gauges = [series for series in context.station.series if series.parameter == LEVEL]
    if context.span is None or not gauges:
        return Evaluation(memory=context.memory)
    parts = [await _judge(context, series, context.span) for series in gauges]
    return Evaluation(
        findings=[finding for part in parts for finding in part.findings],
        scopes=[scope for part in parts for scope in part.scopes],
        due_at=min((part.due_at for part in parts if part.due_at), default=None),
        unjudged_from=min((part.unjudged_from for part in parts if part.unjudged_from), default=None),
        intervals=sum(part.intervals for part in parts),
    )


async def _judge(context: StationContext, series: SeriesFacts, span: Span, *, to_end: bool = False) -> Evaluation:
    rules, levels, low = flood_rules(), _levels(context), interval_start(span.low)
    course = await _read(context, series, span, to_end=to_end)
    needed = readings_needed(series.expected_interval_s, VALID_SHARE)
    counted = [one for one in course.intervals if one.end <= context.now and counts(one, needed)]
    points = level_points(counted, rules)
    floods = flood_episodes(points, levels, rules=rules, since=course.floods)
    jams = jam_episodes(points, course.temperatures, rules=rules, since=course.jams)
    if course.until is not None and (_lasts(floods) or _lasts(jams)):
        return await _judge(context, series, span, to_end=True)
    gaps = gap_episodes(counted, floods, rules=rules, now=context.now)
    subject = GaugeSubject(series.id, series.device_id, series.published, levels, context.station.downstream)
    findings: list[Finding] = [flood_finding(episode, subject, rules=rules) for episode in floods]
    findings += [jam_finding(episode, subject, rules=rules) for episode in jams]
    gaps_since = min([course.gaps, *(gap.started_at for gap in gaps if gap.ended_at is None or gap.ended_at >= low)])
    findings += [gap_finding(episode, subject, rules=rules) for episode in gaps if episode.started_at >= gaps_since]
    looks = [(one.end, one.start) for one in course.intervals if one.end > context.now]
    if _lasts(floods) and not any(gap.ended_at is None for gap in gaps):
        looks.append((counted[-1].end + timedelta(minutes=rules.gap_min, seconds=1), counted[-1].start))
    since = (course.floods, course.jams, gaps_since)
    return Evaluation(
        findings=findings,
        scopes=[Scope(key, low, course.until) for key, low in zip(flood_keys(series.id), since, strict=True)],
        due_at=min((due for due, _ in looks), default=None),
        unjudged_from=min((start for _, start in looks), default=None),
        intervals=len(course.intervals),
    )


async def _read(context: StationContext, series: SeriesFacts, span: Span, *, to_end: bool) -> Course:
    low, until = interval_start(span.low), interval_start(span.high) + INTERVAL + LOOK_BACK
    own = [[record.alert for record in context.alerts if record.alert.key == key] for key in flood_keys(series.id)]
    floods, jams, gaps = (min([low, *(alert.started_at for alert in alerts if _reaches(alert, low))]) for alerts in own)
    to_end = to_end or any(_reaches(alert, until) for alerts in own for alert in alerts)
    end = None if to_end else until
    warm = [one for one in context.station.series if one.parameter == TEMPERATURE][:1]
    windows = [Window(one, min(floods, jams) - LOOK_BACK, end) for one in (series, *warm)]
    read = await read_intervals(context.connection, windows)
    known = read[warm[0].id] if warm else []
    temperatures = {one.start: one.mean for one in known if one.mean is not None}
    return Course(floods, jams, gaps, end, read[series.id], temperatures)


def _reaches(alert: StoredAlert, moment: datetime) -> bool:
    """True for a stored episode that began before a moment and whose end was not certain before it."""
    lasting = alert.settled_at is None or alert.settled_at > moment
    return alert.state is not AlertState.WITHDRAWN and alert.started_at < moment and lasting


def _lasts(episodes: Sequence[FloodEpisode] | Sequence[JamEpisode]) -> bool:
    return bool(episodes) and episodes[-1].settled_at is None


def _levels(context: StationContext) -> FloodLevels:
    """The post's levels of the registry; none where they are missing or not of the known form."""
    try:
        return msgspec.convert(context.station.properties["flood"], FloodLevels)
    except (KeyError, msgspec.ValidationError):
        return NO_LEVELS
