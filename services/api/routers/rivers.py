"""Rivers as the water sees them: reaches with travel times of now, outlets, travel between places, plume forecasts."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.api.access import API
from services.api.authentication import Asking
from services.api.context import Shared
from services.api.errors import InvalidRequest
from services.api.paging import Page
from services.api.query import Code, FormatName, Moment
from services.api.reply import MEDIA_TYPES, Format, feature, features, fresh_reply, point, wanted_format
from services.api.river_answer import (
    OutletRow,
    Plume,
    Reaches,
    ReachNow,
    TravelAnswer,
    arrival_row,
    flow_of,
    outlet_row,
    place_on,
    times_of,
)
from services.api.schema import answers
from services.storage.river_present import RiverPresent, river_present
from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.plume import Release, forecast_plume, targets_below
from uskat.water.river_flow import flow_at, station_point
from uskat.water.river_line import line, position
from uskat.water.travel_coefficient import travel_coefficients
from uskat.water.travel_time import reach_travel_times, travel_between

MAX_AGE_S = 60
router = APIRouter(prefix=API, tags=["rivers"])

FLOW_EXAMPLE = {"ratio": 0.55, "factor": 1.3, "measured_at": ["TA-2", "U-43"], "assumed": False, "under_ice": False}
TRAVEL_EXAMPLE = {
    "length_km": 11.0, "earliest_h": 5.9, "probable_h": 11.2, "latest_h": 14.6, "front_h": 10.0,
    "calibrated_share": 0.0, "level": "memory",
}  # fmt: skip
REACH_EXAMPLE = {"upper": "U-36", "lower": "U-25", "rivers": ["uskat"], "travel": TRAVEL_EXAMPLE}
OUTLET_EXAMPLE = {
    "code": "out-bg-1", "name": "Выпуск карьерных вод (демо)", "organisation": "beryozovaya-griva-demo",
    "river": "uskat", "km": 31.0, "kind": "mine_water", "latitude": 54.0717, "longitude": 87.012,
    "normal_flow_m3_s": 0.1, "permit": None,
}  # fmt: skip
PLUME_EXAMPLE = {
    "flow": FLOW_EXAMPLE, "river": "uskat", "km": 31.0, "start_at": "2026-07-10T06:00:00Z", "duration_min": 120.0,
    "start_mg_l": 40.0, "mass_kg": 1000.0, "level": "memory",
    "arrivals": [{
        "kind": "station", "code": "U-25", "name": "Ускат – выше устья Талды", "river": "uskat", "km": 25.0,
        "distance_km": 6.0, "front_at": "2026-07-10T11:30:00Z", "peak_at": "2026-07-10T14:00:00Z",
        "earliest_at": "2026-07-10T11:10:00Z", "latest_at": "2026-07-10T16:00:00Z",
        "over_at": "2026-07-10T17:40:00Z", "excess_mg_l": 28.0, "excess_low_mg_l": 10.5, "excess_high_mg_l": 38.0,
    }],
}  # fmt: skip

Place = Annotated[Code, Query(description="code of a station or an outlet, or `river:km` from the river's mouth")]


@router.get(
    "/rivers/reaches",
    summary="Reaches between stations with travel times of now",
    responses=answers(
        Reaches,
        "Reaches and the flow reckoned with",
        example={"flow": FLOW_EXAMPLE, "items": [REACH_EXAMPLE]},
        others={"application/geo+json": "one line a reach"},
    ),
)
async def get_reaches(request: Request, context: Shared, format_name: FormatName = None) -> Response:
    """By the discharge that stations measured in the last day, else by the assumed regime: then `assumed` is true."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    present = await context.database.ask(river_present, context.now())
    found = _reaches(present)
    if form is Format.JSON:
        return fresh_reply(request, found, max_age_s=MAX_AGE_S)
    lines = [
        feature(_line(present.network, item), item, identifier=f"{item.upper}>{item.lower}") for item in found.items
    ]
    body = features(lines, flow=found.flow)
    return fresh_reply(request, body, max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form])


