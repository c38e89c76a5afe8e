"""One recipient is told one thing: notice, message and job, in the caller's transaction (ADR 0013)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.notice_queue import defer_delivery
from uskat.finding import Severity
from uskat.supervision.notice.flood import gathered_at
from uskat.supervision.notice.message_key import digest_key, notice_key
from uskat.supervision.notice.norms import Pace, ReactionNorms
from uskat.supervision.notice.quiet import send_at

_MESSAGE = text(
    """INSERT INTO notice_message (key, kind, recipient, channel, urgent, send_at, state, created_at)
    VALUES (:key, :kind, :recipient, :channel, :urgent, :send_at, 'waiting', :now)
    ON CONFLICT (key) DO NOTHING RETURNING id"""
)
_KNOWN = text("SELECT id FROM notice_message WHERE key = :key")
_LATELY = text(
    "SELECT count(*) FROM notice WHERE recipient = :recipient AND channel = :channel AND decided_at > :since"
)
_NOTICE = text(
    """INSERT INTO notice (alert_id, case_id, source, event, occasion, severity, norm, recipient, channel, message_id,
        decided_at, due_at, words)
    VALUES (:alert, :case, :source, :event, :occasion, :severity, :norm, :recipient, :channel, :message, :now, :due_at,
        CAST(:words AS jsonb))
    ON CONFLICT DO NOTHING"""
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is told over which channel, how fast, by when."""

    recipient: str
    channel: str
    pace: Pace
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told: of an alert or of a case. source: the entry or step; grave: never gathered."""

    alert: int | None
    case: int | None
    source: str
    event: str
    occasion: str
    severity: Severity
    words: dict[str, Any]
    grave: bool


async def tell(
    connection: AsyncConnection, to: Addressee, telling: Telling, *, norms: ReactionNorms, now: datetime
) -> None:
    """Write it, once; what waits for the morning, the digest or the end of a flood joins the message that waits."""
    at = send_at(now, to.pace, quiet=norms.quiet)
    if at == now and not telling.grave:
        at = gathered_at(now, norms.flood, lately=await _lately(connection, to, norms, now))
    held = at > now
    subject: int | str = telling.alert if telling.alert is not None else f"case:{telling.case}"
    key = (
        digest_key(to.recipient, to.channel, at=at)
        if held
        else notice_key(subject, telling.source, recipient=to.recipient, channel=to.channel)
    )
    urgent = to.pace is Pace.AT_ONCE
    message = await connection.scalar(
        _MESSAGE,
        {
            "key": key, "kind": "digest" if held else "notice", "recipient": to.recipient, "channel": to.channel,
            "urgent": urgent, "send_at": at, "now": now,
        },
    )  # fmt: skip
    if message is None:
        message = await connection.scalar(_KNOWN, {"key": key})
    else:
        await defer_delivery(connection, message, key=key, send_at=at if held else None, urgent=urgent)
    await connection.execute(
        _NOTICE,
        {
            "alert": telling.alert, "case": telling.case, "source": telling.source, "event": telling.event,
            "occasion": telling.occasion, "severity": telling.severity.value, "norm": norms.id,
            "recipient": to.recipient, "channel": to.channel, "message": message, "now": now, "due_at": to.due_at,
            "words": msgspec.json.encode(telling.words).decode(),
        },
    )  # fmt: skip


async def _lately(connection: AsyncConnection, to: Addressee, norms: ReactionNorms, now: datetime) -> int:
    if norms.flood is None:
        return 0
    since = now - timedelta(minutes=norms.flood.within_min)
    bound = {"recipient": to.recipient, "channel": to.channel, "since": since}
    return int(await connection.scalar(_LATELY, bound) or 0)
