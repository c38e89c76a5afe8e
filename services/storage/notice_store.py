"""Deciding whom to tell: the outbox in, notices and messages and their jobs out, in one transaction.

Only one process decides at a time (advisory lock), in the order of the outbox, so that an end never overtakes a
beginning. A job goes into the queue by procrastinate's own SQL function: decision and job commit together (ADR 0013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.calling import called, on_duty_at
from services.storage.case_notice import tell_term
from services.storage.contact_store import contacts_for
from services.storage.notice_writing import Addressee, Telling, tell
from services.storage.reaction_norm_store import norms_in_force
from services.storage.reading import json_value
from services.storage.subscription_store import residents_of
from uskat.finding import FindingKind, Severity
from uskat.supervision.handling.step import Action
from uskat.supervision.notice.area import AlertPlace
from uskat.supervision.notice.deciding import Again, Anew, Happening, Past, Story, decide, pace_after
from uskat.supervision.notice.flood import is_grave
from uskat.supervision.notice.norms import CITIZENS, ReactionNorms, Told
from uskat.supervision.reconcile import AlertState

DECIDING = 0x6E6F7469  # "noti"
REASONS_TOLD = 3
_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
_NEXT = text(  # the cause that a parent stands for is of its children's kind: of the gravest, and of those of the first
    """SELECT p.id, p.alert_id, p.alert_event_id, p.step_seq, p.case_id, p.at AS pending_at, e.event, e.at,
        e.body::text AS body, s.body::text AS step, s.at AS step_at, a.kind, a.severity, a.state, a.title, a.title_en,
        a.started_at, a.published, a.reasons::text AS reasons, a.figures::text AS figures, a.detail::text AS detail,
        st.code, st.name, st.kind AS station_kind, st.latitude, st.longitude, st.river_km, st.organisation_id,
        st.territory, st.demo, r.code AS river, coalesce(h.restless, false) AS restless,
        coalesce(h.attention = 'suppressed' AND last.reference NOT LIKE 'case:%', false) AS covered,
        coalesce((SELECT ch.kind FROM alert_cause c JOIN alert ch ON ch.id = c.alert_id WHERE c.parent_id = a.id
            ORDER BY ch.severity = a.severity DESC, ch.id LIMIT 1), a.kind) AS told_kind
    FROM notice_pending p LEFT JOIN alert a ON a.id = p.alert_id LEFT JOIN station st ON st.id = a.station_id
    LEFT JOIN river r ON r.id = st.river_id LEFT JOIN alert_event e ON e.id = p.alert_event_id
    LEFT JOIN alert_step s ON s.alert_id = p.alert_id AND s.seq = p.step_seq
    LEFT JOIN alert_handling h ON h.alert_id = p.alert_id
    LEFT JOIN LATERAL (SELECT t.body->>'reference' AS reference FROM alert_step t
        WHERE t.alert_id = p.alert_id AND t.action = 'suppress' ORDER BY t.seq DESC LIMIT 1) last ON true
    WHERE p.at <= now() - CAST(:settle AS interval) ORDER BY p.id LIMIT 1 FOR UPDATE OF p"""
)
_TAKE = text("DELETE FROM notice_pending WHERE id = :id")
_LAST = text(  # with its age, so that the alarm still rings
    """WITH first AS (DELETE FROM notice_pending
        WHERE id = (SELECT min(id) FROM notice_pending WHERE at <= now() - CAST(:settle AS interval))
        RETURNING alert_id, alert_event_id, step_seq, at, case_id)
    INSERT INTO notice_pending (alert_id, alert_event_id, step_seq, at, case_id) SELECT * FROM first"""
)
_PAST = text(
    """SELECT n.recipient, n.channel, n.occasion, n.severity, m.urgent FROM notice n
    JOIN notice_message m ON m.id = n.message_id
    WHERE n.alert_id = :alert AND n.occasion <> 'escalation' ORDER BY n.id"""
)
_SCENES = text(  # where the children of a parent alert stand
    """SELECT DISTINCT st.id, st.kind AS station_kind, st.latitude, st.longitude, st.river_km, st.organisation_id,
        st.territory, r.code AS river
    FROM alert_cause c JOIN alert a ON a.id = c.alert_id JOIN station st ON st.id = a.station_id
    LEFT JOIN river r ON r.id = st.river_id WHERE c.parent_id = :alert AND c.left_at IS NULL ORDER BY st.id"""
)
_CHILDREN = text(
    """SELECT st.name FROM station st WHERE st.code = ANY(CAST(:codes AS text[]))
    ORDER BY array_position(CAST(:codes AS text[]), st.code)"""
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A happening is decided. told: how many; unheard: somebody had to be called and nobody could be."""

    told: int
    unheard: bool = False


