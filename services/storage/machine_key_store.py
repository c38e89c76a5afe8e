"""Machine keys that admins issue: listed without their secret, revoked, each step in the audit log."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.account_store import Admin, managed_organisation
from services.storage.audit_log import record
from services.storage.credential import new_secret, token_hash
from services.storage.device_credential_store import supervised_device
from services.storage.reading import row_values
from uskat.supervision.access.key import KeyRefused, check_key

_KEYS = """SELECT t.id, t.name, t.scopes, d.code, o.code, t.created_at, t.expires_at, t.revoked_at, t.issued_by,
    t.revoked_by
    FROM api_token t JOIN organisation o ON o.id = t.organisation_id LEFT JOIN device d ON d.id = t.device_id WHERE """
_LIST = text(
    _KEYS
    + """t.id < :before AND (o.code = :agency OR (o.kind = 'enterprise' AND EXISTS (
        (SELECT s.territory FROM station s WHERE s.organisation_id = o.id
        UNION SELECT p.territory FROM place p WHERE p.organisation_id = o.id)
        INTERSECT SELECT unnest(CAST(:territories AS text[])))))
    ORDER BY t.id DESC LIMIT :limit"""
)
_NAMED_LIKE_A_PERSON = text("SELECT uskat_person_is_called(:name)")
_ONE = text(_KEYS + "t.id = :id")
_INSERT = text(
    """INSERT INTO api_token (name, token_hash, scopes, device_id, organisation_id, created_at, expires_at, issued_by)
    VALUES (:name, :hash, :scopes, :device, :organisation, :at, :expires_at, :by) RETURNING id"""
)
_REVOKE = text(
    "UPDATE api_token SET revoked_at = :at, revoked_by = :by WHERE id = :id AND revoked_at IS NULL RETURNING id"
)


class NoSuchKey(Exception):
    """There is no such machine key, or none that this admin manages."""


class KeyRow(Struct):
    """A machine key without its secret. device: the only one it may send as; issued_by: None: the command line."""

    id: int
    name: str
    scopes: list[str]
    device: str | None
    organisation: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    issued_by: str | None
    revoked_by: str | None


async def list_keys(connection: AsyncConnection, *, who: Admin, before: int, limit: int) -> list[KeyRow]:
    """Keys of the admin's agency and of enterprises it supervises, the newest first, ids below `before`."""
    bound = {"agency": who.agency or "", "territories": sorted(who.territories), "before": before, "limit": limit}
    return [KeyRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def issue_key(
    connection: AsyncConnection, *, who: Admin, name: str, scopes: list[str], organisation: str, device: str | None,
    expires_at: datetime, at: datetime,
) -> tuple[KeyRow, str]:  # fmt: skip
    """A new key and its secret, seen only this once.

    Raises NoSuchAccount (of the organisation), NoSuchDevice, KeyRefused.
    """
    organisation_id, kind = await managed_organisation(
        connection, organisation, who=who, missing=f"there is no organisation {organisation!r}"
    )
    given = check_key(scopes, organisation_kind=kind, device=device, expires_at=expires_at, at=at)
    if await connection.scalar(_NAMED_LIKE_A_PERSON, {"name": name.strip()}):
        raise KeyRefused("a person has this name: in the audit log the two could not be told apart")
    device_id = None if device is None else await supervised_device(connection, device, who=who)
    secret = new_secret()
    row = {"name": name, "hash": token_hash(secret), "scopes": sorted(given), "device": device_id,
           "organisation": organisation_id, "at": at, "expires_at": expires_at, "by": who.name}  # fmt: skip
    key = (await connection.execute(_INSERT, row)).scalar_one()
    detail = {"scopes": sorted(given), "organisation": organisation, "device": device}
    await record(connection, who=who, action="machine_key.issue", kind="machine_key", object_id=key, detail=detail)
    return await _key(connection, key, who=who), secret


async def revoke_key(connection: AsyncConnection, key: int, *, who: Admin, at: datetime) -> KeyRow:
    """Refuse a key from this moment; one that is revoked stays as it is. Raises NoSuchKey."""
    await _key(connection, key, who=who)
    if (await connection.execute(_REVOKE, {"id": key, "at": at, "by": who.name})).first() is not None:
        await record(connection, who=who, action="machine_key.revoke", kind="machine_key", object_id=key)
    return await _key(connection, key, who=who)


async def _key(connection: AsyncConnection, key: int, *, who: Admin) -> KeyRow:
    row = (await connection.execute(_ONE, {"id": key})).first()
    missing = NoSuchKey(f"there is no machine key {key}")
    if row is None:
        raise missing
    found = KeyRow(*row_values(row))
    await managed_organisation(connection, found.organisation, who=who, missing=missing)
    return found
