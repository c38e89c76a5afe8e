"""Deciding whom to tell: the outbox in, notices and messages and their jobs out, in one transaction.

Only one process decides at a time (advisory lock), in the order of the outbox, so that an end never overtakes a
beginning. A job goes into the queue by procrastinate's own SQL function: decision and job commit together (ADR 0013).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.contact_store import contacts_for
from services.storage.notice_queue import defer_delivery
from services.storage.reaction_norm_store import norms_in_force
from services.storage.reading import json_value
from services.storage.subscription_store import residents_of
from uskat.finding import FindingKind, Severity
from uskat.supervision.notice.area import AlertPlace
from uskat.supervision.notice.deciding import Again, Anew, Happening, Past, Story, decide, pace_after
from uskat.supervision.notice.message_key import digest_key, notice_key
from uskat.supervision.notice.norms import CITIZENS, Pace, ReactionNorms
from uskat.supervision.notice.quiet import send_at

DECIDING = 0x6E6F7469  # "noti"
REASONS_TOLD = 3
_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
_NEXT = text(
    """SELECT p.id, p.alert_id, p.alert_event_id, p.step_seq, p.at AS pending_at, e.event, e.at, e.body::text AS body,
        s.body::text AS step, s.at AS step_at, a.kind, a.severity, a.title, a.title_en, a.started_at, a.published,
        a.reasons::text AS reasons, st.code, st.name, st.kind AS station_kind, st.latitude, st.longitude, st.river_km,
        st.organisation_id, st.territory, st.demo, r.code AS river, coalesce(h.restless, false) AS restless
    FROM notice_pending p LEFT JOIN alert a ON a.id = p.alert_id LEFT JOIN station st ON st.id = a.station_id
    LEFT JOIN river r ON r.id = st.river_id LEFT JOIN alert_event e ON e.id = p.alert_event_id
    LEFT JOIN alert_step s ON s.alert_id = p.alert_id AND s.seq = p.step_seq
    LEFT JOIN alert_handling h ON h.alert_id = p.alert_id
    ORDER BY p.id LIMIT 1 FOR UPDATE OF p"""
)
_TAKE = text("DELETE FROM notice_pending WHERE id = :id")
_LAST = text(  # with its age, so that the alarm still rings
    """WITH first AS (DELETE FROM notice_pending WHERE id = (SELECT min(id) FROM notice_pending)
        RETURNING alert_id, alert_event_id, step_seq, at)
    INSERT INTO notice_pending (alert_id, alert_event_id, step_seq, at) SELECT * FROM first"""
)
_PAST = text(
    """SELECT n.recipient, n.channel, n.occasion, n.severity, m.urgent FROM notice n
    JOIN notice_message m ON m.id = n.message_id
    WHERE n.alert_id = :alert AND n.occasion <> 'escalation' ORDER BY n.id"""
)
_MESSAGE = text(
    """INSERT INTO notice_message (key, kind, recipient, channel, urgent, send_at, state, created_at)
    VALUES (:key, :kind, :recipient, :channel, :urgent, :send_at, 'waiting', :now)
    ON CONFLICT (key) DO NOTHING RETURNING id"""
)
_KNOWN = text("SELECT id FROM notice_message WHERE key = :key")
_NOTICE = text(
    """INSERT INTO notice (alert_id, source, event, occasion, severity, norm, recipient, channel, message_id,
        decided_at, due_at, words)
    VALUES (:alert, :source, :event, :occasion, :severity, :norm, :recipient, :channel, :message, :now, :due_at,
        CAST(:words AS jsonb))
    ON CONFLICT (alert_id, source, recipient, channel) DO NOTHING"""
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is told over which channel, how fast, by when."""

    recipient: str
    channel: str
    pace: Pace
    due_at: datetime


async def decide_next(connection: AsyncConnection, *, now: datetime) -> int | None:
    """Decide the oldest happening of the outbox; how many are told. None: nothing waits, or another process decides."""
    if not await connection.scalar(_ALONE, {"key": DECIDING}):
        return None
    row = (await connection.execute(_NEXT)).first()
    if row is None:
        return None
    await connection.execute(_TAKE, {"id": row.id})
    story = _story(row)
    if story is None:  # the alert or its entry is gone
        return 0
    norms = await norms_in_force(connection, now)
    past = [
        Past(one.recipient, one.channel, one.occasion, Severity(one.severity), one.urgent)
        for one in await connection.execute(_PAST, {"alert": row.alert_id})
    ]
    decision = decide(story, past, norms=norms)
    if decision is None:
        return 0
    addressees = await _addressees(connection, row, decision, story=story, past=past, norms=norms)
    for one in addressees:
        await _tell(connection, row, one, story=story, occasion=decision.occasion, norms=norms, now=now)
    return len(addressees)


