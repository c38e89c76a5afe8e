"""How an event detector is measured: the protocol of the public water event benchmark, its own implementation.

Times are whole seconds. An event is a run of labelled rows, runs closer than `event_gap_s` joined. An alarm episode is
a run of alarm rows, joined over `alarm_gap_s`. An episode that meets no event (with its grace) and no ignored run is a
false alarm; one that meets only an ignored run counts neither way. Rows of the warm-up are not scored at all.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
TimeArray = NDArray[np.int64]
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """Constants of one suite: step_s of a row, rows of warm-up, gaps that join, grace after an event, s."""

    step_s: float
    warm_up_rows: int
    event_gap_s: float
    alarm_gap_s: float
    grace_s: float
    sensors: tuple[str, ...] = ()


PROTOCOLS = MappingProxyType(
    {
        "gecco": Protocol(60.0, 7 * 1440, 60.0, 1800.0, 300.0, ("Cl", "pH", "Redox", "Leit", "Trueb", "Cl_2")),
        "lro": Protocol(900.0, 14 * 96, 3600.0, 7200.0, 3600.0, ("temp", "cond", "ph", "do", "turb", "stage")),
        "gbr": Protocol(5400.0, 14 * 16, 0.0, 14400.0, 7200.0, ("Level", "Cond", "Tur")),
        "canary": Protocol(1200.0, 7 * 72, 0.0, 3600.0, 0.0, ("CL2", "TURB", "PH", "TOC", "COND")),
        "skab": Protocol(1.0, 400, 0.0, 30.0, 0.0),
        "river_20min": Protocol(1200.0, 4 * 72, 3600.0, 7200.0, 3600.0),
    }
)


@dataclass(frozen=True, slots=True)
class Interval:
    """Closed interval of row times, s."""

    start: int
    end: int

    def meets_any(self, others: Sequence["Interval"], grace_s: float) -> bool:
        """Whether it touches one of these runs, which are in time order and apart, when they last grace_s longer."""
        # of those that begin before this one ends, the last one also ends last
        before = bisect_right(others, self.end, key=lambda other: other.start)
        return before > 0 and others[before - 1].end + grace_s >= self.start


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of one series: rows (hit, false, missed, rightly quiet), events, alarm episodes, days, delays in min."""

    hit_rows: int
    false_rows: int
    missed_rows: int
    quiet_rows: int
    events: int
    detected: int
    true_episodes: int
    false_alarms: int
    days: float
    delays_min: tuple[float, ...]
    missed: tuple[Interval, ...] = ()
    false: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one suite, of all its series together; rates are 0..1, delay in minutes."""

    events: int
    event_recall: float
    false_alarms: int
    false_alarms_per_day: float
    point_precision: float
    point_recall: float
    point_f1: float
    point_false_rate: float
    episode_precision: float
    event_f1: float
    delay_min: float | None
    days: float


def intervals(times: TimeArray, mask: BoolArray, *, join_s: float) -> list[Interval]:
    """Runs of true rows, runs closer than join_s joined."""
    found: list[Interval] = []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    for first, after in edges.reshape(-1, 2):
        start, end = int(times[first]), int(times[after - 1])
        if found and start - found[-1].end <= join_s:
            found[-1] = Interval(found[-1].start, end)
        else:
            found.append(Interval(start, end))
    return found


def measure(
    protocol: Protocol, times: TimeArray, *, label: BoolArray, alarm: BoolArray, ignore: BoolArray, scored: BoolArray
) -> Measured:
    """Compare alarms with labels, row by row and event by event. scored: rows that count at all."""
    truth, raised, use = label & scored, alarm & scored, scored & ~ignore
    events = intervals(times, truth, join_s=protocol.event_gap_s)
    ignored = intervals(times, ignore & scored, join_s=0.0)
    raised_at = times[raised]
    delays, missed = [], []
    for event in events:
        place = int(np.searchsorted(raised_at, event.start))
        if place < len(raised_at) and raised_at[place] <= event.end + protocol.grace_s:
            delays.append((int(raised_at[place]) - event.start) / 60.0)
        else:
            missed.append(event)
    true_episodes, false = 0, []
    for episode in intervals(times, raised, join_s=protocol.alarm_gap_s):
        if episode.meets_any(events, protocol.grace_s):
            true_episodes += 1
        elif not episode.meets_any(ignored, protocol.grace_s):
            false.append(episode)
    return Measured(
        hit_rows=int((raised & truth & use).sum()),
        false_rows=int((raised & ~truth & use).sum()),
        missed_rows=int((~raised & truth & use).sum()),
        quiet_rows=int((~raised & ~truth & use).sum()),
        events=len(events),
        detected=len(delays),
        true_episodes=true_episodes,
        false_alarms=len(false),
        days=float(use.sum()) * protocol.step_s / DAY_S,
        delays_min=tuple(delays),
        missed=tuple(missed),
        false=tuple(false),
    )


def figures(measured: Sequence[Measured]) -> Figures:
    """Sum up the series of a suite."""
    hits, false_rows = _sum(m.hit_rows for m in measured), _sum(m.false_rows for m in measured)
    missed, quiet = _sum(m.missed_rows for m in measured), _sum(m.quiet_rows for m in measured)
    events, detected = _sum(m.events for m in measured), _sum(m.detected for m in measured)
    false, true = _sum(m.false_alarms for m in measured), _sum(m.true_episodes for m in measured)
    days = sum(m.days for m in measured)
    delays = [delay for m in measured for delay in m.delays_min]
    recall, precision = detected / max(events, 1), true / max(true + false, 1)
    return Figures(
        events=events,
        event_recall=recall,
        false_alarms=false,
        false_alarms_per_day=false / max(days, 1e-9),
        point_precision=hits / max(hits + false_rows, 1),
        point_recall=hits / max(hits + missed, 1),
        point_f1=2 * hits / max(2 * hits + false_rows + missed, 1),
        point_false_rate=false_rows / max(false_rows + quiet, 1),
        episode_precision=precision,
        event_f1=2 * recall * precision / max(recall + precision, 1e-9),
        delay_min=median(delays) if delays else None,
        days=days,
    )


def _sum(counts: Iterable[int]) -> int:
    return sum(counts)
