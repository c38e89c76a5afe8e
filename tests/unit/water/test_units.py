from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.norms import norm_in_force
from uskat.water.parameters import parameters
from uskat.water.units import UnitError, basis_factors, conversion, species_factor, to_parameter


@pytest.mark.parametrize(
    ("code", "value", "unit", "expected"),
    [
        ("nh4", 0.4, "mg/L N", 0.51512), ("nh4", 0.4, "мг/дм3 по N", 0.51512), ("nh4", 0.5, "mg/L", 0.5),
        ("nh4", 500, "ug/L", 0.5), ("nh4", 0.5, "mg/L NH4", 0.5), ("no3", 9.1, "mg/L as N", 40.28388),
        ("no2", 0.02, "mg/L N", 0.06569), ("po4_p", 3.5, "мг/дм³ PO4", 3.5 / 3.0662), ("ec25", 1.5, "mS/cm", 1500),
        ("ec25", 0.05, "S/m", 500), ("temp", 293.15, "K", 20), ("temp", 68, "degF", 20), ("temp", 4.2, "Cel", 4.2),
        ("temp", 4.2, "°C", 4.2), ("level", 1.25, "m", 125), ("level", 12.5, "см", 12.5),
        ("discharge", 850, "L/s", 0.85), ("discharge", 3600, "m3/h", 1), ("do", 8.1, "мг/л", 8.1),
        ("turb", 12, "FNU", 12), ("orp", 0.21, "V", 210), ("ph", 7.9, "pH", 7.9), ("precip", 0.4, "cm", 4),
        ("mn", 12, "мкг/дм³", 0.012), ("do", 8.1, "mg/l", 8.1), ("ec25", 750, "µS/cm", 750),
    ],
)  # fmt: skip
def test_a_senders_unit_becomes_the_vocabularys(code, value, unit, expected):
    assert to_parameter(code, value, unit=unit) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("nh4", "mmol/L"), ("nh4", "mg/L P"), ("temp", "mg/L"), ("turb", "mg/L"), ("tss", "NTU"), ("ph", "mV"),
        ("level", "s"), ("ec25", "nonsense"), ("do", "%"), ("nh4", ""), ("nh4", "import os"), ("oil", "mg/L N"),
        ("unobtainium", "mg/L"), ("nh4", "mg/L/0"), ("nh4", "("), ("nh4", "mg**9**9**9/L"), ("nh4", "9" * 50), ("no3", "mg/L NO2"),
        ("nh4", "NaN"), ("nh4", "NAN"), ("nh4", "inf"),
    ],
)  # fmt: skip
def test_what_does_not_convert_is_refused(code, unit):
    with pytest.raises(UnitError):
        conversion(code, unit)


@pytest.mark.parametrize("unit", [parameter.unit for parameter in parameters().values()])
def test_the_vocabularys_own_units_change_no_bit(unit):
    for parameter in parameters().values():
        if parameter.unit == unit:
            assert conversion(parameter.code, unit)(0.1 + 0.2) == 0.1 + 0.2
            assert conversion(parameter.code, parameter.unit_ru)(0.1 + 0.2) == 0.1 + 0.2


@pytest.mark.parametrize(
    ("element", "ion", "factor"),
    [("N", "NH4", 1.2878), ("N", "NO2", 3.2845), ("N", "NO3", 4.4268), ("P", "PO4", 3.0662)],
)
def test_the_factors_of_the_sheet(element, ion, factor):
    """norms.md §1.2, «Conversions»."""
    assert species_factor(element, ion) == factor
    assert species_factor(ion, element) == pytest.approx(1 / factor)
    assert basis_factors().level == "memory"


def test_the_classic_error_is_impossible():
    """0.45 mg/L of nitrogen is 0.58 mg/L of ammonium: above the norm of 0.5, below which 0.45 would lie."""
    norm = norm_in_force("nh4", datetime(2024, 7, 1, tzinfo=UTC), water_use="fishery_2")
    assert to_parameter("nh4", 0.45, unit="mg/L N") > norm.maximum > 0.45


@given(st.sampled_from(["K", "degF", "Cel"]), st.floats(-50, 300))
def test_temperatures_follow_a_slow_reading(unit, value):
    twin = {"K": value - 273.15, "degF": (value - 32) / 1.8, "Cel": value}[unit]
    assert to_parameter("temp", value, unit=unit) == pytest.approx(twin, abs=1e-9)


@given(st.text(max_size=20))
def test_no_text_makes_anything_but_a_conversion_or_a_refusal(unit):
    try:
        found = conversion("nh4", unit)
    except UnitError:
        return
    assert found.factor > 0
