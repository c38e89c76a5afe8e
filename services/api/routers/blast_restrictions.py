"""What happened against the restrictions: conflicts of a blast that was fired, and the record of an enterprise."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest
from services.api.query import End, PathCode, Start
from services.api.reply import json_reply
from services.api.routers.blasts import ensure_books_open, ensure_insider
from services.api.schema import answers
from services.api.state_word import LOCAL
from services.storage.blast_circumstances import declared_circumstances
from services.storage.fired_blasts import fired_blasts
from uskat.blast.restriction.conflict import judge_firing, judge_plan
from uskat.blast.restriction.rules import restriction_rules

USUAL, LONGEST = timedelta(days=92), timedelta(days=400)
MOST_BLASTS = 500
PRIVATE = {"Cache-Control": "no-cache", "Vary": "Authorization"}
SECURED: dict[str, Any] = {"security": [{"token": []}]}
router = APIRouter(prefix=API, tags=["blasting restrictions"])

CONFLICT_EXAMPLE = {
    "code": "nmu", "gravity": "stop", "text": "Действует НМУ 2-й степени, зона «Новокузнецк».",
    "text_en": "Adverse weather (НМУ) of degree 2 is in force in zone Новокузнецк.", "level": "memory",
    "level_ru": "не проверено по документу", "source": "РД 52.04.52-85", "place": None,
}  # fmt: skip
EXAMPLE = {
    "enterprise": "kedrovaya-pad-demo", "blast_id": "kp-2026-061", "fired_at": "2026-06-10T06:34:00Z",
    "gravest": "stop", "conflicts": [CONFLICT_EXAMPLE], "unchecked": [],
}  # fmt: skip


class BlastConflicts(Struct):
    """What a blast conflicts with, gravest first. fired_at null: the planned window is judged, by what is known now.

    gravest: stop | warning | note; null: nothing conflicts. unchecked: what could not be checked, which is not «in
    order».
    """

    enterprise: str
    blast_id: str
    fired_at: datetime | None
    gravest: str | None
    conflicts: list[dict[str, Any]]
    unchecked: list[str]


class RestrictionRecord(Struct):
    """Blasts of an enterprise fired in [start, end) and what they conflict with; by_code: how many blasts each."""

    enterprise: str
    start: datetime
    end: datetime
    blasts: int
    in_order: int
    by_code: dict[str, int]
    items: list[BlastConflicts]


@router.get(
    "/blasts/{enterprise}/{blast_id}/restrictions",
    summary="What a blast conflicts with: warnings, wind, hours, distances, other blasts",
    responses=answers(BlastConflicts, "Conflicts, gravest first", example=EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_restrictions(context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode) -> Response:
    """A fired one by what was known at its moment, a planned one over its window by what is known now."""
    ensure_insider(asking, enterprise)
    return json_reply(await _conflicts(context, enterprise, blast_id), headers=PRIVATE)


@router.get(
    "/enterprises/{enterprise}/restriction-record",
    summary="What an enterprise fired against the restrictions",
    responses=answers(
        RestrictionRecord,
        "Blasts with conflicts, by time",
        example={
            "enterprise": "kedrovaya-pad-demo", "start": "2026-06-01T00:00:00Z", "end": "2026-07-01T00:00:00Z",
            "blasts": 9, "in_order": 8, "by_code": {"nmu": 1}, "items": [EXAMPLE],
        },
        problems=(401, 403, 404, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def get_record(
    context: Shared, asking: Asking, enterprise: PathCode, start: Start = None, end: End = None
) -> Response:
    """Of [start, end), by default the last 92 days; only notes do not spoil the order. Judged anew from what is stored.

    A warning that is entered late counts from when it was issued, so the record of the past may grow.
    """
    await ensure_books_open(context, asking, enterprise)
    since, until = period(context, start, end, usual=USUAL, longest=LONGEST)
    rows = await context.database.ask(
        fired_blasts, enterprise=enterprise, since=since, until=until, limit=MOST_BLASTS + 1
    )
    if len(rows) > MOST_BLASTS:
        raise InvalidRequest(f"more than {MOST_BLASTS} blasts; ask for a shorter period")
    judged = [await _conflicts(context, row.enterprise, row.blast_id) for row in rows]
    counts = Counter(conflict for one in judged for conflict in {item["code"] for item in one.conflicts})
    in_order = sum(one.gravest in {None, "note"} for one in judged)
    told = [one for one in judged if one.conflicts]
    found = RestrictionRecord(enterprise, since, until, len(judged), in_order, dict(counts.most_common()), told)
    return json_reply(found, headers=PRIVATE)


def period(
    context: Context, start: datetime | None, end: datetime | None, *, usual: timedelta, longest: timedelta
) -> tuple[datetime, datetime]:
    """[start, end) as asked, by default the last `usual`; raises InvalidRequest when it runs backwards or too long."""
    until = end or context.now()
    since = start or until - usual
    if not since < until or until - since > longest:
        raise InvalidRequest(f"ask for a period of at most {longest.days} days that runs forward")
    return since, until


async def _conflicts(context: Context, enterprise: str, code: str) -> BlastConflicts:
    rules, now = restriction_rules(), context.now()
    blast, circumstances = await context.database.ask(
        declared_circumstances, enterprise, code, now=now, zone=LOCAL, rules=rules
    )
    judged = (
        judge_firing(blast, circumstances, rules=rules)
        if blast.fired_at
        else judge_plan(blast.passport, circumstances, rules=rules, now=now)
    )
    return BlastConflicts(
        enterprise, code, blast.fired_at, judged.gravest.value if judged.gravest else None,
        [conflict.to_json() for conflict in judged.conflicts], list(judged.unchecked),
    )  # fmt: skip
