"""RFC 9457: the one table that turns errors into answers (`application/problem+json`; FDSN services: plain text)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.api.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    ProviderAway,
    TooManyRequests,
    Unauthenticated,
    UnsupportedMediaType,
    VersionNeeded,
)
from services.api.fdsn.refusal import PREFIX, refusal
from services.storage.account_store import LoginTaken, NoSuchAccount, OwnAccount
from services.storage.blast_store import BlastChanged, BlastTaken, NoSuchBlast
from services.storage.caller import IsolationMissing, NotYours
from services.storage.case_ground import GroundTaken, NoSuchGround
from services.storage.case_history import NoSuchCase
from services.storage.case_store import CaseChanged
from services.storage.complaint_store import ComplaintChanged, NoSuchComplaint
from services.storage.decisions import NothingToDecide
from services.storage.device_credential_store import NoSuchDevice
from services.storage.handling_store import ChangedMeanwhile, IllegalStepError, NoSuchAlert
from services.storage.machine_key_store import NoSuchKey
from services.storage.reading import DatabaseAway, QueryTooLong
from services.storage.restriction_store import NoSuchRestriction, RestrictionChanged, RestrictionTaken
from uskat.blast.passport.refusal import TransitionError
from uskat.supervision.access.key import KeyRefused
from uskat.supervision.access.roles import RolesError
from uskat.supervision.case.refusal import IllegalCaseStepError
from uskat.supervision.complaint.machine import IllegalComplaintStepError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/api/v1/problems#"
RETRY_AFTER_S = "2"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, the name that ends its `type`, its title."""

    status: HTTPStatus
    name: str
    title: str


INTERNAL = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something broke on our side")
PROBLEMS: dict[type[Exception], Kind] = {
    NotFound: Kind(HTTPStatus.NOT_FOUND, "not-found", "There is no such thing here"),
    InvalidRequest: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request cannot be answered as asked"),
    RequestValidationError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid"),
    NothingToDecide: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing-to-decide", "There is nothing to decide about"),
    NoSuchBlast: Kind(HTTPStatus.NOT_FOUND, "no-such-blast", "There is no such blast or pit"),
    Conflict: Kind(HTTPStatus.CONFLICT, "conflict", "This contradicts what is there"),
    BlastTaken: Kind(HTTPStatus.CONFLICT, "blast-number-taken", "A blast of this number is filed already"),
    TransitionError: Kind(HTTPStatus.CONFLICT, "step-not-possible", "The blast cannot take this step now"),
    BlastChanged: Kind(HTTPStatus.PRECONDITION_FAILED, "version-changed", "Somebody has changed it: read it again"),
    NoSuchComplaint: Kind(HTTPStatus.NOT_FOUND, "no-such-complaint", "There is no such complaint here"),
    ComplaintChanged: Kind(
        HTTPStatus.PRECONDITION_FAILED, "complaint-changed", "Somebody took another step: read it again"
    ),
    IllegalComplaintStepError: Kind(
        HTTPStatus.CONFLICT, "complaint-step-not-possible", "The complaint cannot take this step now"
    ),
    NoSuchRestriction: Kind(HTTPStatus.NOT_FOUND, "no-such-restriction", "There is no such decision"),
    RestrictionTaken: Kind(HTTPStatus.CONFLICT, "restriction-number-taken", "A decision of this number is there"),
    RestrictionChanged: Kind(
        HTTPStatus.PRECONDITION_FAILED, "restriction-changed", "The decision has another version: read it again"
    ),
    NoSuchAlert: Kind(HTTPStatus.NOT_FOUND, "no-such-alert", "There is no such alert to attend to"),
    ChangedMeanwhile: Kind(
        HTTPStatus.PRECONDITION_FAILED, "alert-changed", "Somebody took another step: read it again"
    ),
    IllegalStepError: Kind(HTTPStatus.CONFLICT, "alert-step-not-possible", "The alert cannot take this step now"),
    NoSuchCase: Kind(HTTPStatus.NOT_FOUND, "no-such-case", "There is no such case here"),
    CaseChanged: Kind(HTTPStatus.PRECONDITION_FAILED, "case-changed", "Somebody took another step: read it again"),
    IllegalCaseStepError: Kind(HTTPStatus.CONFLICT, "case-step-not-possible", "The case cannot take this step now"),
    NoSuchGround: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "no-such-ground", "What the case would stand on is not there"),
    GroundTaken: Kind(HTTPStatus.CONFLICT, "ground-taken", "Another open case speaks of it"),
    VersionNeeded: Kind(HTTPStatus.PRECONDITION_REQUIRED, "version-needed", "Name the version this was made from"),
    Unauthenticated: Kind(HTTPStatus.UNAUTHORIZED, "unauthenticated", "A valid token is needed"),
    Forbidden: Kind(HTTPStatus.FORBIDDEN, "forbidden", "The token does not cover this"),
    PayloadTooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "The body is too large"),
    UnsupportedMediaType: Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is of a kind not read here"
    ),
    TooManyRequests: Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "You ask too often"),
    NoSuchAccount: Kind(HTTPStatus.NOT_FOUND, "no-such-account", "There is no such account to manage"),
    LoginTaken: Kind(HTTPStatus.CONFLICT, "login-taken", "An account of this login is there already"),
    OwnAccount: Kind(HTTPStatus.CONFLICT, "own-account", "Nobody changes their own account"),
    RolesError: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "roles-not-possible", "An account cannot have these roles"),
    NoSuchKey: Kind(HTTPStatus.NOT_FOUND, "no-such-key", "There is no such machine key to manage"),
    KeyRefused: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "key-refused", "Such a machine key is not issued"),
    NoSuchDevice: Kind(HTTPStatus.NOT_FOUND, "no-such-device", "There is no such device in your territories"),
    ProviderAway: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "provider-away", "The OpenID provider does not answer now"),
    Overloaded: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", "Too much at once, ask again in a moment"),
    DatabaseAway: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "database-away", "The database does not answer now"),
    QueryTooLong: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "query-too-long", "The question takes too long, ask for less"),
    IsolationMissing: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "isolation-missing", "Nothing may be shown before a repair"),
    NotYours: Kind(HTTPStatus.NOT_FOUND, "not-found", "There is no such thing here"),
    Exception: INTERNAL,
}
DETAILS = {
    IsolationMissing: "The database keeps nobody apart: its operator has to create a role.",
    NotYours: "There is none that is yours to change.",
    DatabaseAway: "Nothing was changed. Ask again in a moment.",
    QueryTooLong: "Ask for a shorter period or a smaller page.",
    Exception: "The fault is logged under the request id.",
}


