"""In which reach a source lies: a station against the stations above it, in the window that travel time leaves.

What rises at B and came past A rose at A at least as much, because a river only dilutes. So the share of B's excess
that A shows in the window tells: half of it or more, and it came from above A; less, and A is clean and the source is
between. A station without data there, or whose instruments are under a fault, cannot tell: the reach goes on to the
next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from uskat.water.calibration import Calibrations
from uskat.water.interval import INTERVAL
from uskat.water.network_graph import Network
from uskat.water.network_items import Station
from uskat.water.passing import Excess, Passing, StationRecord, excess_of, passing_of
from uskat.water.river_flow import RiverState, station_point
from uskat.water.river_graph import Catchment, catchment
from uskat.water.travel_time import Travel, travel_between

CAME_FROM_ABOVE = 0.5
MOST = 3.0
CLEAR = 2.5
"""Scales of its own restlessness that a station's excess must have to count as the passage of something."""
COVERAGE = 0.7
LONGEST_GAP = timedelta(hours=2)
MARGIN = timedelta(hours=1)
FARTHEST_H = 96.0
"""Water older than this is not asked for: its passage is drowned in everything else."""
DEEPEST = 6


class Verdict(StrEnum):
    """What a station above says of a passage below it."""

    CLEAN = "clean"
    AFFECTED = "affected"
    SILENT = "silent"


@dataclass(frozen=True)
class Witness:
    """A station above and what it says. share: of the excess below; since, until: the window asked; why: in Russian."""

    station: Station
    verdict: Verdict
    share: float
    since: datetime
    until: datetime
    why: str
    passing: Passing | None = None


@dataclass(frozen=True)
class Location:
    """Where a passage at a station came from.

    chain: stations that it passed, from the one asked about to the topmost. area: the source's reach, above the
    topmost. witnesses: every station that was asked, with its verdict.
    """

    chain: tuple[Passing, ...]
    area: Catchment
    witnesses: tuple[Witness, ...]

    @property
    def topmost(self) -> Passing:
        """The passage nearest to the source."""
        return self.chain[-1]

    @property
    def wide(self) -> bool:
        """True when a station that should have told was silent, so that the reach is wider than the network allows."""
        return bool(self.area.passed)


@dataclass(frozen=True)
class River:
    """What the search knows: the graph, the flow of the time, calibrations, and what each station recorded."""

    network: Network
    state: RiverState
    records: Mapping[str, StationRecord]
    calibrations: Calibrations = field(default_factory=dict)

    def travel(self, upper: str, lower: str) -> Travel | None:
        """Travel between two stations; None when they are not on one way of water."""
        start, end = station_point(self.network, upper), station_point(self.network, lower)
        if start is None or end is None:
            return None
        return travel_between(self.network, start, lower=end, state=self.state, calibrations=self.calibrations)


def locate(river: River, passing: Passing) -> Location:
    """Reach of the source of a passage, following it up the river as far as stations show it."""
    chain = [passing]
    area, witnesses = _surroundings(river, passing)
    asked = witnesses
    while len(chain) < DEEPEST:
        affected = [w for w in asked if w.passing is not None and w.passing.tracers]
        best = max(affected, key=lambda witness: (witness.share, witness.station.code), default=None)
        if best is None or best.passing is None:
            break
        chain.append(best.passing)
        area, asked = _surroundings(river, best.passing)
        witnesses = [*witnesses, *asked]
    return Location(tuple(chain), area, tuple(witnesses))


def _surroundings(river: River, passing: Passing) -> tuple[Catchment, list[Witness]]:
    """The reach above a station up to those that can tell, and what each of them says."""
    point = station_point(river.network, passing.station)
    if point is None:
        raise ValueError(f"station {passing.station} stands on no river")
    told: dict[str, Witness] = {}
    ignored: set[str] = set()
    while True:
        area = catchment(river.network, point, ignored=ignored)
        fresh = [bound for bound in area.bounds if bound.code not in told]
        for bound in fresh:
            told[bound.code] = _ask(river, bound, passing=passing)
        silent = {
            bound.code for bound in fresh if told[bound.code].verdict is Verdict.SILENT and _near(river, bound, passing)
        }
        if not silent:
            return area, list(told.values())
        ignored |= silent


def _near(river: River, bound: Station, passing: Passing) -> bool:
    way = river.travel(bound.code, passing.station)
    return way is not None and way.probable_h <= FARTHEST_H


def _ask(river: River, bound: Station, *, passing: Passing) -> Witness:
    way = river.travel(bound.code, passing.station)
    if way is None:
        return Witness(bound, Verdict.SILENT, 0.0, passing.since, passing.until, "не связана с рекой")
    since = passing.onset_at - timedelta(hours=way.latest_h) - MARGIN
    until = max(passing.peak_at, passing.onset_at + INTERVAL) - timedelta(hours=way.earliest_h) + MARGIN
    record = river.records.get(bound.code)
    if record is None or not record.values:
        return Witness(bound, Verdict.SILENT, 0.0, since, until, "данных нет")
    shares, weights, troubles, clear = [], [], [], False
    for tracer in passing.tracers:
        found = _share(record, tracer, since=since, until=until)
        troubles += [found.trouble] if found.trouble else []
        if found.share is not None and (not found.trouble or found.share >= CAME_FROM_ABOVE):
            shares.append(min(found.share, MOST))
            weights.append(min(tracer.significance, 20.0))
            clear = clear or found.clear
    if not shares:
        why = troubles[0] if troubles else "не измеряет показателей, которые изменились ниже"
        return Witness(bound, Verdict.SILENT, 0.0, since, until, why)
    share = float(np.average(shares, weights=weights))
    if share < CAME_FROM_ABOVE or not clear:
        return Witness(bound, Verdict.CLEAN, share, since, until, "изменений, которые объяснили бы нижние, не было")
    own = passing_of(record, since, until=until)
    return Witness(bound, Verdict.AFFECTED, share, since, until, "те же изменения прошли раньше", own)


@dataclass(frozen=True, slots=True)
class _Share:
    """Share of the excess below that a station shows; clear of its own restlessness; what keeps it from trust."""

    share: float | None = None
    clear: bool = False
    trouble: str = ""


def _share(record: StationRecord, below: Excess, *, since: datetime, until: datetime) -> _Share:
    code = below.parameter
    if code not in record.values:
        return _Share(trouble="")
    if code in record.broken:
        return _Share(trouble="неисправность прибора")
    excess = excess_of(record, code, since=since, until=until)
    if excess is None:
        return _Share(trouble="данных нет")
    signed = np.nan_to_num(excess.course) * np.sign(below.peak)
    best = max(float(np.sort(signed)[-2:].mean()), 0.0)
    trouble = "" if _covered(excess) else "данных за нужное время мало"
    return _Share(best / abs(below.peak), best >= CLEAR * excess.scale, trouble)


def _covered(excess: Excess) -> bool:
    known = np.isfinite(excess.course)
    if known.mean() < COVERAGE:
        return False
    places = np.flatnonzero(np.concatenate(([True], known, [True])))
    return bool(np.diff(places).max() - 1 <= LONGEST_GAP / INTERVAL)
