"""Where a protected thing lies: a point, a line or an area, and which two points of it and of a block are nearest."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from uskat.blast.geometry import Plane, Point
from uskat.blast.passport.model import Latitude, Longitude
from uskat.blast.provenance import Frozen

MOST_POINTS = 2000
LEAST_POINTS = {"Point": 1, "LineString": 2, "Polygon": 3}
Values = NDArray[np.float64]


class Shape(Frozen):
    """Points (longitude, latitude), WGS 84: one, a line, or the exterior ring of an area without its last point."""

    kind: Literal["Point", "LineString", "Polygon"]
    points: tuple[tuple[Longitude, Latitude], ...] = Field(min_length=1, max_length=MOST_POINTS)

    @model_validator(mode="after")
    def _has_enough_points(self) -> Self:
        least = LEAST_POINTS[self.kind]
        if len(self.points) < least or (self.kind == "Point" and len(self.points) > 1):
            raise ValueError(f"{len(self.points)} points are no {self.kind}")
        return self

    @property
    def middle(self) -> Point:
        """A point that stands for it: the mean of its points."""
        return (
            sum(point[0] for point in self.points) / len(self.points),
            sum(point[1] for point in self.points) / len(self.points),
        )

    def to_geojson(self) -> dict[str, Any]:
        """GeoJSON geometry."""
        if self.kind == "Point":
            return {"type": self.kind, "coordinates": list(self.points[0])}
        if self.kind == "LineString":
            return {"type": self.kind, "coordinates": [list(point) for point in self.points]}
        ring = [*self.points, self.points[0]]
        return {"type": self.kind, "coordinates": [[list(point) for point in ring]]}


def shape_of_geojson(geometry: Any) -> Shape:
    """A shape of a GeoJSON geometry; holes of a polygon are left out. Raises ValueError for anything else."""
    try:
        kind, coordinates = geometry["type"], geometry["coordinates"]
        if kind == "Point":
            coordinates = [coordinates]
        elif kind == "Polygon":
            coordinates = coordinates[0]
            coordinates = coordinates[:-1] if coordinates[0] == coordinates[-1] else coordinates
        points = tuple((point[0], point[1]) for point in coordinates)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not a GeoJSON Point, LineString or Polygon") from error
    return Shape.model_validate({"kind": kind, "points": points})


def nearest_points(ring: Sequence[Point], shape: Shape) -> tuple[Point, Point]:
    """The points of a block and of a shape that are nearest to each other; the same point when they meet.

    ring: outline of the block, not closed. The worst charge may lie at the edge of its block, so that distances are
    taken from there and not from the middle.
    """
    plane = Plane(*ring[0])
    east, north = plane.to_plane((plane.longitude + 1.0, plane.latitude + 1.0))
    scale, zero = np.array([east, north]), np.array(ring[0])
    block = (np.array(ring, dtype=np.float64) - zero) * scale
    other = (np.array(shape.points, dtype=np.float64) - zero) * scale
    meeting = _meeting(block, other, shape.kind)
    if meeting is not None:
        found = plane.to_globe((float(meeting[0]), float(meeting[1])))
        return found, found
    pairs = [_from_corners(other, block, closed=True)]
    if shape.kind != "Point":
        corner, foot, apart = _from_corners(block, other, closed=shape.kind == "Polygon")
        pairs.append((foot, corner, apart))
    on_shape, on_block, _ = min(pairs, key=lambda pair: pair[2])
    return _globe(plane, on_block), _globe(plane, on_shape)


def _globe(plane: Plane, point: Values) -> Point:
    return plane.to_globe((float(point[0]), float(point[1])))


def _edges(points: Values, *, closed: bool) -> tuple[Values, Values]:
    if closed:
        return points, np.concatenate([points[1:], points[:1]])
    return points[:-1], points[1:]


def _from_corners(corners: Values, points: Values, *, closed: bool) -> tuple[Values, Values, float]:
    """Nearest of `corners` (n, 2) and of a polyline: the corner, its foot on the line, their distance in metres."""
    first, second = _edges(points, closed=closed)
    along = second - first
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((corners[:, None, :] - first[None, :, :]) * along[None, :, :]).sum(axis=2) / length2, 0.0, 1.0)
    feet = first[None, :, :] + share[:, :, None] * along[None, :, :]
    apart = np.hypot(*np.moveaxis(corners[:, None, :] - feet, 2, 0))
    row, column = np.unravel_index(int(apart.argmin()), apart.shape)
    return corners[row], feet[row, column], float(apart[row, column])


def _meeting(block: Values, other: Values, kind: str) -> Values | None:
    """A point that both have, or None."""
    within = np.flatnonzero(_inside(block, other))
    if within.size:
        return np.asarray(other[within[0]], dtype=np.float64)
    if kind == "Polygon" and _inside(other, block[:1])[0]:
        return np.asarray(block[0], dtype=np.float64)
    return None if kind == "Point" else _crossing(block, other, closed=kind == "Polygon")


def _inside(ring: Values, points: Values) -> NDArray[np.bool_]:
    """Which points (n, 2) lie in a ring: their rays to the east cross it an odd number of times."""
    first, second = _edges(ring, closed=True)
    north = points[:, 1, None]
    spans = (first[None, :, 1] > north) != (second[None, :, 1] > north)
    rise = np.where(spans, (second - first)[None, :, 1], 1.0)
    at = first[None, :, 0] + (second - first)[None, :, 0] * (north - first[None, :, 1]) / rise
    crossed = (spans & (points[:, 0, None] < at)).sum(axis=1) % 2 == 1
    return np.asarray(crossed, dtype=np.bool_)


def _crossing(block: Values, other: Values, *, closed: bool) -> Values | None:
    """Where an edge of the block crosses an edge of the other, None where none does."""
    a, b = _edges(block, closed=True)
    c, d = _edges(other, closed=closed)
    r, s = (b - a)[:, None, :], (d - c)[None, :, :]
    apart = c[None, :, :] - a[:, None, :]
    cross = r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (apart[..., 0] * s[..., 1] - apart[..., 1] * s[..., 0]) / cross
        u = (apart[..., 0] * r[..., 1] - apart[..., 1] * r[..., 0]) / cross
    found = np.argwhere((cross != 0) & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1))
    if not found.size:
        return None
    row, column = found[0]
    return np.asarray(a[row] + t[row, column] * (b[row] - a[row]), dtype=np.float64)
