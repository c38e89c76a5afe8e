"""Norms.md §2.1: laws with given coefficients, and the units they are published in."""

import pytest

from uskat.blast.propagation.coefficients import CUBE_ROOT, Coefficients, of_sadovsky, of_us_units

AS2187 = Coefficients(1140, -1.6)


def test_2_1_1_square_root_scaling():
    assert AS2187.ppv_mm_s(500, 1000) == pytest.approx(13.758, abs=5e-4)
    assert AS2187.ppv_mm_s(1000, 500) == pytest.approx(2.6066, abs=5e-5)
    assert AS2187.charge_kg(5, 1000) == pytest.approx(1128.7, abs=0.05)
    assert AS2187.distance_m(5, 1128.7) == pytest.approx(1000, rel=1e-4)


def test_2_1_2_trap_3_sadovsky_is_in_cm_s():
    law = of_sadovsky(200, 1.5)
    assert law.ppv_mm_s(500, 1000) == pytest.approx(5.657, abs=5e-4)
    assert law.ppv_mm_s(500, 1000) / 10 == pytest.approx(0.5657, abs=5e-5)
    assert law.distance_m(10.0, 1000) == pytest.approx(342.0, abs=0.05)
    assert law.charge_kg(30.0, 500) == pytest.approx(28_125, abs=0.5)
    assert law.root == CUBE_ROOT


def test_2_1_american_units_are_converted_at_the_edge():
    assert of_us_units(1.0, -1.6).k == pytest.approx(7.1437, abs=5e-5)
    assert of_us_units(160, -1.6).k == pytest.approx(1143.0, abs=0.05)
    # the same blast in both systems: 250 lb at 600 ft
    inches = 160 * (600 / 250**0.5) ** -1.6
    assert of_us_units(160, -1.6).ppv_mm_s(600 * 0.3048, 250 * 0.45359237) == pytest.approx(25.4 * inches)


@pytest.mark.parametrize(("k", "beta", "root"), [(0, -1.6, 0.5), (1140, 1.6, 0.5), (1140, -1.6, 0), (-1, -1, 0.5)])
def test_what_does_not_attenuate_is_no_law(k, beta, root):
    with pytest.raises(ValueError, match="β < 0"):
        Coefficients(k, beta, root)
