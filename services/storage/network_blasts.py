"""Pits with their laws and declared blasts, as the judgement of events and duties needs them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value
from uskat.blast.event.district import DeclaredBlast, PitSite
from uskat.blast.event.rules import event_rules
from uskat.blast.fume import FumeObservation, fume_norms, is_incident
from uskat.blast.geometry import area_m2
from uskat.blast.passport.delay import regular_delay_ms
from uskat.blast.passport.lifecycle import BlastStatus
from uskat.blast.passport.rules import passport_rules

SQUARE_ROOT = "square_root"
CANCELLED = BlastStatus.CANCELLED.value

_PITS = text(
    """SELECT p.code, p.latitude, p.longitude, p.outline::text, l.fit::text
    FROM pit p LEFT JOIN LATERAL (
        SELECT fit FROM site_law s WHERE s.pit_id = p.id AND s.usable ORDER BY s.version DESC LIMIT 1) l ON true
    ORDER BY p.code"""
)
_DECLARED = text(
    """SELECT b.id, o.code || '/' || b.code, p.code, b.status, b.planned_from, b.planned_to, b.fired_at, b.reported_at,
        b.declared_at, b.latitude, b.longitude,
        CAST(b.passport->>'max_charge_per_delay_kg' AS double precision),
        (SELECT array_agg(CAST(h->>'delay_ms' AS double precision)) FROM jsonb_array_elements(b.passport->'holes') h),
        (SELECT jsonb_agg(o)::text FROM (
            (SELECT r.report->'fume' FROM blast_report r WHERE r.blast_id = b.id ORDER BY r.number DESC LIMIT 1)
            UNION ALL SELECT f.observation FROM fume_rating f WHERE f.blast_id = b.id
        ) seen(o) WHERE jsonb_typeof(o) = 'object')
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    WHERE (coalesce(b.fired_at, b.planned_to) >= :since AND least(b.planned_from, b.fired_at) < :until)
        OR b.id = ANY(CAST(:ids AS integer[]))
    ORDER BY b.id"""
)
_RECORDED = text(
    """SELECT blast_id, min(at) FROM blast_event
    WHERE blast_id = ANY(CAST(:ids AS integer[])) AND withdrawn_at IS NULL GROUP BY blast_id"""
)


@dataclass(frozen=True, slots=True)
class DeclaredRow:
    """A declared blast. name: enterprise/number; charge_kg: per delay, as the passport says; firing_s: its length.

    delay_s: between its groups, where they are regular. fume: the gravest that the newest report or
    anybody else saw of its cloud.
    """

    blast_id: int
    name: str
    pit: str
    status: BlastStatus
    planned_from: datetime
    planned_to: datetime
    fired_at: datetime | None
    reported_at: datetime | None
    declared_at: datetime
    latitude: float
    longitude: float
    charge_kg: float
    firing_s: float | None
    delay_s: float | None
    fume: FumeObservation | None

    def declared(self) -> DeclaredBlast:
        """As association takes it: the declared window, whatever the enterprise said afterwards."""
        return DeclaredBlast(
            id=self.name,
            pit=self.pit,
            at=self.planned_from,
            latitude=self.latitude,
            longitude=self.longitude,
            charge_kg=self.charge_kg,
            firing_s=self.firing_s,
            window_s=(self.planned_to - self.planned_from).total_seconds(),
            declared_at=self.declared_at,
            delay_s=self.delay_s,
        )


async def pit_sites(connection: AsyncConnection) -> tuple[PitSite, ...]:
    """Pits by code, with the newest usable law of each; the default law where a pit has none of the square root."""
    return tuple(map(_pit, await connection.execute(_PITS)))


async def declared_rows(
    connection: AsyncConnection, *, since: datetime, until: datetime, ids: Sequence[int] = ()
) -> list[DeclaredRow]:
    """Declared blasts whose window or firing touches [since, until), and those of `ids`; cancelled ones too."""
    rows = await connection.execute(_DECLARED, {"since": since, "until": until, "ids": list(ids)})
    return [_declared(row) for row in rows]


async def recorded_at(connection: AsyncConnection, blast_ids: Sequence[int]) -> dict[int, datetime]:
    """Moment of the event that each of the declared blasts is, for those that the network has recorded."""
    return {row[0]: row[1] for row in await connection.execute(_RECORDED, {"ids": list(blast_ids)})}


def _pit(row: Any) -> PitSite:
    code, latitude, longitude, outline, fit = row
    amplitude = event_rules().amplitude
    ring = [(float(point[0]), float(point[1])) for point in json_value(outline)["coordinates"][0]]
    radius_km = (area_m2(ring[:-1] if ring[0] == ring[-1] else ring) / math.pi) ** 0.5 / 1000
    law = (json_value(fit) or {}).get("law") or {}
    usable = law.get("form") == SQUARE_ROOT and not law.get("directional")
    if not usable:
        return PitSite(code, latitude, longitude, radius_km, amplitude.k, amplitude.beta, amplitude.law_sd)
    # the spread of single records is the stations'; what the law itself may be wrong by shrinks with their number
    sd = float(law["s"]) / float(law["n"]) ** 0.5
    return PitSite(code, latitude, longitude, radius_km, float(law["k"]), float(law["beta"]), sd)


def _declared(row: Any) -> DeclaredRow:
    clouds = [FumeObservation.model_validate(seen) for seen in json_value(row[13]) or ()]
    times_ms = row[12] or []
    step_ms = regular_delay_ms(times_ms, convention=passport_rules().delay_window)
    return DeclaredRow(
        blast_id=row[0],
        name=row[1],
        pit=row[2],
        status=BlastStatus(row[3]),
        planned_from=row[4],
        planned_to=row[5],
        fired_at=row[6],
        reported_at=row[7],
        declared_at=row[8],
        latitude=row[9],
        longitude=row[10],
        charge_kg=row[11],
        firing_s=max(times_ms, default=0.0) / 1000 or None,
        delay_s=None if step_ms is None else step_ms / 1000,
        fume=max(clouds, key=lambda seen: (is_incident(seen, fume_norms()), seen.level), default=None),
    )
