"""Sign-ins on their way through an OpenID provider: remembered by the hash of their state, taken once."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.credential import token_hash

_FORGET = text("DELETE FROM sign_in_request WHERE expires_at <= :at")
_REMEMBER = text(
    """INSERT INTO sign_in_request (state_hash, nonce, verifier, expires_at, account_id)
    VALUES (:hash, :nonce, :verifier, :expires_at, :account)"""
)
_TAKE = text(
    """DELETE FROM sign_in_request WHERE state_hash = :hash AND expires_at > :at AND account_id IS NULL
    RETURNING nonce, verifier"""
)
_WAITING = text(
    """SELECT account_id FROM sign_in_request
    WHERE state_hash = :hash AND expires_at > :at AND account_id IS NOT NULL"""
)
_DONE = text("DELETE FROM sign_in_request WHERE state_hash = :hash RETURNING account_id")


class Asked(Struct, frozen=True):
    """What we sent the provider and must get back, and the PKCE verifier."""

    nonce: str
    verifier: str


async def remember_request(
    connection: AsyncConnection, state: str, asked: Asked, *, at: datetime, expires_at: datetime
) -> None:
    """Keep what was asked under the state that will come back."""
    await connection.execute(_FORGET, {"at": at})
    row = {"hash": token_hash(state), "nonce": asked.nonce, "verifier": asked.verifier}
    await connection.execute(_REMEMBER, row | {"expires_at": expires_at, "account": None})


async def take_request(connection: AsyncConnection, state: str, *, at: datetime) -> Asked | None:
    """What was asked under this state, once; None for one that is unknown, taken or over."""
    row = (await connection.execute(_TAKE, {"hash": token_hash(state), "at": at})).first()
    return None if row is None else Asked(row[0], row[1])


async def await_code(connection: AsyncConnection, ticket: str, *, account: int, expires_at: datetime) -> None:
    """The provider named somebody who still owes a code: they bring it with this ticket."""
    row = {"hash": token_hash(ticket), "nonce": "", "verifier": "", "expires_at": expires_at, "account": account}
    await connection.execute(_REMEMBER, row)


async def awaited_account(connection: AsyncConnection, ticket: str, *, at: datetime) -> int | None:
    """Id of the account whose code a ticket waits for."""
    found: int | None = await connection.scalar(_WAITING, {"hash": token_hash(ticket), "at": at})
    return found


async def use_ticket(connection: AsyncConnection, ticket: str) -> bool:
    """Use a ticket up; False when it was used before."""
    return (await connection.execute(_DONE, {"hash": token_hash(ticket)})).first() is not None
