"""What a sign-in reads and leaves: credentials, failures remembered, codes used, invitations redeemed."""

import hashlib
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import Doer, record
from services.storage.credential import token_hash
from services.storage.session_store import Signer, end_other_sessions
from uskat.supervision.access.failures import NONE, Failures, after_failure
from uskat.supervision.access.policy import AccessPolicy, FailureTerms

Kind = Literal["login", "address"]

_CREDENTIALS = """SELECT a.id, a.login, o.code, a.roles, a.password_hash, a.totp_secret, a.disabled_at IS NOT NULL
    FROM account a JOIN organisation o ON o.id = a.organisation_id WHERE """
_BY_LOGIN = text(_CREDENTIALS + "a.login = :login")
_BY_SUBJECT = text(_CREDENTIALS + "a.oidc_issuer = :issuer AND a.oidc_subject = :subject")
_BY_ID = text(_CREDENTIALS + "a.id = :id")
_BY_INVITATION = text(_CREDENTIALS + "a.invitation_hash = :hash AND a.invitation_expires_at > :at")
_MAKE_ROOM = text(
    "INSERT INTO sign_in_failure (kind, key, failures, last_at) VALUES (:kind, :key, 0, :at) ON CONFLICT DO NOTHING"
)
_FAILURES = text(
    "SELECT failures, last_at, blocked_until FROM sign_in_failure WHERE kind = :kind AND key = :key FOR UPDATE"
)
_REMEMBER = text(
    """UPDATE sign_in_failure SET failures = :count, last_at = :at, blocked_until = :blocked_until
    WHERE kind = :kind AND key = :key"""
)
_FORGET_LOGIN = text("DELETE FROM sign_in_failure WHERE kind = 'login' AND key = :key")
_REFUND_ADDRESS = text(
    """UPDATE sign_in_failure SET failures = greatest(failures - 1, 0), blocked_until = NULL
    WHERE kind = 'address' AND key = :key"""
)
_FORGET_OLD = text(
    """DELETE FROM sign_in_failure WHERE (kind, key) IN (SELECT kind, key FROM sign_in_failure
        WHERE last_at < :before LIMIT 100 FOR UPDATE SKIP LOCKED)"""
)
_USE_STEP = text(
    """UPDATE account SET totp_last_step = :step, totp_confirmed_at = coalesce(totp_confirmed_at, :at)
    WHERE id = :id AND coalesce(totp_last_step, -1) < :step RETURNING id"""
)
_REHASH = text("UPDATE account SET password_hash = :hash WHERE id = :id")
_SET_PASSWORD = text(
    """UPDATE account SET password_hash = :new WHERE id = :id AND password_hash = :old AND disabled_at IS NULL
    RETURNING id"""
)
_SET_TOTP = text(
    """UPDATE account SET totp_secret = :new, totp_confirmed_at = NULL, totp_last_step = NULL
    WHERE id = :id AND totp_secret IS NOT DISTINCT FROM CAST(:old AS bytea) AND disabled_at IS NULL RETURNING id"""
)
_REDEEM = text(
    """UPDATE account SET password_hash = :password, totp_secret = :totp, totp_confirmed_at = NULL,
        totp_last_step = NULL, invitation_hash = NULL, invitation_expires_at = NULL
    WHERE invitation_hash = :hash AND invitation_expires_at > :at AND disabled_at IS NULL RETURNING id"""
)


class Credentials(Struct, frozen=True):
    """What a sign-in is checked against. totp_secret: as stored, encrypted."""

    id: int
    login: str
    organisation: str
    roles: frozenset[str]
    password_hash: str | None
    totp_secret: bytes | None
    disabled: bool

    @property
    def signer(self) -> Signer:
        """Whose sign-in this is."""
        return Signer(self.id, self.login, self.organisation, self.roles)


def login_key(login: str) -> str:
    """Under what failures of a login are remembered: what people mistype, passwords too, is not kept readable."""
    return hashlib.sha256(login.encode()).hexdigest()


async def charge(
    connection: AsyncConnection, *, login: str, address: str, at: datetime, policy: AccessPolicy
) -> datetime | None:
    """Count a try as failed before it is made, by login and by address; None: go on, else until when it is blocked.

    Counted first, so that many tries at once cannot slip through together; `settle` takes a success back.
    """
    keys: list[tuple[Kind, str, FailureTerms]] = [
        ("login", login_key(login), policy.login_failures),
        ("address", address, policy.address_failures),
    ]
    before = [await _failures(connection, kind, key, at=at) for kind, key, _ in keys]
    blocks = [one.blocked_until for one in before if one.blocked_until is not None and one.blocked(at)]
    if blocks:
        return max(blocks)
    for (kind, key, terms), was in zip(keys, before, strict=True):
        now = after_failure(was, at, terms=terms)
        row = {"kind": kind, "key": key, "count": now.count, "at": at, "blocked_until": now.blocked_until}
        await connection.execute(_REMEMBER, row)
    return None


