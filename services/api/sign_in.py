"""Signing in: every failure is counted before it is known to be one, and every refusal reads the same."""

from dataclasses import dataclass

from fastapi import Request

from services.api.context import Context
from services.api.errors import Conflict, TooManyRequests, Unauthenticated
from services.api.passwords import outdated
from services.api.second_factor import NoKey, SecondFactor
from services.storage.session_store import Tokens, open_session
from services.storage.sign_in_store import (
    Credentials,
    charge,
    credentials_by_id,
    credentials_of,
    note_refusal,
    settle,
    store_password_hash,
    use_code,
)
from uskat.supervision.access.failures import address_key
from uskat.supervision.access.password import LoginError, checked_login
from uskat.supervision.access.policy import access_policy
from uskat.supervision.access.roles import needs_second_factor

REFUSED = "login, password or code is wrong, or the account cannot be used"
"""The one sentence for every reason: what was wrong is nobody's business but the owner's."""
NOT_SET_UP = "second factors are not set up in this installation: USKAT_ACCOUNT_KEY_FILE"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to sign in: whose login (as typed where it is none), from which address."""

    login: str
    address: str


def attempt_of(request: Request, login: str) -> Attempt:
    """Who tries from where. The address is that of the connection: headers of forwarding can be invented."""
    client = request.client.host if request.client else "unknown"
    try:
        login = checked_login(login)
    except LoginError:
        login = login.strip().lower()
    return Attempt(login, address_key(client))


def second_factor(context: Context) -> SecondFactor:
    """The installation's second factor. Raises Conflict where it has none."""
    if context.settings.account_key_file is None:
        raise Conflict(NOT_SET_UP)
    try:
        return SecondFactor(context.settings.account_key_file)
    except NoKey:
        raise Conflict(NOT_SET_UP) from None


async def admit(context: Context, attempt: Attempt) -> None:
    """Count a try. Raises TooManyRequests where login or address is blocked: nothing is tried then."""
    now = context.now()
    until = await context.published.change(
        charge, login=attempt.login, address=attempt.address, at=now, policy=access_policy()
    )
    if until is not None:
        wait = max(1, round((until - now).total_seconds()))
        raise TooManyRequests(f"too many failures; try again in {wait} s", retry_after_s=wait)


async def refuse(context: Context, attempt: Attempt) -> Unauthenticated:
    """Note a refusal; the error to raise."""
    await context.published.change(note_refusal, login=attempt.login, address=attempt.address)
    return Unauthenticated(REFUSED)


async def sign_in(context: Context, attempt: Attempt, *, password: str, code: str | None) -> Tokens:
    """Tokens for login, password and, where the roles need it, a code. Raises Unauthenticated, TooManyRequests."""
    await admit(context, attempt)
    found = await context.published.ask(credentials_of, attempt.login)
    stored = found.password_hash if found is not None and not found.disabled else None
    right = await context.passwords.matches(password, stored)
    if found is None or stored is None or not right:
        raise await refuse(context, attempt)
    method = "password"
    if needs_second_factor(found.roles) or found.totp_secret is not None:
        if not await right_code(context, found, code):
            raise await refuse(context, attempt)
        method = "password+totp"
    if outdated(stored):
        await context.published.change(store_password_hash, found.id, await context.passwords.hash(password))
    return await succeed(context, attempt, found, method=method)


async def prove(context: Context, attempt: Attempt, account: int, *, password: str, code: str | None) -> Credentials:
    """Credentials of whoever is signed in and shows once more who they are: password, and a code where there is one.

    A token alone, left open on a screen or stolen, changes no credential. Failures count like those of signing in.
    Raises Unauthenticated, TooManyRequests.
    """
    await admit(context, attempt)
    found = await context.published.ask(credentials_by_id, account)
    stored = found.password_hash if found is not None and not found.disabled else None
    right = await context.passwords.matches(password, stored)
    if found is None or stored is None or not right:
        raise await refuse(context, attempt)
    if found.totp_secret is not None and not await right_code(context, found, code):
        raise await refuse(context, attempt)
    await context.published.change(
        settle, login=attempt.login, address=attempt.address, at=context.now(), policy=access_policy()
    )
    return found


async def right_code(context: Context, found: Credentials, code: str | None) -> bool:
    """True when this is the code of now, not used before; it is used by this."""
    if code is None or found.totp_secret is None:
        return False
    now = context.now()
    step = second_factor(context).step_of(code, found.totp_secret, at=now)
    return step is not None and await context.published.change(use_code, found.id, step=step, at=now)


async def succeed(context: Context, attempt: Attempt, found: Credentials, *, method: str) -> Tokens:
    """Take the counted failure back and open the session."""
    policy, now = access_policy(), context.now()
    await context.published.change(settle, login=attempt.login, address=attempt.address, at=now, policy=policy)
    return await context.published.change(
        open_session, found.signer, method=method, address=attempt.address, at=now, policy=policy
    )
