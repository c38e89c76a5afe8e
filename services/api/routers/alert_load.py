"""The load of a shift, and the policies by which alerts are attended to."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import Conflict, InvalidRequest
from services.api.paging import Page
from services.api.query import Moment
from services.api.reply import fresh_reply, json_reply
from services.api.schema import answers, body_schema
from services.storage.audit_log import record
from services.storage.load_reading import queued_alerts, waiting_alerts
from services.storage.policy_store import PolicyKnown, PolicyRow, enter_policy, list_policies
from uskat.supervision.handling.load import load_of, load_rules
from uskat.supervision.handling.policy import Policy, PolicyError

DAY = timedelta(days=1)
LONGEST = timedelta(days=31)
SECURED: dict[str, Any] = {"security": [{"token": []}]}
router = APIRouter(prefix=API, tags=["alerts"])


class LoadAnswer(msgspec.Struct):
    """The load over [since, until). word: acceptable, heavy, overload. waiting: now. bounds: by which it is judged."""

    since: datetime
    until: datetime
    operators: int
    alerts: int
    per_operator_hour: float
    most_in_window: int
    floods: int
    flood_minutes: int
    standing: int
    word: str
    waiting: int
    bounds: dict[str, Any]


class NewPolicy(msgspec.Struct, forbid_unknown_fields=True):
    """A policy as `uskat/data/supervision/alert_policy_3.json` has it. clocks: terms of every severity."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[\w.-]+$")]
    valid_from: Annotated[str, msgspec.Meta(max_length=10)]
    verified: bool
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    clocks: dict[str, dict[str, Any]]
    shelve_longest_min: float
    chatter_count: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    chatter_window_min: float
    receptors: list[dict[str, Any]] | dict[str, Any] | None = None
    evidence: dict[str, Any] | None = None


LOAD_EXAMPLE = {
    "since": "2026-11-24T12:00:00Z", "until": "2026-11-25T12:00:00Z", "operators": 1, "alerts": 31,
    "per_operator_hour": 1.29, "most_in_window": 12, "floods": 1, "flood_minutes": 9, "standing": 2,
    "word": "acceptable", "waiting": 4, "bounds": {"id": "alert-load-1", "verified": False, "window_min": 10},
}  # fmt: skip
POLICY_EXAMPLE = {
    "id": "alert-policy-3", "valid_from": "2026-11-25", "verified": False, "source": "Проектное правило",
    "entered_by": "project", "entered_at": None, "in_force": True,
}  # fmt: skip
TERMS = {"acknowledge_min": 60, "acknowledgement_lasts_min": 1440, "escalate_to": ["senior_inspector"]}
NEW_EXAMPLE = {
    "id": "agency-2027", "valid_from": "2027-01-01", "verified": True, "source": "Приказ № 1 (пример)",
    "clocks": dict.fromkeys(("maintenance", "notice", "violation", "high", "extreme"), TERMS),
    "shelve_longest_min": 10080, "chatter_count": 3, "chatter_window_min": 360,
}  # fmt: skip


@router.get(
    "/alert-load",
    summary="How many alerts people had to attend to, and how much of it was a flood",
    responses=answers(LoadAnswer, "The load", example=LOAD_EXAMPLE, problems=(401, 403, 422)),
    openapi_extra=SECURED,
)
async def get_load(
    *,
    request: Request,
    context: Shared,
    since: Annotated[Moment | None, Query(description="a day before `until` when left out")] = None,
    until: Annotated[Moment | None, Query(description="now when left out")] = None,
    operators: Annotated[int, Query(ge=1, le=1000, description="people on duty at once")] = 1,
) -> Response:
    """By IEC 62682: alerts per operator hour, floods (over 10 in 10 minutes on one person), alerts older than a day.

    An alert that went under its common cause at once is not counted: its parent is.
    """
    rules = load_rules()
    end = until or context.now()
    begin = since or end - DAY
    if not timedelta(0) < end - begin <= LONGEST:
        raise InvalidRequest(f"a period is longer than nothing and not longer than {LONGEST.days} days")
    alerts = await context.database.ask(queued_alerts, since=begin - rules.window, until=end)
    load = load_of(alerts, since=begin, until=end, operators=operators, rules=rules)
    waiting = await context.database.ask(waiting_alerts)
    bounds = asdict(rules) | {
        "valid_from": rules.valid_from.isoformat(), "window": rules.window / timedelta(minutes=1),
        "standing_after": rules.standing_after / timedelta(minutes=1),
    }  # fmt: skip
    minutes = {"window": "window_min", "standing_after": "standing_after_min"}
    told = {minutes.get(name, name): value for name, value in bounds.items()}
    return fresh_reply(request, LoadAnswer(**asdict(load), waiting=waiting, bounds=told), max_age_s=0)


@router.get(
    "/alert-policies",
    summary="Policies of attending to alerts, those of earlier alerts too",
    responses=answers(
        Page[PolicyRow], "Every policy", example={"items": [POLICY_EXAMPLE], "next": None}, problems=(401, 403)
    ),
    openapi_extra=SECURED,
)
async def get_policies(request: Request, context: Shared) -> Response:
    """An alert keeps the policy that it began under; `in_force`: new alerts begin under it."""
    found = await context.database.ask(list_policies, now=context.now())
    return fresh_reply(request, Page(found, None), max_age_s=0)


@router.post(
    "/alert-policies",
    summary="Enter a policy",
    status_code=201,
    responses=answers(
        PolicyRow, "It is entered", example=POLICY_EXAMPLE, problems=(401, 403, 409, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(NewPolicy, example=NEW_EXAMPLE) | SECURED,
)
async def post_policy(request: Request, context: Shared, asking: Asking) -> Response:
    """For alerts raised on its first day (Asia/Novokuznetsk) and later; it is never changed, a newer one is entered."""
    wanted = await read_struct(request, NewPolicy)
    document = msgspec.to_builtins(wanted)
    if b"\\u0000" in msgspec.json.encode(document):
        raise InvalidRequest("a policy is text")
    now = context.now()

    async def enter(connection: Any) -> Policy:
        entered = await enter_policy(connection, document, by=asking.name, now=now)
        await record(connection, who=asking, action="alert_policy.enter", kind="alert_policy", object_id=entered.id)
        return entered

    try:
        policy = await context.database.change(enter)
    except PolicyError as error:
        raise InvalidRequest(str(error)[:200]) from None
    except PolicyKnown as error:
        raise Conflict(str(error)) from None
    rows = await context.database.ask(list_policies, now=now)
    return json_reply(next(row for row in rows if row.id == policy.id), status_code=201)
