"""Kilometres of a river on its line and back: a kilometre is a share of the drawn line, as the line is schematic."""

import math
from collections.abc import Sequence
from itertools import pairwise

from uskat.water.network_graph import Network
from uskat.water.network_items import Reach, River, RiverPoint

EARTH_KM_DEG = 111.32
NEAR_KM = 3.0
"""A settlement farther than this from the drawn line is not on the river (the line itself is good to 3 km)."""

Coordinates = tuple[float, float]


def position(network: Network, point: RiverPoint) -> Coordinates:
    """Longitude and latitude of a point."""
    return _along(network.river_of[point.river], point.km)


def line(network: Network, reach: Reach) -> list[Coordinates]:
    """Longitudes and latitudes of a reach, in the direction of flow."""
    river = network.river_of[reach.river]
    total = _lengths(river.geometry)[-1]
    inside = [
        place
        for place, length in zip(river.geometry, _lengths(river.geometry), strict=True)
        if reach.to_km < river.length_km * (1 - length / total) < reach.from_km
    ]
    return [_along(river, reach.from_km), *((x, y) for x, y in inside), _along(river, reach.to_km)]


def nearest_point(network: Network, longitude: float, *, latitude: float) -> tuple[RiverPoint, float] | None:
    """Nearest point of any river and how far it is in km; None in a network without rivers."""
    found = [
        (distance_km, river.code, km)
        for river in network.rivers
        for distance_km, km in [_project(river, longitude, latitude=latitude)]
    ]
    if not found:
        return None
    distance_km, code, km = min(found)
    return RiverPoint(code, km), distance_km


def riverside(network: Network) -> tuple[tuple[str, str, RiverPoint], ...]:
    """Settlements on a river: code, name, and where on it, as far as the schematic line can tell."""
    found = []
    for settlement in network.settlements:
        near = nearest_point(network, settlement.longitude, latitude=settlement.latitude)
        if near is not None and near[1] <= NEAR_KM:
            found.append((settlement.code, settlement.name, near[0]))
    return tuple(found)


def _along(river: River, km: float) -> Coordinates:
    lengths = _lengths(river.geometry)
    wanted = (1 - min(max(km / river.length_km, 0.0), 1.0)) * lengths[-1]
    for place in range(1, len(lengths)):
        if wanted <= lengths[place] or place == len(lengths) - 1:
            step = lengths[place] - lengths[place - 1]
            share = (wanted - lengths[place - 1]) / step if step > 0 else 0.0
            (x0, y0), (x1, y1) = river.geometry[place - 1], river.geometry[place]
            return round(x0 + share * (x1 - x0), 6), round(y0 + share * (y1 - y0), 6)
    x, y = river.geometry[0]
    return x, y


def _lengths(geometry: Sequence[Coordinates]) -> list[float]:
    total = [0.0]
    for (x0, y0), (x1, y1) in pairwise(geometry):
        total.append(total[-1] + math.hypot((x1 - x0) * math.cos(math.radians((y0 + y1) / 2)), y1 - y0))
    return total


def _project(river: River, longitude: float, *, latitude: float) -> tuple[float, float]:
    """Distance in km and kilometre of the river of the nearest point of its line."""
    lengths, narrow = _lengths(river.geometry), math.cos(math.radians(latitude))
    best = (math.inf, 0.0)
    for place in range(1, len(lengths)):
        (x0, y0), (x1, y1) = river.geometry[place - 1], river.geometry[place]
        dx, dy = (x1 - x0) * narrow, y1 - y0
        px, py = (longitude - x0) * narrow, latitude - y0
        square = dx * dx + dy * dy
        share = min(max((px * dx + py * dy) / square, 0.0), 1.0) if square > 0 else 0.0
        distance = math.hypot(px - share * dx, py - share * dy) * EARTH_KM_DEG
        length = lengths[place - 1] + share * (lengths[place] - lengths[place - 1])
        best = min(best, (distance, river.length_km * (1 - length / lengths[-1])))
    return best
