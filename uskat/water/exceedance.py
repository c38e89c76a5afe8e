"""Exceedance of a norm on 20-minute intervals, as episodes that depend on the data only.

An episode opens with the first counting interval beyond the norm and ends where two counting intervals in a row are
back inside by a margin (numbers: the pack's `judgement`). Episodes are a left fold over the intervals in time order,
so neither the order of arrival nor its batching can change them; the fold may be resumed from a stored episode.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from uskat.finding import Severity, worst
from uskat.water.interval import INTERVAL, Interval, counts, readings_needed
from uskat.water.norms import Norm, exceeds, excess, is_back, severity_of
from uskat.water.quality.flag import Flag

NormOf = Callable[[datetime], Norm | None]


@dataclass(frozen=True, slots=True)
class Exceedance:
    """One episode. Times UTC; values in the parameter's unit.

    norm, started_at: of the first exceeding interval. peak_norm: of the interval with the largest excess, whose mean
    is `peak`. states: bits of the state channels that were not OK in an exceeding interval (1 automatic system,
    2 equipment, 4 seal). suspect: exceeding intervals that quality control doubts. returned_at: start of the first of
    the intervals in a row that are back inside; settled_at: end of the interval that made the return certain, None
    while the episode is open.
    """

    norm: Norm
    started_at: datetime
    intervals: int
    excess_sum: float
    peak: float
    peak_at: datetime
    peak_excess: float
    peak_norm: Norm
    severity: Severity
    states: int = 0
    suspect: int = 0
    back: int = 0
    returned_at: datetime | None = None
    settled_at: datetime | None = None

    @property
    def knowable_at(self) -> datetime:
        """End of the interval that opened the episode."""
        return self.started_at + INTERVAL

    @property
    def ended_at(self) -> datetime | None:
        """End of the half-open period; None while the episode is open."""
        return self.returned_at if self.settled_at is not None else None

    def to_json(self) -> dict[str, Any]:
        """State of an open episode; the norm is found again by its start."""
        return {
            "started_at": self.started_at.isoformat(),
            "intervals": self.intervals,
            "excess_sum": self.excess_sum,
            "peak": self.peak,
            "peak_at": self.peak_at.isoformat(),
            "peak_excess": self.peak_excess,
            "severity": self.severity.value,
            "states": self.states,
            "suspect": self.suspect,
            "back": self.back,
            "returned_at": self.returned_at.isoformat() if self.returned_at else None,
        }


def resume(state: dict[str, Any], norm_of: NormOf) -> Exceedance | None:
    """The open episode of `Exceedance.to_json`; None when no norm held at its start any more, or for an older form."""
    if not {"states", "suspect"} <= state.keys():
        return None
    started_at = datetime.fromisoformat(state["started_at"])
    norm = norm_of(started_at)
    if norm is None:
        return None
    peak_at, returned_at = datetime.fromisoformat(state["peak_at"]), state["returned_at"]
    return Exceedance(
        norm=norm,
        started_at=started_at,
        intervals=state["intervals"],
        excess_sum=state["excess_sum"],
        peak=state["peak"],
        peak_at=peak_at,
        peak_excess=state["peak_excess"],
        peak_norm=norm_of(peak_at) or norm,
        severity=Severity(state["severity"]),
        states=state["states"],
        suspect=state["suspect"],
        back=state["back"],
        returned_at=datetime.fromisoformat(returned_at) if returned_at else None,
    )


@dataclass(frozen=True, slots=True)
class Fold:
    """What a run over intervals found: episodes that ended, and the one still open."""

    closed: tuple[Exceedance, ...]
    open: Exceedance | None

    @property
    def episodes(self) -> tuple[Exceedance, ...]:
        """All, in time order."""
        return self.closed if self.open is None else (*self.closed, self.open)


def fold_intervals(
    intervals: Iterable[Interval], norm_of: NormOf, *, expected_interval_s: int, start: Exceedance | None = None
) -> Fold:
    """Episodes of one series over intervals in any order, repeated or not.

    norm_of: limit in force at the start of an interval. expected_interval_s: how often the series should report.
    start: the episode that is open before the first interval.
    """
    ordered = sorted({interval.start: interval for interval in intervals}.values(), key=lambda item: item.start)
    closed: list[Exceedance] = []
    episode = start
    for interval in ordered:
        norm = norm_of(interval.start)
        if norm is None:
            if episode is not None:
                closed.append(_end_without_norm(episode, interval.start))
                episode = None
            continue
        if not counts(interval, readings_needed(expected_interval_s, norm.judgement.valid_share)):
            continue
        episode = _step(episode, interval, norm)
        if episode is not None and episode.settled_at is not None:
            closed.append(episode)
            episode = None
    return Fold(tuple(closed), episode)


def _step(episode: Exceedance | None, interval: Interval, norm: Norm) -> Exceedance | None:
    value = interval.mean
    if value is None:
        return episode
    if exceeds(norm, value):
        opened = _opened(interval, value, norm=norm)
        return opened if episode is None else _joined(episode, opened)
    if episode is None:
        return None
    if not is_back(norm, value):
        return replace(episode, back=0, returned_at=None)
    back = episode.back + 1
    returned_at = episode.returned_at or interval.start
    settled = interval.end if back >= norm.judgement.return_consecutive else None
    return replace(episode, back=back, returned_at=returned_at, settled_at=settled)


def _opened(interval: Interval, value: float, *, norm: Norm) -> Exceedance:
    return Exceedance(
        norm=norm,
        started_at=interval.start,
        intervals=1,
        excess_sum=excess(norm, value),
        peak=value,
        peak_at=interval.start,
        peak_excess=excess(norm, value),
        peak_norm=norm,
        severity=severity_of(norm, value),
        states=interval.states,
        suspect=int(interval.quality == Flag.SUSPECT),
    )


def _joined(episode: Exceedance, interval: Exceedance) -> Exceedance:
    """The episode with one more exceeding interval, which is judged by the norm of its own time."""
    higher = interval.peak_excess > episode.peak_excess
    peak = interval if higher else episode
    return replace(
        episode,
        intervals=episode.intervals + 1,
        excess_sum=episode.excess_sum + interval.excess_sum,
        peak=peak.peak,
        peak_at=peak.peak_at,
        peak_excess=peak.peak_excess,
        peak_norm=peak.peak_norm,
        severity=worst(episode.severity, interval.severity),
        states=episode.states | interval.states,
        suspect=episode.suspect + interval.suspect,
        back=0,
        returned_at=None,
    )


def _end_without_norm(episode: Exceedance, moment: datetime) -> Exceedance:
    return replace(episode, returned_at=episode.returned_at or moment, settled_at=moment)
