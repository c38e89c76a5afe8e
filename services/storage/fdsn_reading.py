"""What the FDSN services ask: seismographs with their channels, records by channel and time, events to publish."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values

PUBLISHED_VERDICTS = ("declared", "undeclared", "earthquake")
"""Events of the ground that say what they are; noise, traffic and what is not resolved are no catalogue."""

_SEISMOGRAPHS = text(
    """SELECT st.name, st.latitude, st.longitude, st.demo, st.properties, d.properties, coalesce(i.type_name, ''),
        least(coalesce(i.installed_at, d.created_at),
            (SELECT min(q.start) FROM seismic_record q WHERE q.device_id = d.id))
    FROM device d JOIN station st ON st.id = d.station_id
    LEFT JOIN LATERAL (SELECT type_name, installed_at FROM instrument
        WHERE device_id = d.id AND removed_at IS NULL ORDER BY id DESC LIMIT 1) i ON true
    WHERE d.kind = 'seismograph' AND (:all OR st.published) ORDER BY d.code"""
)
_RECORDS = text(
    """SELECT q.id, q.device_id, q.start, q."end", q.channels, length(q.payload)
    FROM seismic_record q JOIN station st ON st.id = q.station_id
    WHERE (:all OR st.published)
    AND (CAST(:start AS timestamptz) IS NULL OR q."end" >= CAST(:start AS timestamptz))
    AND (CAST(:end AS timestamptz) IS NULL OR q.start <= CAST(:end AS timestamptz))
    AND EXISTS (SELECT 1 FROM unnest(q.channels) c WHERE c ~ ANY(CAST(:patterns AS text[])))
    ORDER BY q.start, q.raw_id, q.id LIMIT :limit"""
)
_PAYLOADS = text(
    """SELECT id, payload FROM seismic_record
    WHERE id = ANY(CAST(:ids AS bigint[])) AND start >= :first AND start <= :last"""
)
# A declared blast that the network recorded is one event: the recorded one.
_EVENTS = text(
    """WITH seen AS (
        SELECT e.*, st.territory FROM blast_event e JOIN station st ON st.id = e.station_id
        WHERE e.withdrawn_at IS NULL
        AND (:all OR st.published OR st.territory = ANY(CAST(:supervised AS text[])))
        AND e.verdict = ANY(CAST(:verdicts AS text[]))
    ), listed AS (
        SELECT 'event/' || e.id AS name, e.at, coalesce(e.latitude, b.latitude) AS latitude,
            coalesce(e.longitude, b.longitude) AS longitude,
            CASE WHEN e.latitude IS NOT NULL THEN e.uncertainty_km END AS uncertainty_km, e.verdict,
            coalesce(p.name, '') AS place, e.body->'reasons' AS reasons, e.judged_at AS updated_at, e.territory
        FROM seen e LEFT JOIN blast b ON b.id = e.blast_id LEFT JOIN pit p ON p.id = b.pit_id
        UNION ALL
        SELECT 'blast/' || b.id, b.fired_at, b.latitude, b.longitude, NULL, 'declared', p.name, NULL, b.updated_at, NULL
        FROM blast b JOIN pit p ON p.id = b.pit_id
        WHERE b.fired_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM seen e WHERE e.blast_id = b.id)
    )
    SELECT name, at, latitude, longitude, uncertainty_km, verdict, place, reasons, updated_at, territory FROM listed
    WHERE latitude IS NOT NULL AND longitude IS NOT NULL
    AND (CAST(:start AS timestamptz) IS NULL OR at >= CAST(:start AS timestamptz))
    AND (CAST(:end AS timestamptz) IS NULL OR at <= CAST(:end AS timestamptz))
    AND (CAST(:name AS text) IS NULL OR name = :name)
    ORDER BY at DESC, name LIMIT :limit"""
)


class SeismographRow(Struct):
    """A seismograph at its station. place, settings: properties of station and device; begins: UTC."""

    site: str
    latitude: float
    longitude: float
    demo: bool
    place: dict[str, Any]
    settings: dict[str, Any]
    sensor: str
    begins: datetime


class RecordHead(Struct):
    """A stored record without its payload. start, end: first and last sample, UTC; channels: NET.STA.LOC.CHA."""

    id: int
    device_id: int
    start: datetime
    end: datetime
    channels: list[str]
    bytes: int


class EventRow(Struct):
    """An event to publish. name: event/N or blast/N; verdict: uskat.blast.event.verdict; reasons in Russian.

    territory: of the station that stood nearest.
    """

    name: str
    at: datetime
    latitude: float
    longitude: float
    uncertainty_km: float | None
    verdict: str
    place: str
    reasons: list[str]
    updated_at: datetime
    territory: str | None = None


async def list_seismographs(connection: AsyncConnection, *, everything: bool = False) -> list[SeismographRow]:
    """Seismographs at stations that the reader may see, by code of the device."""
    rows = [row_values(row) for row in await connection.execute(_SEISMOGRAPHS, {"all": everything})]
    return [SeismographRow(*[*row[:4], json_value(row[4]) or {}, json_value(row[5]) or {}, *row[6:]]) for row in rows]


async def matching_records(
    connection: AsyncConnection,
    patterns: Sequence[str],
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    everything: bool = False,
) -> list[RecordHead]:
    """Records with a channel that one of the regular expressions matches whole, and with samples in [start, end].

    Ordered by start, then by receipt; None: open; at most `limit`.
    """
    bound = {
        "all": everything,
        "start": start,
        "end": end,
        "patterns": [f"^(?:{pattern})$" for pattern in patterns],
        "limit": limit,
    }
    return [RecordHead(*row_values(row)) for row in await connection.execute(_RECORDS, bound)]


async def record_payloads(connection: AsyncConnection, heads: Sequence[RecordHead]) -> dict[int, bytes]:
    """Payloads of records by id."""
    bound = {
        "ids": [head.id for head in heads],
        "first": min(head.start for head in heads),
        "last": max(head.start for head in heads),
    }
    return {row[0]: bytes(row[1]) for row in await connection.execute(_PAYLOADS, bound)}


async def list_published_events(
    connection: AsyncConnection,
    *,
    start: datetime | None,
    end: datetime | None,
    name: str | None = None,
    limit: int,
    everything: bool = False,
    supervised: Collection[str] = (),
) -> list[EventRow]:
    """Events with a place at [start, end], newest first: judged ones, and declared blasts that nothing recorded."""
    bound = {
        "all": everything,
        "supervised": list(supervised),
        "verdicts": list(PUBLISHED_VERDICTS),
        "start": start,
        "end": end,
        "name": name,
        "limit": limit,
    }
    rows = [row_values(row) for row in await connection.execute(_EVENTS, bound)]
    return [EventRow(*[*row[:7], [str(why) for why in json_value(row[7]) or []], *row[8:]]) for row in rows]
