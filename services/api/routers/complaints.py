"""Complaints: filed by anybody, followed by a code, handled by inspectors of the territory."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import JSON_TYPES, check_content_type, read_body, read_struct
from services.api.complaint_answer import EXAMPLE_LINK, ComplaintAnswer, Followed, complaint_answer, followed
from services.api.complaint_filing import receive
from services.api.context import Context, Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import INT32, Cursor, Identifier, Limit
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.schema import answers, body_schema, problem_answer
from services.api.version import version_of, version_tag
from services.storage.complaint_desk import open_complaint, open_photograph, take_step
from services.storage.complaint_store import (
    ComplaintFile,
    ComplaintRow,
    Settlement,
    find_by_code,
    forget_by_code,
    list_complaints,
    settlements,
)
from uskat.supervision.complaint.filing import Filing, Topic, code_digest
from uskat.supervision.complaint.machine import OPEN, Stage
from uskat.supervision.complaint.policy import complaint_policy
from uskat.supervision.complaint.step import ComplaintAction, ComplaintRejection, ComplaintStep
from uskat.wire.status import AwareTime

LARGEST_FILING = 12 * 2**20
"""A photograph of 8 MiB in base64, and the words."""
MAX_AGE_S = 300
SECURED: dict[str, Any] = {"security": [{"token": []}]}
PRIVATE = {"Cache-Control": "no-store"}
router = APIRouter(prefix=API, tags=["complaints"])

CODE_EXAMPLE = {"code": "4M7QX-0CB2K-H9TZ1-PW3VD"}
ROW_EXAMPLE = {
    "id": 12, "received_at": "2026-06-02T05:20:00Z", "happened_at": "2026-06-02T05:05:00Z", "topic": "blast",
    "settlement": "uskat", "longitude": 87.01, "latitude": 54.02, "territory": "north-demo", "stage": "taken",
    "version": 2, "closed_at": None, "forgotten_at": None,
}  # fmt: skip
FOLLOWED_EXAMPLE = {
    "stage": "taken", "text": "В работе: инспектор разбирается.", "text_en": "An inspector looks into it.",
    "topic": "Взрыв, толчок", "received_at": "2026-06-02T05:20:00Z", "happened_at": "2026-06-02T05:05:00Z",
    "answer_by": "2026-07-02T05:20:00Z", "personal_kept": True,
    "steps": [{"at": "2026-06-02T05:20:00Z", "text": "Обращение получено."}], "links": [EXAMPLE_LINK],
}  # fmt: skip
ANSWER_EXAMPLE = {
    "complaint": ROW_EXAMPLE, "owner": "ivanova", "answer_by": "2026-07-02T05:20:00Z", "references": ["case:7"],
    "personal": {"contact": "8-900-000-00-00", "words": "Дрожали окна", "longitude": None, "latitude": None,
                 "photograph": False, "keep_until": "2026-08-31T05:20:00Z"},
    "links": [EXAMPLE_LINK],
    "steps": [{"action": "receive", "at": "2026-06-02T05:20:00+00:00", "by": "citizen"}],
}  # fmt: skip


class NewComplaint(msgspec.Struct, forbid_unknown_fields=True):
    """What happened, when and where: a settlement's code, or coordinates. photograph: JPEG or PNG in base64."""

    topic: Topic
    happened_at: AwareTime
    words: str
    settlement: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    contact: str | None = None
    photograph: bytes | None = None


class FollowUpCode(msgspec.Struct, forbid_unknown_fields=True):
    """The code that was given at filing; never sent in an address, so that no log holds it."""

    code: Annotated[str, msgspec.Meta(max_length=100)]


class Forgotten(msgspec.Struct):
    """Nothing personal of the complaint is left."""

    forgotten: bool = True


class InspectorAction(StrEnum):
    """What an inspector may do about a complaint."""

    TAKE = "take"
    LINK = "link"
    ANSWER = "answer"
    CLOSE = "close"
    REJECT = "reject"
    REOPEN = "reopen"


