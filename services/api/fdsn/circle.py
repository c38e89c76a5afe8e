"""Places inside the box and the ring of a question."""

import math

from services.api.fdsn.question import Question


def covers(question: Question, latitude: float, longitude: float) -> bool:
    """True when the place is in the box and in the ring that were asked for; the box may cross the date line."""
    west = -180.0 if question["minlongitude"] is None else question["minlongitude"]
    east = 180.0 if question["maxlongitude"] is None else question["maxlongitude"]
    across = west <= longitude <= east if west <= east else longitude >= west or longitude <= east
    if not across or not _between(latitude, question["minlatitude"], question["maxlatitude"]):
        return False
    if question["latitude"] is None:
        return True
    radius = angle_deg((question["latitude"], question["longitude"]), (latitude, longitude))
    return bool(question["minradius"] <= radius <= question["maxradius"])


def _between(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def angle_deg(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Degrees of the great circle between two places (latitude, longitude), on a sphere (haversine)."""
    first, second = math.radians(one[0]), math.radians(other[0])
    half = math.sin((second - first) / 2) ** 2
    half += math.cos(first) * math.cos(second) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    return math.degrees(2 * math.asin(math.sqrt(min(1.0, half))))
