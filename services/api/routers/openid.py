"""Signing in by an OpenID provider: there, back, and the second factor where the provider did not ask for one."""

import hmac
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.body import read_struct
from services.api.context import Shared
from services.api.errors import Unauthenticated
from services.api.openid import provider_of
from services.api.query import PathCode
from services.api.reply import json_reply
from services.api.routers.accounts import ACCOUNT_EXAMPLE, BODY, NAMED, SECURED
from services.api.routers.session import NO_STORE, TOKENS_EXAMPLE, Text
from services.api.schema import answers, body_schema, problem_answer
from services.api.sign_in import REFUSED, Attempt, admit, attempt_of, refuse, right_code, succeed
from services.storage.account_store import AccountRow, bind_openid
from services.storage.credential import new_secret
from services.storage.openid_store import Asked, await_code, awaited_account, remember_request, take_request, use_ticket
from services.storage.session_store import Tokens
from services.storage.sign_in_store import credentials_by_id, credentials_of_subject
from uskat.supervision.access.policy import access_policy
from uskat.supervision.access.roles import needs_second_factor

PATH = f"{API}/session/openid"
COOKIE = "uskat_openid"
router = APIRouter(prefix=API, tags=["sign-in"])
FromProvider = Annotated[str, Query(max_length=2000)]


class CodeNeeded(msgspec.Struct):
    """The provider named you, and the role needs a code: bring both within five minutes."""

    ticket: str


class SecondFactorCode(msgspec.Struct, forbid_unknown_fields=True):
    """The ticket of the answer before, and six digits of the authenticator application."""

    ticket: Text
    code: Annotated[str, msgspec.Meta(max_length=20)]


class Subject(msgspec.Struct, forbid_unknown_fields=True):
    """`sub` at the provider; null: nobody there."""

    subject: NAMED | None


@router.get(
    "/session/openid",
    summary="Go to the OpenID provider",
    status_code=303,
    responses={303: {"description": "Where to sign in"}, 409: problem_answer(409), 503: problem_answer(503)},
)
async def get_openid(context: Shared) -> Response:
    """A cookie binds the way back to this browser, so that nobody can be signed in as somebody else unawares."""
    provider = provider_of(context.settings)
    state, asked, now = new_secret(), Asked(new_secret(), new_secret()), context.now()
    term = access_policy().sign_in_request
    address = await provider.address(state, asked)
    await context.published.change(remember_request, state, asked, at=now, expires_at=now + term)
    answer = RedirectResponse(address, 303, headers=NO_STORE)
    answer.set_cookie(
        COOKIE, state, max_age=int(term.total_seconds()), path=PATH, httponly=True, samesite="lax",
        secure=provider.redirect_url.startswith("https:"),
    )  # fmt: skip
    return answer


@router.get(
    "/session/openid/callback",
    summary="Come back from the OpenID provider",
    responses=answers(Tokens, "Signed in", example=TOKENS_EXAMPLE, problems=(401, 409, 422))
    | answers(CodeNeeded, "A code is needed", example={"ticket": "7d…"}, problems=(), status=202),
)
async def get_callback(
    request: Request, context: Shared, state: FromProvider = "", code: FromProvider = ""
) -> Response:
    """Tokens; or, where the role needs a second factor and the provider asked for none, a ticket to bring a code with.

    The account is the one an admin bound to this person: nobody gets in who has none.
    """
    provider, now = provider_of(context.settings), context.now()
    if not state or not code or not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), state.encode()):
        raise Unauthenticated("this sign-in was not begun in this browser")
    asked = await context.published.change(take_request, state, at=now)
    if asked is None:
        raise Unauthenticated("this sign-in is over: begin again")
    person = await provider.identify(code, asked, at=now)
    found = await context.published.ask(credentials_of_subject, issuer=person.issuer, subject=person.subject)
    if found is None or found.disabled:
        raise await refuse(context, attempt_of(request, f"openid {person.subject}"))
    if needs_second_factor(found.roles) and not person.strong:
        ticket = new_secret()
        term = access_policy().sign_in_request
        await context.published.change(await_code, ticket, account=found.id, expires_at=now + term)
        return json_reply(CodeNeeded(ticket), headers=NO_STORE, status_code=202)
    attempt = attempt_of(request, found.login)
    answer = json_reply(await succeed(context, attempt, found, method="openid"), headers=NO_STORE)
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


@router.post(
    "/session/openid/second-factor",
    summary="Bring the code that the role needs",
    status_code=201,
    responses=answers(Tokens, "Signed in", example=TOKENS_EXAMPLE, problems=(401, 409, 413, 415, 422, 429), status=201),
    openapi_extra=body_schema(SecondFactorCode, example={"ticket": "7d…", "code": "492039"}),
)
async def post_second_factor(request: Request, context: Shared) -> Response:
    """Guessing codes counts as failures of the login."""
    wanted = await read_struct(request, SecondFactorCode)
    account = await context.published.ask(awaited_account, wanted.ticket, at=context.now())
    found = None if account is None else await context.published.ask(credentials_by_id, account)
    if found is None or found.disabled:
        raise Unauthenticated(REFUSED)
    attempt: Attempt = attempt_of(request, found.login)
    await admit(context, attempt)
    right = await right_code(context, found, wanted.code)
    if not right or not await context.published.change(use_ticket, wanted.ticket):
        raise await refuse(context, attempt)
    tokens = await succeed(context, attempt, found, method="openid+totp")
    return json_reply(tokens, headers=NO_STORE, status_code=201)


@router.put(
    "/accounts/{login}/openid",
    summary="Say who an account is at the OpenID provider",
    responses=answers(AccountRow, "The account", example=ACCOUNT_EXAMPLE | {"has_openid": True}, problems=BODY),
    openapi_extra=body_schema(Subject, example={"subject": "248289761001"}) | SECURED,
)
async def put_openid(request: Request, context: Shared, asking: Asking, login: PathCode) -> Response:
    """By an admin who manages the account; null takes it away."""
    wanted = await read_struct(request, Subject)
    issuer: Any = provider_of(context.settings).issuer
    changed = await context.database.change(bind_openid, login, who=asking, issuer=issuer, subject=wanted.subject)
    return json_reply(changed, headers=NO_STORE)