class NewComplaintStep(msgspec.Struct, forbid_unknown_fields=True):
    """One step. note: what the citizen reads; reason: of `reject`; reference: of `link`, as `alert:5` or `case:7`."""

    action: InspectorAction
    note: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    reason: ComplaintRejection | None = None
    reference: Annotated[str, msgspec.Meta(max_length=100)] | None = None


@router.get(
    "/settlements",
    summary="Settlements by name, as complaints name them",
    responses=answers(list[Settlement], "By name", example=[
        {"code": "uskat", "name": "Ускат (демо)", "longitude": 87.0, "latitude": 54.0, "territory": "north-demo"},
    ]),
)  # fmt: skip
async def get_settlements(request: Request, context: Shared) -> Response:
    """Settlements of the map, with the territory whose agency handles what is told of there."""
    return fresh_reply(request, await context.database.ask(settlements), max_age_s=MAX_AGE_S)


@router.post(
    "/complaints",
    summary="Complain: what, where, when",
    status_code=201,
    responses=answers(
        FollowUpCode, "The code to follow it by; it is shown once", example=CODE_EXAMPLE,
        problems=(413, 415, 422, 429), status=201,
    ),
    openapi_extra=body_schema(NewComplaint, example={
        "topic": "blast", "happened_at": "2026-06-02T12:05:00+07:00", "words": "Дрожали окна", "settlement": "uskat",
    }),
)  # fmt: skip
async def post_complaint(request: Request, context: Shared) -> Response:
    """No account, no name. A contact only if one wants to be asked back; all that is personal is deleted by term.

    A photograph is decoded and encoded anew: place, time and camera in its metadata are lost.
    """
    context.door.admit(request, "complaint", per_hour=context.settings.complaints_per_hour)
    check_content_type(request, JSON_TYPES)
    try:
        wanted = msgspec.json.decode(await read_body(request, LARGEST_FILING), type=NewComplaint)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body does not fit", errors=[{"in": "body", "message": str(error)[:200]}]) from None
    point = None
    if wanted.longitude is not None and wanted.latitude is not None:
        point = (wanted.longitude, wanted.latitude)
    elif (wanted.longitude, wanted.latitude) != (None, None):
        raise InvalidRequest("coordinates are two numbers")
    filing = Filing(wanted.topic, wanted.happened_at, wanted.words, wanted.settlement, point, wanted.contact)
    return json_reply(FollowUpCode(await receive(context, filing, wanted.photograph)), status_code=201, headers=PRIVATE)


@router.post(
    "/complaints/status",
    summary="Where a complaint stands, by its code",
    responses=answers(
        Followed, "Where it stands", example=FOLLOWED_EXAMPLE, problems=(404, 413, 415, 422, 429)
    ),
    openapi_extra=body_schema(FollowUpCode, example=CODE_EXAMPLE),
)  # fmt: skip
async def post_status(request: Request, context: Shared) -> Response:
    """Nothing personal is in the answer. The code may be written in any case, with or without dashes."""
    wanted = await read_struct(request, FollowUpCode)
    return json_reply(followed(await follow(request, context, wanted.code)), headers=PRIVATE)


@router.post(
    "/complaints/forget",
    summary="Delete everything personal of a complaint, by its code",
    responses=answers(
        Forgotten, "Nothing personal is left", example={"forgotten": True}, problems=(404, 413, 415, 422, 429)
    ),
    openapi_extra=body_schema(FollowUpCode, example=CODE_EXAMPLE),
)  # fmt: skip
async def post_forget(request: Request, context: Shared) -> Response:
    """Contact, words, exact place and photograph are gone at once; topic, settlement and time stay. Again: no error."""
    wanted = await read_struct(request, FollowUpCode)
    await forget_code(request, context, wanted.code)
    return json_reply(Forgotten(), headers=PRIVATE)


