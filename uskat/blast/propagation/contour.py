"""Contours of predicted velocity around a block, as rings and as GeoJSON."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from uskat.blast.geometry import Plane, Point, polygon_feature
from uskat.blast.propagation.forecast import Ground, reach_m

CONTOUR_STEP_DEG = 5


def contour_rings(
    origin: Point, charge_kg: float, *, ground: Ground, levels_mm_s: Sequence[float], confidence: float = 0.95
) -> dict[float, list[Point]]:
    """Closed rings (longitude, latitude) where the bound of the velocity is a level; one never reached is left out."""
    azimuths = [float(azimuth) for azimuth in range(0, 360, CONTOUR_STEP_DEG)]
    plane = Plane(*origin)
    rings: dict[float, list[Point]] = {}
    for level in levels_mm_s:
        reached = reach_m(ground, charge_kg, level_mm_s=level, azimuths_deg=azimuths, confidence=confidence)
        if not any(reached):
            continue
        # counter-clockwise, as RFC 7946 asks: azimuths run the other way
        ring = [
            plane.to_globe((reach * math.sin(math.radians(azimuth)), reach * math.cos(math.radians(azimuth))))
            for azimuth, reach in reversed(list(zip(azimuths, reached, strict=True)))
        ]
        rings[level] = [*ring, ring[0]]
    return rings


def contours_geojson(rings: Mapping[float, Sequence[Point]]) -> dict[str, Any]:
    """FeatureCollection, the largest area first, with `ppv_mm_s` of each."""
    features = [polygon_feature(ring, {"ppv_mm_s": level}) for level, ring in sorted(rings.items())]
    return {"type": "FeatureCollection", "features": features}
