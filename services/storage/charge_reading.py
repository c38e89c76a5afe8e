"""Declared blasts that were fired, with their charges, for whoever compares them with a regional catalogue."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.magnitude.enterprise import FiredCharge

_AT = {"recorded": "coalesce(e.at, b.fired_at)", "said": "b.fired_at"}
_FIRED = {
    moment: text(
        f"""SELECT b.id, o.code, b.code, {at} AS at, b.total_charge_kg, b.longitude, b.latitude, near.id
        FROM blast b JOIN organisation o ON o.id = b.organisation_id
        LEFT JOIN LATERAL (
            SELECT min(at) AS at FROM blast_event WHERE blast_id = b.id AND withdrawn_at IS NULL) e ON true
        LEFT JOIN LATERAL (
            SELECT st.id FROM station st WHERE st.kind = 'seismic'
            ORDER BY (st.latitude - b.latitude) ^ 2
                + ((st.longitude - b.longitude) * cos(radians(b.latitude))) ^ 2, st.id LIMIT 1) near ON true
        WHERE {at} >= :since AND {at} < :until AND b.total_charge_kg > 0
            AND (CAST(:enterprise AS text) IS NULL OR o.code = :enterprise)
        ORDER BY at, b.id"""
    )
    for moment, at in _AT.items()
}
_EVENTS = text(
    """SELECT event_id, at, latitude, longitude, depth_km, magnitude, magnitude_type, type, certainty, agency,
        uncertainty_km
    FROM catalogue_event WHERE newest AND magnitude IS NOT NULL AND at >= :since AND at < :until
    ORDER BY at, event_id"""
)


async def fired_charges(
    connection: AsyncConnection, *, since: datetime, until: datetime, enterprise: str | None = None
) -> list[FiredCharge]:
    """Blasts fired in [since, until), by time: as recorded, else as said; charge as reported, else as planned."""
    return await _charges(connection, "recorded", since=since, until=until, enterprise=enterprise)


async def said_fired(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[FiredCharge]:
    """Blasts of which their enterprise says that they were fired in [since, until), by that time."""
    return await _charges(connection, "said", since=since, until=until, enterprise=None)


async def _charges(
    connection: AsyncConnection, moment: str, *, since: datetime, until: datetime, enterprise: str | None
) -> list[FiredCharge]:
    rows = await connection.execute(_FIRED[moment], {"since": since, "until": until, "enterprise": enterprise})
    return [
        FiredCharge(blast_id, owner, code, at, charge_kg, (longitude, latitude), station_id)
        for blast_id, owner, code, at, charge_kg, longitude, latitude, station_id in map(row_values, rows)
    ]


async def sized_events(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[CatalogueEvent]:
    """Newest versions of the catalogue's events of [since, until) that have a magnitude, by time."""
    rows = await connection.execute(_EVENTS, {"since": since, "until": until})
    return [CatalogueEvent(*row_values(row)) for row in rows]
