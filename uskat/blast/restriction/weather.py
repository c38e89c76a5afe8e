"""Weather as values, wind towards a place, inversion, and daylight (`blasting/norms.md` §6.2).

Position of the Sun: the low-precision formulas of the Astronomical Almanac (error below 0.02° between 1950 and 2050).
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from pydantic import Field

from uskat.blast.emission.puff import Wind
from uskat.blast.geometry import Point, angle_between_deg, bearing_deg, distance_m
from uskat.blast.passport.model import Moment
from uskat.blast.provenance import Frozen
from uskat.blast.restriction.rules import Place, RestrictionRules

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


class Weather(Frozen):
    """Weather at a moment, measured or forecast; None: not told. inversion: warmer above than at the ground."""

    at: Moment
    source: str = Field(min_length=1, max_length=200)
    wind: Wind | None = None
    temperature_c: float | None = Field(None, ge=-70, le=60)
    visibility_m: float | None = Field(None, ge=0)
    inversion: bool | None = None


def nearest_weather(series: Sequence[Weather], moment: datetime, *, rules: RestrictionRules) -> Weather | None:
    """The record nearest in time, if it is not older or younger than the rules allow; None for none."""
    limit = rules.weather_age_s.value
    near = [record for record in series if abs((record.at - moment).total_seconds()) <= limit]
    return min(near, key=lambda record: (abs((record.at - moment).total_seconds()), record.at), default=None)


def wind_is_towards(wind: Wind, source: Point, *, place: Place, rules: RestrictionRules) -> bool:
    """True when the wind blows from the source to a place that is near; wind is told by where it comes from."""
    point = (place.longitude, place.latitude)
    if distance_m(source, point) >= rules.wind_distance_m.value:
        return False
    return angle_between_deg(wind.to_deg, bearing_deg(source, point)) <= rules.wind_angle_deg.value


def has_inversion(profile: Sequence[tuple[float, float]], rules: RestrictionRules) -> bool:
    """True when it grows warmer with height in the layer of the cloud. profile: (metres above ground, °C).

    Raises ValueError for fewer than two heights in the layer.
    """
    low = sorted((height, warmth) for height, warmth in profile if height <= rules.inversion_below_m.value)
    if len(low) < 2:
        raise ValueError("an inversion needs two heights")
    return any(upper[1] > lower[1] for lower, upper in pairwise(low))


def sun_elevation_deg(moment: datetime, place: Point) -> float:
    """Height of the Sun's centre above the horizon, degrees, without refraction; place: (longitude, latitude)."""
    days = (moment - J2000).total_seconds() / 86_400
    mean_longitude = math.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    ecliptic = mean_longitude + math.radians(1.915) * math.sin(anomaly) + math.radians(0.020) * math.sin(2 * anomaly)
    tilt = math.radians(23.439 - 4e-7 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days + place[0]) % 360)
    latitude = math.radians(place[1])
    height = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(
        sidereal - ascension
    )
    return math.degrees(math.asin(max(-1.0, min(1.0, height))))


def is_daylight(moment: datetime, place: Point, *, rules: RestrictionRules) -> bool:
    """True from sunrise to sunset."""
    return sun_elevation_deg(moment, place) >= rules.daylight_elevation_deg.value
