"""Blasts that happened, as the state's books need them: declared ones with their papers, undeclared ones."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.blast.event.verdict import Verdict
from uskat.blast.kpi.within_limits import ReceptorPeak
from uskat.blast.norm.curve import Receptor
from uskat.blast.norm.receptor import site_receptor
from uskat.blast.passport.model import Passport
from uskat.blast.passport.report import Report

_FIRED = text(
    """SELECT b.id, o.code, b.code, p.code, b.fired_at, b.reported_at,
        CASE WHEN b.reported_at IS NOT NULL THEN b.total_charge_kg END, b.longitude, b.latitude
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    WHERE b.fired_at >= :since AND b.fired_at < :until AND (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise)
    ORDER BY b.fired_at, b.id LIMIT :limit"""
)
_PAPERS = text(
    """SELECT b.passport, r.report FROM blast b JOIN organisation o ON o.id = b.organisation_id
    JOIN LATERAL (SELECT report FROM blast_report WHERE blast_id = b.id ORDER BY number DESC LIMIT 1) r ON true
    WHERE b.fired_at >= :since AND b.fired_at < :until AND (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise)
    ORDER BY b.fired_at, b.id"""
)
_UNDECLARED = text(
    """SELECT code, at, longitude, latitude FROM blast_event
    WHERE verdict = :verdict AND withdrawn_at IS NULL AND at >= :since AND at < :until ORDER BY at, id"""
)
# The largest velocity and airblast that each declared blast gave at each station.
_PEAKS = text(
    """SELECT st.code, e.at,
        max(coalesce(CAST(s.measures->>'pvs_mm_s' AS float8), CAST(s.measures->>'ppv_max_mm_s' AS float8))) AS ppv_mm_s,
        max(CAST(s.measures->>'airblast_dbl' AS float8)) AS airblast_dbl
    FROM blast_event e JOIN blast b ON b.id = e.blast_id JOIN organisation o ON o.id = b.organisation_id
    JOIN blast_record r ON r.event_id = e.id
    JOIN seismic_record s ON s.device_id = r.device_id AND s.start = r.start AND s.digest = r.digest AND s.first
    JOIN station st ON st.id = s.station_id
    WHERE e.withdrawn_at IS NULL AND e.at >= :since AND e.at < :until
    AND (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise)
    GROUP BY st.code, e.id, e.at ORDER BY st.code, e.at"""
)
_PITS = text(
    """SELECT p.code, o.code, o.name, p.longitude, p.latitude, l.territory
    FROM pit p JOIN organisation o ON o.id = p.organisation_id
    LEFT JOIN place l ON l.kind = 'pit' AND l.code = p.code ORDER BY p.code"""
)

_SEISMIC = text(
    """SELECT st.code, st.properties, coalesce(bool_or(d.properties->>'near_settlement' IS NOT NULL), false)
    FROM station st LEFT JOIN device d ON d.station_id = st.id AND d.kind = 'seismograph'
    WHERE st.kind = 'seismic' GROUP BY st.id ORDER BY st.code"""
)


class FiredRow(Struct):
    """A declared blast that was fired. charge_kg: as reported, null before the report."""

    id: int
    enterprise: str
    blast_id: str
    pit: str
    fired_at: datetime
    reported_at: datetime | None
    charge_kg: float | None
    longitude: float
    latitude: float


class UndeclaredRow(Struct):
    """An event judged an undeclared blast; place null: not located."""

    code: str
    at: datetime
    longitude: float | None
    latitude: float | None


class PitPlace(Struct):
    """A pit, whose it is, its middle and its territory."""

    code: str
    enterprise: str
    enterprise_name: str
    longitude: float
    latitude: float
    territory: str | None = None


async def fired_blasts(
    connection: AsyncConnection, *, enterprise: str | None, since: datetime, until: datetime, limit: int = 100_000
) -> list[FiredRow]:
    """Declared blasts fired in [since, until), by time."""
    bound = {"enterprise": enterprise, "since": since, "until": until, "limit": limit}
    return [FiredRow(*row_values(row)) for row in await connection.execute(_FIRED, bound)]


async def reported_papers(
    connection: AsyncConnection, *, enterprise: str | None, since: datetime, until: datetime
) -> list[tuple[Passport, Report]]:
    """Passport and newest report of every reported blast fired in [since, until), by time."""
    rows = await connection.execute(_PAPERS, {"enterprise": enterprise, "since": since, "until": until})
    return [
        (Passport.model_validate(json_value(passport)), Report.model_validate(json_value(report)))
        for passport, report in map(row_values, rows)
    ]


async def undeclared_events(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[UndeclaredRow]:
    """Events judged undeclared blasts in [since, until), by time."""
    bound = {"verdict": Verdict.UNDECLARED.value, "since": since, "until": until}
    return [UndeclaredRow(*row_values(row)) for row in await connection.execute(_UNDECLARED, bound)]


async def receptor_peaks(
    connection: AsyncConnection, quantity: str, *, enterprise: str | None, since: datetime, until: datetime
) -> Sequence[ReceptorPeak]:
    """Largest `ppv_mm_s` (vector sum where there is one) or `airblast_dbl` of each declared blast at each station."""
    rows = await connection.execute(_PEAKS, {"enterprise": enterprise, "since": since, "until": until})
    values: list[dict[str, Any]] = [dict(row) for row in rows.mappings()]
    return [ReceptorPeak(row["code"], row["at"], row[quantity]) for row in values if row[quantity] is not None]


async def pit_places(connection: AsyncConnection) -> list[PitPlace]:
    """All pits by code."""
    return [PitPlace(*row_values(row)) for row in await connection.execute(_PITS)]


async def receptor_stations(connection: AsyncConnection, classes: Collection[Receptor]) -> list[str]:
    """Codes of the stations that stand at a receptor of these classes; where none is named, near a settlement.

    A seismograph at the edge of a pit measures for the law of the site and judges nobody.
    """
    found = []
    for code, properties, near_settlement in map(row_values, await connection.execute(_SEISMIC)):
        site = site_receptor(json_value(properties))
        if site.receptor in classes if site is not None else near_settlement:
            found.append(str(code))
    return found
