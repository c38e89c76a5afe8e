"""The metrologist's register: verifications of instruments (поверка), attested methods, what expires."""

from datetime import date, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import JSON_TYPES, check_content_type, read_body, read_struct
from services.api.context import Shared
from services.api.errors import InvalidRequest, NotFound
from services.api.paging import Page, cut, read_cursor, write_cursor
from services.api.query import INT32, Code, Cursor, Limit
from services.api.reply import json_reply, next_link
from services.api.schema import answers, body_schema
from services.storage.arshin_import import ImportOutcome, import_answer
from services.storage.verification_store import (
    Expiring,
    NoSuchInstrument,
    VerificationRow,
    enter_method,
    enter_verification,
    expiring,
    list_verifications,
)
from uskat.supervision.evidence.arshin import ArshinAnswerError, read_answer
from uskat.supervision.evidence.verification import Method, Verification

LARGEST_ANSWER = 2 * 2**20
LONGEST_SPAN_DAYS = 366
router = APIRouter(prefix=API, tags=["verifications"])
TOKEN: dict[str, Any] = {"security": [{"token": []}]}
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]

EXAMPLE = {
    "instrument": "U-43", "docnum": "С-ДЕМО/28-09-2025/000000001", "mit_number": "00000-25", "mi_number": "демо-1",
    "type_name": "Демо-зонд", "verified_on": "2025-09-28", "valid_until": "2026-09-27",
    "organisation": "Демо-метрология", "applicable": True,
}  # fmt: skip
ROW_EXAMPLE = EXAMPLE | {
    "id": 3, "station": "U-43", "device": "U-43", "vri_id": None, "source": "manual", "entered_by": "metrologist",
    "entered_at": "2026-06-01T06:00:00Z",
}  # fmt: skip
METHOD_EXAMPLE = {
    "instrument": "U-43", "parameter": "ph", "method": "ФР.1.31.0000.00000 (демо)", "low": 0, "high": 14,
    "uncertainty_absolute": 0.2, "uncertainty_relative": 0, "valid_from": "2025-01-01", "valid_until": None,
    "source": "свидетельство об аттестации (демо)",
}  # fmt: skip
ANSWER_EXAMPLE = {"result": {"count": 1, "start": 0, "rows": 100, "items": [{
    "vri_id": "1-000000001", "mit_number": "00000-25", "mi_number": "демо-1", "mi_modification": "Демо-зонд",
    "verification_date": "28.09.2025", "valid_date": "27.09.2026", "result_docnum": "С-ДЕМО/28-09-2025/000000001",
    "org_title": "Демо-метрология", "applicability": True,
}]}}  # fmt: skip
EXPIRING_EXAMPLE = {
    "instrument": "U-43", "station": "U-43", "type_name": "Демо-зонд", "serial_number": "демо-1",
    "docnum": "С-ДЕМО/28-09-2025/000000001", "valid_until": "2026-09-27", "days_left": 41,
}  # fmt: skip
OUTCOME_EXAMPLE = {"added": 1, "known": 0, "unmatched": [], "refused": []}


class NewVerification(msgspec.Struct, forbid_unknown_fields=True):
    """A record entered by hand; valid_until null: without term; applicable false: found unfit, or annulled."""

    instrument: Words
    docnum: Words
    mit_number: Words
    mi_number: Words
    type_name: Words
    verified_on: date
    organisation: Words
    valid_until: date | None = None
    applicable: bool = True


Finite = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class NewMethod(msgspec.Struct, forbid_unknown_fields=True):
    """An attested method; U (k = 2) is the larger of the absolute part and the share of the value."""

    instrument: Words
    parameter: Words
    method: Words
    low: Finite
    high: Finite
    uncertainty_absolute: Share
    uncertainty_relative: Annotated[float, msgspec.Meta(ge=0, lt=1)]
    valid_from: date
    source: Words
    valid_until: date | None = None


class RegisterEntry(msgspec.Struct):
    """added false: the register said the same already."""

    added: bool


