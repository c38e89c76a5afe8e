"""What tests of restrictions share: a place in time and space, its weather and its warnings."""

from datetime import timedelta

from tests.unit.blast.passports import FROM, passport
from uskat.blast.emission.puff import Wind
from uskat.blast.geometry import Plane, centre
from uskat.blast.restriction.nmu import NmuWarning
from uskat.blast.restriction.rules import Place, restriction_rules
from uskat.blast.restriction.weather import Weather

RULES = restriction_rules()
SOURCE = centre(passport().ring)
PLANE = Plane(*SOURCE)
NOW = FROM - timedelta(days=2)


def place(name, east, north):
    longitude, latitude = PLANE.to_globe((east, north))
    return Place(name=name, longitude=longitude, latitude=latitude)


def warning(**changes):
    data = {"zone": "Новокузнецк", "degree": 1, "valid_from": FROM, "valid_to": FROM + timedelta(hours=12),
            "issued_at": FROM - timedelta(days=3), "source": "ЦГМС"}  # fmt: skip
    return NmuWarning.model_validate(data | changes)


def weather(hours=0.5, from_deg=270.0, speed=4.0, **more):
    wind = Wind(from_deg=from_deg, speed_m_s=speed)
    return Weather.model_validate(
        {"at": FROM + timedelta(hours=hours), "source": "пост", "wind": wind, "inversion": False} | more
    )
