"""ВЗ and ЭВЗ: every published test vector of the shared sheet water/norms.md §2.3, the bounds of §2.2."""

import pytest

from uskat.finding import Severity
from uskat.water.norms import norm_packs
from uskat.water.pollution_level import pollution_severity, pollution_thresholds

CLASSES = {item.parameter: item.hazard_class for item in norm_packs()["fishery-552-2016"].norms}
LIMITS = {
    item.parameter: item.values["fishery_2"].max for item in norm_packs()["fishery-552-2016"].norms
}  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "times", "expected"),
    [
        *[("mn", times, Severity.HIGH) for times in (35, 37, 40)],  # garant Dec 2020; meteo.perm.ru (Косьва)
        *[("mn", times, None) for times in (17, 20)], *[("fe", times, None) for times in (14, 25)],  # meteo.perm.ru
        ("al", 11, Severity.HIGH), ("zn", 31, Severity.HIGH), ("so4", 11, Severity.HIGH),  # garant
        *[("nh4", times, Severity.HIGH) for times in (10, 21)], *[("no2", times, Severity.HIGH) for times in (10, 15)],
        ("cod", 12, Severity.HIGH),
    ],
)  # fmt: skip
def test_published_cases_in_multiples_of_the_norm(parameter, times, expected):
    limit = LIMITS[parameter]
    found = pollution_severity(parameter, times * limit, limit=limit, hazard_class=CLASSES[parameter])
    assert found is expected


def test_published_cases_in_concentrations():
    assert pollution_severity("bod5", 10.0, limit=2.1, hazard_class=4) is Severity.HIGH  # garant, starred: absolute
    assert pollution_severity("mn", 1.1829, limit=0.01, hazard_class=4) is Severity.EXTREME  # bk55.ru, 118 norms


@pytest.mark.parametrize(
    ("parameter", "hazard_class", "ratio", "expected"),
    [
        ("x", 1, 2.99, None), ("x", 1, 3, Severity.HIGH), ("x", 2, 4.99, Severity.HIGH), ("x", 2, 5, Severity.EXTREME),
        ("x", 3, 9.99, None), ("x", 3, 10, Severity.HIGH), ("x", 4, 49.99, Severity.HIGH),
        ("x", 4, 50, Severity.EXTREME), ("oil", 3, 29.99, None), ("phenol", 3, 30, Severity.HIGH),
        ("cu", 3, 29.99, None), ("fe", 4, 49.99, Severity.HIGH), ("mn", 4, 50, Severity.EXTREME),
        ("cu", 2, 3, Severity.HIGH),
    ],
)  # fmt: skip
def test_bounds_by_hazard_class(parameter, hazard_class, ratio, expected):
    assert pollution_severity(parameter, ratio, limit=1.0, hazard_class=hazard_class) is expected


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("do", 3.01, None), ("do", 3.0, Severity.HIGH), ("do", 2.01, Severity.HIGH), ("do", 2.0, Severity.EXTREME),
        ("do", 0.0, Severity.EXTREME), ("bod5", 9.99, None), ("bod5", 40.0, Severity.HIGH),
        ("bod5", 40.01, Severity.EXTREME),
    ],
)  # fmt: skip
def test_oxygen_and_bod5_have_absolute_bounds(parameter, value, expected):
    assert pollution_severity(parameter, value, limit=None, hazard_class=None) is expected


@pytest.mark.parametrize("parameter", ["ph", "tss", "temp"])
def test_no_threshold_is_invented(parameter):
    """No bound for pH was found; suspended solids lack a stated base (norms.md §2.1)."""
    assert pollution_thresholds(parameter, limit=1.0, hazard_class=4) is None
    assert pollution_thresholds("x", limit=1.0, hazard_class=None) is None


@pytest.mark.parametrize(
    ("parameter", "bounds"),
    [  # norms.md §2.3, last paragraph: absolute thresholds precomputed in the sheet
        ("nh4", (5, 25)), ("no2", (0.8, 4)), ("so4", (1000, 5000)), ("fe", (3, 5)), ("mn", (0.3, 0.5)),
        ("cu", (0.03, 0.05)), ("zn", (0.1, 0.5)), ("oil", (1.5, 2.5)), ("phenol", (0.03, 0.05)),
    ],
)  # fmt: skip
def test_absolute_thresholds_of_the_sheet(parameter, bounds):
    found = pollution_thresholds(parameter, limit=LIMITS[parameter], hazard_class=CLASSES[parameter])
    assert (found.high_from, found.extreme_from) == bounds
