"""What instruments alone prove of an alert: the weakest of the intervals or records it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_reading import AlertRow
from services.storage.evidence_reading import GradedInterval, SeriesIdentity, graded_intervals, series_identity
from services.storage.evidence_records import RecordRow, graded_records, records_of
from uskat.finding import FindingKind
from uskat.supervision.evidence.grade import Judgement, grade_rules, weakest
from uskat.supervision.evidence.record_facts import quantity_of
from uskat.supervision.evidence.water_facts import VALID_SHARE
from uskat.water.interval import INTERVAL, counts, interval_start, readings_needed

LONGEST = timedelta(days=7)
"""Of a longer episode the first days are graded and packed."""

_MOVED = text(
    """SELECT s.id FROM series s JOIN parameter p ON p.id = s.parameter_id JOIN station st ON st.id = s.station_id
    WHERE st.code = :station AND p.code = ANY(CAST(:parameters AS text[])) ORDER BY s.id"""
)


@dataclass(frozen=True, slots=True)
class GradedSeries:
    """The part of a series that an alert rests on."""

    series: SeriesIdentity
    intervals: tuple[GradedInterval, ...]


async def instrument_judgement(connection: AsyncConnection, alert: AlertRow) -> Judgement:
    """What instruments alone prove of an alert, as it is known now: E3 at most."""
    parts, records = await rests_on(connection, alert)
    return await instruments_say(connection, alert, parts=parts, records=records)


def alert_span(alert: AlertRow) -> tuple[datetime, datetime]:
    """Event time that an alert rests on, UTC: from its first interval to what is known of its end."""
    since = interval_start(alert.started_at)
    return since, min(max(alert.ended_at or alert.updated_at, alert.knowable_at, since + INTERVAL), since + LONGEST)


async def rests_on(connection: AsyncConnection, alert: AlertRow) -> tuple[list[GradedSeries], list[RecordRow]]:
    """The graded intervals of its series; seismic records where no series stands behind it."""
    since, until = alert_span(alert)
    parts = []
    for series_id in await _series_of(connection, alert):
        series = await series_identity(connection, series_id)
        if series is not None:
            graded = await graded_intervals(connection, series, since=since, until=until)
            parts.append(GradedSeries(series, tuple(graded)))
    return parts, [] if parts else await records_of(connection, alert)


async def instruments_say(
    connection: AsyncConnection, alert: AlertRow, *, parts: Sequence[GradedSeries], records: Sequence[RecordRow]
) -> Judgement:
    """One judgement for everything an alert rests on, without a laboratory: E3 at most."""
    quantity = quantity_of(FindingKind(alert.kind))
    used = [one.judgement for part in parts for one in _used(part)]
    return weakest([*used, *await graded_records(connection, records, quantity=quantity)], grade_rules())


def _used(part: GradedSeries) -> Sequence[GradedInterval]:
    """Intervals a detector could use; where none counts, all of them, for they are all there is."""
    needed = readings_needed(part.series.facts.expected_interval_s, VALID_SHARE)
    return [one for one in part.intervals if counts(one.interval, needed)] or part.intervals


async def _series_of(connection: AsyncConnection, alert: AlertRow) -> list[int]:
    if alert.series is not None:
        return [alert.series]
    parameters = [str(one.get("parameter")) for one in alert.detail.get("moved", ()) if isinstance(one, dict)]
    if not parameters:
        return []
    rows = await connection.execute(_MOVED, {"station": alert.station, "parameters": parameters})
    return [int(one) for one in rows.scalars()]
