"""Sign-ins: opened, carried on by single-use refresh tokens, ended. Tokens are stored by their SHA-256 only."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.audit_log import record
from services.storage.credential import new_secret, token_hash
from uskat.supervision.access.family import Ending, Family, Outcome, present
from uskat.supervision.access.policy import AccessPolicy

_OPEN = text(
    """INSERT INTO session_family (account_id, method, address, created_at, expires_at)
    VALUES (:account, :method, :address, :at, :expires_at) RETURNING id"""
)
_REFRESH = text("INSERT INTO refresh_token (token_hash, family_id, seq, issued_at) VALUES (:hash, :family, :seq, :at)")
_ACCESS = text("INSERT INTO access_token (token_hash, family_id, expires_at) VALUES (:hash, :family, :expires_at)")
_FIND = text("""SELECT r.family_id, r.seq FROM refresh_token r WHERE r.token_hash = :hash""")
_FAMILY = text(
    """SELECT f.account_id, f.expires_at, f.revoked_why, a.disabled_at, a.login, o.code
    FROM session_family f JOIN account a ON a.id = f.account_id JOIN organisation o ON o.id = a.organisation_id
    WHERE f.id = :family FOR UPDATE OF f"""
)
_NEWEST = text("SELECT max(seq) FROM refresh_token WHERE family_id = :family")
_USED = text("UPDATE refresh_token SET used_at = :at WHERE family_id = :family AND seq = :seq")
_END = text(
    """UPDATE session_family SET revoked_at = :at, revoked_why = :why WHERE id = :family AND revoked_at IS NULL
    RETURNING id"""
)
_END_ALL = text(
    """UPDATE session_family SET revoked_at = :at, revoked_why = :why
    WHERE account_id = :account AND revoked_at IS NULL AND expires_at > :at RETURNING id"""
)
_END_OTHERS = text(
    """UPDATE session_family SET revoked_at = :at, revoked_why = :why
    WHERE account_id = :account AND id <> :keep AND revoked_at IS NULL AND expires_at > :at RETURNING id"""
)
_FORGET = text("DELETE FROM access_token WHERE expires_at <= :at")
_LIST = text(
    """SELECT id, method, address, created_at, expires_at FROM session_family
    WHERE account_id = :account AND revoked_at IS NULL AND expires_at > :at ORDER BY id DESC LIMIT 100"""
)


class Tokens(Struct):
    """A pair of fresh tokens, seen only this once; expires_at is of the access token, session_until of both."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    session_until: datetime


class SessionRow(Struct):
    """A sign-in that goes on."""

    id: int
    method: str
    address: str
    created_at: datetime
    expires_at: datetime


class Signer(Struct, frozen=True):
    """Whose sign-in is opened, as the audit log has it."""

    id: int
    name: str
    organisation: str
    roles: frozenset[str]


async def open_session(
    connection: AsyncConnection, signer: Signer, *, method: str, address: str, at: datetime, policy: AccessPolicy
) -> Tokens:
    """Begin a sign-in. method: how they showed who they are; address: from where, for the list they can read."""
    until = at + policy.session_of(signer.roles)
    row = {"account": signer.id, "method": method, "address": address, "at": at, "expires_at": until}
    family = (await connection.execute(_OPEN, row)).scalar_one()
    detail = {"method": method, "address": address}
    await record(connection, who=signer, action="session.open", kind="session", object_id=family, detail=detail)
    return await _issue(connection, family, seq=1, until=until, at=at, policy=policy)


async def rotate(
    connection: AsyncConnection, refresh_token: str, *, at: datetime, policy: AccessPolicy
) -> Tokens | Outcome:
    """Exchange a refresh token for the next pair; a used one ends its whole sign-in.

    Returns Outcome.OVER for one that is unknown or whose sign-in is over, Outcome.REUSED for a used one. Nothing is
    raised, so that the caller's transaction keeps what reuse has ended.
    """
    found = (await connection.execute(_FIND, {"hash": token_hash(refresh_token)})).first()
    if found is None:
        return Outcome.OVER
    family_id, seq = found
    account, until, ended, disabled, login, organisation = (
        await connection.execute(_FAMILY, {"family": family_id})
    ).one()
    # Asked after the lock: inside that statement it would be answered by the state before the wait for the lock.
    newest = (await connection.execute(_NEWEST, {"family": family_id})).scalar_one()
    if disabled is not None:
        return Outcome.OVER
    family = Family(newest, until, Ending(ended) if ended else None)
    after, outcome = present(family, seq, at=at)
    if outcome is Outcome.REUSED:
        await connection.execute(_END, {"family": family_id, "why": Ending.REUSED.value, "at": at})
        signer = Signer(account, login, organisation, frozenset())
        await record(connection, who=signer, action="session.reuse", kind="session", object_id=family_id)
    if outcome is not Outcome.ROTATED:
        return outcome
    await connection.execute(_USED, {"family": family_id, "seq": seq, "at": at})
    return await _issue(connection, family_id, seq=after.newest, until=until, at=at, policy=policy)


async def end_session(connection: AsyncConnection, family: int, *, who: Any, at: datetime) -> None:
    """Leave one sign-in; its tokens are refused from this moment."""
    if (await connection.execute(_END, {"family": family, "why": Ending.LEFT.value, "at": at})).first() is not None:
        await record(connection, who=who, action="session.leave", kind="session", object_id=family)


async def end_all_sessions(connection: AsyncConnection, account: int, *, why: Ending, at: datetime) -> int:
    """End every sign-in of an account; returns how many went on until now."""
    return len((await connection.execute(_END_ALL, {"account": account, "why": why.value, "at": at})).all())


async def end_other_sessions(connection: AsyncConnection, account: int, *, keep: int, at: datetime) -> int:
    """End every sign-in of an account but one, since its credentials are others now; returns how many."""
    bound = {"account": account, "keep": keep, "why": Ending.ACCOUNT_CHANGED.value, "at": at}
    return len((await connection.execute(_END_OTHERS, bound)).all())


async def leave_everywhere(connection: AsyncConnection, account: int, *, who: Any, at: datetime) -> int:
    """End every sign-in of the asker's own account, the one they ask with included; returns how many."""
    ended = await end_all_sessions(connection, account, why=Ending.EVERYWHERE, at=at)
    await record(
        connection, who=who, action="session.leave_all", kind="account", object_id=account, detail={"ended": ended}
    )
    return ended


async def open_sessions(connection: AsyncConnection, account: int, *, at: datetime) -> list[SessionRow]:
    """Sign-ins of an account that go on, the newest first."""
    rows = await connection.execute(_LIST, {"account": account, "at": at})
    return [SessionRow(*row) for row in rows]


async def _issue(
    connection: AsyncConnection, family: int, *, seq: int, until: datetime, at: datetime, policy: AccessPolicy
) -> Tokens:
    access, refresh = new_secret(), new_secret()
    expires_at = min(at + policy.access_token, until)
    await connection.execute(_FORGET, {"at": at})
    await connection.execute(_REFRESH, {"hash": token_hash(refresh), "family": family, "seq": seq, "at": at})
    await connection.execute(_ACCESS, {"hash": token_hash(access), "family": family, "expires_at": expires_at})
    return Tokens(access, refresh, expires_at, until)
