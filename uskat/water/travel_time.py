"""How long water takes between two places of the graph: probable, earliest, latest; and how a pulse spreads.

Window of the source search (norms sheet §5.2): what is seen at t left between t − 1.3·Tp and t − L/Vmp. Under ice Tp
grows 1.2 to 1.5 times. A calibrated reach narrows the window by what its pairs taught.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from uskat.water.calibration import Calibrations, calibration_of
from uskat.water.jobson import HOUR_S, UnitResponse, largest_velocity, leading_edge_h, probable_velocity, unit_response
from uskat.water.network_graph import Network
from uskat.water.network_items import Reach, RiverPoint
from uskat.water.river_flow import RiverState, flow_at
from uskat.water.river_graph import pieces_between
from uskat.water.travel import channel, fischer_dispersion
from uskat.water.travel_coefficient import travel_coefficients

NOTHING_KNOWN: Calibrations = {}
SMALLEST_SPREAD = 1.15
"""However often a reach was calibrated, a single event still misses by this factor."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Travel between two points. Hours for a peak: most probable, earliest and latest; variance of the spread in s².

    relative_discharge: of the way, weighted by time. calibrated_share: part of the time in calibrated reaches.
    """

    length_km: float
    probable_h: float
    earliest_h: float
    latest_h: float
    variance_s2: float
    relative_discharge: float
    calibrated_share: float

    @property
    def front_h(self) -> float:
        """Probable travel time of the front."""
        return leading_edge_h(self.probable_h)

    @property
    def response(self) -> UnitResponse:
        """Jobson's triangle of this way."""
        return unit_response(self.probable_h, self.relative_discharge)


HERE = Travel(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def travel_between(
    network: Network,
    upper: RiverPoint,
    *,
    lower: RiverPoint,
    state: RiverState,
    calibrations: Calibrations = NOTHING_KNOWN,
) -> Travel | None:
    """Travel of water from `upper` to `lower` with the flow of now; None when it never gets there."""
    pieces = pieces_between(network, upper, lower=lower)
    if pieces is None:
        return None
    total = HERE
    for piece in pieces:
        total = _added(total, _piece(network, piece, state=state, calibrations=calibrations))
    return total


def _added(first: Travel, second: Travel) -> Travel:
    hours = first.probable_h + second.probable_h
    share = second.probable_h / hours if hours > 0 else 1.0
    return Travel(
        first.length_km + second.length_km,
        hours,
        first.earliest_h + second.earliest_h,
        first.latest_h + second.latest_h,
        first.variance_s2 + second.variance_s2,
        first.relative_discharge * (1 - share) + second.relative_discharge * share,
        first.calibrated_share * (1 - share) + second.calibrated_share * share,
    )


def _piece(network: Network, piece: Reach, *, state: RiverState, calibrations: Calibrations) -> Travel:
    middle = RiverPoint(piece.river, (piece.from_km + piece.to_km) / 2)
    flow = flow_at(network, middle, ratio=state.ratio)
    window = travel_coefficients().window
    known = calibration_of(calibrations, piece)
    ice = window.ice if state.under_ice else None
    length_m = piece.length_km * 1000
    velocity = probable_velocity(flow) * known.factor / (ice.middle if ice else 1.0)
    probable_h = length_m / velocity / HOUR_S
    if known.pairs:
        spread = max(math.exp(1.64 * math.hypot(known.log_sd, 0.1)), SMALLEST_SPREAD)
        earliest_h, latest_h = probable_h / spread, probable_h * spread
    else:
        swift = max(largest_velocity(flow), velocity) / (ice.low if ice else 1.0)
        earliest_h = length_m / swift / HOUR_S
        latest_h = window.late * probable_h * (ice.high / ice.middle if ice else 1.0)
    slope = network.river_of[piece.river].slope
    depth_m, width_m = channel(flow.discharge_m3_s, velocity)
    dispersion = fischer_dispersion(velocity_m_s=velocity, width_m=width_m, depth_m=depth_m, slope=slope)
    variance_s2 = 2 * dispersion * length_m / velocity**3
    share = 1.0 if known.pairs else 0.0
    return Travel(
        piece.length_km, probable_h, min(earliest_h, probable_h), latest_h, variance_s2, flow.relative_discharge, share
    )


def reach_travel_times(
    network: Network, *, state: RiverState, calibrations: Calibrations = NOTHING_KNOWN
) -> Mapping[tuple[str, str], Travel]:
    """Travel from every station to the next one downstream, by their codes."""
    found: dict[tuple[str, str], Travel] = {}
    for station in network.stations:
        below = network.station_of.get(station.downstream or "")
        if station.river is None or station.km is None or below is None or below.river is None or below.km is None:
            continue
        way = travel_between(
            network,
            RiverPoint(station.river, station.km),
            lower=RiverPoint(below.river, below.km),
            state=state,
            calibrations=calibrations,
        )
        if way is not None:
            found[station.code, below.code] = way
    return found
