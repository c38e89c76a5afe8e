"""Browsers that asked for alerts: subscribed by their own permission, left in one click, forgotten when they are gone.

A row is a subscription like that of a mailbox (`subscription_store`), with an endpoint for an address and two keys.
Whoever knows the endpoint is the browser itself: it is as long and as secret as a token.
"""

import secrets
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.subscription_store import TOKEN_BYTES, check_area, drop_waiting
from uskat.supervision.notice.area import AreaKind

PLACES_A_BROWSER = 20
_COUNT = text(
    "SELECT count(*) FROM subscription WHERE address = :address AND NOT (area_kind = :kind AND area_code = :code)"
)
_ENTER = text(
    """INSERT INTO subscription AS s (address, area_kind, area_code, language, token, created_at, confirmed_at, channel,
        push_keys)
    VALUES (:address, :kind, :code, :language, :token, :now, :now, 'push', CAST(:keys AS jsonb))
    ON CONFLICT (address, area_kind, area_code) DO UPDATE SET push_keys = excluded.push_keys,
        language = excluded.language
    RETURNING token"""
)
_LEAVE = text("DELETE FROM subscription WHERE channel = 'push' AND address = :address RETURNING id")


class TooManyPlaces(Exception):
    """A browser has as many places as one may have."""


async def subscribe_browser(
    connection: AsyncConnection, endpoint: str, *, keys: dict[str, str], kind: AreaKind, code: str, language: str,
    now: datetime,
) -> str:  # fmt: skip
    """Subscribed from now on; again changes keys and language only. The token that leaves this place.

    Raises NoSuchArea, TooManyPlaces.
    """
    await check_area(connection, kind, code)
    bound = {"address": endpoint, "kind": kind.value, "code": code}
    if int(await connection.scalar(_COUNT, bound) or 0) >= PLACES_A_BROWSER:
        raise TooManyPlaces(f"a browser has {PLACES_A_BROWSER} places at most")
    row = bound | {
        "language": language, "token": secrets.token_urlsafe(TOKEN_BYTES), "now": now,
        "keys": msgspec.json.encode(keys).decode(),
    }  # fmt: skip
    return str(await connection.scalar(_ENTER, row))


async def forget_browser(connection: AsyncConnection, endpoint: str, *, now: datetime) -> int:
    """Delete every place of a browser, with its endpoint; what still waits for it is not sent. How many there were."""
    gone = (await connection.execute(_LEAVE, {"address": endpoint})).scalars().all()
    await drop_waiting(connection, gone, now=now)
    return len(gone)
