"""Where a plume will be, when, and how strong: Jobson's triangle of each way, dilution by the rivers that join.

A release of mass M over time T starts with M / (T·Q) in the river below it; at a place downstream it is the triangle of
the way convolved with the release, times the flow at the source over the flow there. Nothing decays: for what settles
or breaks down this is the upper side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from uskat.water.calibration import Calibrations
from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.river_flow import RiverState, flow_at
from uskat.water.river_line import riverside
from uskat.water.travel_coefficient import travel_coefficients
from uskat.water.travel_time import NOTHING_KNOWN, Travel, travel_between

STEPS = 240
PLATEAU = 0.98
"""What comes so close to the peak belongs to it; its middle is told as the time of the peak."""
END_SHARE = 0.1
"""A plume has passed when a tenth of its peak is left, as Jobson's Td10 has it."""


class TargetKind(StrEnum):
    """What a plume comes to."""

    STATION = "station"
    SETTLEMENT = "settlement"
    CONFLUENCE = "confluence"


@dataclass(frozen=True, slots=True)
class Target:
    """A place below: code and name as people know it."""

    kind: TargetKind
    code: str
    name: str
    point: RiverPoint


@dataclass(frozen=True, slots=True)
class Arrival:
    """A plume at a place. front_at, peak_at, over_at: most probable; earliest_at, latest_at: of the peak.

    share: peak excess as a share of that at the source; share_low, share_high: its 68 % bounds.
    """

    target: Target
    way: Travel
    front_at: datetime
    peak_at: datetime
    over_at: datetime
    earliest_at: datetime
    latest_at: datetime
    share: float
    share_low: float
    share_high: float


@dataclass(frozen=True, slots=True)
class Release:
    """What is let into the river: where, from when, how long."""

    point: RiverPoint
    start_at: datetime
    duration_s: float


def targets_below(network: Network, point: RiverPoint) -> tuple[Target, ...]:
    """River stations, riverside settlements and confluences that water from a point comes to, in order of distance."""
    found = [
        (distance, target) for target in _places(network) if (distance := network.distance_km(point, target.point))
    ]
    return tuple(target for _, target in sorted(found, key=lambda pair: (pair[0], pair[1].kind, pair[1].code)))


def _places(network: Network) -> Iterator[Target]:
    for station in network.stations:
        if station.kind == "river" and station.river is not None and station.km is not None:
            yield Target(TargetKind.STATION, station.code, station.name, RiverPoint(station.river, station.km))
    for code, name, point in riverside(network):
        yield Target(TargetKind.SETTLEMENT, code, name, point)
    for river in network.rivers:
        if river.flows_to is not None and river.mouth_km is not None:
            into = network.river_of[river.flows_to]
            yield Target(
                TargetKind.CONFLUENCE, f"{river.code}>{into.code}", f"устье: {river.name} – {into.name}",
                RiverPoint(river.code, 0.0),
            )  # fmt: skip


def forecast_plume(
    network: Network,
    release: Release,
    *,
    targets: Sequence[Target],
    state: RiverState,
    calibrations: Calibrations = NOTHING_KNOWN,
) -> tuple[Arrival, ...]:
    """Arrival of a release at each of the targets that its water comes to."""
    source = flow_at(network, release.point, ratio=state.ratio)
    found = []
    for target in targets:
        way = travel_between(network, release.point, lower=target.point, state=state, calibrations=calibrations)
        if way is None or way.probable_h <= 0:
            continue
        there = flow_at(network, target.point, ratio=state.ratio)
        dilution = min(source.discharge_m3_s / there.discharge_m3_s, 1.0)
        found.append(_arrival(release, target, way=way, dilution=dilution))
    return tuple(found)


def _arrival(release: Release, target: Target, *, way: Travel, dilution: float) -> Arrival:
    response = way.response
    end_s = response.end_s + release.duration_s
    course = [
        (since_s, response.share(since_s, release.duration_s))
        for place in range(STEPS + 1)
        for since_s in [response.front_s + (end_s - response.front_s) * place / STEPS]
    ]
    peak = max(share for _, share in course)
    top = [since_s for since_s, share in course if share >= PLATEAU * peak]
    peak_s = (top[0] + top[-1]) / 2
    over_s = max(since_s for since_s, share in course if share >= END_SHARE * peak)
    error = 10 ** travel_coefficients().jobson.peak_error_log10

    def at(seconds: float) -> datetime:
        return release.start_at + timedelta(seconds=round(seconds))

    late_s = (way.latest_h - way.probable_h) * 3600
    early_s = (way.earliest_h - way.probable_h) * 3600
    return Arrival(
        target, way, at(response.front_s), at(peak_s), at(over_s), at(peak_s + early_s), at(peak_s + late_s),
        dilution * peak, dilution * peak / error, dilution * min(peak * error, 1.0),
    )  # fmt: skip