async def decide_next(
    connection: AsyncConnection, *, now: datetime, settle: timedelta = timedelta(0)
) -> Decided | None:
    """Decide the oldest happening of the outbox. None: nothing waits, or another process decides.

    settle: how old a happening must be by the database's clock: what gathers alerts under one cause, or suppresses
    them during a visit, has looked at them by then.
    """
    if not await connection.scalar(_ALONE, {"key": DECIDING}):
        return None
    row = (await connection.execute(_NEXT, {"settle": settle})).first()
    if row is None:
        return None
    await connection.execute(_TAKE, {"id": row.id})
    norms = await norms_in_force(connection, now)
    if row.case_id is not None:
        told = await tell_term(connection, row.case_id, row.step_seq, norms=norms, now=now)
        return Decided(told or 0, unheard=told == 0)
    story = _story(row)
    if story is None:  # the alert or its entry is gone, or what was released is over
        return Decided(0)
    past = [
        Past(one.recipient, one.channel, one.occasion, Severity(one.severity), one.urgent)
        for one in await connection.execute(_PAST, {"alert": row.alert_id})
    ]
    decision = decide(story, past, norms=norms)
    if decision is None:
        return Decided(0)
    addressees = await _addressees(connection, row, decision, story=story, past=past, norms=norms)
    telling = await _telling(connection, row, story, occasion=decision.occasion, norms=norms)
    for one in addressees:
        await tell(connection, one, telling, norms=norms, now=now)
    return Decided(len(addressees), unheard=story.happening is Happening.ESCALATED and not addressees)


async def put_off(connection: AsyncConnection, *, settle: timedelta = timedelta(0)) -> None:
    """Put the happening that `decide_next` would take, which cannot be decided, behind the others."""
    if await connection.scalar(_ALONE, {"key": DECIDING}):
        await connection.execute(_LAST, {"settle": settle})


def _story(row: Any) -> Story | None:
    if row.kind is None:
        return None
    kind = FindingKind(row.told_kind)
    if row.step_seq is not None and row.step is not None:
        step = json_value(row.step)
        if step["action"] == Action.RELEASE:
            begun = Story(
                Happening.RELEASED, kind, Severity(row.severity), row.step_at, row.restless, None, row.covered
            )
            return begun if row.state == AlertState.ACTIVE else None
        return Story(
            Happening.ESCALATED, kind, Severity(row.severity), row.step_at, row.restless, step.get("to")
        )  # fmt: skip
    if row.event is None or row.event not in set(Happening):
        return None
    severity, gathers = Severity(json_value(row.body).get("severity") or row.severity), row.kind == FindingKind.CAUSE
    return Story(Happening(row.event), kind, severity, row.at, row.restless, None, row.covered, gathers)


async def _addressees(
    connection: AsyncConnection, row: Any, decision: Anew | Again, *, story: Story, past: Sequence[Past],
    norms: ReactionNorms,
) -> list[Addressee]:  # fmt: skip
    if isinstance(decision, Again):
        due = story.at + timedelta(minutes=decision.aftermath.within_min)
        urgent = {(one.recipient, one.channel): one for one in sorted(past, key=lambda one: one.urgent)}
        return [Addressee(one.recipient, one.channel, pace_after(one), due) for one in urgent.values()]
    found: dict[tuple[str, str], Addressee] = {}
    known = {(one.recipient, one.channel) for one in past} if decision.others_only else set()
    scenes = [row, *(await connection.execute(_SCENES, {"alert": row.alert_id}))] if story.gathers else [row]
    for told in decision.tell:
        for scene in scenes:
            for recipient, channel in await _told_at(connection, scene, told, row=row, story=story, norms=norms):
                one = Addressee(recipient, channel, told.pace, story.at + told.within)
                found.setdefault((recipient, channel), one)
    return [one for key, one in found.items() if key not in known]


