"""Whom an alert was told, who was reached and when; dead messages are sent again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import INT64, Cursor, Identifier, Limit, LongIdentifier
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.schema import answers
from services.storage.notice_reading import MessageState, NoticeRow, list_notices, send_again

SECURED: dict[str, Any] = {"security": [{"token": []}]}
EXAMPLE = {
    "id": 12, "alert": 5, "case": None, "event": "opened", "occasion": "extreme_pollution", "severity": "extreme",
    "norm": "reaction-norms-1", "role": "duty", "person": None, "recipient": "contact:3", "channel": "email",
    "decided_at": "2026-11-21T08:40:02Z", "due_at": "2026-11-21T08:55:01Z", "message": 12,
    "key": "n-7ca8d6bfab962a8f12caec9d3000914d", "kind": "notice", "state": "delivered", "attempts": 1,
    "send_at": "2026-11-21T08:40:02Z", "reached_at": "2026-11-21T08:40:04Z", "problem": None,
}  # fmt: skip
CASE_PAGE = {
    "items": [EXAMPLE | {"alert": None, "case": 3, "event": "term", "occasion": "escalation", "person": "petrov"}],
    "next": None,
}  # fmt: skip
PAGE = {"items": [EXAMPLE], "next": None}
router = APIRouter(prefix=API, tags=["notices"])


@router.get(
    "/notices",
    summary="Notices and what became of them",
    responses=answers(Page[NoticeRow], "Newest first", example=PAGE, problems=(401, 403, 422)),
    openapi_extra=SECURED,
)
async def get_notices(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    state: Annotated[MessageState | None, Query(description="`dead`: given up, to be sent again")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """An agency sees those of its territories. Addresses are not shown: recipients are numbers."""
    return await _page(request, context, asking, state=state, limit=limit, cursor=cursor)


@router.get(
    "/alerts/{alert_id}/notices",
    summary="Whom an alert was told, and who was reached",
    responses=answers(Page[NoticeRow], "Newest first", example=PAGE, problems=(401, 403, 422)),
    openapi_extra=SECURED,
)
async def get_alert_notices(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    alert_id: Identifier,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """`reached_at` is when the recipient's side took the message, `due_at` by when the norm in force wanted it."""
    return await _page(request, context, asking, alert=alert_id, limit=limit, cursor=cursor)


@router.get(
    "/cases/{case_id}/notices",
    summary="Who was called when a term of a case ran out, and who was reached",
    responses=answers(Page[NoticeRow], "Newest first", example=CASE_PAGE, problems=(401, 403, 422)),
    openapi_extra=SECURED,
)
async def get_case_notices(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    case_id: Identifier,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """`person` is whoever had the duty and is reached at a contact; without one the contacts of the role are called.

    A case of another agency has none to show. Nobody at all: a term ran out and no contact was there to be called.
    """
    return await _page(request, context, asking, case=case_id, limit=limit, cursor=cursor)


@router.post(
    "/notice-messages/{message_id}/resend",
    summary="Send a dead message again",
    status_code=202,
    responses=answers(
        dict[str, int], "It is in the queue again", example={"message": 12}, problems=(401, 403, 404, 422), status=202
    ),
    openapi_extra=SECURED,
)
async def post_resend(context: Shared, asking: Asking, message_id: LongIdentifier) -> Response:
    """Under the same key: whoever did receive it knows the copy."""
    if not await context.published.change(send_again, message_id, agency=asking.agency):
        raise NotFound(f"there is no dead message {message_id}")
    return json_reply({"message": message_id}, status_code=202)


async def _page(
    request: Request, context: Context, asking: Asking, *, limit: int, cursor: str | None, alert: int | None = None,
    case: int | None = None, state: MessageState | None = None,
) -> Response:  # fmt: skip
    question = ("notices", str(alert), str(case), str(state))
    before = read_cursor(cursor, question, (int,))[0] if cursor else INT64
    found = await context.database.ask(
        list_notices, alert=alert, case=case, state=None if state is None else state.value, agency=asking.agency,
        before=before, limit=limit + 1,
    )  # fmt: skip
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=0, headers=next_link(request, following))
