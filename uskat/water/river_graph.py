"""Walking up the graph: the water above a station, up to the stations that speak for what comes from further up."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from uskat.water.network_graph import Network
from uskat.water.network_items import Outlet, Reach, RiverPoint, Station
from uskat.water.river_flow import station_point


@dataclass(frozen=True, slots=True)
class Catchment:
    """River pieces above a point, and what bounds them.

    pieces: from the nearest to the farthest. bounds: stations at the upper ends. passed: stations inside, which were
    told not to bound. open_ends: rivers with a source of their own inside.
    """

    pieces: tuple[Reach, ...]
    bounds: tuple[Station, ...]
    passed: tuple[Station, ...]
    open_ends: tuple[str, ...]

    def holds(self, point: RiverPoint) -> bool:
        """True when the point lies on one of the pieces."""
        return any(piece.river == point.river and piece.to_km <= point.km <= piece.from_km for piece in self.pieces)

    @property
    def length_km(self) -> float:
        """Length of all pieces together."""
        return sum(piece.length_km for piece in self.pieces)


@dataclass(slots=True)
class _Walk:
    network: Network
    ignored: AbstractSet[str]
    pieces: list[Reach]
    bounds: list[Station]
    passed: list[Station]
    open_ends: list[str]

    def climb(self, start: RiverPoint) -> None:
        river = self.network.river_of[start.river]
        above = [s for s in self.network.stations_on.get(river.code, ()) if (s.km or 0.0) > start.km]
        bound = next((station for station in above if station.code not in self.ignored), None)
        top = river.length_km if bound is None or bound.km is None else bound.km
        self.pieces.append(Reach(river.code, top, start.km))
        self.passed += [s for s in above if s is not bound and (s.km or 0.0) < top]
        tributaries = self.network.tributaries(river.code)
        if bound is not None:
            self.bounds.append(bound)
        elif all(tributary.mouth_km != top for tributary in tributaries):
            self.open_ends.append(river.code)
        for tributary in tributaries:
            mouth = tributary.mouth_km or 0.0
            if start.km <= mouth < top or (bound is None and mouth == top):
                self.climb(RiverPoint(tributary.code, 0.0))


def catchment(network: Network, point: RiverPoint, *, ignored: AbstractSet[str] = frozenset()) -> Catchment:
    """The water above a point up to the nearest stations on every branch, those of `ignored` passed over."""
    walk = _Walk(network, ignored, [], [], [], [])
    walk.climb(point)
    return Catchment(tuple(walk.pieces), tuple(walk.bounds), tuple(walk.passed), tuple(walk.open_ends))


def outlets_within(network: Network, area: Catchment) -> tuple[Outlet, ...]:
    """Outlets on the pieces of a catchment, by code."""
    inside = [outlet for outlet in network.outlets if area.holds(RiverPoint(outlet.river, outlet.km))]
    return tuple(sorted(inside, key=lambda outlet: outlet.code))


def stations_above(network: Network, code: str, *, levels: int) -> tuple[str, ...]:
    """Codes of the stations up to `levels` stations further up on every branch, nearest levels first."""
    point = station_point(network, code)
    found: list[str] = []
    front = [point] if point is not None else []
    for _ in range(levels):
        bounds = [bound for place in front for bound in catchment(network, place).bounds]
        found += [bound.code for bound in bounds]
        front = [place for bound in bounds if (place := station_point(network, bound.code)) is not None]
    return tuple(found)


def stations_following(network: Network, code: str, *, levels: int) -> tuple[str, ...]:
    """Codes of the next river stations downstream as the registry names them, nearest first."""
    found: list[str] = []
    station = network.station_of.get(code)
    while station is not None and station.downstream is not None and len(found) < levels:
        station = network.station_of.get(station.downstream)
        if station is None or station.code in found:
            break
        found.append(station.code)
    return tuple(found)


def pieces_between(network: Network, upper: RiverPoint, *, lower: RiverPoint) -> tuple[Reach, ...] | None:
    """The way of water cut where its flow or its calibration changes: at stations and at mouths of tributaries.

    None when the water never gets there.
    """
    reaches = network.reaches_between(upper, lower)
    if reaches is None:
        return None
    return tuple(piece for reach in reaches for piece in _cut(network, reach))


def _cut(network: Network, reach: Reach) -> Iterator[Reach]:
    cuts = {station.km for station in network.stations_on.get(reach.river, ()) if station.km is not None}
    cuts |= {river.mouth_km for river in network.tributaries(reach.river) if river.mouth_km is not None}
    inside = sorted((km for km in cuts if reach.to_km < km < reach.from_km), reverse=True)
    upper = reach.from_km
    for km in (*inside, reach.to_km):
        if km < upper:
            yield Reach(reach.river, upper, km)
            upper = km
