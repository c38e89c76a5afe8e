"""Days of raw messages closed by a signed root: what anybody may keep a copy of."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Cursor, Limit
from services.api.reply import fresh_reply, next_link
from services.api.schema import answers
from services.storage.seal_store import SealedDay, sealed_days

MAX_AGE_S = 300
router = APIRouter(prefix=API, tags=["evidence"])

EXAMPLE = {
    "day": "2026-06-01", "messages": 21600, "root": "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    "statement": '{"day":"2026-06-01","key_id":"56475aa75463474c","messages":21600,"previous":null,"root":"5dc9…"}',
    "signature": "9f" * 64, "key_id": "56475aa75463474c", "public_key": "-----BEGIN PUBLIC KEY-----\n…",
    "sealed_at": "2026-06-02T01:00:03Z", "checked_at": "2026-06-02T01:00:03Z", "fault": None,
}  # fmt: skip


@router.get(
    "/evidence/days",
    summary="Closed days with their signed Merkle roots, newest first",
    responses=answers(Page[SealedDay], "A page", example={"items": [EXAMPLE], "next": None}),
)
async def get_sealed_days(
    *,
    request: Request,
    context: Shared,
    first: Annotated[date | None, Query(description="first UTC day of storing")] = None,
    last: Annotated[date | None, Query(description="last UTC day, included")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Keep copies: each statement refers to the one before it, so a copy shows that older days were not rewritten.

    A signature is over the line `uskat sealed day 1`, a newline, and the statement, Ed25519. `fault` is what the last
    check of the stored messages against the root found.
    """
    question = ("evidence-days", str(first), str(last))
    if cursor:
        last = _day(read_cursor(cursor, question, (int,))[0])
    found = await context.database.ask(sealed_days, first=first or date.min, last=last or date.max, limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].day.toordinal() - 1,)) if more else None
    headers = next_link(request, following)
    return fresh_reply(request, Page(items, following), max_age_s=MAX_AGE_S, headers=headers)


@router.get(
    "/evidence/days/{day}",
    summary="One closed day",
    responses=answers(SealedDay, "The day", example=EXAMPLE, problems=(404, 422)),
)
async def get_sealed_day(request: Request, context: Shared, day: date) -> Response:
    """A day is closed an hour after its end, UTC, counted by when a message was stored."""
    found = await context.database.ask(sealed_days, first=day, last=day, limit=1)
    if not found:
        raise NotFound(f"day {day} is not closed")
    return fresh_reply(request, found[0], max_age_s=MAX_AGE_S)


def _day(ordinal: int) -> date:
    if not 1 <= ordinal <= date.max.toordinal():
        raise InvalidRequest("cursor is not one of ours; begin without it")
    return date.fromordinal(ordinal)
