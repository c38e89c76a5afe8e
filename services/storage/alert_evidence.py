"""How far an alert is evidence: the weakest of the intervals it rests on, and the laboratory's sample of its case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_reading import AlertRow
from services.storage.case_history import case_steps
from services.storage.case_policy_store import replayed
from services.storage.evidence_records import RecordRow
from services.storage.instrument_evidence import GradedSeries, alert_span, instruments_say, rests_on
from uskat.supervision.case.state import SampleFile
from uskat.supervision.evidence.grade import Fact, Judgement, Requirement, grade_of, grade_rules

_CASES = text("SELECT case_id FROM case_alert WHERE alert_id = :alert ORDER BY case_id")


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
    since, until = alert_span(alert)
    parts, records = await rests_on(connection, alert)
    samples = await samples_of(connection, alert.id)
    whole = await instruments_say(connection, alert, parts=parts, records=records)
    facts = [fact for fact in whole.facts if fact.requirement is not Requirement.SAMPLE]
    judgement = grade_of([*facts, sample_fact(samples)], grade_rules())
    return AlertEvidence(judgement, since, until, tuple(parts), tuple(records), samples)


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
