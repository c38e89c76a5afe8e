"""Events of a station: the online detector over its intervals, each event with what moved and what it looks like.

The kind follows from the signature: rain and melt are natural and no pollution, the rest is an event. What moved only
on an instrument under a fault is no event.
"""

from datetime import datetime, timedelta

from services.alerts.detection import Evaluation, StationContext
from services.alerts.event_replay import REMEMBERED, replay
from services.storage.river_reading import RiverAlert, StationWindow, alerts_on_river, station_records
from uskat.finding import Finding, FindingKind, Scope
from uskat.water.event import EventEpisode
from uskat.water.event_finding import event_finding, event_key
from uskat.water.interval import INTERVAL, interval_start
from uskat.water.passing import BASELINE, GUARD, HISTORY, Passing, StationRecord, passing_of

LOOKED_AT = timedelta(hours=24)


async def evaluate(context: StationContext) -> Evaluation:
    """Events from the touched span on; those of the last days are told again in the light of faults found since."""
    if context.span is None or context.station.kind != "river" or not context.station.series:
        return Evaluation(memory=context.memory)
    low, until = interval_start(context.span.low), interval_start(context.now)
    unfinished = context.span.high >= until
    waiting = {"due_at": until + INTERVAL, "unjudged_from": max(until, low)} if unfinished else {}
    if low >= until:
        return Evaluation(memory=context.memory, **waiting)  # type: ignore[arg-type]
    run = await replay(context, low=low, until=until)
    since = low - REMEMBERED
    episodes = [episode for episode in run.episodes if episode.started_at >= since or episode.ended_at is None]
    findings = await _findings(context, episodes, until=until) if episodes else []
    return Evaluation(
        findings=findings,
        scopes=[Scope(event_key(context.station.id), since)],
        intervals=run.intervals,
        memory=context.memory,
        **waiting,  # type: ignore[arg-type]
    )


async def _findings(context: StationContext, episodes: list[EventEpisode], *, until: datetime) -> list[Finding]:
    code = context.station.code
    first = min(episode.started_at for episode in episodes)
    window = StationWindow(code, interval_start(first) - HISTORY - BASELINE - GUARD - INTERVAL, until)
    records = await station_records(context.connection, [window])
    faults = await alerts_on_river(
        context.connection, [code], detectors=("fault",), since=first, until=until + INTERVAL
    )
    found = []
    for episode in episodes:
        broken = _broken(episode, faults)
        passing = _passing(records[code], episode, until=until, broken=broken) if code in records else None
        finding = event_finding(
            episode,
            passing,
            broken=broken,
            station_id=context.station.id,
            published=context.station.published,
        )
        found += [finding] if finding is not None else []
    return found


def _broken(episode: EventEpisode, faults: list[RiverAlert]) -> frozenset[str]:
    """Parameters under a fault while the event lasted; all that moved when the whole station was."""
    broken: set[str] = set()
    for fault in faults:
        over = episode.ended_at is not None and fault.started_at >= episode.ended_at
        if fault.kind != FindingKind.FAULT or over or (fault.ended_at and fault.ended_at <= episode.started_at):
            continue
        broken |= {fault.parameter} if fault.parameter else {item.parameter for item in episode.moved}
    return frozenset(broken)


def _passing(record: StationRecord, episode: EventEpisode, *, until: datetime, broken: frozenset[str]) -> Passing:
    since = episode.started_at - GUARD
    end = min(episode.ended_at or until, episode.started_at + LOOKED_AT, until)
    usable = StationRecord(record.station, record.since, record.values, broken)
    return passing_of(usable, since, until=max(end, since + INTERVAL))
