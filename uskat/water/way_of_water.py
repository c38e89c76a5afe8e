"""From post to post along the network: how far, and how long the water or a flood wave takes.

Velocity: Jobson's most probable one of each river (`uskat.water.jobson`; coefficients from memory), for water at the
mean annual discharge, for flood waves at multiples of it. It is a first estimate for backgrounds and warnings;
attribution reckons with the discharge of the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from uskat.water.background import UpstreamPost
from uskat.water.jobson import RiverFlow, probable_velocity, wave_celerity
from uskat.water.network import Network, Reach, RiverPoint, Station

M_PER_KM = 1000.0
M2_PER_KM2 = 1e6
WAVE_DISCHARGE, WAVE_FASTEST, WAVE_SLOWEST = 3.0, 7.5, 1.0
"""Discharge of a flood in multiples of the mean: expected, for the earliest and the latest arrival (project rule)."""


@dataclass(frozen=True, slots=True)
class DownstreamPost:
    """A post below. travel_s: mean time of the water; wave_s: of a flood wave (5/3 of the water's velocity).

    wave_earliest_s, wave_latest_s: the same for a large flood and for the mean discharge.
    next: it is the one that the registry names as the next downstream.
    """

    code: str
    name: str
    distance_km: float
    travel_s: float
    wave_s: float
    wave_earliest_s: float
    wave_latest_s: float
    next: bool = False


def travel_time_s(network: Network, reaches: Sequence[Reach]) -> float:
    """Seconds that water takes over reaches at mean discharge."""
    return sum(reach.length_km * M_PER_KM / _velocity(network, reach.river, 1.0) for reach in reaches)


def wave_time_s(network: Network, reaches: Sequence[Reach], *, discharge: float = WAVE_DISCHARGE) -> float:
    """Seconds that a flood wave takes over reaches; discharge: in multiples of each river's mean."""
    return sum(
        reach.length_km * M_PER_KM / wave_celerity(_velocity(network, reach.river, discharge)) for reach in reaches
    )


def _velocity(network: Network, river: str, discharge: float) -> float:
    found = network.river_of[river]
    mean = found.mean_discharge_m3_s
    return probable_velocity(RiverFlow(found.basin_km2 * M2_PER_KM2, mean, discharge * mean, found.slope))


def posts_upstream(network: Network, code: str) -> tuple[UpstreamPost, ...]:
    """The nearest posts above a station, one a branch, with their rivers' mean discharge as weight; by code.

    None where they speak for tributaries only, while the station's own river comes past no post.
    """
    here = _place(network.station_of.get(code))
    if here is None:
        return ()
    found, main = [], False
    for station in network.stations:
        above = _place(station)
        reaches = network.reaches_between(above, here) if station.downstream == code and above is not None else None
        if above is None or reaches is None:
            continue
        river = network.river_of[above.river]
        main = main or river.code == here.river or river.mouth_km == network.river_of[here.river].length_km
        distance = sum(reach.length_km for reach in reaches)
        found.append(UpstreamPost(station.code, distance, travel_time_s(network, reaches), river.mean_discharge_m3_s))
    return tuple(sorted(found, key=lambda post: post.code)) if main else ()


def posts_downstream(network: Network, code: str) -> tuple[DownstreamPost, ...]:
    """Every post that water from a station passes, nearest first."""
    station_here = network.station_of.get(code)
    here = _place(station_here)
    if here is None or station_here is None:
        return ()
    found = []
    for station, distance in network.stations_below(here):
        below = _place(station)
        reaches = network.reaches_between(here, below) if below is not None else None
        if station.code != code and reaches is not None:
            found.append(
                DownstreamPost(
                    code=station.code,
                    name=station.name,
                    distance_km=distance,
                    travel_s=travel_time_s(network, reaches),
                    wave_s=wave_time_s(network, reaches),
                    wave_earliest_s=wave_time_s(network, reaches, discharge=WAVE_FASTEST),
                    wave_latest_s=wave_time_s(network, reaches, discharge=WAVE_SLOWEST),
                    next=station.code == station_here.downstream,
                )
            )
    return tuple(found)


def _place(station: Station | None) -> RiverPoint | None:
    if station is None or station.river is None or station.km is None:
        return None
    return RiverPoint(station.river, station.km)
