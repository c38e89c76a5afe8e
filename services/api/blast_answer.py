"""Blasts as they are answered: what everybody may know, in words, and what the enterprise and its inspector know."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.api.state_word import LOCAL, StateWord
from services.storage.blast_reading import BlastHead
from uskat.blast.geometry import Point, polygon_feature, zone_around
from uskat.blast.passport.lifecycle import Change
from uskat.public_status import BLAST_BADGES, blast_state

REASON_WORDS: Mapping[str, str] = {
    "nmu": "неблагоприятные метеоусловия",
    "wind": "ветер",
    "fog": "туман",
    "technical": "технические причины",
}
NO_TIME = "время не назначено"
NOT_NAMED = "не названа"


class PublicBlast(msgspec.Struct):
    """What everybody may know of a declared blast.

    state: in words. announced_at: when the window that holds now was told, null: it was not. postpone_reason: of the
    newest postponement; moved_from: the beginning of the window before it. closed_roads: [{road, closed_from,
    closed_to}]. version: grows with every step.
    """

    enterprise: str
    enterprise_name: str
    blast_id: str
    pit: str
    pit_name: str
    block: str
    status: str
    state: StateWord
    version: int
    planned_from: datetime
    planned_to: datetime
    announced_at: datetime | None
    fired_at: datetime | None
    reported_at: datetime | None
    longitude: float
    latitude: float
    danger_zone_m: float
    postpone_reason: str | None
    moved_from: datetime | None
    closed_roads: list[dict[str, Any]]
    demo: bool


class BlastDetail(msgspec.Struct):
    """One blast. The last five are for its enterprise and the inspector, null for everybody else.

    passport, report: as filed last. passport_discrepancies, report_discrepancies: what does not fit, errors first.
    water: alerts in which nitrogen rose below the pit after it, as context and no charge.
    """

    blast: PublicBlast
    zones: dict[str, Any]
    passport: dict[str, Any] | None = None
    passport_discrepancies: list[dict[str, Any]] | None = None
    report: dict[str, Any] | None = None
    report_discrepancies: list[dict[str, Any]] | None = None
    water: list[dict[str, Any]] | None = None


class Filed(msgspec.Struct):
    """A step that was taken; the header `ETag` has the new version. discrepancies: what does not fit, errors first."""

    blast: PublicBlast
    discrepancies: Sequence[dict[str, Any]]


class Step(msgspec.Struct):
    """One step of a blast's history. fields: [{path, before, after}]; irregular: what was not in order.

    passport, report: the whole document after the step, when it changed it and documents are asked for.
    """

    number: int
    at: datetime
    by: str
    action: str
    before: str | None
    after: str
    reason: str | None
    note: str | None
    fired_at: datetime | None
    irregular: str | None
    fields: list[dict[str, Any]]
    passport: dict[str, Any] | None
    report: dict[str, Any] | None


class History(msgspec.Struct):
    """All steps of a blast, the oldest first."""

    enterprise: str
    blast_id: str
    steps: list[Step]


def history_steps(changes: Sequence[Change], *, documents: bool) -> list[Step]:
    """The steps of a declaration; documents: with the whole passports and reports."""
    found = []
    for number, change in enumerate(changes, 1):
        plain = change.to_json()
        if not documents:
            plain |= {"passport": None, "report": None}
        found.append(msgspec.convert(plain | {"number": number}, Step))
    return found


def public_blast(head: BlastHead, now: datetime) -> PublicBlast:
    """A blast in the words of the moment `now` (UTC)."""
    announced = head.announced_at is not None
    state = blast_state(head.status, announced=announced, planned_to=head.planned_to, now=now)
    badge = BLAST_BADGES[state]
    word = StateWord(
        badge.code, badge.word, badge.sentence.format_map(_facts(head)), badge.shape, badge.fill, badge.text
    )
    same = {name: getattr(head, name) for name in PublicBlast.__struct_fields__ if hasattr(head, name)}
    return PublicBlast(**same | {"block": head.block_name, "state": word})


def declared_zones(head: BlastHead) -> list[dict[str, Any]]:
    """The declared danger zone and the block as GeoJSON features."""
    ring = block_ring(head)
    names = {"blast_id": head.blast_id, "enterprise": head.enterprise}
    zone = {"kind": "danger_zone", "name": "Опасная зона для людей", "radius_m": head.danger_zone_m}
    return [
        polygon_feature(zone_around(ring, head.danger_zone_m), names | zone),
        polygon_feature([*ring, ring[0]], names | {"kind": "block", "name": head.block_name}),
    ]


def block_ring(head: BlastHead) -> list[Point]:
    """Outline of the block, not closed."""
    points = [(corner["longitude"], corner["latitude"]) for corner in head.block]
    return points[:-1] if points[0] == points[-1] else points


def _facts(head: BlastHead) -> dict[str, str]:
    """What the sentences name, local time."""
    begins, ends = head.planned_from.astimezone(LOCAL), head.planned_to.astimezone(LOCAL)
    moved = head.moved_from.astimezone(LOCAL) if head.moved_from is not None else None
    fired = (head.fired_at or head.planned_from).astimezone(LOCAL)
    cancelled = head.status == "cancelled"
    return {
        "pit": head.pit_name,
        "date": f"{fired if head.fired_at else begins:%d.%m.%Y}",
        "window": f"{begins:%H:%M}–{ends:%H:%M}",
        "zone": f"{head.danger_zone_m:.0f}",
        "before": f"{begins if cancelled or moved is None else moved:%d.%m.%Y %H:%M}",
        "after": f"{begins:%d.%m.%Y %H:%M}" if moved is not None else NO_TIME,
        "reason": NOT_NAMED if cancelled else REASON_WORDS.get(head.postpone_reason or "", NOT_NAMED),
        "time": f"{fired:%H:%M}",
    }
