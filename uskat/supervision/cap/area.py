"""Where an alert speaks of: the reach below a post with the villages its water comes to, or a circle at a seismograph.

A river line is schematic (accuracy of kilometres), so the ring is drawn around it with its error, never closer.
"""

import math
from collections.abc import Collection, Iterable, Sequence

from uskat.supervision.cap.message import Area, Coordinates
from uskat.supervision.handling.weight import Reached
from uskat.water.network_graph import Network
from uskat.water.river_flow import station_point
from uskat.water.river_line import line, position, riverside

KM_PER_DEGREE = 111.32
AROUND_KM = 1.0
"""Half the width of a ring around a reach, and the radius at a settlement or a river's end (project rule)."""
SEISMIC_KM = 3.0
"""Radius at a seismograph: nearer than the next settlement with one of its own (project rule)."""
CORNERS = 8


def alert_area(
    network: Network,
    station: str,
    *,
    name: str,
    at: Coordinates,
    reached: Sequence[Reached] = (),
    published: Collection[str] | None = None,
) -> Area:
    """The area of an alert told at a station. at: longitude, latitude; reached: settlements to draw, if any.

    published: codes of the stations that may be named, None for all.
    """
    here = station_point(network, station)
    if here is None:
        return Area(f"Вокруг: {name}", f"Around: {name}", circles=((at, SEISMIC_KM),))
    below = network.station_of.get(network.station_of[station].downstream or "")
    there = station_point(network, below.code) if below is not None else None
    pieces = network.reaches_between(here, there) if there is not None else None
    points = [xy for piece in pieces or () for xy in line(network, piece)] or [position(network, here)]
    places = {code: position(network, point) for code, _, point in riverside(network)}
    villages = [one for one in reached if one.code in places]
    names = "".join(f", {one.name}" for one in villages)
    named = below is not None and pieces and (published is None or below.code in published)
    until = f" – {below.name}" if below is not None and named else ""
    return Area(
        f"Река ниже поста: {name}{until}{names}",
        f"The river below: {name}{until}{names}",
        rings=(ring_around(points, AROUND_KM),),
        circles=tuple((places[one.code], AROUND_KM) for one in villages),
    )


def ring_around(points: Iterable[Coordinates], radius_km: float) -> tuple[Coordinates, ...]:
    """A closed convex ring that keeps the radius from every point; counter-clockwise, the first corner repeated."""
    reach = radius_km / math.cos(math.pi / CORNERS)  # so that the sides of the corners, too, keep the distance
    corners = set()
    for longitude, latitude in points:
        for step in range(CORNERS):
            angle = 2 * math.pi * step / CORNERS
            north = reach * math.sin(angle) / KM_PER_DEGREE
            east = reach * math.cos(angle) / (KM_PER_DEGREE * math.cos(math.radians(latitude)))
            corners.add((longitude + east, latitude + north))
    hull = _hull(sorted(corners))
    return (*hull, hull[0])


def _hull(ordered: Sequence[Coordinates]) -> list[Coordinates]:
    """Andrew's monotone chain."""
    halves = []
    for side in (ordered, ordered[::-1]):
        half: list[Coordinates] = []
        for point in side:
            while len(half) > 1 and _turn(half[-2], half[-1], then=point) <= 0:
                half.pop()
            half.append(point)
        halves += half[:-1]
    return halves


def _turn(first: Coordinates, second: Coordinates, *, then: Coordinates) -> float:
    return (second[0] - first[0]) * (then[1] - first[1]) - (second[1] - first[1]) * (then[0] - first[0])
