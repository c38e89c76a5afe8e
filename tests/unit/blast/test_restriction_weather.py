"""Warnings of НМУ, wind, inversion and the Sun (norms.md §6.1–6.2)."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from tests.unit.blast.passports import FROM
from tests.unit.blast.restriction_world import NOW, RULES, SOURCE, place, warning, weather
from uskat.blast.emission.puff import Wind
from uskat.blast.provenance import Level
from uskat.blast.restriction.nmu import listed_for, read_nmu_table, warnings_during
from uskat.blast.restriction.weather import (
    has_inversion,
    nearest_weather,
    sun_elevation_deg,
    wind_is_towards,
)


@pytest.mark.parametrize(("concentration", "listed"), [(0.17, True), (0.16, False)])
def test_a_substance_is_listed_when_a_fifth_more_exceeds_its_limit_6_1(concentration, listed):
    assert listed_for(1, concentration, limit=0.2, rules=RULES) is listed
    assert RULES.nmu_increase[1].level is Level.VERIFIED
    assert RULES.nmu_increase[2].level is Level.MEMORY


def test_higher_degrees_list_more_6_1():
    assert [listed_for(degree, 0.13, limit=0.2, rules=RULES) for degree in (1, 2, 3)] == [False, False, True]


def test_warnings_come_from_a_table_and_bad_rows_are_told():
    table = (
        "\ufeffzone;degree;valid_from;valid_to;issued_at;source;withdrawn_at\n"
        "Новокузнецк;2;2026-06-10T00:00:00+07:00;2026-06-11T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
        "Новокузнецк;4;2026-06-10T00:00:00+07:00;2026-06-11T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
        "Новокузнецк;1;2026-06-11T00:00:00+07:00;2026-06-10T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
        "Новокузнецк;1;2026-06-10T00:00:00;2026-06-11T00:00:00+07:00;2026-06-09T12:00:00+07:00;ЦГМС;\n"
    )
    warnings, errors = read_nmu_table(table)
    assert [item.degree for item in warnings] == [2]
    assert warnings[0].valid_from == datetime(2026, 6, 9, 17, tzinfo=UTC)
    assert [error.row for error in errors] == [3, 4, 5]
    assert "degree" in errors[0].problem
    with pytest.raises(ValidationError):
        warning(degree=0)


def test_warnings_during_are_sorted_by_degree():
    both = [warning(), warning(degree=2)]
    found = warnings_during(both, frozenset({"Новокузнецк"}), start=FROM, end=FROM, known_at=NOW)
    assert [item.degree for item in found] == [2, 1]


def bearing(degrees, metres):

    angle = math.radians(degrees)
    return place("посёлок", metres * math.sin(angle), metres * math.cos(angle))


@pytest.mark.parametrize(
    ("from_deg", "degrees", "metres", "towards"),
    [
        (270, 100, 3000, True),  # the example of §6.2: to 90°, bearing 100°, 10° apart
        (270, 134, 3000, True),
        (270, 136, 3000, False),
        (270, 100, 5100, False),
        (90, 100, 3000, False),
        (170, 10, 3000, True),
        (10, 200, 3000, True),
    ],
)
def test_wind_towards_a_settlement_6_2(from_deg, degrees, metres, towards):
    wind = Wind(from_deg=from_deg, speed_m_s=3)
    assert wind_is_towards(wind, SOURCE, place=bearing(degrees, metres), rules=RULES) is towards


def test_the_nearest_weather_is_at_most_an_hour_away():
    assert nearest_weather([weather(0), weather(2)], FROM + timedelta(minutes=70), rules=RULES) == weather(2)
    assert nearest_weather([weather(0)], FROM + timedelta(minutes=61), rules=RULES) is None


@pytest.mark.parametrize(
    ("profile", "inverted"),
    [
        ([(0, -10.0), (200, -11.5)], False),
        ([(0, -20.0), (100, -18.0), (400, -21.0)], True),
        ([(0, 5.0), (300, 3.0), (900, 8.0)], False),
        ([(300, 3.0), (0, 5.0)], False),
    ],
)
def test_an_inversion_is_warmth_above_within_the_layer_of_the_cloud(profile, inverted):
    assert has_inversion(profile, RULES) is inverted


def test_one_height_says_nothing_of_an_inversion():
    with pytest.raises(ValueError, match="two heights"):
        has_inversion([(0, 1.0), (900, 2.0)], RULES)


@pytest.mark.parametrize(
    ("moment", "elevation"),
    [
        # solar noon at 87.0876° E: 12:00 − 5.8050 h, minus the equation of time
        (datetime(2026, 6, 21, 6, 13, 29, tzinfo=UTC), 90 - 54.1307 + 23.436),
        (datetime(2026, 12, 21, 6, 9, 48, tzinfo=UTC), 90 - 54.1307 - 23.436),
        (datetime(2026, 3, 20, 14, 46, tzinfo=UTC), 90 - 54.1307 - 0.0),
    ],
)
def test_the_height_of_the_sun_at_noon(moment, elevation):
    if (
        moment.month == 3
    ):  # equinox 2026-03-20 14:46 UTC: at the noon of that moment's meridian the Sun is over the equator
        longitude = -((14 + 46 / 60 - 12) * 15 - 7.5 / 60 * 15)
        assert sun_elevation_deg(moment, (longitude, 54.1307)) == pytest.approx(elevation, abs=0.05)
    else:
        assert sun_elevation_deg(moment, SOURCE) == pytest.approx(elevation, abs=0.05)
