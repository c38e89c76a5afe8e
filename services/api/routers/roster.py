"""Who is on duty where and when, and how right the detectors were by the verdicts of people."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page
from services.api.query import EARLIEST, LATEST, End, Identifier, Start
from services.api.reply import fresh_reply, json_reply
from services.api.routers.cases import PRIVATE, SECURED, desk_of
from services.api.schema import answers, body_schema
from services.api.value_body import ensure_storable
from services.storage.case_reading import detector_precision
from services.storage.roster_store import ShiftRow, enter_shift, list_shifts, strike_shift
from uskat.supervision.case.paper import Code
from uskat.supervision.case.precision import Precision
from uskat.supervision.case.roster import Duty, Shift
from uskat.wire.status import AwareTime

MOST_SHIFTS = 1000
LONGEST_SHIFT = timedelta(days=31)
router = APIRouter(prefix=API, tags=["cases"])

SHIFT = {
    "person": "ivanova", "duty": "inspector", "territory": "lower-uskat-demo", "since": "2026-11-21T01:00:00Z",
    "until": "2026-11-21T13:00:00Z",
}  # fmt: skip
SHIFT_EXAMPLE = {"id": 7, **SHIFT, "entered_by": "admin", "entered_at": "2026-11-20T04:00:00Z"}
PRECISION_EXAMPLE: dict[str, Any] = {
    "detector": "exceedance", "kind": "exceedance", "judged": 10, "confirmed": 8, "rejected": {"instrument": 2},
    "duplicates": 1, "undecided": 3, "withdrawn": 2, "value": 0.8, "low": 0.49, "high": 0.943,
}  # fmt: skip


class NewShift(msgspec.Struct, forbid_unknown_fields=True):
    """A person (login) on duty over [since, until); territory left out: in every one of the agency's."""

    person: Code
    duty: Duty
    since: AwareTime
    until: AwareTime
    territory: Code | None = None


class PrecisionAnswer(msgspec.Struct):
    """Precision of detectors over [since, until): known then, judged until now."""

    since: datetime
    until: datetime
    items: list[Precision]


@router.get(
    "/roster",
    summary="Who is on duty",
    responses=answers(
        Page[ShiftRow], "In order of their beginning", example={"items": [SHIFT_EXAMPLE], "next": None},
        problems=(401, 403, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def get_roster(context: Shared, asking: Asking, start: Start = None, end: End = None) -> Response:
    """Shifts of your agency that touch [start, end); today and the week after when left out."""
    since = start or context.now()
    until = end or since + timedelta(days=8)
    found = await context.database.ask(
        list_shifts, agency=desk_of(asking).agency, since=since, until=until, limit=MOST_SHIFTS
    )
    return json_reply(Page(found), headers=PRIVATE)


@router.post(
    "/roster",
    summary="Put somebody on duty",
    status_code=201,
    responses=answers(ShiftRow, "Entered", example=SHIFT_EXAMPLE, problems=(401, 403, 413, 415, 422), status=201),
    openapi_extra=body_schema(NewShift, example=SHIFT) | SECURED,
)
async def post_shift(request: Request, context: Shared, asking: Asking) -> Response:
    """New cases go to the inspector on duty; terms that run out are told to the others. A month at most."""
    desk, new = desk_of(asking), await read_struct(request, NewShift)
    ensure_storable(new.since, new.until)
    if not timedelta(0) < new.until - new.since <= LONGEST_SHIFT:
        raise InvalidRequest("a shift ends after it begins, within 31 days")
    if new.territory is not None and new.territory not in desk.territories:
        raise InvalidRequest("your agency does not supervise this territory")
    shift = Shift(new.person, new.duty.value, new.territory, new.since, new.until)
    made = await context.database.change(enter_shift, shift, agency=desk.agency, by=asking.name, now=context.now())
    return json_reply(made, status_code=201)


@router.post(
    "/roster/{shift_id}/strike",
    summary="Strike a shift out",
    responses=answers(ShiftRow, "Struck out", example=SHIFT_EXAMPLE, problems=(401, 403, 404, 422)),
    openapi_extra=SECURED,
)
async def post_strike(context: Shared, asking: Asking, shift_id: Identifier) -> Response:
    """It is not on the roster any more; that it was stays in the database."""
    struck = await context.database.change(
        strike_shift, shift_id, agency=desk_of(asking).agency, by=asking.name, now=context.now()
    )
    if struck is None:
        raise NotFound("there is no such shift on your roster")
    return json_reply(struck)


@router.get(
    "/detectors/precision",
    summary="How right each detector was, by the verdicts of people",
    responses=answers(
        PrecisionAnswer, "By detector and kind",
        example={"since": "2026-01-01T00:00:00Z", "until": "2026-12-01T00:00:00Z", "items": [PRECISION_EXAMPLE]},
        problems=(401, 403, 422),
    ),
    openapi_extra=SECURED,
)  # fmt: skip
async def get_precision(request: Request, context: Shared, start: Start = None, end: End = None) -> Response:
    """Confirmed / (confirmed + rejected) with Wilson's 95 % interval; duplicates and withdrawn alerts are apart.

    Over all territories: a detector is the same everywhere. Of `undecided` alerts people said nothing; a small `judged`
    says little, whatever `value` is.
    """
    since, until = start or EARLIEST, end or LATEST
    found = await context.published.ask(detector_precision, since=since, until=until)
    return fresh_reply(request, PrecisionAnswer(since, until, found), max_age_s=0)