@router.get(
    "/complaints",
    summary="Complaints of the agency's territories",
    responses=answers(
        Page[ComplaintRow], "Newest first", example={"items": [ROW_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=SECURED,
)
async def get_complaints(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    stage: Annotated[list[Stage] | None, Query(description="received, taken, answered, closed, rejected")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """By default those that are not over. Without anything personal: that is in the complaint itself."""
    wanted = sorted(stage or OPEN)
    question = ("complaints", *wanted)
    before = min(read_cursor(cursor, question, (int,))[0], INT32) if cursor else INT32
    found = await context.database.ask(
        list_complaints, territories=asking.territories, stages=wanted, before=before, limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=PRIVATE | next_link(request, following))


@router.get(
    "/complaints/{complaint_id}",
    summary="A complaint in full, for the agency of its territory",
    responses=answers(ComplaintAnswer, "The complaint", example=ANSWER_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def get_complaint(context: Shared, asking: Asking, complaint_id: Identifier) -> Response:
    """Whoever reads it is written into the audit log. Another agency's complaint is not there."""
    found = await context.database.change(open_complaint, complaint_id, who=asking, territories=asking.territories)
    return _reply(found)


@router.get(
    "/complaints/{complaint_id}/photograph",
    summary="A complaint's photograph",
    responses={
        200: {
            "description": "The picture",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        },
        **{code: problem_answer(code) for code in (401, 403, 404, 422, 503)},
    },
    response_class=Response,
    openapi_extra=SECURED,
)
async def get_complaint_photograph(context: Shared, asking: Asking, complaint_id: Identifier) -> Response:
    """Encoded anew at filing, without metadata. Read by the agency of its territory only, and logged."""
    content, media_type = await context.database.change(
        open_photograph, complaint_id, who=asking, territories=asking.territories
    )
    return Response(content, headers=PRIVATE, media_type=media_type)


@router.post(
    "/complaints/{complaint_id}/steps",
    summary="Take, link, answer, close or reject a complaint",
    responses=answers(
        ComplaintAnswer, "The step is taken", example=ANSWER_EXAMPLE,
        problems=(401, 403, 404, 409, 412, 413, 415, 422, 428),
    ),
    openapi_extra=body_schema(NewComplaintStep, example={"action": "answer", "note": "Проба взята."}) | SECURED,
)  # fmt: skip
async def post_complaint_step(request: Request, context: Shared, asking: Asking, complaint_id: Identifier) -> Response:
    """With `If-Match`. Notes are read by the citizen and stay when the person is forgotten: put nothing personal in."""
    version = version_of(request)
    wanted = await read_struct(request, NewComplaintStep)
    if "\x00" in wanted.note + (wanted.reference or ""):
        raise InvalidRequest("notes and references must be text")

    def step(at: Any) -> ComplaintStep:
        return ComplaintStep(
            ComplaintAction(wanted.action.value), at, asking.name, note=wanted.note.strip(), reason=wanted.reason,
            reference=wanted.reference,
        )  # fmt: skip

    found = await context.database.change(
        take_step, complaint_id, who=asking, territories=asking.territories, version=version, step=step,
        policy=complaint_policy(), now=context.now(),
    )  # fmt: skip
    return _reply(found)


async def follow(request: Request, context: Context, code: str) -> ComplaintFile:
    """The complaint of a code. Raises TooManyRequests, NotFound, NoSuchComplaint."""
    context.door.admit(request, "complaint code", per_hour=context.settings.complaint_codes_per_hour)
    digest = code_digest(code)
    if digest is None:
        raise NotFound("this is no code of a complaint")
    return await context.database.ask(find_by_code, digest)


async def forget_code(request: Request, context: Context, code: str) -> None:
    """Forget the person of a code. Raises TooManyRequests, NotFound, NoSuchComplaint."""
    context.door.admit(request, "complaint code", per_hour=context.settings.complaint_codes_per_hour)
    digest = code_digest(code)
    if digest is None:
        raise NotFound("this is no code of a complaint")
    await context.database.change(forget_by_code, digest, policy=complaint_policy(), now=context.now())


def _reply(found: ComplaintFile) -> Response:
    return json_reply(complaint_answer(found), headers=PRIVATE | {"ETag": version_tag(found.row.version)})
