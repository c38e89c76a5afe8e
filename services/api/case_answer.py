"""Answers about cases: the whole file for its agency, the public part for an enterprise; and their examples."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from services.storage.case_history import CaseFile
from uskat.supervision.case.paper import AlertFact, Decide, FieldVisit, MeasureKind
from uskat.supervision.case.state import DemandFile, MeasureFile, SampleFile, Stage
from uskat.supervision.case.step import CaseStep
from uskat.supervision.case.term import deadlines
from uskat.supervision.case.words import CLOCK_WORDS, STAGE_WORDS


class RunningTerm(Struct):
    """A clock that runs, in words, and when it ends. reference: number of the measure or of the question."""

    clock: str
    word: str
    word_en: str
    at: datetime
    reference: str | None


class CaseAnswer(Struct):
    """A case as its agency sees it. baseless: data withdrew all it was opened from. policy: the terms, their source.

    alerts: as the case last heard of them. window of a sample: whether the plume was there, by the machine.
    """

    id: int
    version: int
    stage: str
    word: str
    word_en: str
    subject: str
    title: str
    severity: str
    agency: str
    territory: str | None
    station: str | None
    opened_at: datetime
    since: datetime
    assignee: str | None
    baseless: bool
    alerts: list[AlertFact]
    complaints: list[int]
    check: str
    visits: list[FieldVisit]
    samples: list[SampleFile]
    demands: list[DemandFile]
    decision: Decide | None
    decided_by: str | None
    decided_at: datetime | None
    measures: list[MeasureFile]
    terms: list[RunningTerm]
    policy: dict[str, Any]
    steps: list[CaseStep]


class AskedQuestion(Struct):
    """A question to the enterprise, and what it answered. late: after the term."""

    question: str
    until: datetime
    answer: str | None
    answered_at: datetime | None
    late: bool


class AskedMeasure(Struct):
    """A measure for the enterprise."""

    number: str
    kind: MeasureKind
    text: str
    until: datetime | None
    fulfilled_at: datetime | None


class AskedCase(Struct):
    """What an enterprise sees of a case that asks it: its own questions and measures, and how far the case is."""

    id: int
    title: str
    station: str | None
    opened_at: datetime
    stage: str
    word: str
    word_en: str
    verdict: str | None
    questions: list[AskedQuestion]
    measures: list[AskedMeasure]


def case_answer(file: CaseFile) -> CaseAnswer:
    """A case as it is sent to its agency."""
    case, policy = file.case, file.case.rules
    return CaseAnswer(
        id=file.id, version=file.version, stage=case.stage.value, word=STAGE_WORDS[case.stage][0],
        word_en=STAGE_WORDS[case.stage][1], subject=case.subject.value, title=case.title,
        severity=case.severity.value, agency=case.agency, territory=case.territory, station=case.station,
        opened_at=case.opened_at, since=case.since, assignee=case.assignee, baseless=case.baseless,
        alerts=list(case.alerts), complaints=list(case.complaints), check=case.check, visits=list(case.visits),
        samples=list(case.samples), demands=list(case.demands), decision=case.decision, decided_by=case.decided_by,
        decided_at=case.decided_at, measures=list(case.measures),
        terms=[
            RunningTerm(one.clock.value, *CLOCK_WORDS[one.clock], one.at, one.reference) for one in deadlines(case)
        ],
        policy={"id": policy.id, "verified": policy.verified, "source": policy.source}, steps=list(file.steps),
    )  # fmt: skip


def asked_answer(file: CaseFile, enterprise: str) -> AskedCase:
    """A case as it is sent to an enterprise that was asked: nothing of complaints, samples, people or others."""
    case = file.case
    questions = [
        AskedQuestion(
            one.paper.question, one.paper.until, one.answer.answer if one.answer else None, one.answered_at,
            one.answered_at is not None and one.answered_at > one.paper.until,
        )
        for one in case.demands
        if one.paper.enterprise == enterprise
    ]  # fmt: skip
    measures = [
        AskedMeasure(one.paper.number, one.paper.kind, one.paper.text, one.paper.until, one.fulfilled_at)
        for one in case.measures
        if one.paper.enterprise == enterprise
    ]
    return AskedCase(
        file.id, case.title, case.station, case.opened_at, case.stage.value, *STAGE_WORDS[Stage(case.stage)],
        case.verdict.value if case.verdict else None, questions, measures,
    )  # fmt: skip


QUEUE_EXAMPLE = {
    "id": 3, "title": "Аммоний-ион выше нормы", "subject": "water", "stage": "suspected", "verdict": None,
    "severity": "violation", "territory": "lower-uskat-demo", "station": "U-25", "enterprise": None,
    "assignee": "ivanova", "opened_at": "2026-11-21T08:50:00Z", "since": "2026-11-21T08:50:00Z",
    "clock": "acknowledge", "deadline": "2026-11-21T09:50:00Z", "baseless": False, "version": 2, "alerts": [5],
    "complaints": [],
}  # fmt: skip
NEW_EXAMPLE = {"alerts": [5], "complaints": [], "check": "", "severity": "violation"}
STEP_EXAMPLE = {
    "action": "sample", "number": "17/26", "laboratory": "ЦЛАТИ (демо)", "accreditation": "RA.RU.000000 (демо)",
    "taken_at": "2026-11-21T11:40:00Z", "latitude": 54.07, "longitude": 87.01, "place": "U-25",
    "photographs": ["9f" * 32],
}  # fmt: skip
CASE_EXAMPLE = {
    "id": 3, "version": 2, "stage": "suspected", "word": "Подозрение", "word_en": "Suspected", "subject": "water",
    "title": "Аммоний-ион выше нормы", "severity": "violation", "agency": "inspection-lower-demo",
    "territory": "lower-uskat-demo", "station": "U-25", "opened_at": "2026-11-21T08:50:00Z",
    "since": "2026-11-21T08:50:00Z", "assignee": "ivanova", "baseless": False,
    "alerts": [{"id": 5, "state": "active", "severity": "violation"}], "complaints": [], "check": "", "visits": [],
    "samples": [], "demands": [], "decision": None, "decided_by": None, "decided_at": None, "measures": [],
    "terms": [{
        "clock": "acknowledge", "word": "принять", "word_en": "acknowledge", "at": "2026-11-21T09:50:00Z",
        "reference": None,
    }],
    "policy": {"id": "case-policy-1", "verified": False, "source": "Проектное правило"},
    "steps": [{"at": "2026-11-21T08:50:00Z", "by": "machine", "paper": {"action": "assign", "to": "ivanova"}}],
}  # fmt: skip
ASKED_EXAMPLE = {
    "id": 3, "title": "Аммоний-ион выше нормы", "station": "U-25", "opened_at": "2026-11-21T08:50:00Z",
    "stage": "inspected", "word": "Осмотрено", "word_en": "Inspected", "verdict": None,
    "questions": [{
        "question": "Что сбрасывали 21 ноября с 08:00 до 12:00?", "until": "2026-11-28T08:50:00Z", "answer": None,
        "answered_at": None, "late": False,
    }],
    "measures": [],
}  # fmt: skip
