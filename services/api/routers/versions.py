"""Versions of a reading: conflicts, and decisions between them."""

from datetime import UTC
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import EARLIEST, LATEST, Cursor, Identifier, Limit
from services.api.reply import json_reply, next_link
from services.api.schema import answers, body_schema
from services.storage.decisions import Decision, decide
from services.storage.observation_reading import Conflict, list_conflicts
from uskat.wire.status import AwareTime

router = APIRouter(prefix=API, tags=["observations"])

DECISION_EXAMPLE = {
    "time": "2026-11-20T00:00:00Z", "conflict": 12, "reason": "Первое значение отправлено до калибровки, акт № 7"
}  # fmt: skip


class NewDecision(msgspec.Struct, forbid_unknown_fields=True):
    """Which version of the reading at `time` shall count: a conflict by id, or null for the first value again."""

    time: AwareTime
    conflict: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None
    reason: Annotated[str, msgspec.Meta(min_length=5, max_length=1000)]


@router.get(
    "/series/{series_id}/conflicts",
    summary="Moments that were sent twice with different values",
    responses=answers(Page[Conflict], "A page of conflicts, by id", problems=(404, 422)),
)
async def get_conflicts(
    request: Request,
    context: Shared,
    asking: Asking,
    series_id: Identifier,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """Each with the first value, the other one, and the decision, if there is one. Nothing is ever overwritten."""
    if await context.directory.head(series_id, everything=asking.sees_everything) is None:
        raise NotFound(f"there is no published series {series_id}")
    question = ("conflicts", series_id)
    after = read_cursor(cursor, question, (int,))[0] if cursor else 0
    found = await context.database.ask(list_conflicts, series_id=series_id, after=after, limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=next_link(request, following))


@router.post(
    "/series/{series_id}/decisions",
    summary="Decide which version of a reading counts",
    status_code=201,
    responses=answers(Decision, "Recorded", problems=(401, 403, 404, 413, 415, 422), status=201),
    openapi_extra=body_schema(NewDecision, example=DECISION_EXAMPLE) | {"security": [{"token": []}]},
)
async def post_decision(request: Request, context: Shared, asking: Asking, series_id: Identifier) -> Response:
    """Append-only: the newest decision for a moment wins, and `as_of` still shows what counted before.

    The 20-minute interval is recomputed in the same transaction; hours, days and alerts follow within a moment.
    """
    wanted = await read_struct(request, NewDecision)
    if await context.directory.head(series_id, everything=True) is None:
        raise NotFound(f"there is no series {series_id}")
    reason = wanted.reason.strip()
    if "\x00" in reason or not reason:
        raise InvalidRequest("the reason must be a sentence")
    try:
        moment = wanted.time.astimezone(UTC)
    except OverflowError:
        moment = LATEST
    if not EARLIEST <= moment < LATEST:
        raise InvalidRequest(f"time must lie between {EARLIEST.year} and {LATEST.year}")
    made = await context.database.change(
        decide, series_id=series_id, time=moment, conflict_id=wanted.conflict, by=asking.name, reason=reason
    )
    return json_reply(made, status_code=201)
