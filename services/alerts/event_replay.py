"""The event detector of a station run over stored intervals: resumed from a snapshot before what was touched.

Snapshots are states of a prefix of the data, so whatever lies behind the touched span is dropped and stepped again:
the result is that of one run over everything in time order, however the data came. Kept are the newest moments, one a
day for a week and one every five days for a month. Later data than that are replayed from a bounded warm-up, which is
the only case in which a result can differ from a run in order.
"""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from services.alerts.detection import StationContext
from services.storage.river_reading import StationWindow, station_records
from services.storage.snapshot_store import first_interval, read_snapshot, replace_snapshots, snapshot_moments
from uskat.water.event import (
    RIVER_20MIN,
    EventConfig,
    EventDetector,
    EventEpisode,
    EventFold,
    EventStep,
    episode_from_json,
    fold_events,
    fold_from_json,
)
from uskat.water.interval import EPOCH, INTERVAL
from uskat.water.passing import StationRecord

DETECTOR = "event"
REMEMBERED = timedelta(days=3)
"""Closed episodes stay in the snapshot so long, to be told again in the light of what other detectors found since."""
WARM_UP = timedelta(days=30)
NEWEST = 4
DAILY, DAYS = timedelta(days=1), 8
SPARSE, SPARSE_DAYS = timedelta(days=5), 35
LEVEL = 1


@dataclass(frozen=True)
class Replay:
    """What a run found: episodes not older than what is remembered, and how many intervals were stepped."""

    episodes: tuple[EventEpisode, ...]
    intervals: int


@dataclass
class _Run:
    detector: EventDetector
    fold: EventFold
    parameters: tuple[str, ...]

    def dump(self, at: datetime) -> bytes:
        closed = [one.to_json() for one in self.fold.closed if _remembered(one, at)]
        state = {
            "rules": _fingerprint(self.detector.config),
            "detector": self.detector.to_json(),
            "fold": self.fold.to_json(),
            "closed": closed,
        }
        return zlib.compress(msgspec.msgpack.encode(state), LEVEL)


async def replay(
    context: StationContext, *, low: datetime, until: datetime, config: EventConfig = RIVER_20MIN
) -> Replay:
    """Run over the intervals from the touched one that starts at `low` to `until`, the end of the last complete one."""
    connection, station = context.connection, context.station
    parameters = tuple(sorted({one.parameter for one in station.series if config.rule(one.parameter) is not None}))
    moments = await snapshot_moments(connection, station.id, detector=DETECTOR)
    since, run = await _resumed(context, moments, low=low, parameters=parameters, config=config)
    if since is None or since >= until:
        return Replay(_recent(run.fold, low), 0)
    window = StationWindow(station.code, since, until)
    record = (await station_records(connection, [window], parameters=parameters)).get(station.code)
    kept = {} if record is None else _stepped(run, record, since=since, until=until, config=config)
    if record is None:
        kept = {until: run.dump(until)}
    wanted = _worth_keeping([*(moment for moment in moments if moment <= since), *kept])
    await replace_snapshots(
        connection,
        station.id,
        detector=DETECTOR,
        drop=[moment for moment in moments if moment not in wanted or moment > low],
        keep={moment: state for moment, state in kept.items() if moment in wanted},
    )
    return Replay(_recent(run.fold, low), (until - since) // INTERVAL)


async def _resumed(
    context: StationContext,
    moments: Sequence[datetime],
    *,
    low: datetime,
    parameters: tuple[str, ...],
    config: EventConfig,
) -> tuple[datetime | None, _Run]:
    """Where to go on from, and with what; None: nothing is stored."""
    for at in reversed([moment for moment in moments if moment <= low]):
        state = await read_snapshot(context.connection, context.station.id, detector=DETECTOR, at=at)
        run = _restored(state, parameters=parameters, config=config) if state is not None else None
        if run is not None:
            return at, run
    fresh = _Run(EventDetector(config, parameters), EventFold(), parameters)
    first = await first_interval(context.connection, [one.id for one in context.station.series])
    return (None if first is None else max(first, low - WARM_UP)), fresh


def _restored(state: bytes, *, parameters: tuple[str, ...], config: EventConfig) -> _Run | None:
    """The run of a snapshot; None when another version, other rules or another set of parameters wrote it."""
    saved: dict[str, Any] = msgspec.msgpack.decode(zlib.decompress(state))
    if saved.get("rules") != _fingerprint(config):
        return None
    try:
        detector = EventDetector.from_json(saved["detector"], config)
    except ValueError:
        return None
    if detector.parameters != parameters:
        return None
    closed = tuple(episode_from_json(one) for one in saved["closed"])
    return _Run(detector, replace(fold_from_json(saved["fold"]), closed=closed), parameters)


def _fingerprint(config: EventConfig) -> str:
    """Tells two sets of rules apart, whatever they are called."""
    return hashlib.blake2b(repr(config).encode(), digest_size=8).hexdigest()


def _stepped(
    run: _Run, record: StationRecord, *, since: datetime, until: datetime, config: EventConfig
) -> dict[datetime, bytes]:
    """Step over every interval that has a value; returns snapshots of the moments that may be kept."""
    names = [name for name in run.parameters if name in record.values]
    columns = np.array([record.values[name] for name in names]) if names else np.empty((0, 0))
    marks = _marks(since, until)
    kept: dict[datetime, bytes] = {}
    steps: list[EventStep] = []
    for place in range((until - since) // INTERVAL):
        row = columns[:, place] if names else ()
        values = {name: float(value) for name, value in zip(names, row, strict=True) if np.isfinite(value)}
        at = since + place * INTERVAL
        if values:
            steps.append(run.detector.step(at, values))
        if at + INTERVAL in marks:
            run.fold = fold_events(steps, config=config, start=run.fold)
            steps = []
            kept[at + INTERVAL] = run.dump(at + INTERVAL)
    return kept


def _marks(since: datetime, until: datetime) -> set[datetime]:
    """Moments in (since, until] at which a snapshot may be worth keeping."""
    newest = {until - place * INTERVAL for place in range(NEWEST)}
    first = since - (since - EPOCH) % DAILY + DAILY
    count = max((until - first) // DAILY + 1, 0)
    days = {first + number * DAILY for number in range(max(0, count - SPARSE_DAYS), count)}
    return {moment for moment in newest | days if since < moment <= until}


def _worth_keeping(moments: Iterable[datetime]) -> set[datetime]:
    """Of the moments there are: the newest, one a day for a week, one every five days for a month."""
    ordered = sorted(moments)
    if not ordered:
        return set()
    newest = ordered[-1]
    kept = set(ordered[-NEWEST:])
    for moment in ordered:
        age = newest - moment
        kept |= {moment} if (moment - EPOCH) % DAILY == timedelta(0) and age <= DAYS * DAILY else set()
        kept |= {moment} if (moment - EPOCH) % SPARSE == timedelta(0) and age <= timedelta(days=SPARSE_DAYS) else set()
    return kept


def _remembered(episode: EventEpisode, at: datetime) -> bool:
    return episode.settled_at is None or episode.settled_at > at - REMEMBERED


def _recent(fold: EventFold, low: datetime) -> tuple[EventEpisode, ...]:
    return tuple(episode for episode in fold.episodes if _remembered(episode, low))
