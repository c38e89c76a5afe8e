"""Quality control of what was touched, before anything is judged by it.

A reading influences the flags of others no farther away than `Reach.reach_s`. So the intervals within that reach of
the touched span are judged again, from readings within twice the reach; what comes out is a function of the stored
readings, decisions and maintenance windows alone, whatever the order in which they came.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from services.alerts.detection import Evaluation, Span, StationContext
from services.storage.drift_store import drift_levels_between
from services.storage.quality_store import (
    maintenance_windows,
    moment_of,
    station_readings,
    stored_form,
    stored_quality,
    write_quality,
)
from uskat.water.interval import EPOCH, INTERVAL, interval_start
from uskat.water.norms import LOCAL_ZONE
from uskat.water.quality.flag import Flag
from uskat.water.quality.interval import QualityInterval, quality_intervals, with_drift
from uskat.water.quality.judge import judge
from uskat.water.quality.limits import test_set
from uskat.water.quality.readings import QualitySeries, reach_of
from uskat.water.quality.window import excused_readings

READINGS_AT_ONCE = 300_000
"""A long span is judged in pieces that hold about so many readings: memory stays bounded."""
MICROSECOND = timedelta(microseconds=1)


async def evaluate(context: StationContext) -> Evaluation:
    """Judge the touched span and its neighbourhood; write what changed and say how far."""
    if context.span is None or not context.station.series:
        return Evaluation(memory=context.memory)
    reach = timedelta(seconds=reach_of(series_of(context)).reach_s)
    low = interval_start(context.span.low - reach)
    judged, changed = await judge_between(context, low, interval_start(context.span.high + reach) + INTERVAL)
    return Evaluation(changed=changed, intervals=judged)


def series_of(context: StationContext) -> list[QualitySeries]:
    """The station's series as quality control sees them."""
    return [
        QualitySeries(one.id, one.device_id, one.parameter, one.expected_interval_s, one.scale)
        for one in context.station.series
    ]


async def judge_between(context: StationContext, low: datetime, high: datetime) -> tuple[int, Span | None]:
    """Judge whole intervals of [low, high); how many there were, and the span of those judged otherwise now."""
    series = series_of(context)
    touched: list[int] = []
    judged = 0
    for since, until in pieces(low, high, series):
        found = await _judge_piece(context, series, since=since, until=until)
        judged += found[0]
        touched += found[1]
    span = Span(moment_of(min(touched)), moment_of(max(touched)) + INTERVAL - MICROSECOND) if touched else None
    return judged, span


def pieces(low: datetime, high: datetime, series: Sequence[QualitySeries]) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of whole intervals that together make [low, high)."""
    per_interval = sum(INTERVAL.total_seconds() / one.expected_interval_s for one in series)
    length = max(18, round(READINGS_AT_ONCE / per_interval)) * INTERVAL
    while low < high:
        until = min(high, low + length)
        yield low, until
        low = until


async def _judge_piece(
    context: StationContext, series: Sequence[QualitySeries], *, since: datetime, until: datetime
) -> tuple[int, list[int]]:
    """Judge [since, until); returns how many intervals were judged, and the starts of those judged otherwise now."""
    ids = [one.id for one in series]
    reach = timedelta(seconds=reach_of(series).reach_s)
    bounds = {"since": since - reach, "until": until + reach}
    readings = await station_readings(context.connection, ids, **bounds)
    windows = await maintenance_windows(context.connection, context.station.id, **bounds)
    stored = await stored_quality(context.connection, ids, since=since, until=until)
    excused = excused_readings(readings, windows, ids=ids)
    intervals = quality_intervals(
        readings,
        judge(readings, series, excused=excused),
        series=series,
        excused=excused,
        since_us=(since - EPOCH) // MICROSECOND,
        until_us=(until - EPOCH) // MICROSECOND,
    )
    first, last = (moment.astimezone(LOCAL_ZONE).date() for moment in (since, until))
    levels = await drift_levels_between(context.connection, ids, first=first, last=last)
    if levels:
        intervals = [with_drift(one, levels.get((one.series_id, _day_of(one)), Flag.PASS)) for one in intervals]
    name = test_set().name
    different: list[QualityInterval] = []
    otherwise: list[int] = []
    for one in intervals:
        before, now = stored.get((one.series_id, one.start_us)), stored_form(one, name)
        if before != now:
            different.append(one)
            otherwise += [one.start_us] if before is None or before.judged != now.judged else []
    await write_quality(context.connection, different, test_set=name)
    return len(intervals), otherwise


def _day_of(interval: QualityInterval) -> date:
    return moment_of(interval.start_us).astimezone(LOCAL_ZONE).date()
