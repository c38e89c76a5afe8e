"""How far readings and alerts are evidence, with the reasons in words."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.query import Identifier, Moment
from services.api.reply import fresh_reply
from services.api.schema import answers
from services.storage.alert_evidence import alert_evidence
from services.storage.alert_reading import find_alert
from services.storage.evidence_reading import graded_intervals, series_identity
from uskat.supervision.evidence.grade import Fact, Grade, Judgement, Requirement, grade_rules

MAX_AGE_S = 60
SAMPLE_WORDS = {
    True: ("проба лаборатории есть", "there is a laboratory sample"),
    False: ("пробы лаборатории нет", "no laboratory sample"),
}
LONGEST = timedelta(days=31)
router = APIRouter(prefix=API, tags=["evidence"])


class FactView(msgspec.Struct):
    """holds null: nobody knows, which counts as not held."""

    requirement: Requirement
    holds: bool | None
    words: str
    words_en: str


class GradeAnswer(msgspec.Struct):
    """A grade, what it means, and every fact it rests on. rules, rules_verified: by which rules it was given."""

    grade: Grade
    meaning: str
    meaning_en: str
    facts: list[FactView]
    rules: str
    rules_verified: bool


class AlertGrade(GradeAnswer, kw_only=True):
    """Grade of an alert over event time [since, until)."""

    alert: int
    since: datetime
    until: datetime


class IntervalGrade(msgspec.Struct):
    """Grade of [start, start + 20 min); missing: what does not hold, in words."""

    start: datetime
    grade: Grade
    missing: dict[str, str]


class SeriesGrades(msgspec.Struct):
    """Intervals of [start, end), ascending; an interval without readings is not there."""

    series: int
    start: datetime
    end: datetime
    rules: str
    rules_verified: bool
    items: list[IntervalGrade]


EXAMPLE = {
    "alert": 5, "grade": "E1", "meaning": "сигнал: показание прошло контроль качества",
    "meaning_en": "signal: quality control passed", "since": "2026-06-01T08:20:00Z", "until": "2026-06-01T09:00:00Z",
    "facts": [{
        "requirement": "verification", "holds": False, "words": "записей о поверке нет",
        "words_en": "none of 0 verifications was in force",
    }],
    "rules": "evidence-grades-1", "rules_verified": False,
}  # fmt: skip
SERIES_EXAMPLE = {
    "series": 17, "start": "2026-06-01T08:00:00Z", "end": "2026-06-01T08:20:00Z", "rules": "evidence-grades-1",
    "rules_verified": False,
    "items": [{"start": "2026-06-01T08:00:00Z", "grade": "E0", "missing": {"maintenance": "шло обслуживание"}}],
}  # fmt: skip


@router.get(
    "/series/{series_id}/evidence",
    summary="Evidence grade of every 20-minute interval of a series",
    responses=answers(SeriesGrades, "Ascending in time", example=SERIES_EXAMPLE, problems=(404, 422)),
)
async def get_series_evidence(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    series_id: Identifier,
    start: Annotated[Moment | None, Query(description="a day before `end` if not given")] = None,
    end: Annotated[Moment | None, Query(description="now if not given")] = None,
) -> Response:
    """E0 kept as it came … E3 compared and signed; E4 is given to alerts only, by a laboratory's sample."""
    if await context.directory.head(series_id, everything=asking.sees_everything) is None:
        raise NotFound(f"there is no published series {series_id}")
    end = end or context.now()
    start = start or end - timedelta(days=1)
    if not start <= end <= start + LONGEST:
        raise InvalidRequest(f"end lies behind start, by at most {LONGEST.days} days")
    series = await context.database.ask(series_identity, series_id)
    if series is None:
        raise NotFound(f"there is no published series {series_id}")
    graded = await context.database.ask(graded_intervals, series, since=start, until=end)
    items = [IntervalGrade(one.interval.start, one.judgement.grade, _missing(one.judgement)) for one in graded]
    rules = grade_rules()
    answer = SeriesGrades(series_id, start, end, rules.id, rules.verified, items)
    return fresh_reply(request, answer, max_age_s=MAX_AGE_S)


@router.get(
    "/alerts/{alert_id}/evidence",
    summary="Evidence grade of an alert, with the reasons",
    responses=answers(AlertGrade, "The grade", example=EXAMPLE, problems=(404, 422)),
)
async def get_alert_evidence(request: Request, context: Shared, asking: Asking, alert_id: Identifier) -> Response:
    """Never better than the weakest interval it rests on. E1 to E3 are a ground to inspect; E4 proves a violation."""
    row = await context.database.ask(find_alert, alert_id, everything=asking.sees_everything)
    if row is None:
        raise NotFound(f"there is no published alert {alert_id}")
    found = await context.database.ask(alert_evidence, row)
    judgement, rules = found.judgement, grade_rules()
    answer = AlertGrade(
        alert=alert_id, since=found.since, until=found.until, grade=judgement.grade,
        meaning=rules.meaning[judgement.grade], meaning_en=rules.meaning_en[judgement.grade],
        facts=[_view(fact, inside=asking.sees_everything) for fact in judgement.facts],
        rules=rules.id, rules_verified=rules.verified,
    )  # fmt: skip
    return fresh_reply(request, answer, max_age_s=MAX_AGE_S)


def _view(fact: Fact, *, inside: bool) -> FactView:
    """A fact in words. Of a case everybody may know the verdict only: not whose sample, and not that one is awaited."""
    if fact.requirement is Requirement.SAMPLE and not inside:
        words, english = SAMPLE_WORDS[bool(fact.holds)]
        return FactView(fact.requirement, bool(fact.holds), words, english)
    return FactView(fact.requirement, fact.holds, fact.words, fact.words_en)


def _missing(judgement: Judgement) -> dict[str, str]:
    return {
        fact.requirement.value: fact.words for fact in judgement.missing if fact.requirement is not Requirement.SAMPLE
    }
