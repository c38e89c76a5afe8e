"""Stations, rivers and places as the public may see them."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values

_STATION = """
SELECT st.id, st.code, st.name, st.kind, r.code, r.name, st.river_km, st.downstream, st.latitude, st.longitude,
    st.accuracy_m, st.water_use, o.name, st.demo, st.properties,
    greatest(
        (SELECT max(l.time) FROM series s CROSS JOIN LATERAL (
            SELECT time FROM observation WHERE series_id = s.id ORDER BY time DESC LIMIT 1) l
         WHERE s.station_id = st.id),
        (SELECT max(h.start) FROM device d CROSS JOIN LATERAL (
            SELECT start FROM histogram_interval WHERE device_id = d.id ORDER BY start DESC LIMIT 1) h
         WHERE d.station_id = st.id),
        (SELECT max(q.start) FROM device d CROSS JOIN LATERAL (
            SELECT start FROM seismic_record WHERE device_id = d.id ORDER BY start DESC LIMIT 1) q
         WHERE d.station_id = st.id))
FROM station st LEFT JOIN river r ON r.id = st.river_id LEFT JOIN organisation o ON o.id = st.organisation_id
WHERE (:all OR st.published)
"""
_STATIONS = text(_STATION + "ORDER BY st.code")
_ONE_STATION = text(_STATION + "AND st.code = :code")
_RIVERS = text("SELECT code, name, flows_to, mouth_km, length_km, geometry, schematic FROM river ORDER BY code")
_PLACES = text(
    """SELECT p.kind, p.code, p.name, p.latitude, p.longitude, r.code, p.river_km, o.name, p.demo
    FROM place p LEFT JOIN river r ON r.id = p.river_id LEFT JOIN organisation o ON o.id = p.organisation_id
    ORDER BY p.kind, p.code"""
)
_UPDATED = text(
    """SELECT st.code, w.evaluated_at FROM station_work w JOIN station st ON st.id = w.station_id
    WHERE st.published AND w.evaluated_at > :since ORDER BY w.evaluated_at"""
)


class StationRow(Struct):
    """A station and the moment of its newest reading of any kind (None: it never sent one)."""

    id: int
    code: str
    name: str
    kind: str
    river: str | None
    river_name: str | None
    river_km: float | None
    downstream: str | None
    latitude: float
    longitude: float
    accuracy_m: float | None
    water_use: str
    organisation: str | None
    demo: bool
    properties: dict[str, Any]
    last_reading_at: datetime | None


class River(Struct):
    """A river of the graph; `geometry` is GeoJSON, `schematic` when it was drawn and not surveyed."""

    code: str
    name: str
    flows_to: str | None
    mouth_km: float | None
    length_km: float | None
    geometry: dict[str, Any] | None
    schematic: bool


class Place(Struct):
    """A settlement, pit or outlet."""

    kind: str
    code: str
    name: str
    latitude: float
    longitude: float
    river: str | None
    river_km: float | None
    organisation: str | None
    demo: bool


async def list_stations(connection: AsyncConnection, *, everything: bool = False) -> list[StationRow]:
    """Every published station by code; unpublished ones too with `everything`."""
    return [_station(row_values(row)) for row in await connection.execute(_STATIONS, {"all": everything})]


async def find_station(connection: AsyncConnection, code: str, *, everything: bool = False) -> StationRow | None:
    """One station, None when there is none that the reader may see."""
    row = (await connection.execute(_ONE_STATION, {"code": code, "all": everything})).first()
    return None if row is None else _station(row_values(row))


def _station(values: tuple[Any, ...]) -> StationRow:
    return StationRow(*[*values[:14], json_value(values[14]), values[15]])


async def list_rivers(connection: AsyncConnection) -> list[River]:
    """Every river by code."""
    rows = await connection.execute(_RIVERS)
    return [River(*[*row_values(row)[:5], json_value(row[5]), row[6]]) for row in rows]


async def list_places(connection: AsyncConnection) -> list[Place]:
    """Every settlement, pit and outlet."""
    return [Place(*row_values(row)) for row in await connection.execute(_PLACES)]


async def stations_evaluated_since(connection: AsyncConnection, since: datetime) -> list[tuple[str, datetime]]:
    """Codes of published stations whose judgement was renewed after `since`, with that moment, oldest first."""
    return [(row[0], row[1]) for row in await connection.execute(_UPDATED, {"since": since})]