class Problem(msgspec.Struct, omit_defaults=True):
    """An error as RFC 9457 describes it; `errors` name the parts of the request that are wrong."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str = ""
    errors: list[dict[str, Any]] = []


def kind_of(error: Exception) -> tuple[type[Exception], Kind]:
    """Row of PROBLEMS for an error: its own class or the nearest base."""
    for base in type(error).__mro__:
        if base in PROBLEMS:
            return base, PROBLEMS[base]
    return Exception, INTERNAL


def problem_response(request: Request, error: Exception) -> Response:
    """The answer to an error; an unexpected one says nothing about our inside."""
    if isinstance(error, HTTPException):
        return _answer(request, _http_kind(error), str(error.detail), [], dict(error.headers or {}))
    base, kind = kind_of(error)
    errors: list[dict[str, Any]] = []
    if isinstance(error, ApiError):
        detail, errors = error.detail, error.errors
    elif isinstance(error, RequestValidationError):
        errors = [_part(item) for item in error.errors()[:20]]
        detail = "; ".join(f"{item['in']}: {item['message']}" for item in errors[:3])
    else:
        detail = DETAILS.get(base) or str(error)
        if isinstance(error, TransitionError):
            errors = [{"in": "blast", "message": error.text_ru}]
    headers = {"Retry-After": RETRY_AFTER_S} if kind.status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_s)
    if kind.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="uskat"'
    return _answer(request, kind, detail, errors, headers)


def _http_kind(error: HTTPException) -> Kind:
    status = HTTPStatus(error.status_code)
    return Kind(status, status.phrase.lower().replace(" ", "-"), status.phrase)


def _part(item: Any) -> dict[str, Any]:
    where = ".".join(str(step)[:80] for step in item.get("loc", ()))
    return {"in": where, "message": str(item.get("msg", ""))[:200]}


def _answer(
    request: Request, kind: Kind, detail: str, errors: list[dict[str, Any]], headers: dict[str, str]
) -> Response:
    headers = {"Cache-Control": "no-store"} | headers
    if request.url.path.startswith(PREFIX):
        return refusal(request, kind.status, detail, headers=headers)
    body = Problem(
        type=TYPE_PREFIX + kind.name,
        title=kind.title,
        status=int(kind.status),
        detail=detail,
        instance=request.url.path[:500],
        request_id=request.scope.get("request_id", ""),
        errors=errors,
    )
    return Response(msgspec.json.encode(body), int(kind.status), headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the table, and HTTP errors of the framework, with problem+json.

    Unexpected exceptions are not caught here: `middleware.Edge` logs and answers them.
    """

    async def handle(request: Request, error: Exception) -> Response:
        return problem_response(request, error)

    for kind in (*PROBLEMS, HTTPException):
        if kind is not Exception:
            app.add_exception_handler(kind, handle)
