"""The river network as the registry holds it, as the value that the domain reckons with.

A registry row that lacks what the graph needs is left out: a river without hydrology, an outlet without its permit, a
station on a river that is not there. What stays is a network that can be used, maybe of less than the registry knows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value
from uskat.water.network import Device, Network, Organisation, Outlet, Pit, River, Seismograph, Settlement, Station
from uskat.water.network_items import FloodLevels

T = TypeVar("T")
FRESH = timedelta(minutes=1)
KEPT_NETWORKS = 4
"""Networks remembered in one process: one a database, a few while tests run."""

# xmin of a row changes with every write of it, so count and maximum tell any change of a table apart.
_VERSION = text(
    """SELECT current_database(), string_agg(v, ' ') FROM (
        SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) AS v FROM river
        UNION ALL SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) FROM station
        UNION ALL SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) FROM place
        UNION ALL SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) FROM device
        UNION ALL SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) FROM series
        UNION ALL SELECT count(*) || ':' || coalesce(max(xmin::text::bigint), 0) FROM organisation) versions"""
)
_ORGANISATIONS = text("SELECT code, name, kind FROM organisation ORDER BY code")
_RIVERS = text(
    """SELECT code, name, flows_to, mouth_km, length_km, geometry::text, schematic, properties::text
    FROM river ORDER BY code"""
)
_STATIONS = text(
    """SELECT st.code, st.name, st.kind, r.code, st.river_km, st.downstream, st.latitude, st.longitude,
        st.accuracy_m, st.water_use, coalesce(o.code, ''), st.demo, st.properties::text
    FROM station st LEFT JOIN river r ON r.id = st.river_id LEFT JOIN organisation o ON o.id = st.organisation_id
    ORDER BY st.code"""
)
_DEVICES = text(
    """SELECT d.code, st.code, d.kind, d.properties::text, coalesce(min(s.expected_interval_s), 60),
        coalesce(array_agg(p.code ORDER BY s.id) FILTER (WHERE p.code IS NOT NULL), '{}')
    FROM device d JOIN station st ON st.id = d.station_id LEFT JOIN series s ON s.device_id = d.id
    LEFT JOIN parameter p ON p.id = s.parameter_id GROUP BY d.id, st.code ORDER BY d.code"""
)
_PLACES = text("SELECT kind, properties::text FROM place ORDER BY kind, code")

_kept: dict[tuple[str, str, str], Network] = {}
_asked: dict[str, tuple[datetime, Network]] = {}


async def read_network(connection: AsyncConnection, *, now: datetime | None = None) -> Network:
    """Rivers, stations, devices and places of the registry; rebuilt only when one of their rows was written.

    now: the registry is asked for changes no more than once in `FRESH` of this clock; None: every time.
    """
    url = connection.engine.url.render_as_string()
    asked = _asked.get(url)
    if now is not None and asked is not None and timedelta(0) <= now - asked[0] < FRESH:
        return asked[1]
    network = await _read(connection, url)
    if now is not None:
        _asked.clear()
        _asked[url] = now, network
    return network


async def _read(connection: AsyncConnection, url: str) -> Network:
    database, version = (await connection.execute(_VERSION)).one()
    key = (url, str(database), str(version))
    network = _kept.get(key)
    if network is None:
        network = await _rebuilt(connection)
        while len(_kept) >= KEPT_NETWORKS:
            _kept.pop(next(iter(_kept)))
        _kept[key] = network
    return network


async def _rebuilt(connection: AsyncConnection) -> Network:
    river_rows = [tuple(row) for row in await connection.execute(_RIVERS)]
    station_rows = [tuple(row) for row in await connection.execute(_STATIONS)]
    organisations = [Organisation(code=r[0], name=r[1], kind=r[2]) for r in await connection.execute(_ORGANISATIONS)]
    devices, seismographs = _devices([tuple(row) for row in await connection.execute(_DEVICES)])
    places = [(str(kind), json_value(body)) for kind, body in await connection.execute(_PLACES)]
    rivers = [river for row in river_rows if (river := _river(row)) is not None]
    known = {river.code for river in rivers}
    return Network(
        version=1,
        code="registry",
        name="Реестр",
        schematic=any(row[6] for row in river_rows),
        demo=bool(station_rows) and all(row[11] for row in station_rows),
        crs="WGS84, lon lat in geometry",
        notes=(),
        organisations=tuple(organisations),
        rivers=tuple(rivers),
        stations=tuple(_station(row, known) for row in station_rows),
        devices=devices,
        seismographs=seismographs,
        outlets=tuple(outlet for outlet in _items(places, "outlet", Outlet) if outlet.river in known),
        pits=tuple(_items(places, "pit", Pit)),
        settlements=tuple(_items(places, "settlement", Settlement)),
    )


def _river(row: tuple[Any, ...]) -> River | None:
    code, name, flows_to, mouth_km, length_km, geometry, _, properties = row
    line = json_value(geometry)
    if line is None:
        return None
    fields = json_value(properties) | {
        "code": code, "name": name, "flows_to": flows_to, "mouth_km": mouth_km, "length_km": length_km,
        "geometry": line["coordinates"],
    }  # fmt: skip
    return _converted(fields, River)


def _station(row: tuple[Any, ...], known: set[str]) -> Station:
    code, name, kind, river, km, downstream, latitude, longitude, accuracy_m, water_use, organisation, _, extra = row
    properties = json_value(extra)
    on_river = river in known and km is not None
    return Station(
        code=code,
        name=name,
        kind=kind,
        river=river if on_river else None,
        km=km if on_river else None,
        downstream=downstream,
        latitude=latitude,
        longitude=longitude,
        role=properties.get("role") or "",
        water_use=None if water_use == "none" else water_use,
        organisation=organisation,
        accuracy_m=accuracy_m or 0.0,
        flag=properties.get("flag") or "",
        proposed=bool(properties.get("proposed")),
        source=properties.get("source") or "",
        flood=_converted(properties["flood"], FloodLevels) if properties.get("flood") else None,
        receptor=properties.get("receptor"),
    )


def _devices(rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[Device, ...], tuple[Seismograph, ...]]:
    devices = [
        Device(code=code, station=station, kind=kind, expected_interval_s=interval_s, parameters=tuple(names))
        for code, station, kind, _, interval_s, names in rows
    ]
    seismographs = []
    for code, _, kind, properties, *_ in rows:
        fields = json_value(properties)
        if kind == "seismograph" and "channels" in fields:
            channels = [{"code": name} | settings for name, settings in fields["channels"].items()]
            found = _converted(fields | {"device": code, "channels": channels}, Seismograph)
            seismographs += [found] if found is not None else []
    return tuple(devices), tuple(seismographs)


def _items(places: Sequence[tuple[str, Mapping[str, Any]]], kind: str, wanted: type[T]) -> list[T]:
    found = [_converted(fields, wanted) for place_kind, fields in places if place_kind == kind]
    return [item for item in found if item is not None]


def _converted(fields: Mapping[str, Any], wanted: type[T]) -> T | None:
    """The value; None when the row lacks what the graph needs."""
    try:
        return msgspec.convert(dict(fields), wanted)
    except msgspec.ValidationError:
        return None
