"""Passwords of devices at the broker: rotated and revoked over the API, taken over by `uskat admin follow-passwords`.

A metrologist or admin reaches the devices of stations in the agency's territories; others are not there.
"""

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.account_store import Admin
from services.storage.audit_log import record
from services.storage.credential import mosquitto_hash, new_secret
from services.storage.reading import row_values

CHANNEL = "device_credentials"
"""PostgreSQL notification that passwords have changed."""

_DEVICES = """SELECT d.code, s.code, d.kind, d.password_hash IS NOT NULL AND d.enabled
    FROM device d JOIN station s ON s.id = d.station_id WHERE s.territory = ANY (CAST(:territories AS text[])) AND """
_LIST = text(_DEVICES + "d.code > :after ORDER BY d.code LIMIT :limit")
_ONE = text(_DEVICES + "d.code = :code")
_ID = text("SELECT id FROM device WHERE code = :code")
_SET = text("UPDATE device SET password_hash = :hash, enabled = :enabled WHERE code = :code")
_TELL = text(f"SELECT pg_notify('{CHANNEL}', :code)")


class NoSuchDevice(Exception):
    """There is no such device in the territories of this agency."""


class DeviceRow(Struct):
    """A device and whether the broker may let it in."""

    code: str
    station: str
    kind: str
    has_password: bool


async def list_credentials(connection: AsyncConnection, *, who: Admin, after: str, limit: int) -> list[DeviceRow]:
    """Devices of the agency's territories, by code, from the first after `after`."""
    bound = {"territories": sorted(who.territories), "after": after, "limit": limit}
    return [DeviceRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def supervised_device(connection: AsyncConnection, code: str, *, who: Admin) -> int:
    """Id of a device in the agency's territories. Raises NoSuchDevice."""
    await _device(connection, code, who=who)
    return int((await connection.execute(_ID, {"code": code})).scalar_one())


async def rotate_password(connection: AsyncConnection, code: str, *, who: Admin) -> str:
    """A new password, seen only this once; the old one ends when the broker has taken the new file over.

    Raises NoSuchDevice.
    """
    await _device(connection, code, who=who)
    password = new_secret()
    await connection.execute(_SET, {"code": code, "hash": mosquitto_hash(password), "enabled": True})
    await connection.execute(_TELL, {"code": code})
    await record(connection, who=who, action="device.rotate", kind="device", object_id=code)
    return password


async def revoke_password(connection: AsyncConnection, code: str, *, who: Admin) -> DeviceRow:
    """Let a device in no more; what it sent stays. Raises NoSuchDevice."""
    was = await _device(connection, code, who=who)
    if was.has_password:
        await connection.execute(_SET, {"code": code, "hash": None, "enabled": True})
        await connection.execute(_TELL, {"code": code})
        await record(connection, who=who, action="device.revoke", kind="device", object_id=code)
    return await _device(connection, code, who=who)


async def _device(connection: AsyncConnection, code: str, *, who: Admin) -> DeviceRow:
    row = (await connection.execute(_ONE, {"territories": sorted(who.territories), "code": code})).first()
    if row is None:
        raise NoSuchDevice(f"there is no device {code!r} in your territories")
    return DeviceRow(*row_values(row))
