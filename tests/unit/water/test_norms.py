from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from uskat.finding import Severity
from uskat.water.norms import (
    Form,
    Level,
    NormPack,
    exceeds,
    excess,
    is_back,
    is_judged,
    norm_in_force,
    norm_packs,
    severity_of,
)

BEFORE = datetime(2025, 8, 31, 16, 59, tzinfo=UTC)  # 23:59 in Novokuznetsk
AFTER = datetime(2025, 8, 31, 17, 0, tzinfo=UTC)
JULY = datetime(2024, 7, 10, tzinfo=UTC)
JANUARY = datetime(2024, 1, 10, tzinfo=UTC)


def norm(parameter, moment=JULY, use="fishery_2"):
    found = norm_in_force(parameter, moment, water_use=use)
    assert found is not None
    return found


def test_the_act_changes_at_local_midnight():
    assert norm("nh4", BEFORE).pack == "fishery-552-2016"
    successor = norm("nh4", AFTER)
    assert successor.pack == "fishery-296-2025"
    assert successor.values_from == "fishery-552-2016"
    assert successor.maximum == 0.5
    assert successor.to_json()["verified"] is False


def test_before_the_first_act_no_norm_holds():
    assert norm_in_force("nh4", datetime(2016, 12, 12, tzinfo=UTC), water_use="fishery_2") is None


def test_only_what_the_sheet_calls_verified_is_verified():
    assert norm("mn").level is Level.VERIFIED
    assert norm("nh4").level is Level.SECONDARY
    assert norm("cu").level is Level.MEMORY
    assert [item.parameter for item in norm_packs()["fishery-552-2016"].norms if item.level is Level.VERIFIED] == ["mn"]


@pytest.mark.parametrize(
    ("parameter", "use", "moment", "low", "high"),
    [
        ("nh4", "fishery_2", JULY, None, 0.5),
        ("no2", "fishery_1", JULY, None, 0.08),
        ("ph", "fishery_2", JULY, 6.5, 8.5),
        ("do", "fishery_2", JULY, 6.0, None),
        ("do", "fishery_2", JANUARY, 4.0, None),
        ("do", "fishery_high", JANUARY, 6.0, None),
        ("so4", "fishery_2", JULY, None, 100.0),
    ],
)
def test_limits_by_use_and_season(parameter, use, moment, low, high):
    assert (norm(parameter, moment, use).minimum, norm(parameter, moment, use).maximum) == (low, high)


def test_a_background_norm_is_declared_and_breaks_nothing():
    suspended = norm("tss")
    assert suspended.form is Form.BACKGROUND_DELTA
    assert suspended.delta == 0.75
    assert norm("tss", use="fishery_1").delta == 0.25
    assert not exceeds(suspended, 1000)
    assert not is_judged("tss", "fishery_2")


def test_parameters_and_uses_without_a_norm():
    assert norm_in_force("turb", JULY, water_use="fishery_2") is None
    assert norm_in_force("nh4", JULY, water_use="none") is None
    assert is_judged("nh4", "fishery_2")
    assert not is_judged("ec25", "fishery_2")


def test_the_limit_itself_does_not_break_the_norm():
    assert not exceeds(norm("nh4"), 0.5)
    assert exceeds(norm("nh4"), 0.5000001)
    assert not exceeds(norm("do"), 6.0)
    assert exceeds(norm("do"), 5.99)
    assert exceeds(norm("ph"), 8.51)
    assert exceeds(norm("ph"), 6.49)


def test_the_way_back_needs_a_margin():
    assert is_back(norm("nh4"), 0.475)
    assert not is_back(norm("nh4"), 0.476)
    assert is_back(norm("do"), 6.3)
    assert not is_back(norm("do"), 6.29)
    assert is_back(norm("ph"), 8.4)  # of a range: 5 % of its width
    assert not is_back(norm("ph"), 8.41)


def test_excess_is_measured_from_the_broken_side():
    assert excess(norm("nh4"), 0.7) == pytest.approx(0.2)
    assert excess(norm("do"), 5.0) == 1.0
    assert excess(norm("ph"), 9.0) == 0.5
    assert excess(norm("ph"), 7.0) == 0.0


@pytest.mark.parametrize(
    ("parameter", "times", "expected"),
    [  # published practice, shared sheet water/norms.md §2.3
        ("mn", 35, Severity.HIGH), ("mn", 37, Severity.HIGH), ("mn", 40, Severity.HIGH),
        ("mn", 17, Severity.VIOLATION), ("mn", 20, Severity.VIOLATION), ("fe", 14, Severity.VIOLATION),
        ("fe", 25, Severity.VIOLATION), ("al", 11, Severity.HIGH), ("zn", 31, Severity.HIGH), ("so4", 11, Severity.HIGH),
        ("nh4", 10, Severity.HIGH), ("nh4", 21, Severity.HIGH), ("no2", 15, Severity.HIGH), ("cod", 12, Severity.HIGH),
        ("mn", 118.29, Severity.EXTREME), ("nh4", 50, Severity.EXTREME),
    ],
)  # fmt: skip
def test_pollution_levels_of_published_cases(parameter, times, expected):
    limit = norm(parameter)
    assert severity_of(limit, times * limit.maximum) is expected


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("bod5", 10.0, Severity.HIGH), ("bod5", 40.0, Severity.HIGH), ("bod5", 40.01, Severity.EXTREME),
        ("bod5", 9.99, Severity.VIOLATION), ("do", 3.0, Severity.HIGH), ("do", 3.01, Severity.VIOLATION),
        ("do", 2.01, Severity.HIGH), ("do", 2.0, Severity.EXTREME), ("ph", 12.0, Severity.VIOLATION),
    ],
)  # fmt: skip
def test_absolute_pollution_levels(parameter, value, expected):
    assert severity_of(norm(parameter), value) is expected


def pack(**changes):
    base = {
        "schema": 1, "id": "x", "title": "x", "title_en": "x", "valid_from": "2020-01-01", "valid_to": None,
        "act_verified": False, "sources": [], "norms": [
            {"parameter": "nh4", "name": "x", "unit": "mg/L", "form": "max", "values": {"fishery_2": {"max": 1}},
             "level": "memory", "source": "x"}],
    }  # fmt: skip
    return base | changes


def test_a_pack_is_read():
    assert NormPack.model_validate(pack()).valid_from == date(2020, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"valid_to": "2019-01-01"},
        {"values_from": "y"},
        {"norms": []},
        {"surprise": 1},
        {"norms": [pack()["norms"][0] | {"form": "min"}]},
        {"norms": [pack()["norms"][0] | {"season": "monsoon"}]},
        {"norms": [pack()["norms"][0] | {"hazard_class": 5}]},
    ],
)
def test_a_faulty_pack_is_refused(changes):
    with pytest.raises(ValidationError):
        NormPack.model_validate(pack(**changes))