async def note_refusal(connection: AsyncConnection, *, login: str, address: str) -> None:
    """Enter a failed sign-in into the audit log, alike for logins that exist and those that do not."""
    await record(
        connection, who="anonymous", action="session.refuse", kind="login", object_id=login_key(login),
        detail={"address": address},
    )  # fmt: skip


async def settle(connection: AsyncConnection, *, login: str, address: str, at: datetime, policy: AccessPolicy) -> None:
    """The try succeeded: forget the failures of the login, take this one back from the address; sweep out old ones."""
    await connection.execute(_FORGET_LOGIN, {"key": login_key(login)})
    await connection.execute(_REFUND_ADDRESS, {"key": address})
    longest = max(policy.login_failures.forget, policy.address_failures.forget)
    await connection.execute(_FORGET_OLD, {"before": at - longest})


async def credentials_of(connection: AsyncConnection, login: str) -> Credentials | None:
    """What an account of this login is checked against."""
    return _credentials((await connection.execute(_BY_LOGIN, {"login": login})).first())


async def credentials_by_id(connection: AsyncConnection, account: int) -> Credentials | None:
    """What an account of this id is checked against."""
    return _credentials((await connection.execute(_BY_ID, {"id": account})).first())


async def credentials_of_subject(connection: AsyncConnection, *, issuer: str, subject: str) -> Credentials | None:
    """The account that somebody at an OpenID provider has here."""
    return _credentials((await connection.execute(_BY_SUBJECT, {"issuer": issuer, "subject": subject})).first())


async def invited(connection: AsyncConnection, invitation: str, *, at: datetime) -> Credentials | None:
    """Whom an invitation that still holds is for."""
    bound = {"hash": token_hash(invitation), "at": at}
    return _credentials((await connection.execute(_BY_INVITATION, bound)).first())


async def redeem(
    connection: AsyncConnection,
    invitation: str,
    *,
    signer: Signer,
    password_hash: str,
    totp: bytes | None,
    at: datetime,
) -> bool:
    """Set password and encrypted TOTP secret by an invitation, once; False when it is used or over by now."""
    row = {"hash": token_hash(invitation), "password": password_hash, "totp": totp, "at": at}
    if (await connection.execute(_REDEEM, row)).first() is None:
        return False
    await record(connection, who=signer, action="account.enrol", kind="account", object_id=signer.name)
    return True


async def change_password(
    connection: AsyncConnection, found: Credentials, *, new: str, keep: int, who: Doer, at: datetime
) -> int | None:
    """Set the owner's new password (hashed) and end all sign-ins but `keep`; returns how many ended.

    None: the password has been changed meanwhile.
    """
    bound = {"id": found.id, "old": found.password_hash, "new": new}
    if (await connection.execute(_SET_PASSWORD, bound)).first() is None:
        return None
    ended = await end_other_sessions(connection, found.id, keep=keep, at=at)
    detail = {"ended": ended}
    await record(connection, who=who, action="account.password", kind="account", object_id=found.login, detail=detail)
    return ended


async def change_second_factor(
    connection: AsyncConnection, found: Credentials, *, new: bytes, keep: int, who: Doer, at: datetime
) -> int | None:
    """Set the owner's new TOTP secret (encrypted) and end all sign-ins but `keep`; returns how many ended.

    None: the secret has been changed meanwhile.
    """
    bound = {"id": found.id, "old": found.totp_secret, "new": new}
    if (await connection.execute(_SET_TOTP, bound)).first() is None:
        return None
    ended = await end_other_sessions(connection, found.id, keep=keep, at=at)
    detail = {"ended": ended}
    await record(
        connection, who=who, action="account.second_factor", kind="account", object_id=found.login, detail=detail
    )
    return ended


async def use_code(connection: AsyncConnection, account: int, *, step: int, at: datetime) -> bool:
    """Note that the code of a 30-second step was used; False when it or a later one was used before."""
    return (await connection.execute(_USE_STEP, {"id": account, "step": step, "at": at})).first() is not None


async def store_password_hash(connection: AsyncConnection, account: int, password_hash: str) -> None:
    """The same password under newer parameters."""
    await connection.execute(_REHASH, {"id": account, "hash": password_hash})


async def _failures(connection: AsyncConnection, kind: Kind, key: str, *, at: datetime) -> Failures:
    await connection.execute(_MAKE_ROOM, {"kind": kind, "key": key, "at": at})
    count, last_at, blocked_until = (await connection.execute(_FAILURES, {"kind": kind, "key": key})).one()
    return Failures(count, last_at, blocked_until) if count else NONE


def _credentials(row: Any) -> Credentials | None:
    if row is None:
        return None
    identifier, login, organisation, roles, password, totp, disabled = row
    return Credentials(identifier, login, organisation, frozenset(roles), password, totp, disabled)
