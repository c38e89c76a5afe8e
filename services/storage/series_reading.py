"""What is measured: parameters, instruments, series and their latest values."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import fetch, row_values

_SERIES = """
SELECT s.id, st.code, st.name, d.code, p.code, p.name_ru, p.name_en, p.unit, p.unit_ru, p.basis,
       s.expected_interval_s, i.code, s.published AND st.published, st.latitude, st.longitude, p.scale, s.station_id
FROM series s JOIN station st ON st.id = s.station_id JOIN device d ON d.id = s.device_id
JOIN parameter p ON p.id = s.parameter_id LEFT JOIN instrument i ON i.id = s.instrument_id
"""
_SERIES_LIST = text(
    _SERIES
    + """WHERE (:all OR (s.published AND st.published))
    AND (CAST(:station AS text) IS NULL OR st.code = :station)
    AND (CAST(:parameter AS text) IS NULL OR p.code = :parameter)
    AND s.id > CAST(:after AS bigint) ORDER BY s.id LIMIT :limit"""
)
_HEADS = text(_SERIES + "ORDER BY s.id")

_LATEST = """
SELECT s.id, o.time, coalesce(c.value, o.value), coalesce(c.flag, o.flag), c.id IS NOT NULL
FROM series s CROSS JOIN LATERAL (SELECT time, value, flag FROM observation
                                  WHERE series_id = s.id ORDER BY time DESC LIMIT 1) o
LEFT JOIN (SELECT DISTINCT ON (series_id, time) series_id, time, conflict_id FROM observation_decision
           ORDER BY series_id, time, id DESC) d ON d.series_id = s.id AND d.time = o.time
LEFT JOIN observation_conflict c ON c.id = d.conflict_id
"""
_LATEST_ALL = _LATEST + "ORDER BY s.id"
_LATEST_SOME = _LATEST + "WHERE s.id = ANY($1) ORDER BY s.id"

_PARAMETERS = text(
    "SELECT code, name_ru, name_en, unit, unit_ru, basis, gross_min, gross_max, scale FROM parameter ORDER BY id"
)
_INSTRUMENTS = text(
    """SELECT i.code, i.type_name, i.serial_number, d.code, st.code, i.installed_at, i.removed_at
    FROM instrument i JOIN device d ON d.id = i.device_id JOIN station st ON st.id = d.station_id
    WHERE (:all OR st.published) AND (CAST(:station AS text) IS NULL OR st.code = :station)
    AND (CAST(:after AS text) IS NULL OR i.code > CAST(:after AS text)) ORDER BY i.code LIMIT :limit"""
)


class Parameter(Struct):
    """A measured quantity. `gross_min`..`gross_max`: physical range in `unit`; outside it a reading is flagged 4."""

    code: str
    name_ru: str
    name_en: str
    unit: str
    unit_ru: str
    basis: str
    gross_min: float
    gross_max: float
    decimals: int


class Instrument(Struct):
    """A physical instrument of a device."""

    code: str
    type_name: str
    serial_number: str | None
    device: str
    station: str
    installed_at: datetime | None
    removed_at: datetime | None


class SeriesView(Struct):
    """One parameter measured by one device: what is called a datastream elsewhere."""

    id: int
    station: str
    station_name: str
    device: str
    parameter: str
    name_ru: str
    name_en: str
    unit: str
    unit_ru: str
    basis: str
    expected_interval_s: int
    instrument: str | None
    published: bool


class SeriesHead(Struct, frozen=True):
    """What reading of one series needs to know: the public view, place, scale of exact sums, station id."""

    view: SeriesView
    latitude: float
    longitude: float
    scale: int
    station_id: int


class LatestValue(Struct, gc=False):
    """Newest reading of a series. `flag`: 1 pass, 3 suspect, 4 fail; +16 service, +32 calibration."""

    series: int
    station: str
    parameter: str
    unit: str
    time: datetime
    value: float
    flag: int
    decided: bool


async def list_parameters(connection: AsyncConnection) -> list[Parameter]:
    """The vocabulary, in its own order."""
    return [Parameter(*row_values(row)) for row in await connection.execute(_PARAMETERS)]


async def list_instruments(
    connection: AsyncConnection, *, station: str | None, everything: bool, after: str | None, limit: int
) -> list[Instrument]:
    """Instruments by code, beginning after `after`."""
    rows = await connection.execute(
        _INSTRUMENTS, {"station": station, "all": everything, "after": after, "limit": limit}
    )
    return [Instrument(*row_values(row)) for row in rows]


async def list_series(
    connection: AsyncConnection,
    *,
    station: str | None,
    parameter: str | None,
    everything: bool,
    after: int,
    limit: int,
) -> list[SeriesView]:
    """Series by id, beginning after `after`; unpublished ones only with `everything`."""
    bound = {"station": station, "parameter": parameter, "all": everything, "after": after, "limit": limit}
    return [SeriesView(*row_values(row)[:13]) for row in await connection.execute(_SERIES_LIST, bound)]


async def series_heads(connection: AsyncConnection) -> dict[int, SeriesHead]:
    """Every series by id, published or not."""
    heads = {}
    for row in await connection.execute(_HEADS):
        values = row_values(row)
        heads[values[0]] = SeriesHead(SeriesView(*values[:13]), *values[13:])
    return heads


async def latest_readings(connection: AsyncConnection, series_ids: list[int] | None) -> list[Any]:
    """(series, time, value, flag, decided) of the newest reading of every series, or of some, by series id."""
    if series_ids is None:
        return await fetch(connection, _LATEST_ALL)
    return await fetch(connection, _LATEST_SOME, series_ids)
