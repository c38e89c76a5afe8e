"""Plane geometry around a block: metres east and north of a point, distances, bearings, zones as GeoJSON.

A tangent plane of the WGS 84 ellipsoid (radii of curvature at the reference latitude) serves distances up to some
tens of kilometres: at 54° N its error over 10 km is below 10 m, over 3 km below 1 m. Points are (longitude, latitude)
in degrees, as in GeoJSON (RFC 7946); rings of the exterior run counter-clockwise and repeat their first point.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ARC_POINTS = 64
"""Points of a full circle."""
Point = tuple[float, float]


class GeometryError(ValueError):
    """Points that make no area."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Tangent plane at (longitude, latitude), degrees."""

    longitude: float
    latitude: float

    @property
    def _scale(self) -> tuple[float, float]:
        """Metres per degree of longitude and of latitude."""
        eccentricity2 = FLATTENING * (2 - FLATTENING)
        phi = math.radians(self.latitude)
        w2 = 1 - eccentricity2 * math.sin(phi) ** 2
        normal = SEMI_MAJOR_M / math.sqrt(w2)
        meridian = SEMI_MAJOR_M * (1 - eccentricity2) / w2**1.5
        return math.radians(normal * math.cos(phi)), math.radians(meridian)

    def to_plane(self, point: Point) -> Point:
        """Metres east and north of the reference."""
        east, north = self._scale
        return (point[0] - self.longitude) * east, (point[1] - self.latitude) * north

    def to_globe(self, point: Point) -> Point:
        """Longitude and latitude of metres east and north."""
        east, north = self._scale
        return self.longitude + point[0] / east, self.latitude + point[1] / north


def distance_m(first: Point, second: Point) -> float:
    """Distance of two points (longitude, latitude), metres; good to some tens of kilometres."""
    plane = Plane((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
    (x1, y1), (x2, y2) = plane.to_plane(first), plane.to_plane(second)
    return math.hypot(x2 - x1, y2 - y1)


def bearing_deg(first: Point, second: Point) -> float:
    """Direction from the first point to the second, degrees clockwise from north, 0 ≤ b < 360."""
    plane = Plane((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
    (x1, y1), (x2, y2) = plane.to_plane(first), plane.to_plane(second)
    return math.degrees(math.atan2(x2 - x1, y2 - y1)) % 360


def angle_between_deg(first: float, second: float) -> float:
    """Smallest angle between two directions, 0 … 180 degrees."""
    return abs((first - second + 180) % 360 - 180)


def centre(ring: Sequence[Point]) -> Point:
    """Centroid of the area of a ring; raises GeometryError for one without area."""
    plane = Plane(*ring[0])
    points = [plane.to_plane(point) for point in ring]
    pairs = list(zip(points, points[1:] + points[:1], strict=True))
    crosses = [x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs]
    total = sum(crosses)
    if abs(total) < 1e-6:
        raise GeometryError("the ring has no area")
    x = sum((a[0] + b[0]) * cross for (a, b), cross in zip(pairs, crosses, strict=True)) / (3 * total)
    y = sum((a[1] + b[1]) * cross for (a, b), cross in zip(pairs, crosses, strict=True)) / (3 * total)
    return plane.to_globe((x, y))


def area_m2(ring: Sequence[Point]) -> float:
    """Area of a simple ring, m²."""
    plane = Plane(*ring[0])
    points = [plane.to_plane(point) for point in ring]
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def crosses_itself(ring: Sequence[Point]) -> bool:
    """True when two edges of a ring that are not neighbours cross (touching alone is no crossing)."""
    points = _open(ring)
    edges = list(zip(points, points[1:] + points[:1], strict=True))
    last = len(edges) - 1
    return any(
        _edges_meet(edges[i], edges[j])
        for i in range(len(edges))
        for j in range(i + 2, len(edges))
        if not (i == 0 and j == last)
    )


def distance_to_area_m(ring: Sequence[Point], point: Point) -> float:
    """Distance of a point from an area, metres; 0 inside."""
    plane = Plane(*point)
    points = [plane.to_plane(corner) for corner in _open(ring)]
    if _contains(points, (0.0, 0.0)):
        return 0.0
    return min(_to_segment(a, b) for a, b in zip(points, points[1:] + points[:1], strict=True))


def zone_around(ring: Sequence[Point], radius_m: float) -> list[Point]:
    """Closed ring of all points within `radius_m` of the convex hull of an area.

    Exact for a convex block up to the flat sides of its arcs, which touch the true circle from outside; larger than
    needed, never smaller, for a concave one. Raises GeometryError when the points make no area.
    """
    plane = Plane(*centre(ring))
    hull = _hull([plane.to_plane(point) for point in ring])
    step = 2 * math.pi / ARC_POINTS
    outer = radius_m / math.cos(step / 2)
    points: list[Point] = []
    for before, corner, after in zip(hull[-1:] + hull[:-1], hull, hull[1:] + hull[:1], strict=True):
        start = math.atan2(corner[1] - before[1], corner[0] - before[0]) - math.pi / 2
        end = math.atan2(after[1] - corner[1], after[0] - corner[0]) - math.pi / 2
        sweep = (end - start) % (2 * math.pi)
        pieces = max(1, math.ceil(sweep / step))
        points += [
            (corner[0] + outer * math.cos(angle), corner[1] + outer * math.sin(angle))
            for angle in (start + sweep * piece / pieces for piece in range(pieces + 1))
        ]
    circle = [plane.to_globe(point) for point in points]
    return [*circle, circle[0]]


def polygon_feature(ring: Sequence[Point], properties: Mapping[str, Any]) -> dict[str, Any]:
    """GeoJSON feature of one closed ring, coordinates with 7 decimals (about a centimetre)."""
    coordinates = [[round(longitude, 7), round(latitude, 7)] for longitude, latitude in ring]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [coordinates]},
        "properties": dict(properties),
    }


def _open(ring: Sequence[Point]) -> list[Point]:
    points = list(ring)
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


def _hull(points: Sequence[Point]) -> list[Point]:
    """Convex hull, counter-clockwise (Andrew's monotone chain)."""
    ordered = sorted(set(points))

    def chain(run: Sequence[Point]) -> list[Point]:
        kept: list[Point] = []
        for point in run:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _edges_meet(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = first, second
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _contains(points: Sequence[Point], point: Point) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if (y1 > point[1]) != (y2 > point[1]) and point[0] < (x2 - x1) * (point[1] - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _to_segment(a: Point, b: Point) -> float:
    """Distance of the origin from a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0 else max(0.0, min(1.0, -(a[0] * dx + a[1] * dy) / length2))
    return math.hypot(a[0] + along * dx, a[1] + along * dy)
