"""What speaks for the intervals of a series: facts gathered from every table, graded by the rules of the domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.background_reading import series_at
from services.storage.detector_reading import SeriesFacts, Window, read_intervals
from services.storage.network_reading import read_network
from services.storage.seal_store import sealed_days
from services.storage.verification_store import papers_of
from uskat.supervision.evidence.grade import Fact, Judgement, grade_of, grade_rules
from uskat.supervision.evidence.instrument_facts import InstrumentPapers
from uskat.supervision.evidence.water_facts import (
    VALID_SHARE,
    Care,
    Neighbour,
    SealState,
    clock_fact,
    interval_instrument,
    pair_fact,
    quality_facts,
    seal_facts,
)
from uskat.water.background import TRAVEL_SLACK, travel_window
from uskat.water.interval import INTERVAL, Interval, counts, interval_start, readings_needed
from uskat.water.way_of_water import posts_downstream, posts_upstream

DAY_IDS = 86_400_000_000 * 4096
EPOCH = date(1970, 1, 1)

_SERIES = text(
    """SELECT s.id, s.device_id, p.code, p.scale, s.expected_interval_s, s.published, p.unit_ru, st.code, s.station_id,
        s.instrument_id
    FROM series s JOIN parameter p ON p.id = s.parameter_id JOIN station st ON st.id = s.station_id
    WHERE s.id = :series"""
)
_DAYS = text(
    """SELECT date_bin('20 minutes', time, 'epoch') AS start, array_agg(DISTINCT raw_id / :day_ids)
    FROM observation WHERE series_id = :series AND time >= :since AND time < :until GROUP BY 1"""
)
# What a neighbour measured is told to everybody who may see the grade.
_SHOWN = text("SELECT code FROM station WHERE code = ANY(CAST(:codes AS text[])) AND published")
_CARE = text(
    """SELECT kind, starts_at, ends_at FROM station_visit WHERE station_id = :station AND starts_at < :until
    AND ends_at > :since AND (series_id IS NULL OR series_id = :series)"""
)
_CLOCKS = text(
    """SELECT started_at, ended_at FROM alert WHERE detector = 'clock' AND device_id = :device AND state <> 'withdrawn'
    AND started_at < :until AND (ended_at IS NULL OR ended_at > :since)"""
)


@dataclass(frozen=True, slots=True)
class SeriesIdentity:
    """A series with everything its evidence depends on. unit: as people read it."""

    facts: SeriesFacts
    unit: str
    station: str
    station_id: int
    instrument_id: int | None


@dataclass(frozen=True, slots=True)
class GradedInterval:
    """An interval with its grade; neighbours: what other posts measured of the same water."""

    interval: Interval
    judgement: Judgement
    neighbours: tuple[Neighbour, ...]


async def series_identity(connection: AsyncConnection, series_id: int) -> SeriesIdentity | None:
    """The series, None when there is none."""
    row = (await connection.execute(_SERIES, {"series": series_id})).first()
    if row is None:
        return None
    facts = SeriesFacts(row[0], row[1], row[2], row[3], row[4], row[5])
    return SeriesIdentity(facts, row[6], row[7], row[8], row[9])


async def graded_intervals(
    connection: AsyncConnection, series: SeriesIdentity, *, since: datetime, until: datetime
) -> list[GradedInterval]:
    """Every interval of a series that starts in [since, until), graded; without a laboratory E3 is the highest."""
    since = interval_start(since)
    bound = {
        "series": series.facts.id, "since": since, "until": until, "station": series.station_id,
        "device": series.facts.device_id, "day_ids": DAY_IDS,
    }  # fmt: skip
    intervals = (await read_intervals(connection, [Window(series.facts, since, until)]))[series.facts.id]
    care = [Care(*row) for row in await connection.execute(_CARE, bound)]
    clocks = [(row[0], row[1]) for row in await connection.execute(_CLOCKS, bound)]
    days = {
        row[0]: [EPOCH + timedelta(days=int(d)) for d in sorted(row[1])]
        for row in await connection.execute(_DAYS, bound)
    }
    states = await _states(connection, [day for found in days.values() for day in found])
    papers = await instrument_papers(connection, series)
    near = await _neighbours(connection, series, intervals)
    graded = []
    for interval in intervals:
        neighbours = near(interval)
        facts: list[Fact] = [
            *quality_facts(interval, expected_interval_s=series.facts.expected_interval_s, care=care),
            clock_fact(interval, wrong=clocks),
            *interval_instrument(interval, parameter=series.facts.parameter, unit=series.unit, papers=papers),
            pair_fact(neighbours, unit=series.unit),
            *seal_facts(days.get(interval.start, []), states=states),
        ]
        graded.append(GradedInterval(interval, grade_of(facts, grade_rules()), tuple(neighbours)))
    return graded


async def instrument_papers(connection: AsyncConnection, series: SeriesIdentity) -> InstrumentPapers:
    """Verifications and methods of the instrument of a series."""
    if series.instrument_id is None:
        return InstrumentPapers(known=False)
    verifications, methods = await papers_of(connection, series.instrument_id)
    return InstrumentPapers(known=True, verifications=verifications, methods=methods)


async def _states(connection: AsyncConnection, days: Sequence[date]) -> dict[date, SealState]:
    if not days:
        return {}
    closed = await sealed_days(connection, first=min(days), last=max(days), limit=100_000)
    return {one.day: SealState(sealed=True, checked=one.checked_at is not None, fault=one.fault) for one in closed}


@dataclass(frozen=True, slots=True)
class _Near:
    """Posts near a series with their intervals; called with an interval of the series, it says what they measured."""

    posts: tuple[tuple[SeriesFacts, str, bool, float], ...]
    intervals: Mapping[int, Mapping[datetime, Interval]]

    def __call__(self, interval: Interval) -> list[Neighbour]:
        found = []
        for facts, station, upstream, travel_s in self.posts:
            low, high = _window(interval.start, travel_s, upstream=upstream)
            own = self.intervals[facts.id]
            means = [own[low + i * INTERVAL].mean for i in range((high - low) // INTERVAL) if low + i * INTERVAL in own]
            known = [mean for mean in means if mean is not None]
            found.append(Neighbour(station, upstream, sum(known) / len(known) if known else None))
        return found


def _window(start: datetime, travel_s: float, *, upstream: bool) -> tuple[datetime, datetime]:
    if upstream:
        return travel_window(start, travel_s)
    travel = timedelta(seconds=travel_s)
    return interval_start(start + travel / TRAVEL_SLACK), interval_start(start + travel * TRAVEL_SLACK) + INTERVAL


async def _neighbours(connection: AsyncConnection, series: SeriesIdentity, intervals: Sequence[Interval]) -> _Near:
    network = await read_network(connection)
    if series.station not in network.station_of or not intervals:
        return _Near((), {})
    posts: list[tuple[str, bool, float]] = [(p.code, True, p.travel_s) for p in posts_upstream(network, series.station)]
    posts += [(p.code, False, p.travel_s) for p in posts_downstream(network, series.station) if p.next]
    named = await series_at(connection, [code for code, *_ in posts], parameter=series.facts.parameter)
    shown = set((await connection.execute(_SHOWN, {"codes": list(named)})).scalars())
    found = tuple(
        (named[code], code, upstream, travel)
        for code, upstream, travel in posts
        if code in shown and named[code].published
    )
    first, last = intervals[0].start, intervals[-1].start
    windows = [
        Window(facts, _window(first, travel, upstream=upstream)[0], _window(last, travel, upstream=upstream)[1])
        for facts, _, upstream, travel in found
    ]
    read: dict[int, Any] = await read_intervals(connection, windows)
    counted = {
        facts.id: {
            one.start: one
            for one in read[facts.id]
            if counts(one, readings_needed(facts.expected_interval_s, VALID_SHARE)) and (one.quality or 1) == 1
        }
        for facts, *_ in found
    }
    return _Near(found, counted)
