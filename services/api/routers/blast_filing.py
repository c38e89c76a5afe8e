"""What an enterprise does with its blasts: file a passport, amend it, announce, postpone, cancel, fire, report."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.api.access import API
from services.api.authentication import Asking, Principal
from services.api.blast_answer import Filed, public_blast
from services.api.blast_document import document_body, read_document
from services.api.blast_example import PASSPORT_EXAMPLE, REPORT_EXAMPLE
from services.api.body import read_struct
from services.api.context import Context, Shared
from services.api.errors import Conflict, Forbidden, InvalidRequest
from services.api.query import PathCode
from services.api.reply import json_reply
from services.api.routers.blasts import BLAST_EXAMPLE
from services.api.schema import answers, body_schema
from services.api.state_word import LOCAL
from services.api.version import version_of, version_tag
from services.storage.blast_blocks import waiting_blocks
from services.storage.blast_pairs import observed_of
from services.storage.blast_registry import pit_outline
from services.storage.blast_store import StepTaken, change_blast, file_blast
from uskat.blast.geometry import Point
from uskat.blast.passport import lifecycle
from uskat.blast.passport.check_report import Observed
from uskat.blast.passport.in_order import passport_in_order, report_in_order
from uskat.blast.passport.lifecycle import BlastStatus, Declaration, PostponeReason
from uskat.blast.passport.model import Passport, Window
from uskat.blast.passport.report import Report
from uskat.blast.passport.same_block import same_block
from uskat.wire.status import AwareTime

TOLD = frozenset({BlastStatus.PUBLISHED, BlastStatus.POSTPONED})
PROBLEMS = (401, 403, 404, 409, 412, 413, 415, 422, 428)
router = APIRouter(prefix=API, tags=["blasts"])

FILED_EXAMPLE = {
    "blast": BLAST_EXAMPLE | {"status": "planned", "version": 1, "announced_at": None},
    "discrepancies": [],
}
STEP_EXAMPLE = {
    "action": "postpone", "reason": "wind", "note": None, "fired_at": None,
    "window": {"planned_from": "2026-06-11T06:00:00Z", "planned_to": "2026-06-11T08:00:00Z"},
}  # fmt: skip


class StepAction(StrEnum):
    """What may be done besides filing papers."""

    PUBLISH = "publish"
    POSTPONE = "postpone"
    CANCEL = "cancel"
    FIRE = "fire"


class NewWindow(msgspec.Struct, forbid_unknown_fields=True):
    """Another time for the blast."""

    planned_from: AwareTime
    planned_to: AwareTime


class NewStep(msgspec.Struct, forbid_unknown_fields=True):
    """One step. reason: of a postponement; window: with publish and postpone; fired_at: with fire."""

    action: StepAction
    reason: PostponeReason | None = None
    window: NewWindow | None = None
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    fired_at: AwareTime | None = None


BELONGS: dict[StepAction, tuple[frozenset[str], frozenset[str]]] = {
    StepAction.PUBLISH: (frozenset(), frozenset({"window"})),
    StepAction.POSTPONE: (frozenset({"reason"}), frozenset({"reason", "window", "note"})),
    StepAction.CANCEL: (frozenset(), frozenset({"note"})),
    StepAction.FIRE: (frozenset({"fired_at"}), frozenset({"fired_at"})),
}
"""What each step needs, and what it may have."""


@router.post(
    "/blasts",
    summary="File the passport of a blast",
    status_code=201,
    responses=answers(
        Filed, "Filed, not announced yet", example=FILED_EXAMPLE, problems=(401, 403, 404, 409, 413, 415, 422),
        status=201,
    ),
    openapi_extra=document_body(Passport, example=PASSPORT_EXAMPLE),
)  # fmt: skip
async def post_passport(request: Request, context: Shared, asking: Asking) -> Response:
    """JSON or the filled XLSX form. What does not fit is told at once; with errors it is kept, but not to announce."""
    passport = await read_document(request, Passport)
    _ensure_own(asking, passport.enterprise)
    declaration = lifecycle.declare(passport, at=context.now(), by=asking.name)
    complaints = await _complaints(context, passport)
    taken = await context.database.change(file_blast, declaration)
    location = {"Location": f"{API}/blasts/{passport.enterprise}/{passport.blast_id}"}
    return _reply(context, taken, complaints, headers=location, status_code=201)


@router.put(
    "/blasts/{enterprise}/{blast_id}",
    summary="Amend the passport of a blast that is not fired",
    responses=answers(Filed, "Amended", example=FILED_EXAMPLE, problems=PROBLEMS),
    openapi_extra=document_body(Passport, example=PASSPORT_EXAMPLE),
)
async def put_passport(
    request: Request, context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode
) -> Response:
    """With `If-Match`. The earlier passport stays in the history; a new window of an announced blast is announced anew.

    An announced blast does not take a passport with errors.
    """
    _ensure_own(asking, enterprise)
    version = version_of(request)
    passport = await read_document(request, Passport)
    complaints = await _complaints(context, passport)

    def amend(blast: Declaration) -> Declaration:
        if blast.status in TOLD:
            _refuse_errors(complaints)
        return lifecycle.amend(blast, passport, at=context.now(), by=asking.name)

    taken = await context.database.change(change_blast, amend, enterprise=enterprise, code=blast_id, version=version)
    return _reply(context, taken, complaints)


@router.post(
    "/blasts/{enterprise}/{blast_id}/steps",
    summary="Announce, postpone, cancel a blast, or say that it was fired",
    responses=answers(Filed, "The step is taken", example=FILED_EXAMPLE, problems=PROBLEMS),
    openapi_extra=body_schema(NewStep, example=STEP_EXAMPLE) | {"security": [{"token": []}]},
)
async def post_step(
    request: Request, context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode
) -> Response:
    """With `If-Match`. A passport with errors cannot be announced; a firing is recorded also when it was not."""
    _ensure_own(asking, enterprise)
    version = version_of(request)
    take = _step(await read_struct(request, NewStep), context, asking.name)
    taken = await context.database.change(change_blast, take, enterprise=enterprise, code=blast_id, version=version)
    return _reply(context, taken, ())


@router.post(
    "/blasts/{enterprise}/{blast_id}/report",
    summary="File the report of a blast, or a corrected one",
    responses=answers(Filed, "Filed", example=FILED_EXAMPLE, problems=PROBLEMS),
    openapi_extra=document_body(Report, example=REPORT_EXAMPLE),
)
async def post_report(
    request: Request, context: Shared, asking: Asking, enterprise: PathCode, blast_id: PathCode
) -> Response:
    """With `If-Match`. JSON or the filled XLSX form.

    A report is always kept, with what does not fit: itself, its passport, what the network recorded of the blast. What
    happened happened. Misfires are part of it; a corrected report says when they were eliminated.
    """
    _ensure_own(asking, enterprise)
    version = version_of(request)
    report = await read_document(request, Report)
    observed = await context.database.ask(observed_of, enterprise=enterprise, code=blast_id)

    def take(blast: Declaration) -> Declaration:
        return lifecycle.file_report(blast, report, at=context.now(), by=asking.name)

    taken = await context.database.change(
        change_blast,
        take,
        enterprise=enterprise,
        code=blast_id,
        version=version,
        judge=partial(_judge_report, observed),
    )
    return _reply(context, taken, taken.discrepancies)


def _ensure_own(asking: Principal, enterprise: str) -> None:
    if asking.enterprise != enterprise:
        raise Forbidden(f"token {asking.name!r} files the blasts of {asking.enterprise!r} only")


async def _complaints(context: Context, passport: Passport) -> list[dict[str, Any]]:
    """What does not fit a passport that is being filed, with what the database knows of its pit."""
    outline = await context.database.ask(pit_outline, passport.pit)
    key = {"enterprise": passport.enterprise, "pit": passport.pit, "besides": passport.blast_id}
    twice = same_block(passport, await context.database.ask(waiting_blocks, **key), zone=LOCAL)
    return [*_passport_complaints(context, passport, outline), *(item.to_json() for item in twice)]


def _passport_complaints(context: Context, passport: Passport, outline: Sequence[Point] | None) -> list[dict[str, Any]]:
    found = passport_in_order(passport, zone=LOCAL, outline=outline, now=context.now())
    return [item.to_json() for item in found]


def _judge_report(observed: Observed | None, blast: Declaration) -> list[dict[str, Any]]:
    if blast.report is None:
        return []
    return [item.to_json() for item in report_in_order(blast.report, blast.passport, observed=observed)]


def _refuse_errors(complaints: Sequence[dict[str, Any]]) -> None:
    errors = [one for one in complaints if one["weight"] == "error"]
    if errors:
        raise Conflict("a passport with errors cannot be announced: " + errors[0]["text_en"], errors=errors)


def _step(wanted: NewStep, context: Context, by: str) -> Callable[[Declaration], Declaration]:
    """The step as a function of the blast. Raises InvalidRequest for parts that it needs or cannot have."""
    needed, possible = BELONGS[wanted.action]
    given = {name for name in ("reason", "window", "note", "fired_at") if getattr(wanted, name) is not None}
    if not needed <= given <= possible:
        raise InvalidRequest(
            f"{wanted.action.value} needs {', '.join(sorted(needed)) or 'nothing'} and may have "
            f"{', '.join(sorted(possible)) or 'nothing'}; given: {', '.join(sorted(given)) or 'nothing'}"
        )
    if wanted.note is not None and "\x00" in wanted.note:
        raise InvalidRequest("the note must be text")
    window = None if wanted.window is None else _window(wanted.window)
    now = context.now()

    def take(blast: Declaration) -> Declaration:
        if wanted.action is StepAction.PUBLISH:
            after = lifecycle.publish(blast, at=now, by=by, window=window)
            _refuse_errors(_passport_complaints(context, after.passport, None))
            return after
        if wanted.action is StepAction.POSTPONE and wanted.reason is not None:
            return lifecycle.postpone(blast, at=now, by=by, reason=wanted.reason, window=window, note=wanted.note)
        if wanted.action is StepAction.FIRE and wanted.fired_at is not None:
            return lifecycle.fire(blast, at=now, by=by, fired_at=wanted.fired_at)
        return lifecycle.cancel(blast, at=now, by=by, note=wanted.note)

    return take


def _window(wanted: NewWindow) -> Window:
    try:
        return Window(planned_from=wanted.planned_from, planned_to=wanted.planned_to)
    except (ValidationError, OverflowError):
        raise InvalidRequest("the window must end after it begins") from None


def _reply(
    context: Context,
    taken: StepTaken,
    complaints: Sequence[dict[str, Any]],
    *,
    headers: dict[str, str] | None = None,
    status_code: int = 200,
) -> Response:
    filed = Filed(public_blast(taken.head, context.now()), complaints)
    tag = {"ETag": version_tag(taken.head.version), "Cache-Control": "no-store"}
    return json_reply(filed, headers=tag | (headers or {}), status_code=status_code)