@router.get(
    "/rivers/outlets",
    summary="Outlets with their permits",
    responses=answers(
        Page[OutletRow],
        "Every outlet on a river",
        example={"items": [OUTLET_EXAMPLE], "next": None},
        others={"application/geo+json": "one point an outlet"},
    ),
)
async def get_outlets(request: Request, context: Shared, asking: Asking, format_name: FormatName = None) -> Response:
    """Permits are for the agency; where the whole registry is a demonstration everybody sees them."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    present = await context.database.ask(river_present, context.now())
    shown = asking.sees_everything or present.network.demo
    found = [outlet_row(outlet, permit=shown) for outlet in present.network.outlets]
    if form is Format.JSON:
        return fresh_reply(request, Page(found), max_age_s=MAX_AGE_S)
    points = [feature(point(row.longitude, row.latitude), row, identifier=f"outlet/{row.code}") for row in found]
    return fresh_reply(request, features(points), max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form])


@router.get(
    "/rivers/travel",
    summary="How long water takes from one place to another",
    responses=answers(
        TravelAnswer, "Travel times", example={"flow": FLOW_EXAMPLE, "travel": TRAVEL_EXAMPLE}, problems=(404, 422)
    ),
)
async def get_travel(
    *,
    request: Request,
    context: Shared,
    upper: Annotated[Place, Query(alias="from")],
    lower: Annotated[Place, Query(alias="to")],
) -> Response:
    """For a peak, with the flow of now: probable, earliest and latest. 422 when the water never gets there."""
    present = await context.database.ask(river_present, context.now())
    start, end = place_on(present, upper), place_on(present, lower)
    way = travel_between(present.network, start, lower=end, state=present.state, calibrations=present.calibrations)
    if way is None:
        raise InvalidRequest("water from the first place never reaches the second")
    return fresh_reply(request, TravelAnswer(flow_of(present.state), times_of(way)), max_age_s=MAX_AGE_S)


@router.get(
    "/rivers/plume",
    summary="Forecast of a plume: when it comes where, and how strong",
    responses=answers(
        Plume,
        "Arrivals at stations, villages and confluences below",
        example=PLUME_EXAMPLE,
        others={"application/geo+json": "one point an arrival, and the way"},
        problems=(404, 422),
    ),
)
async def get_plume(
    *,
    request: Request,
    context: Shared,
    place: Place,
    start: Annotated[Moment | None, Query(description="beginning of the release; now when left out")] = None,
    duration_min: Annotated[float, Query(gt=0, le=43_200)] = 60.0,
    mass_kg: Annotated[float | None, Query(gt=0, le=1e9, description="what is let in altogether")] = None,
    start_mg_l: Annotated[float | None, Query(gt=0, le=1e6, description="excess just below the place")] = None,
    format_name: FormatName = None,
) -> Response:
    """A what-if by Jobson's equations with their national error; give either `mass_kg` or `start_mg_l`."""
    form = wanted_format(request, format_name, (Format.JSON, Format.GEOJSON))
    if (mass_kg is None) == (start_mg_l is None):
        raise InvalidRequest("give either mass_kg or start_mg_l")
    present = await context.database.ask(river_present, context.now())
    release = Release(place_on(present, place), start or context.now(), duration_min * 60)
    found = _plume(present, release, mass_kg=mass_kg, start_mg_l=start_mg_l)
    if form is Format.JSON:
        return fresh_reply(request, found, max_age_s=MAX_AGE_S)
    points = [
        feature(point(*position(present.network, RiverPoint(one.river, one.km))), one, identifier=one.code)
        for one in found.arrivals
    ]
    way = [feature(_way(present.network, release.point), {"layer": "way"}, identifier="way")]
    shown = {name: getattr(found, name) for name in Plume.__struct_fields__ if name != "arrivals"}
    return fresh_reply(request, features([*points, *way], **shown), max_age_s=MAX_AGE_S, media_type=MEDIA_TYPES[form])


def _plume(present: RiverPresent, release: Release, *, mass_kg: float | None, start_mg_l: float | None) -> Plume:
    flow = flow_at(present.network, release.point, ratio=present.state.ratio)
    litres = flow.discharge_m3_s * 1000.0 * release.duration_s
    strength = start_mg_l if start_mg_l is not None else (mass_kg or 0.0) * 1e6 / litres
    arrivals = forecast_plume(
        present.network,
        release,
        targets=targets_below(present.network, release.point),
        state=present.state,
        calibrations=present.calibrations,
    )
    start_at: datetime = release.start_at
    return Plume(
        flow_of(present.state), release.point.river, release.point.km, start_at, release.duration_s / 60,
        float(f"{strength:.4g}"), float(f"{strength * litres / 1e6:.4g}"), travel_coefficients().jobson.level,
        [arrival_row(arrival, strength) for arrival in arrivals],
    )  # fmt: skip


def _reaches(present: RiverPresent) -> Reaches:
    times = reach_travel_times(present.network, state=present.state, calibrations=present.calibrations)
    items = []
    for (upper, lower), way in times.items():
        start, end = station_point(present.network, upper), station_point(present.network, lower)
        pieces = present.network.reaches_between(start, end) if start and end else None
        items.append(ReachNow(upper, lower, [piece.river for piece in pieces or ()], times_of(way)))
    return Reaches(flow_of(present.state), items)


def _line(network: Network, item: ReachNow) -> dict[str, Any]:
    start, end = station_point(network, item.upper), station_point(network, item.lower)
    pieces = network.reaches_between(start, end) if start and end else None
    return {"type": "LineString", "coordinates": [xy for piece in pieces or () for xy in line(network, piece)]}


def _way(network: Network, start: RiverPoint) -> dict[str, Any]:
    pieces = [piece for piece in network.downstream_path(start) if piece.length_km > 0]
    return {"type": "LineString", "coordinates": [xy for piece in pieces for xy in line(network, piece)]}
