"""Floods, ice jams and gaps in the data of a flood, as episodes that depend on the data only.

A level counts when two of the last three intervals bear it out (their median), so that one wild reading neither opens
nor ends anything. Rise: over the lowest level of the 24 hours before, and over an hour. Everything is a left fold over
points in time order. Maths and limits: docs/algorithms/flood.md.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from uskat.water.flood_level import COLOURS, Colour, FloodRules, colour_of, yellow_from
from uskat.water.interval import INTERVAL, Interval
from uskat.water.network_items import FloodLevels

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BORNE_OUT = 3
LOOK_BACK = DAY + BORNE_OUT * INTERVAL + HOUR
"""How far before a moment its judgement reaches."""
TEMPERATURE_AGE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class LevelPoint:
    """A level that counts, at the end of the interval that begins at `start` (UTC), cm over the gauge's zero.

    rise_cm_day: over the lowest level of the 24 h before; jump_cm: over the lowest of the hour before.
    """

    start: datetime
    level_cm: float
    rise_cm_day: float
    jump_cm: float


@dataclass(frozen=True, slots=True)
class FloodEpisode:
    """From the first point above green to the first of the calm ones in a row. Times UTC, levels in cm.

    knowable_at: end of the interval that opened it. adverse_at, dangerous_at: when НЯ and ОЯ were first reached.
    last_cm: level of its newest point, to tell whether the crest has passed.
    """

    started_at: datetime
    colour: Colour
    peak_cm: float
    peak_at: datetime
    rise_cm_day: float
    rise_cm_h: float
    last_cm: float
    adverse_at: datetime | None = None
    dangerous_at: datetime | None = None
    calm: int = 0
    returned_at: datetime | None = None
    settled_at: datetime | None = None

    @property
    def knowable_at(self) -> datetime:
        """End of the interval that opened the episode."""
        return self.started_at + INTERVAL

    @property
    def ended_at(self) -> datetime | None:
        """End of the half-open period; None while it lasts."""
        return self.returned_at if self.settled_at is not None else None


@dataclass(frozen=True, slots=True)
class JamEpisode:
    """A sudden jump of the level in ice: base_cm before it, peak_cm highest since. Ends half-way back."""

    started_at: datetime
    base_cm: float
    peak_cm: float
    peak_at: datetime
    temperature_c: float | None
    ended_at: datetime | None = None
    settled_at: datetime | None = None

    @property
    def knowable_at(self) -> datetime:
        """End of the interval that showed it."""
        return self.started_at + INTERVAL


@dataclass(frozen=True, slots=True)
class GapEpisode:
    """No level during a flood: from the end of the last interval to the start of the next; None while it lasts."""

    started_at: datetime
    knowable_at: datetime
    ended_at: datetime | None
    settled_at: datetime | None


def level_points(intervals: Sequence[Interval], rules: FloodRules) -> list[LevelPoint]:
    """Points of the counting intervals, in time order; none for an interval whose two predecessors are too old."""
    ordered = sorted({interval.start: interval for interval in intervals}.values(), key=lambda item: item.start)
    known = [(interval.start, interval.mean) for interval in ordered if interval.mean is not None]
    oldest = timedelta(minutes=rules.gap_min) + INTERVAL
    day, hour = _Lowest(DAY), _Lowest(HOUR)
    points = []
    for place in range(BORNE_OUT - 1, len(known)):
        window = known[place - BORNE_OUT + 1 : place + 1]
        start = window[-1][0]
        if start - window[0][0] > oldest:
            continue
        level = median(value for _, value in window)
        points.append(LevelPoint(start, level, level - day.add(start, level), level - hour.add(start, level)))
    return points


class _Lowest:
    """Lowest value of a sliding window of time, its newest included."""

    def __init__(self, length: timedelta) -> None:
        self._length = length
        self._kept: deque[tuple[datetime, float]] = deque()

    def add(self, moment: datetime, value: float) -> float:
        while self._kept and self._kept[-1][1] >= value:
            self._kept.pop()
        self._kept.append((moment, value))
        while self._kept[0][0] < moment - self._length:
            self._kept.popleft()
        return self._kept[0][1]


def flood_episodes(
    points: Sequence[LevelPoint], levels: FloodLevels, *, rules: FloodRules, since: datetime
) -> list[FloodEpisode]:
    """Floods that begin at or after `since`, at which none may be open; the last one may last on."""
    episodes: list[FloodEpisode] = []
    current: FloodEpisode | None = None
    for point in points:
        if point.start < since:
            continue
        colour = colour_of(point.level_cm, levels, rise_cm_day=point.rise_cm_day, rules=rules)
        if current is None:
            if colour is not Colour.GREEN:
                current = _joined(None, point, colour=colour, levels=levels)
            continue
        if _is_calm(point, levels, rules=rules):
            current = _calmer(current, point, rules=rules)
        else:
            current = _joined(current, point, colour=colour, levels=levels)
        if current.settled_at is not None:
            episodes.append(current)
            current = None
    return episodes if current is None else [*episodes, current]


def _is_calm(point: LevelPoint, levels: FloodLevels, *, rules: FloodRules) -> bool:
    yellow = yellow_from(levels, rules)
    low = yellow is None or point.level_cm < yellow - rules.return_margin_cm
    below_marks = all(
        mark is None or point.level_cm < mark - rules.return_margin_cm
        for mark in (levels.adverse_cm, levels.dangerous_cm)
    )
    return low and below_marks and point.rise_cm_day < rules.return_rise_cm_day


def _calmer(episode: FloodEpisode, point: LevelPoint, *, rules: FloodRules) -> FloodEpisode:
    calm = episode.calm + 1
    settled = point.start + INTERVAL if calm >= rules.return_consecutive else None
    return replace(
        episode,
        last_cm=point.level_cm,
        calm=calm,
        returned_at=episode.returned_at or point.start,
        settled_at=settled,
    )


def _joined(episode: FloodEpisode | None, point: LevelPoint, *, colour: Colour, levels: FloodLevels) -> FloodEpisode:
    adverse = _reached(point, levels.adverse_cm)
    dangerous = _reached(point, levels.dangerous_cm)
    if episode is None:
        return FloodEpisode(
            started_at=point.start,
            colour=colour,
            peak_cm=point.level_cm,
            peak_at=point.start,
            rise_cm_day=point.rise_cm_day,
            rise_cm_h=point.jump_cm,
            last_cm=point.level_cm,
            adverse_at=adverse,
            dangerous_at=dangerous,
        )
    higher = point.level_cm > episode.peak_cm
    return replace(
        episode,
        colour=max(episode.colour, colour, key=COLOURS.index),
        peak_cm=point.level_cm if higher else episode.peak_cm,
        peak_at=point.start if higher else episode.peak_at,
        rise_cm_day=max(episode.rise_cm_day, point.rise_cm_day),
        rise_cm_h=max(episode.rise_cm_h, point.jump_cm),
        last_cm=point.level_cm,
        adverse_at=episode.adverse_at or adverse,
        dangerous_at=episode.dangerous_at or dangerous,
        calm=0,
        returned_at=None,
    )


def _reached(point: LevelPoint, mark_cm: float | None) -> datetime | None:
    return point.start if mark_cm is not None and point.level_cm >= mark_cm else None


def jam_episodes(
    points: Sequence[LevelPoint], temperatures: Mapping[datetime, float], *, rules: FloodRules, since: datetime
) -> list[JamEpisode]:
    """Ice jams that begin at or after `since`, at which none may be open.

    temperatures: of the water in °C by interval start; ice is where the newest of six hours is at its freezing point,
    or, also without any, in the months of ice.
    """
    episodes: list[JamEpisode] = []
    current: JamEpisode | None = None
    for point in points:
        if point.start < since:
            continue
        if current is None:
            temperature = _newest(temperatures, point.start)
            frozen = temperature is not None and temperature <= rules.jam_temperature_c
            ice = frozen or point.start.month in rules.jam_months
            if ice and point.jump_cm >= rules.jam_jump_cm:
                base = point.level_cm - point.jump_cm
                current = JamEpisode(point.start, base, point.level_cm, point.start, temperature)
        elif point.level_cm <= (current.base_cm + current.peak_cm) / 2:
            episodes.append(replace(current, ended_at=point.start, settled_at=point.start + INTERVAL))
            current = None
        elif point.level_cm > current.peak_cm:
            current = replace(current, peak_cm=point.level_cm, peak_at=point.start)
    return episodes if current is None else [*episodes, current]


def _newest(temperatures: Mapping[datetime, float], moment: datetime) -> float | None:
    for back in range(TEMPERATURE_AGE // INTERVAL + 1):
        found = temperatures.get(moment - back * INTERVAL)
        if found is not None:
            return found
    return None


def gap_episodes(
    intervals: Sequence[Interval], floods: Sequence[FloodEpisode], *, rules: FloodRules, now: datetime
) -> list[GapEpisode]:
    """Stretches without a counting interval longer than the rules allow, inside floods."""
    longest = timedelta(minutes=rules.gap_min)
    starts = sorted({interval.start for interval in intervals if interval.mean is not None})
    gaps = []
    for flood in floods:
        inside = [start for start in starts if start >= flood.started_at]
        if flood.settled_at is not None:
            inside = [start for start in inside if start < flood.settled_at]
        for before, after in pairwise(inside):
            end = before + INTERVAL
            if after - end > longest:
                gaps.append(GapEpisode(end, end + longest, after, after + INTERVAL))
        if flood.settled_at is None and inside and now - (inside[-1] + INTERVAL) > longest:
            end = inside[-1] + INTERVAL
            gaps.append(GapEpisode(end, end + longest, None, None))
    return gaps
