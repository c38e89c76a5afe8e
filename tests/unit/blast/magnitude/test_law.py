"""norms.md §3.1, §3.2: golden values of local magnitude and energy class."""

import math

import pytest

from uskat.blast.magnitude.law import (
    OutsideRangeError,
    energy_class,
    magnitude_of_class,
    magnitude_pack,
    station_magnitude,
)
from uskat.blast.provenance import Level

LAWS = ("bakun-joyner-1984", "hutton-boore-1987", "iaspei", "seiscomp")
TABLE = [
    (1.0, 100.0, (3.0000, 3.0000, 3.0009, 3.0000)),
    (1.0, 17.0, (1.9806, 1.9889, 1.9899, 1.7250)),
    (0.05, 50.0, (1.2474, 1.2703, 1.2713, 1.2490)),
    (0.5, 30.0, (1.9654, 1.9863, 1.9872, 1.7490)),
    (10.0, 200.0, (4.6020, 4.5231, 4.5241, 4.5000)),
]


@pytest.mark.parametrize(("amplitude", "distance", "expected"), TABLE)
@pytest.mark.parametrize("place", range(4), ids=LAWS)
def test_station_magnitude_is_that_of_norms_3_1(amplitude, distance, expected, place):
    value = station_magnitude(amplitude, distance, law=magnitude_pack().law(LAWS[place]))
    assert value == pytest.approx(expected[place], abs=5.1e-5)


def test_seiscomp_table_has_minus_three_at_100_km_norms_3_1_4():
    assert magnitude_pack().law("seiscomp").correction(100.0) == pytest.approx(3.0)


def test_the_two_magnifications_differ_by_0_129_norms_3_1_5():
    pack = magnitude_pack()
    ratio = pack.nominal_sensitivity.value / pack.wood_anderson.sensitivity
    assert math.log10(ratio) == pytest.approx(0.129, abs=5e-4)


@pytest.mark.parametrize(("amplitude", "distance"), [(1.0, 0.5), (1.0, 5000.0), (0.0, 50.0), (math.nan, 50.0)])
def test_a_station_outside_the_law_is_refused(amplitude, distance):
    with pytest.raises(OutsideRangeError):
        station_magnitude(amplitude, distance, law=magnitude_pack().law("iaspei"))


@pytest.mark.parametrize(
    ("magnitude", "k"), [(1, 5.8), (1.5, 6.7), (2, 7.6), (2.5, 8.5), (2.6, 8.68), (3, 9.4), (3.3, 9.94), (4, 11.2)]
)
def test_energy_class_is_that_of_norms_3_2(magnitude, k):
    assert energy_class(magnitude) == pytest.approx(k)
    assert magnitude_of_class(k) == pytest.approx(magnitude)


def test_class_eight_is_magnitude_2_222_norms_3_2():
    assert magnitude_of_class(8) == pytest.approx(2.222, abs=5e-4)


@pytest.mark.parametrize(("magnitude", "log_energy"), [(2, 7.8), (3, 9.3)])
def test_gutenberg_richter_energy_is_another_quantity_norms_3_2(magnitude, log_energy):
    assert energy_class(magnitude, scale="gutenberg-richter") == pytest.approx(log_energy)
    assert energy_class(magnitude) != pytest.approx(log_energy, abs=0.05)


def test_memory_values_are_marked_so():
    pack = magnitude_pack()
    assert {scale.level for scale in pack.energy} == {Level.MEMORY}
    assert pack.law("bakun-joyner-1984").verified


def test_an_unknown_law_or_scale_is_named():
    with pytest.raises(LookupError, match="known: bakun"):
        magnitude_pack().law("kuzbass")
    with pytest.raises(LookupError):
        energy_class(2, scale="richter")
