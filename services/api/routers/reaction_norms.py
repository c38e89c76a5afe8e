"""Norms of reaction: read by everybody, entered by whoever runs the installation; never changed, only succeeded."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import check_content_type, read_body
from services.api.context import Shared
from services.api.errors import Conflict, InvalidRequest
from services.api.paging import Page
from services.api.reply import fresh_reply, json_reply
from services.api.schema import answers, body_schema
from services.storage.reaction_norm_store import NormsKnown, NormsRow, enter_norms, list_norms
from uskat.supervision.notice.norms import NormsError, packaged_norms, parse_norms

LARGEST = 256 * 1024
DOCUMENT: dict[str, Any] = packaged_norms().model_dump(mode="json", by_alias=True)
EXAMPLE = {
    "id": "reaction-norms-1", "valid_from": "2026-01-01T00:00:00Z", "verified": False, "source": DOCUMENT["source"],
    "entered_by": "project", "entered_at": None, "in_force": True, "document": DOCUMENT,
}  # fmt: skip
router = APIRouter(prefix=API, tags=["notices"])


@router.get(
    "/reaction-norms",
    summary="Who is told of what, over which channel, within what time",
    responses=answers(Page[NormsRow], "All versions", example={"items": [EXAMPLE], "next": None}),
)
async def get_reaction_norms(request: Request, context: Shared) -> Response:
    """The version in force decides; each notice names the one it was decided by."""
    found = await context.published.ask(list_norms, now=context.now())
    return fresh_reply(request, Page(found, None), max_age_s=60)


@router.post(
    "/reaction-norms",
    summary="Enter a version of the norms of reaction",
    status_code=201,
    responses=answers(
        NormsRow, "The version", example=EXAMPLE, problems=(401, 403, 409, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(dict[str, Any], example=DOCUMENT | {"id": "reaction-norms-2027"})
    | {"security": [{"token": []}]},
)  # fmt: skip
async def post_reaction_norms(request: Request, context: Shared, asking: Asking) -> Response:
    """The whole document; it decides from its `valid_from` on. Grave occasions cannot be held back."""
    check_content_type(request, ("application/json",))
    try:
        norms = parse_norms(msgspec.json.decode(await read_body(request, LARGEST)))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body does not fit", errors=[{"in": "body", "message": str(error)[:200]}]) from None
    except NormsError as error:
        raise InvalidRequest("these are no norms", errors=[{"in": "body", "message": str(error)[:300]}]) from None
    if "\x00" in norms.model_dump_json(by_alias=True) or "\\u0000" in norms.model_dump_json(by_alias=True):
        raise InvalidRequest("words must be text")
    try:
        made = await context.database.change(enter_norms, norms, by=asking.name, now=context.now())
    except NormsKnown as error:
        raise Conflict(str(error)) from None
    return json_reply(made, status_code=201)
