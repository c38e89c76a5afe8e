"""What instruments and papers show in the period of a decision: blasts that were fired, discharges that were found."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.supervision.restriction.breach import FiredBlast, FoundDischarge, PitPlace

_PITS = text(
    """SELECT p.code, p.name, pl.territory, p.longitude, p.latitude FROM pit p
    LEFT JOIN place pl ON pl.kind = 'pit' AND pl.code = p.code ORDER BY p.code"""
)
_DECLARED = text(
    """SELECT o.code || '/' || b.code, o.code, p.code, b.longitude, b.latitude, coalesce(e.at, b.fired_at),
        e.at IS NOT NULL, coalesce(e.station_id, (
            SELECT st.id FROM station st WHERE st.kind = 'seismic'
            ORDER BY power((st.longitude - b.longitude) * cosd(b.latitude), 2) + power(st.latitude - b.latitude, 2),
                st.id
            LIMIT 1))
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    LEFT JOIN LATERAL (SELECT at, station_id FROM blast_event WHERE blast_id = b.id AND withdrawn_at IS NULL
        ORDER BY at LIMIT 1) e ON true
    WHERE coalesce(e.at, b.fired_at) >= :since AND coalesce(e.at, b.fired_at) < :until ORDER BY b.id"""
)
_PLANNED = text(
    """SELECT o.code || '/' || b.code, o.code, p.code, b.planned_from, b.planned_to, b.status
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    WHERE b.status IN ('planned', 'published', 'postponed') AND b.planned_from < :until AND b.planned_to > :since
    ORDER BY b.planned_from, b.id"""
)
_UNDECLARED = text(
    """SELECT code, longitude, latitude, at, station_id FROM blast_event
    WHERE verdict = 'undeclared' AND withdrawn_at IS NULL AND longitude IS NOT NULL AND latitude IS NOT NULL
    AND at >= :since AND at < :until ORDER BY id"""
)
_AT_OUTLETS = text(
    """SELECT a.id, a.title, a.title_en, a.station_id, o.code, st.territory, r.code, st.river_km, a.started_at,
        a.ended_at
    FROM alert a JOIN station st ON st.id = a.station_id LEFT JOIN organisation o ON o.id = st.organisation_id
    LEFT JOIN river r ON r.id = st.river_id
    WHERE a.kind = 'exceedance' AND st.kind = 'outlet' AND a.state <> 'withdrawn'
    AND a.started_at < :until AND coalesce(a.ended_at, 'infinity') >= :since ORDER BY a.id"""
)
# Water let out in the period may come to a station when the period is long over: the release counts, where it is known.
_ATTRIBUTED = text(
    """SELECT a.id, a.title, a.title_en, a.station_id, a.detail->'candidates'->0 AS candidate,
        a.detail->'release_window' AS release, a.started_at, a.ended_at
    FROM alert a WHERE a.kind = 'source' AND a.state <> 'withdrawn'
    AND coalesce(CAST(a.detail#>>'{release_window,probable_at}' AS timestamptz), a.started_at) < :until
    AND coalesce(a.ended_at, 'infinity') >= :since ORDER BY a.id"""
)
_OUTLETS = text(
    """SELECT p.code, o.code, p.territory, r.code, p.river_km FROM place p
    LEFT JOIN organisation o ON o.id = p.organisation_id LEFT JOIN river r ON r.id = p.river_id
    WHERE p.kind = 'outlet' AND p.code = ANY(CAST(:codes AS text[]))"""
)


class PlannedBlast(Struct):
    """A declared blast that is not fired yet; its window [planned_from, planned_to]."""

    reference: str
    enterprise: str
    pit: str
    planned_from: datetime
    planned_to: datetime
    status: str


async def planned_between(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[PlannedBlast]:
    """Declared blasts that are not fired yet and whose window touches [since, until), by time."""
    rows = await connection.execute(_PLANNED, {"since": since, "until": until})
    return [PlannedBlast(*row_values(row)) for row in rows]


async def restricted_pits(connection: AsyncConnection) -> list[PitPlace]:
    """All pits with their territories."""
    return [
        PitPlace(code, name, territory, (longitude, latitude))
        for code, name, territory, longitude, latitude in map(row_values, await connection.execute(_PITS))
    ]


async def blasts_between(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[FiredBlast]:
    """Blasts of [since, until): declared ones by the network's event, else as reported; and undeclared ones."""
    bound = {"since": since, "until": until}
    declared = [
        FiredBlast(reference, enterprise, pit, (longitude, latitude), at, recorded, station)
        for reference, enterprise, pit, longitude, latitude, at, recorded, station in map(
            row_values, await connection.execute(_DECLARED, bound)
        )
    ]
    return declared + [
        FiredBlast(f"event-{code}", None, None, (longitude, latitude), at, recorded=True, station_id=station)
        for code, longitude, latitude, at, station in map(row_values, await connection.execute(_UNDECLARED, bound))
    ]


async def discharges_between(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[FoundDischarge]:
    """Discharges that touch [since, until): at outlets' own stations, and attributed to the likeliest outlet."""
    bound = {"since": since, "until": until}
    own = [FoundDischarge(*row_values(row)) for row in await connection.execute(_AT_OUTLETS, bound)]
    attributed = (await connection.execute(_ATTRIBUTED, bound)).all()
    named = [(row, json_value(row.candidate) or {}) for row in attributed]
    outlets = await _outlets(connection, [one.get("outlet") for _, one in named])
    for row, candidate in named:
        outlet = outlets.get(candidate.get("outlet"))
        if outlet is not None:
            enterprise, territory, river, km = outlet
            likelihood, (began, ended) = float(candidate["probability"]), _released(row)
            own.append(
                FoundDischarge(row.id, row.title, row.title_en, row.station_id, enterprise, territory, river, km,
                               began, ended, likelihood)
            )  # fmt: skip
    return own


async def _outlets(connection: AsyncConnection, codes: Iterable[str | None]) -> dict[str | None, Any]:
    wanted = sorted({code for code in codes if code})
    rows = await connection.execute(_OUTLETS, {"codes": wanted})
    return {code: rest for code, *rest in map(row_values, rows)}


def _released(row: Any) -> tuple[datetime, datetime | None]:
    """When it was let out and until when: the water took its time to the station that told of it. None: it lasts."""
    release = json_value(row.release) or {}
    if not release.get("probable_at"):
        return row.started_at, row.ended_at
    began = datetime.fromisoformat(release["probable_at"])
    return began, None if row.ended_at is None else began + timedelta(hours=release["duration_h"])
