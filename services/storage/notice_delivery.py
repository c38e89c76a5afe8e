"""What a delivery reads and writes: the message with its address, the outcome of an attempt, the figures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.notice_queue import SCHEMA, defer_delivery
from services.storage.reading import json_value

LONGEST_PROBLEM = 300
_MESSAGE = text(
    """SELECT m.id, m.key, m.kind, m.recipient, m.channel, m.urgent, m.state,
        c.address AS contact_address, c.language AS contact_language, c.removed_at,
        s.address AS resident_address, s.language AS resident_language, s.token, s.confirmed_at, s.area_kind,
        s.area_code, s.push_keys::text AS push_keys
    FROM notice_message m
    LEFT JOIN contact c ON m.recipient = 'contact:' || c.id
    LEFT JOIN subscription s ON m.recipient = 'subscription:' || s.id
    WHERE m.id = :id"""
)
_NOTICES = text(
    """SELECT alert_id, case_id, event, occasion, severity, decided_at, words::text AS words FROM notice
    WHERE message_id = :id ORDER BY id"""
)
_ATTEMPT = text("INSERT INTO notice_attempt (message_id, at, outcome, detail) VALUES (:id, :now, :outcome, :detail)")
_SETTLE = text(
    """UPDATE notice_message SET state = :state, attempts = attempts + 1, problem = :detail,
        settled_at = CASE WHEN CAST(:state AS text) = 'waiting' THEN NULL ELSE CAST(:now AS timestamptz) END
    WHERE id = :id AND state = 'waiting'"""
)
_DROP = text("UPDATE notice_message SET state = 'dropped', settled_at = :now WHERE id = :id AND state = 'waiting'")
_ORPHANS = text(
    f"""SELECT m.id, m.key, m.urgent FROM notice_message m
    WHERE m.state = 'waiting' AND m.send_at < CAST(:before AS timestamptz) AND NOT EXISTS (
        SELECT 1 FROM {SCHEMA}.procrastinate_jobs j WHERE j.queueing_lock = m.key AND j.status IN ('todo', 'doing'))
    ORDER BY m.id LIMIT :limit"""
)
_PENDING = text("SELECT count(*), coalesce(extract(epoch FROM now() - min(at)), 0) FROM notice_pending")
_DEAD = text("SELECT count(*) FROM notice_message WHERE state = 'dead'")


@dataclass(frozen=True, slots=True)
class NoticeText:
    """One notice of a message, of an alert or of a case: what is said (`words` of the notice)."""

    alert: int | None
    case: int | None
    event: str
    occasion: str
    severity: str
    decided_at: datetime
    words: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and where it goes. address None: the recipient is gone. token, area: of a resident.

    push_keys: of a browser.
    """

    id: int
    key: str
    kind: str
    recipient: str
    channel: str
    urgent: bool
    state: str
    address: str | None
    language: str
    token: str | None
    area: str | None
    notices: tuple[NoticeText, ...]
    push_keys: dict[str, str] | None = None


async def read_outgoing(connection: AsyncConnection, message: int) -> Outgoing | None:
    """The message with its notices; None: there is none."""
    row = (await connection.execute(_MESSAGE, {"id": message})).first()
    if row is None:
        return None
    notices = tuple(
        NoticeText(
            one.alert_id, one.case_id, one.event, one.occasion, one.severity, one.decided_at, json_value(one.words)
        )
        for one in await connection.execute(_NOTICES, {"id": message})
    )  # fmt: skip
    resident = row.resident_address if row.confirmed_at is not None or row.kind == "confirm" else None
    address = row.contact_address if row.removed_at is None else None
    return Outgoing(
        row.id, row.key, row.kind, row.recipient, row.channel, row.urgent, row.state, address or resident,
        row.contact_language or row.resident_language or "ru", row.token,
        f"{row.area_kind}:{row.area_code}" if row.token is not None else None, notices,
        json_value(row.push_keys) if row.push_keys is not None else None,
    )  # fmt: skip


async def note_delivered(connection: AsyncConnection, message: int, *, now: datetime) -> None:
    """The recipient's server, or the recipient, took the message."""
    await _note(connection, message, "delivered", state="delivered", detail=None, now=now)


async def note_failed(connection: AsyncConnection, message: int, *, problem: str, final: bool, now: datetime) -> None:
    """An attempt failed; final: there will be no other, the message is dead until somebody sends it again."""
    outcome, state = ("dead", "dead") if final else ("failed", "waiting")
    await _note(connection, message, outcome, state=state, detail=problem[:LONGEST_PROBLEM], now=now)


async def note_dropped(connection: AsyncConnection, message: int, *, now: datetime) -> None:
    """Nobody is there to receive it any more."""
    await connection.execute(_DROP, {"id": message, "now": now})


async def requeue_orphans(connection: AsyncConnection, *, before: datetime, limit: int = 100) -> int:
    """Give a job to messages that were due before a moment, wait, and have none; how many. In one transaction.

    Never needed while every step is a transaction; a queue that was emptied by hand or restored apart needs it.
    """
    found = (await connection.execute(_ORPHANS, {"before": before, "limit": limit})).all()
    for row in found:
        await defer_delivery(connection, row.id, key=row.key, send_at=None, urgent=row.urgent)
    return len(found)


async def outbox_figures(connection: AsyncConnection) -> tuple[int, float, int]:
    """Happenings that are not decided, age of the oldest in seconds, dead messages."""
    waiting, age = (await connection.execute(_PENDING)).one()
    return int(waiting), float(age), int(await connection.scalar(_DEAD) or 0)


async def _note(
    connection: AsyncConnection, message: int, outcome: str, *, state: str, detail: str | None, now: datetime
) -> None:
    await connection.execute(_ATTEMPT, {"id": message, "now": now, "outcome": outcome, "detail": detail})
    await connection.execute(_SETTLE, {"id": message, "now": now, "state": state, "detail": detail})
