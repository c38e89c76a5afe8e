"""Stations with their public state, and the network they stand in."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Struct

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Context, Shared
from services.api.errors import NotFound
from services.api.paging import Page
from services.api.query import FormatName, PathCode
from services.api.reply import MEDIA_TYPES, Format, feature, features, fresh_reply, point, wanted_format
from services.api.schema import answers
from services.api.state_word import StateWord, station_word
from services.storage.alert_reading import AlertRow, active_alerts
from services.storage.series_reading import LatestValue
from services.storage.station_reading import (
    Place,
    River,
    StationRow,
    find_station,
    list_places,
    list_rivers,
    list_stations,
)

STATIONS_AGE_S = 5
NETWORK_AGE_S = 300
router = APIRouter(prefix=API, tags=["stations"])


class Station(Struct):
    """A station as the public sees it. `accuracy_m`: of the position; `demo`: invented for the demonstration."""

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
    last_reading_at: datetime | None
    state: StateWord


class StationDetail(Station, kw_only=True):
    """A station, its newest values and its active alerts."""

    latest: list[LatestValue]
    alerts: list[AlertRow]


EXAMPLE = {
    "code": "KU-1", "name": "Ускат, верховье", "kind": "river", "river": "uskat", "river_name": "Ускат",
    "river_km": 71.0, "downstream": "KU-2", "latitude": 54.2, "longitude": 86.9, "accuracy_m": 500.0,
    "water_use": "fishery_2", "organisation": None, "demo": True, "last_reading_at": "2026-11-21T09:20:00Z",
    "state": {
        "code": "usual", "word": "Как обычно", "sentence": "По измеряемым показателям вода такая же, как обычно.",
        "shape": "circle", "fill": "#1a7f8e", "text": "#ffffff",
    },
}  # fmt: skip


def as_public(row: StationRow, alerts: list[AlertRow], now: datetime) -> Station:
    """A station with the word for its state."""
    return Station(
        code=row.code,
        name=row.name,
        kind=row.kind,
        river=row.river,
        river_name=row.river_name,
        river_km=row.river_km,
        downstream=row.downstream,
        latitude=row.latitude,
        longitude=row.longitude,
        accuracy_m=row.accuracy_m,
        water_use=row.water_use,
        organisation=row.organisation,
        demo=row.demo,
        last_reading_at=row.last_reading_at,
        state=station_word(alerts, row.last_reading_at, now, kind=row.kind),
    )


async def public_stations(context: Context, *, everything: bool) -> list[Station]:
    """Every station that may be seen, with its state now."""
    rows = await context.database.ask(list_stations, everything=everything)
    by_station: dict[str, list[AlertRow]] = defaultdict(list)
    for alert in await context.database.ask(active_alerts, everything=everything):
        by_station[alert.station].append(alert)
    now = context.now()
    return [as_public(row, by_station[row.code], now) for row in rows]


@router.get(
    "/stations",
    summary="Stations with their state",
    responses=answers(
        Page[Station],
        "Every published station",
        example={"items": [EXAMPLE], "next": None},
        others={"application/geo+json": "one point a station"},
    ),
)
async def get_stations(request: Request, context: Shared, asking: Asking, format_name: FormatName = None) -> Response:
    """No data is a state of its own and never looks like an ordinary one."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    found = await public_stations(context, everything=asking.sees_everything)
    if form is Format.JSON:
        return fresh_reply(request, Page(found), max_age_s=STATIONS_AGE_S)
    points = [_feature(station) for station in found]
    return fresh_reply(request, features(points), max_age_s=STATIONS_AGE_S, media_type=MEDIA_TYPES[form])


@router.get(
    "/stations/{code}",
    summary="One station with newest values and active alerts",
    responses=answers(
        StationDetail,
        "The station",
        others={"application/geo+json": "a point"},
        example=EXAMPLE | {"latest": [], "alerts": []},
        problems=(404, 422),
    ),
)
async def get_station(
    request: Request, context: Shared, asking: Asking, code: PathCode, format_name: FormatName = None
) -> Response:
    """404 also for a station that is not published."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    everything = asking.sees_everything
    row = await context.database.ask(find_station, code, everything=everything)
    if row is None:
        raise NotFound(f"there is no published station {code[:100]!r}")
    active = await context.database.ask(active_alerts, everything=everything)
    alerts = [alert for alert in active if alert.station == row.code]
    station = as_public(row, alerts, context.now())
    if form is Format.GEOJSON:
        return fresh_reply(request, _feature(station), max_age_s=STATIONS_AGE_S, media_type=MEDIA_TYPES[form])
    latest = await context.directory.latest(station=row.code, everything=everything)
    known = {name: getattr(station, name) for name in Station.__struct_fields__}
    return fresh_reply(request, StationDetail(**known, latest=latest, alerts=alerts), max_age_s=STATIONS_AGE_S)


@router.get(
    "/network",
    summary="Rivers, stations, settlements, pits and outlets as GeoJSON",
    responses=answers(
        dict[str, Any],
        "A feature collection; `layer` names what a feature is, `schematic` and `demo` what it is not",
        others={"application/geo+json": "what is really sent"},
    ),
)
async def get_network(request: Request, context: Shared, asking: Asking) -> Response:
    """Lines marked `schematic` were drawn by hand and follow no survey; what is marked `demo` is invented."""
    rivers = await context.database.ask(list_rivers)
    stations = await context.database.ask(list_stations, everything=asking.sees_everything)
    places = await context.database.ask(list_places)
    collection = features([*map(_river, rivers), *map(_site, stations), *map(_place, places)])
    return fresh_reply(request, collection, max_age_s=NETWORK_AGE_S, media_type=MEDIA_TYPES[Format.GEOJSON])


def _river(river: River) -> dict[str, Any]:
    shown = ("code", "name", "flows_to", "mouth_km", "length_km", "schematic")
    properties = {"layer": "river"} | {name: getattr(river, name) for name in shown}
    return feature(river.geometry, properties, identifier=f"river/{river.code}")


def _site(row: StationRow) -> dict[str, Any]:
    shown = ("code", "name", "kind", "river", "river_km", "accuracy_m", "demo")
    properties = {"layer": "station"} | {name: getattr(row, name) for name in shown}
    return feature(point(row.longitude, row.latitude), properties, identifier=f"station/{row.code}")


def _place(place: Place) -> dict[str, Any]:
    shown = ("code", "name", "river", "river_km", "organisation", "demo")
    properties = {"layer": place.kind} | {name: getattr(place, name) for name in shown}
    return feature(point(place.longitude, place.latitude), properties, identifier=f"{place.kind}/{place.code}")


def _feature(station: Station) -> dict[str, object]:
    return feature(point(station.longitude, station.latitude), station, identifier=station.code)
