"""Exceedance of norms: reads no more intervals than the answer depends on.

Before the first touched interval the stored alerts are right, so a series without an open episode there is read from
that interval on. An open episode is resumed from a checkpoint some hours back, or from its start. Behind the last
touched interval nothing can change unless an episode is open there; then the series is read to its end. A series whose
norm limits a rise is always read from the start of its open episode and as far as its seasonal background reaches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.alerts.background import SEASON_REACH, body_of, norm_over_background, tell_downstream
from services.alerts.detection import Evaluation, StationContext
from services.storage.alerting import AlertRecord
from services.storage.detector_reading import SeriesFacts, Window, read_intervals
from uskat.finding import Finding, Scope
from uskat.supervision.reconcile import AlertState
from uskat.water.exceedance import Exceedance, Fold, NormOf, fold_intervals, resume
from uskat.water.exceedance_finding import Subject, exceedance_finding, exceedance_key
from uskat.water.interval import INTERVAL, Interval, interval_start
from uskat.water.norms import Norm, is_judged, needs_background, norm_in_force
from uskat.water.parameters import parameters
from uskat.water.verdict import accuracy_of

CHECKPOINT_BEHIND = timedelta(hours=6)
"""How far behind the newest interval a checkpoint is set: later data than that rarely come, and then cost a re-read."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of an open episode before the interval that starts at `at`."""

    at: datetime
    episode: Exceedance

    def to_json(self) -> dict[str, Any]:
        """For the detector's memory."""
        return {"at": self.at.isoformat(), "episode": self.episode.to_json()}


@dataclass(frozen=True, slots=True)
class Track:
    """How one series is read: from where, with which open episode, up to where (None: to its end).

    rise: its norm may limit a rise above a background, which is known only when the intervals are read.
    """

    series: SeriesFacts
    norm_of: NormOf
    since: datetime
    scope_since: datetime
    until: datetime | None
    start: Checkpoint | None
    rise: bool = False


class Judged(NamedTuple):
    """A series with what was read of it, its episodes and the checkpoint to keep."""

    track: Track
    intervals: Sequence[Interval]
    fold: Fold
    checkpoint: Checkpoint | None


async def evaluate(context: StationContext) -> Evaluation:
    """Episodes of every judged series of the station around the touched span."""
    if context.span is None:
        return Evaluation(memory=context.memory)
    low, high = interval_start(context.span.low), interval_start(context.span.high) + INTERVAL
    checkpoints: dict[str, Any] = dict(context.memory.get("checkpoints", {}))
    use = context.station.water_use
    tracks = [
        _track(context, series, checkpoints.get(str(series.id)), low=low, high=high)
        for series in context.station.series
        if is_judged(series.parameter, use) or needs_background(series.parameter, use)
    ]
    read = await read_intervals(context.connection, [Window(t.series, t.since, t.until) for t in tracks])
    judged = await _read_on(context, [await _judge(context, track, read[track.series.id]) for track in tracks])
    await tell_downstream(context, context.span)
    findings: list[Finding] = []
    open_ends: list[datetime] = []
    for track, intervals, fold, checkpoint in judged:
        open_ends += [interval.end for interval in intervals if interval.end > context.now]
        accuracy = accuracy_of(track.series.parameter, track.series.accuracy)
        findings += [
            exceedance_finding(episode, _subject(track.series), accuracy=accuracy) for episode in fold.episodes
        ]
        if track.until is None:
            checkpoints.pop(str(track.series.id), None)
            if checkpoint is not None:
                checkpoints[str(track.series.id)] = checkpoint.to_json()
    return Evaluation(
        findings=findings,
        scopes=[Scope(exceedance_key(track.series.id), track.scope_since, track.until) for track, *_ in judged],
        due_at=min(open_ends, default=None),
        unjudged_from=min(open_ends) - INTERVAL if open_ends else None,
        memory={"checkpoints": checkpoints} if checkpoints else {},
        intervals=sum(len(intervals) for _, intervals, *_ in judged),
    )


