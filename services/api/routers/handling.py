"""Alerts in people's hands: the queue, where one stands and how it got there, the steps people take."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import Cursor, Identifier, Limit
from services.api.reply import fresh_reply, json_reply, next_link
from services.api.schema import answers, body_schema
from services.api.version import version_of, version_tag
from services.storage.handling_store import History, QueueEntry, attend, queue, read_history
from uskat.supervision.handling.machine import Attention, due_at
from uskat.supervision.handling.policy import packaged_policy
from uskat.supervision.handling.step import Action, RejectionReason, Step
from uskat.wire.status import AwareTime

LARGEST = 2**62
router = APIRouter(prefix=API, tags=["alerts"])


class PersonAction(StrEnum):
    """What a person may do about an alert."""

    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    RELEASE = "release"
    CONFIRM = "confirm"
    REJECT = "reject"
    RESOLVE = "resolve"
    RECONSIDER = "reconsider"


class NewAlertStep(msgspec.Struct, forbid_unknown_fields=True):
    """One step. until: of `shelve`; reason: of `reject`; reference: of `suppress`, or what a duplicate repeats."""

    action: PersonAction
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    until: AwareTime | None = None
    reason: RejectionReason | None = None
    reference: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class HandlingAnswer(msgspec.Struct):
    """Where an alert stands. due_at: when a term runs out. policy: the terms in force, with their source."""

    alert: int
    version: int
    machine: str
    attention: str
    review: str
    severity: str
    since: datetime
    owner: str | None
    until: datetime | None
    due_at: datetime | None
    reason: str | None
    restless: bool
    told: list[str]
    policy: dict[str, Any]
    steps: list[dict[str, Any]]


STEP_EXAMPLE = {"action": "acknowledge", "note": "Выезжаем, проба у моста"}
QUEUE_EXAMPLE = {
    "id": 5, "kind": "exceedance", "severity": "violation", "state": "active", "station": "KU-2",
    "station_name": "Ускат ниже выпуска", "title": "Аммоний-ион выше норматива", "started_at": "2026-11-21T08:20:00Z",
    "known_at": "2026-11-21T08:40:01Z", "attention": "waiting", "review": "open", "since": "2026-11-21T08:40:01Z",
    "owner": None, "until": None, "due_at": "2026-11-21T09:40:01Z", "restless": False, "note": None, "version": 1,
}  # fmt: skip
HANDLING_EXAMPLE = {
    "alert": 5, "version": 2, "machine": "active", "attention": "acknowledged", "review": "open",
    "severity": "violation", "since": "2026-11-21T08:50:00Z", "owner": "duty", "until": "2026-11-22T08:50:00Z",
    "due_at": "2026-11-22T08:50:00Z", "reason": None, "restless": False, "told": [],
    "policy": {"id": "alert-policy-1", "verified": False, "source": "Проектное правило"},
    "steps": [{"action": "raise", "at": "2026-11-21T08:40:01+00:00", "by": "machine", "severity": "violation"}],
}  # fmt: skip
PROBLEMS = (401, 403, 404, 409, 412, 413, 415, 422, 428)


@router.get(
    "/alert-queue",
    summary="Alerts that somebody must attend to",
    responses=answers(
        Page[QueueEntry], "Newest first", example={"items": [QUEUE_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra={"security": [{"token": []}]},
)
async def get_queue(
    *,
    request: Request,
    context: Shared,
    attention: Annotated[
        list[Attention] | None, Query(description="waiting, acknowledged, shelved, suppressed, closed; may repeat")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """By default what waits and what is acknowledged: acknowledged is not done. Age, owner and last note are there."""
    wanted = sorted(attention or [Attention.WAITING, Attention.ACKNOWLEDGED])
    question = ("alert-queue", *wanted)
    before = read_cursor(cursor, question, (int,))[0] if cursor else LARGEST
    found = await context.database.ask(queue, attentions=wanted, before=before, limit=limit + 1)
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return fresh_reply(request, Page(items, following), max_age_s=0, headers=next_link(request, following))


@router.get(
    "/alerts/{alert_id}/handling",
    summary="Who has an alert, and everything that was done about it",
    responses=answers(HandlingAnswer, "Where it stands", example=HANDLING_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra={"security": [{"token": []}]},
)
async def get_handling(context: Shared, alert_id: Identifier) -> Response:
    """Append-only: who, when, what, in which words. A new alert enters within a second of its first entry."""
    return _reply(alert_id, await context.database.ask(read_history, alert_id))


@router.post(
    "/alerts/{alert_id}/steps",
    summary="Acknowledge, shelve, confirm, reject … an alert",
    responses=answers(HandlingAnswer, "The step is taken", example=HANDLING_EXAMPLE, problems=PROBLEMS),
    openapi_extra=body_schema(NewAlertStep, example=STEP_EXAMPLE) | {"security": [{"token": []}]},
)
async def post_alert_step(request: Request, context: Shared, asking: Asking, alert_id: Identifier) -> Response:
    """With `If-Match`: a step is taken on what one has read. An acknowledgement lapses when its term runs out.

    A rejection names its reason of the closed list; a verdict of people outlives what the sensor does afterwards.
    """
    version = version_of(request)
    wanted = await read_struct(request, NewAlertStep)
    if "\x00" in wanted.note + (wanted.reference or ""):
        raise InvalidRequest("notes and references must be text")

    def step(at: datetime) -> Step:
        return Step(
            Action(wanted.action.value), at, asking.name, note=wanted.note.strip(), until=wanted.until,
            reason=wanted.reason, reference=wanted.reference,
        )  # fmt: skip

    history = await context.database.change(
        attend, alert_id, policy=packaged_policy(), now=context.now(), step=step, version=version
    )
    return _reply(alert_id, history)


def _reply(alert_id: int, history: History) -> Response:
    now, policy = history.handling, history.policy
    answer = HandlingAnswer(
        alert=alert_id, version=history.version, machine=now.machine.value, attention=now.attention.value,
        review=now.review.value, severity=now.severity.value, since=now.since, owner=now.owner, until=now.until,
        due_at=due_at(now, policy), reason=now.reason.value if now.reason else None, restless=now.restless,
        told=list(now.told), policy={"id": now.policy, "verified": policy.verified, "source": policy.source},
        steps=[step.to_json() for step in history.steps],
    )  # fmt: skip
    headers = {"ETag": version_tag(history.version), "Cache-Control": "no-store"}
    return json_reply(answer, headers=headers)
