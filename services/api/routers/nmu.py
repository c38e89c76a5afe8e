"""Warnings of adverse weather for dispersion (НМУ): read by everybody, entered and called off by the agency."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import check_content_type, read_body, read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import EARLIEST, INT32, LATEST, Code, Cursor, End, Identifier, Limit, Start
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.schema import answers, body_schema
from services.storage.nmu_store import NmuRow, NotToWithdraw, enter_warnings, list_warnings, withdraw_warning
from uskat.blast.restriction.nmu import NmuWarning, RowError, read_nmu_table
from uskat.wire.status import AwareTime

MAX_AGE_S = 60
LARGEST_FILE = 1024 * 1024
MOST_ROWS = 5000
MOST_TOLD = 50
BODIES = ("application/json", "text/csv")
SECURED: dict[str, Any] = {"security": [{"token": []}]}
router = APIRouter(prefix=API, tags=["blasting restrictions"])

NEW_EXAMPLE = {
    "zone": "Новокузнецк", "degree": 2, "valid_from": "2026-05-12T12:00:00Z", "valid_to": "2026-05-13T12:00:00Z",
    "issued_at": "2026-05-12T08:00:00Z", "source": "Кемеровский ЦГМС, предупреждение № 14",
}  # fmt: skip
EXAMPLE = NEW_EXAMPLE | {
    "id": 3, "withdrawn_at": None, "withdrawn_by": None, "entered_by": "duty", "entered_at": "2026-05-12T08:05:00Z",
}  # fmt: skip


class NewWarning(msgspec.Struct):
    """A warning over [valid_from, valid_to); withdrawn_at where it was called off already."""

    zone: str
    degree: Annotated[int, msgspec.Meta(ge=1, le=3)]
    valid_from: AwareTime
    valid_to: AwareTime
    issued_at: AwareTime
    source: str
    withdrawn_at: AwareTime | None = None


class RefusedRow(msgspec.Struct):
    """A row that is no warning; the first row of a CSV's data is 2, of a JSON list 1."""

    row: int
    problem: str


class Entered(msgspec.Struct):
    """What an entry did: stored warnings, how many were known already, refused rows."""

    items: list[NmuRow]
    known: int
    refused: list[RefusedRow]


class Withdrawal(msgspec.Struct, forbid_unknown_fields=True):
    """When a warning was called off; null: now."""

    at: AwareTime | None = None


@router.get(
    "/nmu",
    summary="Warnings of adverse weather (НМУ)",
    responses=answers(
        Page[NmuRow], "A page, the newest entry first", example={"items": [EXAMPLE], "next": None}, problems=(422,)
    ),
)
async def get_warnings(
    *,
    request: Request,
    context: Shared,
    zone: Annotated[Code | None, Query(description="name of a zone")] = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """Those that hold at some moment of [start, end); without them all. Called off: until then."""
    question = ("nmu", zone, str(start), str(end))
    before = read_cursor(cursor, question, (int,))[0] if cursor else INT32
    found = await context.database.ask(
        list_warnings, zone=zone, since=start or EARLIEST, until=end or LATEST, before=min(before, INT32),
        limit=limit + 1,
    )  # fmt: skip
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=MAX_AGE_S, headers=next_link(request, following))


@router.post(
    "/nmu",
    summary="Enter warnings of adverse weather",
    status_code=201,
    responses=answers(
        Entered,
        "What was stored, known already, refused",
        example={"items": [EXAMPLE], "known": 0, "refused": []},
        problems=(401, 403, 413, 415, 422),
        status=201,
    ),
    openapi_extra=body_schema(list[NewWarning] | NewWarning, example=[NEW_EXAMPLE]) | SECURED,
)
async def post_warnings(request: Request, context: Shared, asking: Asking) -> Response:
    """One warning or a list of them as JSON, or a CSV table with the same names as columns.

    A bad row takes nothing with it. Entering the same warning again changes nothing.
    """
    check_content_type(request, BODIES)
    payload = await read_body(request, LARGEST_FILE)
    is_csv = request.headers.get("content-type", "").lower().startswith("text/csv")
    warnings, refused = _table(payload) if is_csv else _list(payload)
    if not warnings:
        errors = [{"in": f"row {one.row}", "message": one.problem[:200]} for one in refused[:MOST_TOLD]]
        raise InvalidRequest("there is no warning in the body", errors=errors)
    made = await context.database.change(enter_warnings, warnings, by=asking.name)
    told = Entered(made, len(warnings) - len(made), [RefusedRow(one.row, one.problem[:200]) for one in refused])
    return json_reply(told, status_code=201)


@router.post(
    "/nmu/{warning_id}/withdrawal",
    summary="Call a warning off",
    status_code=201,
    responses=answers(NmuRow, "The warning", example=EXAMPLE, problems=(401, 403, 404, 413, 415, 422), status=201),
    openapi_extra=body_schema(Withdrawal, example={"at": "2026-05-12T20:00:00Z"}) | SECURED,
)
async def post_withdrawal(request: Request, context: Shared, asking: Asking, warning_id: Identifier) -> Response:
    """It stays in the list and counts up to that moment."""
    wanted = await read_struct(request, Withdrawal)
    at = _moment(wanted.at) if wanted.at is not None else context.now()
    try:
        found = await context.database.change(withdraw_warning, warning_id, at=at, by=asking.name)
    except NotToWithdraw as error:
        raise InvalidRequest(str(error)) from None
    if found is None:
        raise NotFound(f"there is no warning {warning_id}")
    return json_reply(found, status_code=201)


def _table(payload: bytes) -> tuple[list[NmuWarning], list[RowError]]:
    try:
        warnings, refused = read_nmu_table(payload.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidRequest("the table must be UTF-8") from None
    return _bounded(warnings, refused)


def _list(payload: bytes) -> tuple[list[NmuWarning], list[RowError]]:
    try:
        body: Any = msgspec.json.decode(payload, type=list[dict[str, Any]] | dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body does not fit", errors=[{"in": "body", "message": str(error)[:200]}]) from None
    warnings, refused = [], []
    for place, item in enumerate(body if isinstance(body, list) else [body], 1):
        try:
            warnings.append(NmuWarning.model_validate(item))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            refused.append(RowError(place, f"{'.'.join(str(key) for key in first['loc'])}: {first['msg']}"))
    return _bounded(warnings, refused)


def _bounded(warnings: list[NmuWarning], refused: list[RowError]) -> tuple[list[NmuWarning], list[RowError]]:
    """Raise InvalidRequest for too many rows, or for texts and times that the database cannot take."""
    if len(warnings) + len(refused) > MOST_ROWS:
        raise InvalidRequest(f"more than {MOST_ROWS} rows; send them in parts")
    for one in warnings:
        moments = [one.valid_from, one.valid_to, one.issued_at, one.withdrawn_at or one.issued_at]
        if "\x00" in one.zone + one.source or not all(EARLIEST <= moment < LATEST for moment in moments):
            raise InvalidRequest(f"times lie between {EARLIEST.year} and {LATEST.year}, texts hold no zero characters")
    return warnings, refused


def _moment(moment: datetime) -> datetime:
    if not EARLIEST.timestamp() <= moment.timestamp() < LATEST.timestamp():
        raise InvalidRequest(f"times must lie between {EARLIEST.year} and {LATEST.year}")
    return moment
