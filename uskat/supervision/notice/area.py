"""What residents ask about – a reach, a settlement, a pit – and whether an alert concerns it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from uskat.supervision.notice.norms import Reach

EARTH_KM = 6371.0
REACH_CODE = re.compile(r"([a-z0-9_-]{1,40}):(\d{1,4}(?:\.\d)?)-(\d{1,4}(?:\.\d)?)")


class AreaKind(StrEnum):
    """What an area is."""

    REACH = "reach"
    SETTLEMENT = "settlement"
    PIT = "pit"


@dataclass(frozen=True, slots=True)
class Area:
    """Where something lies. lower_km, upper_km: from the mouth of the river; of a point they are equal."""

    river: str | None = None
    lower_km: float | None = None
    upper_km: float | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class AlertPlace:
    """Station that an alert is told under. on_water: it speaks of the river, which carries it down."""

    latitude: float
    longitude: float
    on_water: bool
    river: str | None = None
    river_km: float | None = None


def reach_area(code: str) -> Area:
    """`<river>:<lower>-<upper>`, km from the mouth. Raises ValueError for anything else."""
    found = REACH_CODE.fullmatch(code)
    if found is None:
        raise ValueError("a reach is <river>:<lower km>-<upper km>, kilometres from the mouth")
    lower, upper = float(found[2]), float(found[3])
    if lower >= upper:
        raise ValueError("the lower end of a reach is nearer to the mouth")
    return Area(found[1], lower, upper)


def area_of(kind: AreaKind, code: str, *, places: Mapping[tuple[str, str], Area]) -> Area | None:
    """Where an area lies; places by (kind, code). None: it is not known (any more)."""
    if kind is AreaKind.REACH:
        try:
            return reach_area(code)
        except ValueError:
            return None
    return places.get((kind.value, code))


def concerns(place: AlertPlace, area: Area, *, reach: Reach) -> bool:
    """True when the alert lies in the area, near it, or on its river and so far above it at most as the norm says."""
    if place.on_water and _flows_to(place, area, reach.downstream_km):
        return True
    if area.latitude is None or area.longitude is None:
        return False
    return _distance_km(place, area.latitude, area.longitude) <= reach.around_km


def _flows_to(place: AlertPlace, area: Area, longest_km: float) -> bool:
    if place.river is None or place.river != area.river:
        return False
    if place.river_km is None or area.lower_km is None or area.upper_km is None:
        return False
    return area.lower_km <= place.river_km <= area.upper_km + longest_km


def _distance_km(place: AlertPlace, latitude: float, longitude: float) -> float:
    """Great circle (haversine)."""
    here, there = math.radians(place.latitude), math.radians(latitude)
    across = math.radians(longitude - place.longitude)
    chord = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))
