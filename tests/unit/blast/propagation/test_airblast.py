"""Norms.md 2.1.4–2.1.6, §6.2."""

import pytest

from uskat.blast.propagation.airblast import (
    UnknownAirLawError,
    air_law,
    blows_towards,
    forecast_airblast,
    pressure_of_ground_pa,
    pressure_pa,
)
from uskat.blast.provenance import Level
from uskat.blast.record.airblast import airblast_level_dbl


@pytest.mark.parametrize(
    ("k", "exponent", "kilopascal", "level"),
    [
        (516, -1.45, 1.2695, 156.05),
        (100, -1.45, None, 141.80),
        (10, -1.45, None, 121.80),
        (3.3, -1.2, 0.022874, 121.17),
        (185, -1.2, None, 156.14),
    ],
)
def test_2_1_4_and_2_1_5_at_500_m_of_500_kg(k, exponent, kilopascal, level):
    pressure = pressure_pa(500, 500, k_kpa=k, exponent=exponent)
    assert kilopascal is None or pressure / 1000 == pytest.approx(kilopascal, rel=5e-5)
    assert airblast_level_dbl(pressure) == pytest.approx(level, abs=0.005)


def test_2_1_6_ground_motion_alone():
    assert pressure_of_ground_pa(10) == pytest.approx(3.8)
    assert airblast_level_dbl(pressure_of_ground_pa(10)) == pytest.approx(105.58, abs=0.005)


def test_1_1_9_six_to_seven_decibels_per_doubling():
    near, far = forecast_airblast(500, 500), forecast_airblast(1000, 500)
    assert 6 <= near.high_dbl - far.high_dbl <= 7.5


def test_6_2_wind_from_270_blows_towards_a_settlement_at_100():
    assert blows_towards(270, 100)
    assert not blows_towards(90, 100)
    assert blows_towards(181, 355)


def test_wind_to_the_place_widens_the_forecast_and_is_unverified():
    calm = forecast_airblast(800, 300, azimuth_deg=100)
    windy = forecast_airblast(800, 300, azimuth_deg=100, wind_from_deg=270)
    away = forecast_airblast(800, 300, azimuth_deg=100, wind_from_deg=90)
    assert away == calm
    assert (calm.low_pa, calm.level) == (calm.high_pa, Level.SECONDARY)
    assert windy.high_dbl == pytest.approx(calm.high_dbl + 10)
    assert windy.low_dbl == calm.low_dbl
    assert windy.level is Level.MEMORY


def test_laws_are_named():
    confined = forecast_airblast(500, 500, law=air_law("as2187-confined"))
    assert (confined.low_dbl, confined.high_dbl) == pytest.approx((121.80, 141.80), abs=0.005)
    with pytest.raises(UnknownAirLawError, match="textbook"):
        air_law("nothing")
