"""Decisions that restrict discharges or blasting: public, issued by the agency, acknowledged by enterprises."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.citizen_page import citizen_page
from services.api.context import Context, Shared
from services.api.errors import Forbidden, InvalidRequest
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import INT32, Code, Cursor, End, Identifier, Limit, Start
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.restriction_answer import DECISION_EXAMPLE, EXAMPLE, RestrictionAnswer, restriction_answer, state_word
from services.api.schema import answers, body_schema
from services.api.version import version_of, version_tag
from services.storage.restriction_store import (
    StoredDecision,
    acknowledge_restriction,
    add_restriction_version,
    issue_restriction,
    list_restrictions,
    read_restriction,
)
from uskat.supervision.restriction.decision import (
    Basis,
    Decision,
    DecisionAction,
    DecisionError,
    ReachArea,
    Restricted,
)
from uskat.supervision.restriction.rules import decision_rules
from uskat.wire.status import AwareTime

MAX_AGE_S = 30
SHOWN = 200
SECURED: dict[str, Any] = {"security": [{"token": []}]}
PRIVATE = {"Cache-Control": "no-store"}
router = APIRouter(tags=["decisions that restrict"])


class NewReach(msgspec.Struct, forbid_unknown_fields=True):
    """Part of a river, kilometres from its mouth."""

    river: str
    from_km: float
    to_km: float


class NewRestrictionDecision(msgspec.Struct, forbid_unknown_fields=True):
    """A decision over [starts_at, ends_at). pits, reaches: narrow the territory. addressees: enterprises; none: all."""

    number: str
    restricts: Restricted
    basis: Basis
    territory: str
    starts_at: AwareTime
    ends_at: AwareTime
    title: str
    text: str
    law: str
    pits: list[str] = []
    reaches: list[NewReach] = []
    addressees: list[str] = []


class NewVersion(msgspec.Struct, forbid_unknown_fields=True):
    """An amendment with the whole decision as it is to be, or a withdrawal (decision null); and why."""

    reason: str
    decision: NewRestrictionDecision | None = None


class NewAcknowledgement(msgspec.Struct, forbid_unknown_fields=True):
    """The enterprise has read the version named by If-Match."""

    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


PROBLEMS = (401, 403, 404, 409, 412, 413, 415, 422, 428)


@router.get(
    f"{API}/restrictions",
    summary="Decisions that restrict discharges or blasting",
    responses=answers(
        Page[RestrictionAnswer], "Newest first", example={"items": [EXAMPLE], "next": None}, problems=(422,)
    ),
)
async def get_restrictions(
    *,
    request: Request,
    context: Shared,
    asking: Asking,
    territory: Annotated[Code | None, Query(description="code of a territory")] = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Those whose period touches [start, end); by default what holds now or is to come. Withdrawn ones stay listed."""
    since, until = start or context.now(), end or (start or context.now()) + decision_rules().longest
    question = ("restrictions", territory, str(start), str(end))
    before = min(read_cursor(cursor, question, (int,))[0], INT32) if cursor else INT32
    found = await context.database.ask(
        list_restrictions, since=since, until=until, territory=territory, before=before, limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    told = [restriction_answer(one, asking=asking, now=context.now()) for one in items]
    return fresh_reply(request, Page(told, following), max_age_s=MAX_AGE_S, headers=next_link(request, following))


@router.get(
    f"{API}/restrictions/{{restriction_id}}",
    summary="One decision with all its versions and who has read it",
    responses=answers(RestrictionAnswer, "The decision", example=EXAMPLE, problems=(404, 422)),
)
async def get_restriction(context: Shared, asking: Asking, restriction_id: Identifier) -> Response:
    """The ETag is its version, which a change and an acknowledgement must name."""
    return _reply(await context.database.ask(read_restriction, restriction_id), context, asking=asking)


@router.post(
    f"{API}/restrictions",
    summary="Issue a decision",
    status_code=201,
    responses=answers(
        RestrictionAnswer, "The decision", example=EXAMPLE, problems=(401, 403, 409, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(NewRestrictionDecision, example=DECISION_EXAMPLE) | SECURED,
)
async def post_restriction(request: Request, context: Shared, asking: Asking) -> Response:
    """By an inspector of the territory. It binds from this moment, never backwards."""
    decision = _decision(await read_struct(request, NewRestrictionDecision))
    if decision.territory not in asking.territories or asking.agency is None:
        raise Forbidden("your agency does not supervise this territory")
    try:
        found = await context.database.change(
            issue_restriction, decision, agency=asking.agency, by=asking.name, at=context.now(), rules=decision_rules()
        )
    except DecisionError as error:
        raise InvalidRequest(str(error)) from None
    return _reply(found, context, asking=asking, status_code=201)


@router.post(
    f"{API}/restrictions/{{restriction_id}}/versions",
    summary="Amend or withdraw a decision",
    status_code=201,
    responses=answers(RestrictionAnswer, "The decision", example=EXAMPLE, problems=PROBLEMS, status=201),
    openapi_extra=body_schema(NewVersion, example={"reason": "ветер сменился", "decision": None}) | SECURED,
)
async def post_version(request: Request, context: Shared, asking: Asking, restriction_id: Identifier) -> Response:
    """With `If-Match`, and why. What was before stays and judges what was done before; it is to be read anew."""
    version = version_of(request)
    wanted = await read_struct(request, NewVersion)
    decision = _decision(wanted.decision) if wanted.decision is not None else None
    if decision is not None and decision.territory not in asking.territories:
        raise Forbidden("your agency does not supervise this territory")
    try:
        found = await context.database.change(
            add_restriction_version, restriction_id, agency=asking.agency or "", version=version,
            action=DecisionAction.AMEND if decision is not None else DecisionAction.WITHDRAW, decision=decision,
            reason=_text(wanted.reason), by=asking.name, at=context.now(), rules=decision_rules(),
        )  # fmt: skip
    except DecisionError as error:
        raise InvalidRequest(str(error)) from None
    return _reply(found, context, asking=asking, status_code=201)


@router.post(
    f"{API}/restrictions/{{restriction_id}}/acknowledgement",
    summary="The enterprise has read a decision",
    status_code=201,
    responses=answers(RestrictionAnswer, "The decision", example=EXAMPLE, problems=PROBLEMS, status=201),
    openapi_extra=body_schema(NewAcknowledgement, example={"note": "Начальнику смены передано"}) | SECURED,
)
async def post_acknowledgement(
    request: Request, context: Shared, asking: Asking, restriction_id: Identifier
) -> Response:
    """With `If-Match`. Who and when are kept; the first word counts. What was not read in its term is shown overdue."""
    version = version_of(request)
    wanted = await read_struct(request, NewAcknowledgement)
    found = await context.database.change(
        acknowledge_restriction, restriction_id, enterprise=asking.enterprise or "", version=version, by=asking.name,
        at=context.now(), note=_text(wanted.note),
    )  # fmt: skip
    return _reply(found, context, asking=asking, status_code=201)


@router.get("/restrictions", include_in_schema=False)
async def get_page(context: Shared) -> Response:
    """What is restricted now and what is to come, for residents."""
    now = context.now()
    found = await context.database.ask(
        list_restrictions, since=now, until=now + decision_rules().longest, territory=None, before=INT32, limit=SHOWN
    )
    shown = [(one, state_word(one, now)) for one in found]
    return citizen_page("restrictions.html", now=now, restrictions=shown)


def _decision(wanted: NewRestrictionDecision) -> Decision:
    reaches = tuple(ReachArea(one.river, one.from_km, one.to_km) for one in wanted.reaches)
    for name in ("number", "territory", "title", "text", "law"):
        _text(getattr(wanted, name))
    for name in (*wanted.pits, *wanted.addressees, *(one.river for one in wanted.reaches)):
        _text(name)
    return Decision(
        wanted.number.strip(), wanted.restricts, wanted.basis, wanted.territory, wanted.starts_at, wanted.ends_at,
        wanted.title.strip(), wanted.text.strip(), wanted.law.strip(), tuple(wanted.pits), reaches,
        tuple(wanted.addressees),
    )  # fmt: skip


def _text(value: str) -> str:
    if "\x00" in value:
        raise InvalidRequest("texts hold no zero characters")
    return value.strip()


def _reply(found: StoredDecision, context: Context, *, asking: Asking, status_code: int = 200) -> Response:
    headers = PRIVATE | {"ETag": version_tag(len(found.versions))}
    answer = restriction_answer(found, asking=asking, now=context.now())
    return json_reply(answer, headers=headers, status_code=status_code)