def _track(
    context: StationContext, series: SeriesFacts, kept: Mapping[str, Any] | None, *, low: datetime, high: datetime
) -> Track:
    def norm_of(moment: datetime) -> Norm | None:
        return norm_in_force(series.parameter, moment, water_use=context.station.water_use, body=body_of(context))

    rise = needs_background(series.parameter, context.station.water_use)
    high = high + SEASON_REACH if rise else high
    own = [record for record in context.alerts if record.series_id == series.id]
    until = None if _open_at(own, high) else high
    covering = _open_at(own, low)
    if covering is None:
        return Track(series, norm_of, since=low, scope_since=low, until=until, start=None, rise=rise)
    started_at = covering.alert.started_at
    start = None if rise else _usable(kept, norm_of, started_at=started_at, low=low)
    since = start.at if start else started_at
    return Track(series, norm_of, since=since, scope_since=started_at, until=until, start=start, rise=rise)


def _open_at(records: Sequence[AlertRecord], moment: datetime) -> AlertRecord | None:
    """The stored episode whose state reaches over a moment: begun before it, its end not certain before it."""
    for record in records:
        alert = record.alert
        reaches = alert.settled_at is None or alert.settled_at > moment
        if alert.state is not AlertState.WITHDRAWN and alert.started_at < moment and reaches:
            return record
    return None


def _usable(
    kept: Mapping[str, Any] | None, norm_of: NormOf, *, started_at: datetime, low: datetime
) -> Checkpoint | None:
    if kept is None:
        return None
    at, episode = datetime.fromisoformat(kept["at"]), resume(kept["episode"], norm_of)
    if episode is None or episode.started_at != started_at or at > low:
        return None
    return Checkpoint(at, episode)


async def _read_on(context: StationContext, judged: Sequence[Judged]) -> list[Judged]:
    """Read and judge to its end every series in which an episode is open where the first reading stopped."""
    further = [
        replace(one.track, until=None) for one in judged if one.track.until is not None and one.fold.open is not None
    ]
    until = {one.track.series.id: one.track.until for one in judged}
    windows = [Window(track.series, until[track.series.id] or track.since, None) for track in further]
    rest = await read_intervals(context.connection, windows)
    earlier = {one.track.series.id: one.intervals for one in judged}
    again = {
        track.series.id: await _judge(context, track, [*earlier[track.series.id], *rest[track.series.id]])
        for track in further
    }
    return [again.get(one.track.series.id, one) for one in judged]


async def _judge(context: StationContext, track: Track, intervals: Sequence[Interval]) -> Judged:
    over = [interval for interval in intervals if interval.end <= context.now]
    if track.rise:
        norm_of = await norm_over_background(context, track.series, over)
        track = replace(track, norm_of=norm_of)
        return Judged(
            track, intervals, fold_intervals(over, norm_of, expected_interval_s=track.series.expected_interval_s), None
        )
    return Judged(track, intervals, *_fold(track, over))


def _fold(track: Track, intervals: Sequence[Interval]) -> tuple[Fold, Checkpoint | None]:
    """Episodes of a series, and the checkpoint to keep for the one that stays open."""
    start = track.start.episode if track.start else None
    expected = track.series.expected_interval_s
    cut = intervals[-1].start - CHECKPOINT_BEHIND if intervals else track.since
    if cut - track.since < CHECKPOINT_BEHIND:
        fold = fold_intervals(intervals, track.norm_of, expected_interval_s=expected, start=start)
        stays = start is not None and fold.open is not None and fold.open.started_at == start.started_at
        return fold, track.start if stays else None
    before = [interval for interval in intervals if interval.start < cut]
    after = [interval for interval in intervals if interval.start >= cut]
    first = fold_intervals(before, track.norm_of, expected_interval_s=expected, start=start)
    second = fold_intervals(after, track.norm_of, expected_interval_s=expected, start=first.open)
    stays = first.open is not None and second.open is not None and second.open.started_at == first.open.started_at
    checkpoint = Checkpoint(cut, first.open) if stays and first.open is not None else None
    return Fold((*first.closed, *second.closed), second.open), checkpoint


def _subject(series: SeriesFacts) -> Subject:
    return Subject(series.id, series.device_id, parameters()[series.parameter], series.published)
