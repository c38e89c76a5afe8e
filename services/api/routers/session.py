"""Signing in, carrying on, leaving; setting a password and a second factor by invitation."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking, Principal
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import Conflict, InvalidRequest, Unauthenticated
from services.api.reply import json_reply
from services.api.schema import answers, body_schema
from services.api.sign_in import attempt_of, second_factor, sign_in
from services.storage.session_store import (
    SessionRow,
    Tokens,
    end_session,
    leave_everywhere,
    open_sessions,
    rotate,
)
from services.storage.sign_in_store import invited, redeem
from uskat.supervision.access.family import Outcome
from uskat.supervision.access.password import PasswordError, check_password
from uskat.supervision.access.policy import access_policy
from uskat.supervision.access.roles import needs_second_factor

router = APIRouter(prefix=API, tags=["sign-in"])
NO_STORE = {"Cache-Control": "no-store"}
SECURED: dict[str, Any] = {"security": [{"token": []}]}
Text = Annotated[str, msgspec.Meta(max_length=200)]

TOKENS_EXAMPLE = {
    "access_token": "q0…", "refresh_token": "Zk…", "expires_at": "2026-06-02T12:10:30Z",
    "session_until": "2026-06-03T00:00:30Z",
}  # fmt: skip
SESSION_EXAMPLE = {
    "id": 12, "method": "password+totp", "address": "192.0.2.7", "created_at": "2026-06-02T12:00:30Z",
    "expires_at": "2026-06-03T00:00:30Z",
}  # fmt: skip


class NewSession(msgspec.Struct, forbid_unknown_fields=True):
    """Who signs in. code: six digits of the authenticator application, for people of an agency."""

    login: Text
    password: Text
    code: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class Refresh(msgspec.Struct, forbid_unknown_fields=True):
    """The newest refresh token; it is used up by this."""

    refresh_token: Text


class Enrolment(msgspec.Struct, forbid_unknown_fields=True):
    """An invitation and the password its owner chose."""

    invitation: Text
    password: Annotated[str, msgspec.Meta(max_length=1000)]


class Enrolled(msgspec.Struct):
    """The login, and for roles that need it the secret of the second factor: to type, and to scan as a QR code."""

    login: str
    totp_secret: str | None
    totp_address: str | None


class Me(msgspec.Struct):
    """Who asks, and their sign-ins that go on. organisation: code; current: the sign-in of this token."""

    login: str
    roles: list[str]
    organisation: str | None
    territories: list[str]
    current: int
    sessions: list[SessionRow]


class Ended(msgspec.Struct):
    """How many sign-ins ended."""

    ended: int


ME_EXAMPLE = {
    "login": "petrova", "roles": ["inspector"], "organisation": "inspection-demo", "territories": ["upper-uskat-demo"],
    "current": 12, "sessions": [SESSION_EXAMPLE],
}  # fmt: skip


@router.post(
    "/session",
    summary="Sign in",
    status_code=201,
    responses=answers(Tokens, "Signed in", example=TOKENS_EXAMPLE, problems=(401, 409, 413, 415, 422, 429), status=201),
    openapi_extra=body_schema(
        NewSession, example={"login": "petrova", "password": "зелёный мост над рекой", "code": "492039"}
    ),
)
async def post_session(request: Request, context: Shared) -> Response:
    """The access token is sent as `Authorization: Bearer`; every refusal reads the same, whatever was wrong."""
    wanted = await read_struct(request, NewSession)
    if "\x00" in wanted.login:
        raise InvalidRequest("a login is text")
    attempt = attempt_of(request, wanted.login)
    tokens = await sign_in(context, attempt, password=wanted.password, code=wanted.code)
    return json_reply(tokens, headers=NO_STORE, status_code=201)


@router.post(
    "/session/refresh",
    summary="Exchange a refresh token for the next pair",
    status_code=201,
    responses=answers(Tokens, "The next pair", example=TOKENS_EXAMPLE, problems=(401, 413, 415, 422), status=201),
    openapi_extra=body_schema(Refresh, example={"refresh_token": "Zk…"}),
)
async def post_refresh(request: Request, context: Shared) -> Response:
    """Each is used once. One that comes a second time ends its whole sign-in: somebody has stolen it."""
    wanted = await read_struct(request, Refresh)
    found = await context.published.change(rotate, wanted.refresh_token, at=context.now(), policy=access_policy())
    if isinstance(found, Outcome):
        raise Unauthenticated("the sign-in is over: sign in again")
    return json_reply(found, headers=NO_STORE, status_code=201)


@router.get(
    "/session",
    summary="Who am I, and where am I signed in",
    responses=answers(Me, "The account of this token", example=ME_EXAMPLE, problems=(401, 403, 409)),
    openapi_extra=SECURED,
)
async def get_session(context: Shared, asking: Asking) -> Response:
    """For people who signed in; a machine key has no sign-in (409)."""
    session, account = person_of(asking)
    sessions = await context.database.ask(open_sessions, account, at=context.now())
    roles = sorted(role.value for role in asking.roles if role.value != "anonymous")
    told = Me(asking.name, roles, asking.organisation, sorted(asking.territories), session, sessions)
    return json_reply(told, headers=NO_STORE)


@router.delete(
    "/session",
    summary="Sign out",
    responses=answers(Ended, "Signed out", example={"ended": 1}, problems=(401, 403, 409)),
    openapi_extra=SECURED,
)
async def delete_session(context: Shared, asking: Asking) -> Response:
    """The access token and the refresh token of this sign-in are refused from now on."""
    session, _ = person_of(asking)
    await context.database.change(end_session, session, who=asking, at=context.now())
    return json_reply(Ended(1), headers=NO_STORE)


@router.delete(
    "/sessions",
    summary="Sign out everywhere",
    responses=answers(Ended, "Signed out everywhere", example={"ended": 3}, problems=(401, 403, 409)),
    openapi_extra=SECURED,
)
async def delete_sessions(context: Shared, asking: Asking) -> Response:
    """Every sign-in of the account ends, this one too."""
    _, account = person_of(asking)
    ended = await context.database.change(leave_everywhere, account, who=asking, at=context.now())
    return json_reply(Ended(ended), headers=NO_STORE)


@router.post(
    "/enrolment",
    summary="Set password and second factor by invitation",
    status_code=201,
    responses=answers(
        Enrolled,
        "The account can be used",
        example={"login": "petrova", "totp_secret": "JBSW…", "totp_address": "otpauth://totp/Uskat:petrova?secret=…"},
        problems=(401, 409, 413, 415, 422),
        status=201,
    ),
    openapi_extra=body_schema(Enrolment, example={"invitation": "3f…", "password": "зелёный мост над рекой"}),
)
async def post_enrolment(request: Request, context: Shared) -> Response:
    """An invitation comes from an admin and is good once. The secret is shown this once: an application keeps it."""
    wanted = await read_struct(request, Enrolment)
    found = await context.published.ask(invited, wanted.invitation, at=context.now())
    if found is None or found.disabled:
        raise Unauthenticated("the invitation is unknown, used or over")
    try:
        check_password(wanted.password, login=found.login, policy=access_policy())
    except PasswordError as error:
        raise InvalidRequest(str(error)) from None
    encrypted, secret, address = None, None, None
    if needs_second_factor(found.roles):
        encrypted, secret, address = second_factor(context).new(found.login)
    hashed = await context.passwords.hash(wanted.password)
    done = await context.published.change(
        redeem, wanted.invitation, signer=found.signer, password_hash=hashed, totp=encrypted, at=context.now()
    )
    if not done:
        raise Unauthenticated("the invitation is unknown, used or over")
    return json_reply(Enrolled(found.login, secret, address), headers=NO_STORE, status_code=201)


def person_of(asking: Principal) -> tuple[int, int]:
    """Ids of the sign-in and of the account. Raises Conflict for a machine key."""
    if asking.session is None or asking.account is None:
        raise Conflict("this is a machine key; it has no sign-in")
    return asking.session, asking.account
