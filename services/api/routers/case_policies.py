"""Terms of cases: read by whoever works by them, entered by whoever runs the agency; never changed, only succeeded."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import Conflict, InvalidRequest
from services.api.paging import Page
from services.api.reply import fresh_reply, json_reply
from services.api.schema import answers, body_schema
from services.storage.audit_log import record
from services.storage.case_policy_store import CasePolicyRow, enter_case_policy, list_case_policies
from services.storage.policy_store import PolicyKnown
from uskat.supervision.case.policy import CasePolicyError
from uskat.supervision.case.roster import Duty

SECURED: dict[str, Any] = {"security": [{"token": []}]}
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
router = APIRouter(prefix=API, tags=["cases"])


class CaseTermsBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Minutes from the opening. escalate_to: roles of the roster, told `escalate_every_min` one after another.

    escalate_every_min: as much as the clock's own term when left out.
    """

    acknowledge_min: float
    dispatch_min: float
    sample_min: float
    decide_min: float
    escalate_to: Annotated[list[Duty], msgspec.Meta(min_length=1, max_length=10)]
    escalate_every_min: float | None = None


class NewCasePolicy(msgspec.Struct, forbid_unknown_fields=True):
    """A version as `uskat/data/supervision/case_policy.json` has it. terms: of every severity."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")]
    valid_from: Day
    verified: bool
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
    terms: dict[str, CaseTermsBody]


TERMS = {
    "acknowledge_min": 60, "dispatch_min": 240, "sample_min": 480, "decide_min": 14400, "escalate_every_min": 30,
    "escalate_to": ["inspector", "senior_inspector", "head"],
}  # fmt: skip
ALL_TERMS = dict.fromkeys(("maintenance", "notice", "violation", "high", "extreme"), TERMS)
NEW_EXAMPLE = {
    "id": "agency-cases-2027", "valid_from": "2027-01-01", "verified": True, "source": "Приказ № 1 (пример)",
    "terms": ALL_TERMS,
}  # fmt: skip
EXAMPLE = {
    "id": "case-policy-2", "valid_from": "2026-11-25", "verified": False, "source": "Проектное правило",
    "entered_by": "project", "entered_at": None, "in_force": True, "terms": ALL_TERMS,
}  # fmt: skip


@router.get(
    "/case-policies",
    summary="Terms of work on cases, those of earlier cases too",
    responses=answers(
        Page[CasePolicyRow], "Every version", example={"items": [EXAMPLE], "next": None}, problems=(401, 403)
    ),
    openapi_extra=SECURED,
)
async def get_case_policies(request: Request, context: Shared) -> Response:
    """A case keeps the version that it was opened under; `in_force`: new cases are opened under it."""
    found = await context.database.ask(list_case_policies, now=context.now())
    return fresh_reply(request, Page(found, None), max_age_s=0)


@router.post(
    "/case-policies",
    summary="Enter a version of the terms",
    status_code=201,
    responses=answers(
        CasePolicyRow, "It is entered", example=EXAMPLE, problems=(401, 403, 409, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(NewCasePolicy, example=NEW_EXAMPLE) | SECURED,
)
async def post_case_policy(request: Request, context: Shared, asking: Asking) -> Response:
    """For cases opened on its first day (Asia/Novokuznetsk) and later; never changed, a newer one is entered.

    Terms only grow from step to step; somebody hears of each that runs out.
    """
    document = msgspec.to_builtins(await read_struct(request, NewCasePolicy))
    now = context.now()

    async def enter(connection: Any) -> CasePolicyRow:
        made = await enter_case_policy(connection, document, by=asking.name, now=now)
        await record(connection, who=asking, action="case_policy.enter", kind="case_policy", object_id=made.id)
        return made

    try:
        made = await context.database.change(enter)
    except CasePolicyError as error:
        raise InvalidRequest(str(error)[:200]) from None
    except PolicyKnown as error:
        raise Conflict(str(error)) from None
    return json_reply(made, status_code=201)
