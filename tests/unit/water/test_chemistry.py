"""Worked numbers of the shared sheet water/norms.md §6.2, «Physics checks»."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.chemistry import (
    ammonia_fraction,
    ammonia_mg_l,
    conductivity_25,
    oxygen_saturation_mg_l,
    oxygen_saturation_percent,
)


@pytest.mark.parametrize(
    ("temperature", "expected"), [(0, 14.621), (5, 12.771), (10, 11.288), (15, 10.084), (20, 9.092), (25, 8.263)]
)
def test_oxygen_saturation_of_benson_and_krause(temperature, expected):
    assert oxygen_saturation_mg_l(temperature) == pytest.approx(expected, abs=5e-4)


def test_saturation_follows_the_pressure():
    assert oxygen_saturation_mg_l(20, 99.0) == pytest.approx(9.092 * 99.0 / 101.325, abs=1e-3)
    assert oxygen_saturation_percent(9.092, 20) == pytest.approx(100, abs=0.01)
    assert oxygen_saturation_percent(4.5, 20, pressure_kpa=95.0) == pytest.approx(52.79, abs=0.01)


@pytest.mark.parametrize(("temperature", "ph", "expected"), [(20, 8, 0.0381), (0, 8, 0.0082), (25, 9, 0.3619)])
def test_the_share_of_unionised_ammonia(temperature, ph, expected):
    assert ammonia_fraction(temperature, ph) == pytest.approx(expected, abs=5e-5)


def test_unionised_ammonia_of_a_reading():
    assert ammonia_mg_l(2.0, 20, ph=8) == pytest.approx(2.0 * 17.031 / 18.039 * 0.0381, rel=2e-3)


def test_conductivity_at_25_degrees():
    assert conductivity_25(600, 25) == 600
    assert conductivity_25(400, 5) == pytest.approx(400 / (1 - 0.382))


@given(st.floats(-0.5, 35), st.floats(0, 14))
def test_shares_stay_shares(temperature, ph):
    assert 0 <= ammonia_fraction(temperature, ph) <= 1
    assert ammonia_fraction(temperature, min(14, ph + 0.1)) >= ammonia_fraction(temperature, ph)
