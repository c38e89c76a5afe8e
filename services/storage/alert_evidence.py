"""How far an alert is evidence: the weakest of the intervals it rests on, and the laboratory's sample of its case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_reading import AlertRow
from services.storage.case_history import case_steps
from services.storage.case_policy_store import replayed
from services.storage.evidence_reading import (
    GradedInterval,
    SeriesIdentity,
    graded_intervals,
    series_identity,
)
from services.storage.evidence_records import RecordRow, graded_records, records_of
from uskat.supervision.case.state import SampleFile
from uskat.supervision.evidence.grade import Fact, Judgement, Requirement, grade_of, grade_rules, weakest
from uskat.supervision.evidence.water_facts import VALID_SHARE
from uskat.water.interval import INTERVAL, counts, interval_start, readings_needed

LONGEST = timedelta(days=7)
"""Of a longer episode the first days are graded and packed."""

_MOVED = text(
    """SELECT s.id FROM series s JOIN parameter p ON p.id = s.parameter_id JOIN station st ON st.id = s.station_id
    WHERE st.code = :station AND p.code = ANY(CAST(:parameters AS text[])) ORDER BY s.id"""
)
_CASES = text("SELECT case_id FROM case_alert WHERE alert_id = :alert ORDER BY case_id")


@dataclass(frozen=True, slots=True)
class GradedSeries:
    """The part of a series that an alert rests on."""

    series: SeriesIdentity
    intervals: tuple[GradedInterval, ...]


@dataclass(frozen=True, slots=True)
class AlertEvidence:
    """Grade of an alert; since, until: event time that was looked at, UTC; records: seismic ones.

    samples: of its cases.
    """

    judgement: Judgement
    since: datetime
    until: datetime
    series: tuple[GradedSeries, ...]
    records: tuple[RecordRow, ...]
    samples: tuple[SampleFile, ...]


async def alert_evidence(connection: AsyncConnection, alert: AlertRow) -> AlertEvidence:
    """Facts for an alert as they are now. One that rests on neither series nor records has E0."""
    since = interval_start(alert.started_at)
    until = min(max(alert.ended_at or alert.updated_at, alert.knowable_at, since + INTERVAL), since + LONGEST)
    parts = []
    for series_id in await _series_of(connection, alert):
        series = await series_identity(connection, series_id)
        if series is not None:
            graded = await graded_intervals(connection, series, since=since, until=until)
            parts.append(GradedSeries(series, tuple(graded)))
    samples = await samples_of(connection, alert.id)
    used = [one.judgement for part in parts for one in _used(part)]
    records = [] if parts else await records_of(connection, alert)
    used += await graded_records(connection, records)
    whole = weakest(used, grade_rules())
    facts = [fact for fact in whole.facts if fact.requirement is not Requirement.SAMPLE]
    judgement = grade_of([*facts, sample_fact(samples)], grade_rules())
    return AlertEvidence(judgement, since, until, tuple(parts), tuple(records), samples)


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


async def samples_of(connection: AsyncConnection, alert_id: int) -> tuple[SampleFile, ...]:
    """Laboratory samples of the cases that speak of an alert."""
    found: list[SampleFile] = []
    for case_id in list((await connection.execute(_CASES, {"alert": alert_id})).scalars()):
        found += (await replayed(connection, await case_steps(connection, case_id))).samples
    return tuple(found)


def sample_fact(samples: Sequence[SampleFile]) -> Fact:
    """Whether a laboratory's sample of this very water is there."""
    proving = next((one for one in samples if one.proves), None)
    if proving is not None:
        paper = proving.paper
        words = f"проба по акту № {paper.number}, {paper.laboratory}, аккредитация {paper.accreditation}"
        return Fact(Requirement.SAMPLE, holds=True, words=words, words_en=f"sample of act {paper.number}")
    if samples:
        words = "проба взята, но ответа лаборатории нет или она взята не в то время"
        return Fact(Requirement.SAMPLE, holds=False, words=words, words_en="no answer yet, or taken outside the window")
    return Fact(Requirement.SAMPLE, holds=False, words="пробы лаборатории нет", words_en="no laboratory sample")