@router.get(
    "/verifications",
    summary="Verifications of instruments, the newest entry first",
    responses=answers(
        Page[VerificationRow], "A page", example={"items": [ROW_EXAMPLE], "next": None}, problems=(401, 403, 422)
    ),
    openapi_extra=TOKEN,
)
async def get_verifications(
    request: Request,
    context: Shared,
    instrument: Annotated[Code | None, Query(description="code of an instrument")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Of several entries of one paper the newest is shown; the others stay in the database."""
    question = ("verifications", instrument)
    before = read_cursor(cursor, question, (int,))[0] if cursor else INT32
    found = await context.database.ask(
        list_verifications, instrument=instrument, before=min(before, INT32), limit=limit + 1
    )
    items, more = cut(found, limit)
    following = write_cursor(question, (items[-1].id,)) if more else None
    return json_reply(Page(items, following), headers=next_link(request, following))


@router.post(
    "/verifications",
    summary="Enter a verification by hand",
    status_code=201,
    responses=answers(
        RegisterEntry, "Entered", example={"added": True}, problems=(401, 403, 404, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(NewVerification, example=EXAMPLE) | TOKEN,
)
async def post_verification(request: Request, context: Shared, asking: Asking) -> Response:
    """A correction is another entry of the same paper: the newest speaks."""
    wanted = await read_struct(request, NewVerification)
    if wanted.valid_until is not None and wanted.valid_until < wanted.verified_on:
        raise InvalidRequest("valid_until lies before verified_on")
    record = Verification(
        wanted.docnum, wanted.mit_number, wanted.mi_number, wanted.type_name, wanted.verified_on, wanted.valid_until,
        wanted.organisation, wanted.applicable,
    )  # fmt: skip
    try:
        added = await context.database.change(
            enter_verification, wanted.instrument, record, source="manual", vri_id=None, raw=wanted, by=asking.name
        )
    except NoSuchInstrument as error:
        raise NotFound(str(error)) from None
    return json_reply(RegisterEntry(added), status_code=201)


@router.post(
    "/verifications/import",
    summary="Import an answer of ФГИС «Аршин»",
    responses=answers(ImportOutcome, "What was taken", example=OUTCOME_EXAMPLE, problems=(401, 403, 413, 415, 422)),
    openapi_extra={
        "requestBody": {"required": True, "content": {
            "application/json": {"schema": {"type": "object"}, "example": ANSWER_EXAMPLE}}}
    } | TOKEN,
)  # fmt: skip
async def post_verification_import(request: Request, context: Shared, asking: Asking) -> Response:
    """A saved answer of `/vri`. Records are matched with instruments by serial number and, where known, type number."""
    check_content_type(request, JSON_TYPES)
    try:
        read = read_answer(await read_body(request, LARGEST_ANSWER))
    except ArshinAnswerError as error:
        raise InvalidRequest(str(error)) from None
    return json_reply(await context.database.change(import_answer, read, by=asking.name))


@router.get(
    "/verifications/expiring",
    summary="Instruments whose verification ends soon, has ended or is missing",
    responses=answers(
        Page[Expiring],
        "The most urgent first",
        example={"items": [EXPIRING_EXAMPLE], "next": None},
        problems=(401, 403, 422),
    ),
    openapi_extra=TOKEN,
)
async def get_expiring(
    context: Shared, days: Annotated[int, Query(ge=0, le=LONGEST_SPAN_DAYS, description="look so far ahead")] = 60
) -> Response:
    """Without a verification readings stay at grade E1."""
    return json_reply(Page(await context.database.ask(expiring, now=context.now(), within=timedelta(days=days))))


@router.post(
    "/measuring-methods",
    summary="Enter an attested method of an instrument",
    status_code=201,
    responses=answers(
        RegisterEntry, "Entered", example={"added": True}, problems=(401, 403, 404, 413, 415, 422), status=201
    ),
    openapi_extra=body_schema(NewMethod, example=METHOD_EXAMPLE) | TOKEN,
)
async def post_method(request: Request, context: Shared, asking: Asking) -> Response:
    """Range and uncertainty by which readings are judged; the newest in force speaks."""
    wanted = await read_struct(request, NewMethod)
    late = wanted.valid_until is not None and wanted.valid_until < wanted.valid_from
    if wanted.low >= wanted.high or late or wanted.uncertainty_absolute + wanted.uncertainty_relative <= 0:
        raise InvalidRequest("low lies below high, valid_from before valid_until, and the uncertainty above zero")
    method = Method(
        wanted.parameter, wanted.method, wanted.low, wanted.high, wanted.uncertainty_absolute,
        wanted.uncertainty_relative, wanted.valid_from, wanted.valid_until,
    )  # fmt: skip
    try:
        await context.database.change(enter_method, wanted.instrument, method, source=wanted.source, by=asking.name)
    except NoSuchInstrument as error:
        raise NotFound(str(error)) from None
    return json_reply(RegisterEntry(added=True), status_code=201)