async def put_off(connection: AsyncConnection) -> None:
    """Put the oldest happening, which cannot be decided, behind the others."""
    if await connection.scalar(_ALONE, {"key": DECIDING}):
        await connection.execute(_LAST)


def _story(row: Any) -> Story | None:
    if row.kind is None:
        return None
    if row.step_seq is not None and row.step is not None:
        to = json_value(row.step).get("to")
        return Story(
            Happening.ESCALATED, FindingKind(row.kind), Severity(row.severity), row.step_at, row.restless, to
        )  # fmt: skip
    if row.event is None or row.event not in set(Happening):
        return None
    severity = Severity(json_value(row.body).get("severity") or row.severity)
    return Story(Happening(row.event), FindingKind(row.kind), severity, row.at, row.restless)


async def _addressees(
    connection: AsyncConnection, row: Any, decision: Anew | Again, *, story: Story, past: Sequence[Past],
    norms: ReactionNorms,
) -> list[Addressee]:  # fmt: skip
    if isinstance(decision, Again):
        due = story.at + timedelta(minutes=decision.aftermath.within_min)
        urgent = {(one.recipient, one.channel): one for one in sorted(past, key=lambda one: one.urgent)}
        return [Addressee(one.recipient, one.channel, pace_after(one), due) for one in urgent.values()]
    found: dict[tuple[str, str], Addressee] = {}
    for told in decision.tell:
        if told.audience == CITIZENS:
            recipients = await _residents(connection, row, norms)
        else:
            recipients = await contacts_for(
                connection, told.audience, channels=told.channels, organisation_id=row.organisation_id,
                territory=row.territory,
            )  # fmt: skip
        for recipient, channel in recipients:
            one = Addressee(recipient, channel, told.pace, story.at + told.within)
            found.setdefault((recipient, channel), one)
    return list(found.values())


async def _residents(connection: AsyncConnection, row: Any, norms: ReactionNorms) -> Iterable[tuple[str, str]]:
    if not row.published:
        return []
    place = AlertPlace(
        row.latitude, row.longitude, on_water=row.station_kind != "seismic", river=row.river, river_km=row.river_km
    )
    return [(f"subscription:{one}", "email") for one in await residents_of(connection, place, reach=norms.reach)]


async def _tell(
    connection: AsyncConnection, row: Any, to: Addressee, *, story: Story, occasion: str, norms: ReactionNorms,
    now: datetime,
) -> None:  # fmt: skip
    at = send_at(now, to.pace, quiet=norms.quiet)
    source = f"step:{row.step_seq}" if row.step_seq is not None else f"event:{row.alert_event_id}"
    held = at > now
    key = (
        digest_key(to.recipient, to.channel, at=at)
        if held
        else notice_key(row.alert_id, source, recipient=to.recipient, channel=to.channel)
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
            "alert": row.alert_id, "source": source, "event": story.happening.value, "occasion": occasion,
            "severity": story.severity.value, "norm": norms.id, "recipient": to.recipient, "channel": to.channel,
            "message": message, "now": now, "due_at": to.due_at, "words": _words(row, story, occasion, norms),
        },
    )  # fmt: skip


def _words(row: Any, story: Story, occasion: str, norms: ReactionNorms) -> str:
    """What is said, as the alert stands now: a later change is a notice of its own."""
    rule = next((rule for rule in norms.rules if rule.occasion == occasion), None)
    rule = rule or norms.rule_for(story.kind, story.severity)
    body = json_value(row.body) if row.body is not None else {}
    words = {
        "alert": row.alert_id, "kind": row.kind, "title": body.get("title") or row.title,
        "title_en": body.get("title_en") or row.title_en or row.title, "station": row.code, "station_name": row.name,
        "started_at": row.started_at, "at": story.at, "occasion_title": rule.title if rule else "",
        "occasion_title_en": rule.title_en if rule else "",
        "reasons": (body.get("reasons") or json_value(row.reasons))[:REASONS_TOLD],
        "why": body.get("why") or "", "to": story.to or "", "demo": row.demo,
    }  # fmt: skip
    return msgspec.json.encode(words).decode()
