"""Answers about rivers: what is sent of reaches, travel, outlets and plumes, made from the domain's values."""

import re
from datetime import datetime

from msgspec import Struct

from services.api.errors import InvalidRequest, NotFound
from services.storage.river_present import RiverPresent
from uskat.water.network_graph import Network
from uskat.water.network_items import Outlet, Permit, RiverPoint
from uskat.water.plume import Arrival
from uskat.water.river_flow import RiverState, station_point
from uskat.water.travel_coefficient import travel_coefficients
from uskat.water.travel_time import Travel

POINT = re.compile(r"^(?P<river>[\w-]+):(?P<km>\d+(?:\.\d+)?)$")


class Flow(Struct):
    """The flow reckoned with. ratio: to the annual mean; factor: how wrong, ×/÷; assumed: nobody measured it."""

    ratio: float
    factor: float
    measured_at: list[str]
    assumed: bool
    under_ice: bool


class TravelTimes(Struct):
    """Hours for a peak; the front comes a tenth earlier. level: how far the coefficients are verified."""

    length_km: float
    earliest_h: float
    probable_h: float
    latest_h: float
    front_h: float
    calibrated_share: float
    level: str


class ReachNow(Struct):
    """A reach between neighbouring stations with the travel of now."""

    upper: str
    lower: str
    rivers: list[str]
    travel: TravelTimes


class Reaches(Struct):
    """Reaches of the network now."""

    flow: Flow
    items: list[ReachNow]


class TravelAnswer(Struct):
    """Travel between two places with the flow of now."""

    flow: Flow
    travel: TravelTimes


class OutletRow(Struct):
    """An outlet. permit: only for the agency, or where all is a demonstration."""

    code: str
    name: str
    organisation: str
    river: str
    km: float
    kind: str
    latitude: float
    longitude: float
    normal_flow_m3_s: float
    permit: Permit | None


class PlumeArrival(Struct):
    """A plume at a place. Times of the front, of the peak with its bounds, and when a tenth of the peak is left.

    excess_mg_l: peak above what the river carries anyway, with the bounds of two in three cases.
    """

    kind: str
    code: str
    name: str
    river: str
    km: float
    distance_km: float
    front_at: datetime
    peak_at: datetime
    earliest_at: datetime
    latest_at: datetime
    over_at: datetime
    excess_mg_l: float
    excess_low_mg_l: float
    excess_high_mg_l: float


class Plume(Struct):
    """A forecast: nothing decays or settles in it, so it is the upper side."""

    flow: Flow
    river: str
    km: float
    start_at: datetime
    duration_min: float
    start_mg_l: float
    mass_kg: float
    level: str
    arrivals: list[PlumeArrival]


def flow_of(state: RiverState) -> Flow:
    """The flow as it is sent."""
    return Flow(round(state.ratio, 4), state.factor, list(state.stations), not state.measured, state.under_ice)


def times_of(way: Travel) -> TravelTimes:
    """Travel times as they are sent."""
    return TravelTimes(
        round(way.length_km, 3), round(way.earliest_h, 2), round(way.probable_h, 2), round(way.latest_h, 2),
        round(way.front_h, 2), round(way.calibrated_share, 2), travel_coefficients().jobson.level,
    )  # fmt: skip


def outlet_row(outlet: Outlet, *, permit: bool) -> OutletRow:
    """An outlet as it is sent."""
    return OutletRow(
        outlet.code, outlet.name, outlet.organisation, outlet.river, outlet.km, outlet.kind, outlet.latitude,
        outlet.longitude, outlet.normal_flow_m3_s, outlet.permit if permit else None,
    )  # fmt: skip


def arrival_row(arrival: Arrival, start_mg_l: float) -> PlumeArrival:
    """An arrival as it is sent."""
    target = arrival.target
    shares = (arrival.share, arrival.share_low, arrival.share_high)
    return PlumeArrival(
        target.kind.value, target.code, target.name, target.point.river, round(target.point.km, 2),
        round(arrival.way.length_km, 2), arrival.front_at, arrival.peak_at, arrival.earliest_at, arrival.latest_at,
        arrival.over_at, *(float(f"{start_mg_l * share:.4g}") for share in shares),
    )  # fmt: skip


def place_on(present: RiverPresent, text: str) -> RiverPoint:
    """A place given as the code of a station or an outlet, or as `river:km`. Raises NotFound, InvalidRequest."""
    network = present.network
    point = station_point(network, text) or _outlet_point(network, text)
    if point is not None:
        return point
    found = POINT.match(text)
    river = network.river_of.get(found["river"]) if found else None
    if found is None or river is None:
        raise NotFound(f"{text[:60]!r} is no station or outlet on a river, and no `river:km`")
    km = float(found["km"])
    if km > river.length_km:
        raise InvalidRequest(f"river {river.code!r} is {river.length_km} km long")
    return RiverPoint(river.code, km)


def _outlet_point(network: Network, code: str) -> RiverPoint | None:
    outlet = next((outlet for outlet in network.outlets if outlet.code == code), None)
    return None if outlet is None else RiverPoint(outlet.river, outlet.km)
