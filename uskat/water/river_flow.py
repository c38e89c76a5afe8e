"""How much water a river carries at a place: annual means along the graph, and the present by what stations measure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from uskat.water.jobson import RiverFlow
from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.travel_coefficient import travel_coefficients

MEASURED_FACTOR = 1.3
"""Error factor of a flow carried over from a measuring station of the same basin (project assumption)."""
ICE_TEMPERATURE_C = 0.3
"""Water colder than this under the open sky would freeze: the river is taken as covered (norms sheet §6.2)."""
ICE_MONTHS = frozenset({11, 12, 1, 2, 3})
YEAR_DAYS = 365.2425
SMALLEST_FLOW_M3_S = 0.01


@dataclass(frozen=True, slots=True)
class RiverState:
    """The basin at a moment. ratio: flow to annual mean; factor: how wrong it may be, ×/÷; stations: who measured it.

    Without stations the ratio is the assumed regime of the season.
    """

    ratio: float
    factor: float
    under_ice: bool
    stations: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """True when a station measured the flow."""
        return bool(self.stations)


def assumed_ratio(moment: datetime) -> float:
    """Flow to annual mean where nobody measures: the regime's months, linear between their middles."""
    months = travel_coefficients().regime.monthly_ratio
    day = moment.timetuple().tm_yday - 1 + moment.hour / 24
    place = day / YEAR_DAYS * 12 - 0.5
    lower = math.floor(place)
    share = place - lower
    return months[lower % 12] * (1 - share) + months[(lower + 1) % 12] * share


def covered_by_ice(moment: datetime, water_temperature_c: float | None) -> bool:
    """Ice by the water's temperature where it is measured, else by the month."""
    local = moment + timedelta(hours=7)
    if water_temperature_c is None:
        return local.month in ICE_MONTHS
    return water_temperature_c <= ICE_TEMPERATURE_C and local.month in {*ICE_MONTHS, 4, 10}


def river_state(
    network: Network,
    moment: datetime,
    *,
    discharges: Iterable[tuple[str, float]],
    water_temperature_c: float | None = None,
) -> RiverState:
    """State of the basin from discharges in m³/s at stations; the median of their ratios carries over to the rest."""
    regime = travel_coefficients().regime
    ratios: dict[str, float] = {}
    for code, discharge in discharges:
        point = station_point(network, code)
        if point is not None and discharge > 0:
            ratios[code] = discharge / mean_flow(network, point)
    ice = covered_by_ice(moment, water_temperature_c)
    if not ratios:
        return RiverState(assumed_ratio(moment), regime.factor, ice)
    ordered = sorted(ratios.values())
    middle = math.sqrt(ordered[(len(ordered) - 1) // 2] * ordered[len(ordered) // 2])
    return RiverState(middle, MEASURED_FACTOR, ice, tuple(sorted(ratios)))


def station_point(network: Network, code: str) -> RiverPoint | None:
    """Where on the graph a station stands; None for one that stands on no river."""
    station = network.station_of.get(code)
    if station is None or station.river is None or station.km is None:
        return None
    return RiverPoint(station.river, station.km)


def mean_flow(network: Network, point: RiverPoint) -> float:
    """Annual mean discharge in m³/s: the tributaries above, and the rest gained evenly along the river."""
    river = network.river_of[point.river]
    tributaries = network.tributaries(river.code)
    lateral = max(river.mean_discharge_m3_s - sum(t.mean_discharge_m3_s for t in tributaries), 0.0)
    source = travel_coefficients().regime.source_share * lateral
    along = (lateral - source) * (1 - point.km / river.length_km)
    above = sum(t.mean_discharge_m3_s for t in tributaries if (t.mouth_km or 0.0) >= point.km)
    return max(source + along + above, SMALLEST_FLOW_M3_S)


def flow_at(network: Network, point: RiverPoint, *, ratio: float) -> RiverFlow:
    """What Jobson's equations ask of a place, its basin taken in proportion to its mean flow."""
    river = network.river_of[point.river]
    mean = mean_flow(network, point)
    basin_m2 = river.basin_km2 * 1e6 * mean / river.mean_discharge_m3_s
    return RiverFlow(basin_m2, mean, max(mean * ratio, SMALLEST_FLOW_M3_S / 10), river.slope)
