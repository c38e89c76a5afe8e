"""Subscriptions of residents: asked for, confirmed from the mailbox, left. The row is all that is known of a person.

The token stands in the row as it is: it opens nothing but this row, and only the mails of this row carry it.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.notice_queue import defer_delivery
from uskat.supervision.notice.area import AlertPlace, Area, AreaKind, area_of, concerns
from uskat.supervision.notice.norms import Reach

TOKEN_BYTES = 24
UNCONFIRMED_KEPT = timedelta(hours=48)
MAILS_A_DAY = 3
"""Confirmations that one address is sent in 24 hours, whoever asks."""
_AREAS = text("SELECT DISTINCT area_kind, area_code FROM subscription WHERE confirmed_at IS NOT NULL")
_PLACES = text(
    """SELECT p.kind, p.code, p.name, r.code AS river, p.river_km, p.latitude, p.longitude
    FROM place p LEFT JOIN river r ON r.id = p.river_id WHERE p.kind IN ('settlement', 'pit') ORDER BY p.name"""
)
_RIVERS = text("SELECT code, name, length_km FROM river ORDER BY name")
_RESIDENTS = text(
    """SELECT DISTINCT ON (s.address) s.id, s.channel FROM subscription s
    JOIN unnest(CAST(:kinds AS text[]), CAST(:codes AS text[])) AS a(kind, code)
        ON a.kind = s.area_kind AND a.code = s.area_code
    WHERE s.confirmed_at IS NOT NULL AND s.channel = ANY(CAST(:channels AS text[])) ORDER BY s.address, s.id"""
)
_RECENT = text(
    """SELECT count(*) FROM notice_message m JOIN subscription s ON m.recipient = 'subscription:' || s.id
    WHERE m.kind = 'confirm' AND s.address = :address AND m.created_at > :since"""
)
_ASK = text(
    """INSERT INTO subscription AS s (address, area_kind, area_code, language, token, created_at)
    VALUES (:address, :kind, :code, :language, :token, :now)
    ON CONFLICT (address, area_kind, area_code) DO UPDATE SET created_at = CASE WHEN s.confirmed_at IS NULL
        THEN excluded.created_at ELSE s.created_at END
    RETURNING id, confirmed_at"""
)
_MAIL = text(
    """INSERT INTO notice_message (key, kind, recipient, channel, urgent, send_at, state, created_at)
    VALUES (:key, 'confirm', :recipient, 'email', true, :now, 'waiting', :now) RETURNING id"""
)
_FIND = text("SELECT id, area_kind, area_code, language, confirmed_at FROM subscription WHERE token = :token")
_CONFIRM = text(
    """UPDATE subscription SET confirmed_at = coalesce(confirmed_at, :now)
    WHERE token = :token AND (confirmed_at IS NOT NULL OR created_at > :since)
    RETURNING id, area_kind, area_code, language, confirmed_at"""
)
_LEAVE = text("DELETE FROM subscription WHERE token = :token RETURNING id")
_FORGET = text("DELETE FROM subscription WHERE confirmed_at IS NULL AND created_at <= :since RETURNING id")
_DROP = text(
    """UPDATE notice_message SET state = 'dropped', settled_at = :now, problem = NULL
    WHERE recipient = ANY(:recipients) AND state IN ('waiting', 'dead')"""
)


class Subscription(Struct):
    """A subscription as its holder sees it."""

    id: int
    area_kind: str
    area_code: str
    language: str
    confirmed_at: datetime | None


class AreaChoice(Struct):
    """An area that can be asked about."""

    kind: str
    code: str
    name: str


class NoSuchArea(Exception):
    """There is no such settlement, pit or river."""


async def residents_of(
    connection: AsyncConnection, place: AlertPlace, *, reach: Reach, channels: Sequence[str]
) -> list[tuple[int, str]]:
    """Confirmed subscriptions (number, channel) whose area an alert concerns; of one with several areas only one."""
    wanted = [(row.area_kind, row.area_code) for row in await connection.execute(_AREAS)]
    if not wanted:
        return []
    places = {
        (row.kind, row.code): Area(row.river, row.river_km, row.river_km, row.latitude, row.longitude)
        for row in await connection.execute(_PLACES)
    }
    touched = []
    for kind, code in wanted:
        area = area_of(AreaKind(kind), code, places=places)
        if area is not None and concerns(place, area, reach=reach):
            touched.append((kind, code))
    bound = {
        "kinds": [kind for kind, _ in touched], "codes": [code for _, code in touched], "channels": list(channels),
    }  # fmt: skip
    return [(row.id, row.channel) for row in await connection.execute(_RESIDENTS, bound)]


async def area_choices(connection: AsyncConnection) -> list[AreaChoice]:
    """Settlements and pits by name, and each river whole; a part of it is `<river>:<lower>-<upper>`."""
    places = [AreaChoice(row.kind, row.code, row.name) for row in await connection.execute(_PLACES)]
    rivers = [
        AreaChoice(AreaKind.REACH.value, f"{row.code}:0-{row.length_km or 999:.0f}", row.name)
        for row in await connection.execute(_RIVERS)
    ]
    return rivers + places


async def ask_subscription(
    connection: AsyncConnection, address: str, *, kind: AreaKind, code: str, language: str, now: datetime
) -> bool:
    """Keep what was asked for and mail a question whether it is wanted; False: confirmed already, or too many mails.

    Raises NoSuchArea.
    """
    await check_area(connection, kind, code)
    recent = await connection.scalar(_RECENT, {"address": address, "since": now - timedelta(days=1)})
    if int(recent or 0) >= MAILS_A_DAY:
        return False
    bound = {
        "address": address, "kind": kind.value, "code": code, "language": language,
        "token": secrets.token_urlsafe(TOKEN_BYTES), "now": now,
    }  # fmt: skip
    made = (await connection.execute(_ASK, bound)).one()
    if made.confirmed_at is not None:
        return False
    key = f"c-{secrets.token_hex(16)}"
    message = await connection.scalar(_MAIL, {"key": key, "recipient": f"subscription:{made.id}", "now": now})
    await defer_delivery(connection, message, key=key, send_at=None, urgent=True)
    return True


async def find_subscription(connection: AsyncConnection, token: str) -> Subscription | None:
    """The subscription of a token; None: left, expired, or never there."""
    row = (await connection.execute(_FIND, {"token": token})).first()
    return None if row is None else Subscription(*row)


async def confirm_subscription(connection: AsyncConnection, token: str, *, now: datetime) -> Subscription | None:
    """Confirm; again changes nothing. None: the token is not known (any more)."""
    row = (await connection.execute(_CONFIRM, {"token": token, "now": now, "since": now - UNCONFIRMED_KEPT})).first()
    return None if row is None else Subscription(*row)


async def leave_subscription(connection: AsyncConnection, token: str, *, now: datetime) -> bool:
    """Delete the row, and with it the address; what still waits for it is not sent. False: there was none."""
    left = (await connection.execute(_LEAVE, {"token": token})).scalars().all()
    await drop_waiting(connection, left, now=now)
    return bool(left)


async def forget_unconfirmed(connection: AsyncConnection, *, now: datetime) -> int:
    """Delete what nobody confirmed in two days."""
    gone = (await connection.execute(_FORGET, {"since": now - UNCONFIRMED_KEPT})).scalars().all()
    await drop_waiting(connection, gone, now=now)
    return len(gone)


async def drop_waiting(connection: AsyncConnection, gone: Sequence[int], *, now: datetime) -> None:
    """What still waits for subscriptions that are gone is not sent."""
    recipients = [f"subscription:{one}" for one in gone]
    if recipients:
        await connection.execute(_DROP, {"recipients": recipients, "now": now})


async def check_area(connection: AsyncConnection, kind: AreaKind, code: str) -> None:
    """Raises NoSuchArea when there is no such settlement, pit or river."""
    if kind is AreaKind.REACH:
        river = (area_of(kind, code, places={}) or Area()).river
        known = {row.code for row in await connection.execute(_RIVERS)}
        if river in known:
            return
    elif any((row.kind, row.code) == (kind.value, code) for row in await connection.execute(_PLACES)):
        return
    raise NoSuchArea(f"there is no {kind.value} {code!r}")
