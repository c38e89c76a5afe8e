"""The books: what was received and what became of it; what was refused and why; the raw bytes."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import INT64, Code, Cursor, Limit, StationFilter
from services.api.reply import json_reply, next_link
from services.api.schema import answers
from services.storage.accounting_reading import (
    LedgerDay,
    RawMessage,
    Reject,
    find_raw,
    ledger_days,
    list_rejects,
)

DEFAULT_DAYS = 7
MOST_DAYS = 366
OpenOnly = Annotated[bool, Query(alias="open", description="only what was not resolved by re-parsing")]
router = APIRouter(prefix=API, tags=["books"])

LEDGER_EXAMPLE = {
    "station": "KU-1", "day": "2026-11-21", "messages": 1440, "received": 17280, "stored": 17270, "duplicate": 8,
    "conflict": 1, "rejected": 1, "balanced": True, "difference": 0,
}  # fmt: skip


class RawFormat(StrEnum):
    """json: everything, the payload in base64; bytes: the payload alone."""

    JSON = "json"
    BYTES = "bytes"


@router.get(
    "/ledger",
    summary="What was received and what became of it, per station and day",
    responses=answers(Page[LedgerDay], "By day and station", example={"items": [LEDGER_EXAMPLE], "next": None}),
)
async def get_ledger(
    context: Shared,
    asking: Asking,
    station: StationFilter = None,
    day: Annotated[date | None, Query(description="one UTC day of receipt")] = None,
    first: Annotated[date | None, Query(description="first day; a week ago if not given")] = None,
    last: Annotated[date | None, Query(description="last day, included; today if not given")] = None,
) -> Response:
    """received = stored + duplicate + conflict + rejected, in readings; `balanced` says whether it is so.

    Senders that could not be recognised are under the empty station code.
    """
    today = context.now().date()
    last = day or last or today
    first = day or first or max(date.min, last - min(timedelta(days=DEFAULT_DAYS), last - date.min))
    if first > last:
        raise InvalidRequest(f"first {first} lies after last {last}")
    if last - first > timedelta(days=MOST_DAYS):
        raise InvalidRequest(f"at most {MOST_DAYS} days at once")
    found = await context.database.ask(
        ledger_days, station=station, first=first, last=last, everything=asking.sees_everything
    )
    return json_reply(Page(found))


@router.get(
    "/rejects",
    summary="Refused messages, packets and values, newest first",
    responses=answers(Page[Reject], "A page", problems=(401, 403, 422)),
    openapi_extra={"security": [{"token": []}]},
)
async def get_rejects(
    *,
    request: Request,
    context: Shared,
    device: Annotated[Code | None, Query(description="code of a device")] = None,
    reason: Annotated[Code | None, Query(description="reason code")] = None,
    only_open: OpenOnly = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Nothing is refused without trace: the bytes are under /raw/{raw_id}."""
    question = ("rejects", device, reason, only_open)
    before = read_cursor(cursor, question, (int,))[0] if cursor else None
    found = await context.database.ask(
        list_rejects, device=device, reason=reason, only_open=only_open, before=before, limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=next_link(request, following))


@router.get(
    "/raw/{raw_id}",
    summary="A message as received, with its link in the hash chain",
    responses=answers(
        RawMessage,
        "The message",
        others={"application/octet-stream": "the payload alone"},
        problems=(401, 403, 404, 422),
    ),
    openapi_extra={"security": [{"token": []}]},
)
async def get_raw(
    context: Shared,
    raw_id: Annotated[int, Path(ge=0, le=INT64)],
    form: Annotated[RawFormat, Query(alias="format")] = RawFormat.JSON,
) -> Response:
    """`hash` chains the messages of one device and lane; `uskat evidence verify` checks it."""
    found = await context.database.ask(find_raw, raw_id)
    if found is None:
        raise NotFound(f"there is no raw message {raw_id}")
    if form is RawFormat.BYTES:
        return Response(found.payload, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
    return json_reply(found, headers={"Cache-Control": "no-store"})