async def _told_at(
    connection: AsyncConnection, scene: Any, told: Told, *, row: Any, story: Story, norms: ReactionNorms
) -> Sequence[tuple[str, str]]:
    """Whom an audience is where it happened: at the alert's station, or at a child's of a parent alert."""
    if story.happening is Happening.ESCALATED:
        persons = await on_duty_at(connection, told.audience, territory=scene.territory, at=story.at)
        return await called(
            connection, told.audience, persons=persons, channels=told.channels, territory=scene.territory
        )
    if told.audience == CITIZENS:
        return await _residents(connection, scene, norms, channels=told.channels) if row.published else []
    return await contacts_for(
        connection, told.audience, channels=told.channels, organisation_id=scene.organisation_id,
        territory=scene.territory,
    )  # fmt: skip


async def _residents(
    connection: AsyncConnection, scene: Any, norms: ReactionNorms, *, channels: Sequence[str]
) -> list[tuple[str, str]]:
    place = AlertPlace(
        scene.latitude, scene.longitude, on_water=scene.station_kind != "seismic", river=scene.river,
        river_km=scene.river_km,
    )  # fmt: skip
    residents = await residents_of(connection, place, reach=norms.reach, channels=channels)
    return [(f"subscription:{number}", channel) for number, channel in residents]


async def _telling(
    connection: AsyncConnection, row: Any, story: Story, *, occasion: str, norms: ReactionNorms
) -> Telling:
    source = f"step:{row.step_seq}" if row.step_seq is not None else f"event:{row.alert_event_id}"
    return Telling(
        alert=row.alert_id, case=None, source=source, event=story.happening.value, occasion=occasion,
        severity=story.severity, words=await _words(connection, row, story, occasion=occasion, norms=norms),
        grave=is_grave(story.kind, story.severity),
    )  # fmt: skip


async def _words(
    connection: AsyncConnection, row: Any, story: Story, *, occasion: str, norms: ReactionNorms
) -> dict[str, Any]:
    """What is said, as the alert stands now: a later change is a notice of its own."""
    rule = next((rule for rule in norms.rules if rule.occasion == occasion), None)
    rule = rule or norms.rule_for(story.kind, story.severity)
    body = json_value(row.body) if row.body is not None else {}
    gathers = row.kind == FindingKind.CAUSE
    detail = body.get("detail") or json_value(row.detail)
    reasons = body.get("reasons") or json_value(row.reasons)
    return {
        "alert": row.alert_id, "kind": row.kind, "title": body.get("title") or row.title,
        "title_en": body.get("title_en") or row.title_en or row.title, "station": row.code, "station_name": row.name,
        "started_at": row.started_at, "at": story.at, "occasion_title": rule.title if rule else "",
        "occasion_title_en": rule.title_en if rule else "",
        "reasons": reasons[: 1 if gathers else REASONS_TOLD],
        "why": body.get("why") or "", "to": story.to or "", "demo": row.demo,
        "stations": await _stations(connection, detail) if gathers else [],
        "others": max(0, _count(body, row) - len(detail.get("stations") or [])) if gathers else 0,
    }  # fmt: skip


async def _stations(connection: AsyncConnection, detail: dict[str, Any]) -> list[str]:
    """Names of the stations of a parent's children that everybody may know, in the order in which they saw it."""
    codes = list(detail.get("stations") or [])
    return list((await connection.execute(_CHILDREN, {"codes": codes})).scalars()) if codes else []


def _count(body: dict[str, Any], row: Any) -> int:
    figures = body.get("figures") or json_value(row.figures)
    return int(figures.get("stations", {}).get("value", 0))
