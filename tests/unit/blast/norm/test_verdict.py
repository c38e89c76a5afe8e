import math

import pytest

from tests.unit.blast.record.made import START
from uskat.blast.norm.pack import curve_by_id, limit_norm
from uskat.blast.norm.verdict import (
    Compliance,
    Peak,
    judge_airblast,
    judge_vibration,
    judge_year,
    peaks_of,
)
from uskat.blast.waveform import ComponentMeasures, RecordMeasures

REAL = {"V": Peak(4.1392, 33.4), "L": Peak(4.2534, 23.4), "T": Peak(7.3291, 26.8)}
"""Norms.md 1.1.1, 1.1.4: record 6A6B0A8900E8."""
TAPE = {"T": Peak(0.169 * 25.4, 21), "V": Peak(0.172 * 25.4, 32), "L": Peak(0.125 * 25.4, 26)}
"""Norms.md 1.1.6: Instantel tape."""


def judge(curve_id, peaks):
    norm, curve = curve_by_id(curve_id)
    return judge_vibration(peaks, norm, curve=curve)


def test_1_1_6_every_axis_is_judged_at_its_own_frequency():
    checks = {check.axis: check for check in judge("din4150-3-3", REAL).checks}
    assert checks["V"].limit == pytest.approx(3 + 5 * 23.4 / 40)
    assert checks["L"].limit == pytest.approx(3 + 5 * 13.4 / 40)
    assert checks["T"].limit == pytest.approx(5.1)
    assert {axis: check.compliance for axis, check in checks.items()} == {
        "V": Compliance.WITHIN,
        "L": Compliance.WITHIN,
        "T": Compliance.ABOVE,
    }
    assert judge("din4150-3-3", REAL).governing.axis == "T"


def test_the_axis_nearest_its_limit_governs_even_when_another_is_larger():
    peaks = {"V": Peak(9.0, 80), "L": Peak(4.5, 8), "T": Peak(1.0, 20)}
    assert judge("din4150-3-2", peaks).governing.axis == "L"


def test_1_1_6_the_tape_of_the_largest_axis():
    assert max(TAPE, key=lambda axis: TAPE[axis].value) == "V"
    assert judge("ri8507-drywall", TAPE).compliance is Compliance.WITHIN


def test_margins_in_per_cent_and_decibels():
    (check,) = judge("din4150-3-2", {"V": Peak(2.5, 8)}).checks
    assert (check.ratio, check.margin_percent) == (0.5, 50.0)
    assert check.margin_db == pytest.approx(20 * math.log10(2))
    (over,) = judge("din4150-3-2", {"V": Peak(10.0, 8)}).checks
    assert over.margin_percent == -100.0
    assert over.margin_db == pytest.approx(-6.0206, abs=1e-4)


@pytest.mark.parametrize(
    ("peak", "expected"),
    [
        (Peak(5.0, 8), Compliance.WITHIN),
        (Peak(5.0001, 8), Compliance.ABOVE),
        (Peak(4.0, 8, clipped=True), Compliance.AT_LEAST),
        (Peak(6.0, 8, clipped=True), Compliance.ABOVE),
        (Peak(1.0, 0.5), Compliance.OUTSIDE_RANGE),
        (Peak(1.0, None), Compliance.NO_FREQUENCY),
    ],
)
def test_what_cannot_be_said_is_never_within(peak, expected):
    assert judge("din4150-3-2", {"V": peak}).compliance is expected


def test_nothing_measured_is_not_within():
    verdict = judge("din4150-3-2-top", {"V": Peak(1.0, 10)})
    assert verdict.compliance is Compliance.NOT_MEASURED
    assert verdict.governing is None
    assert "не измерено" in verdict.sentence_ru()


def test_the_sentence_names_margin_and_verification():
    text = judge("din4150-3-2", {"V": Peak(2.5, 8)}).sentence_ru()
    assert "запас 50 %, 6,02 дБ" in text
    assert "вторичному источнику" in text
    assert "превышение 100 %" in judge("gost52892-2", {"V": Peak(10.0, 8)}).sentence_ru()
    assert "не проверено" in judge("gost52892-2", {"V": Peak(10.0, 8)}).sentence_ru()


def test_the_json_says_how_far_it_is_verified():
    document = judge("gost52892-2", REAL).to_json()
    assert (document["level"], document["verified"]) == ("memory", False)
    assert document["governing"]["axis"] == "T"
    assert document["compliance"] == "within"


def test_peaks_are_taken_from_measures():
    measured = ComponentMeasures(3.0, START, 12.0, True)
    assert peaks_of(RecordMeasures({"V": measured}, None, None, None, None, ())) == {"V": Peak(3.0, 12.0, True)}


BHANEGAON_LIKE = [(17.34, 12.0), (6.0, 5.0), (4.0, 5.0), (12.0, 20.0), (1.4, 28.9)]


@pytest.mark.parametrize(
    ("curve_id", "expected"), [("din4150-3-2", 3), ("bs7385-2-2", 0), ("ri8507-drywall", 0), ("dgms-domestic", 3)]
)
def test_2_3_4_the_same_rows_by_several_norms(curve_id, expected):
    verdicts = [judge(curve_id, {"V": Peak(*row)}).compliance for row in BHANEGAON_LIKE]
    assert verdicts.count(Compliance.ABOVE) == expected


@pytest.mark.parametrize(
    ("corner", "limit"), [(0.05, 134), (0.1, 134), (0.5, 133), (2.0, 133), (5.0, 129), (6.0, 129), (8.0, None)]
)
def test_1_4_5_airblast_by_the_corner_of_the_microphone(corner, limit):
    verdict = judge_airblast(130.0, limit_norm("osmre"), corner_hz=corner)
    if limit is None:
        assert (verdict.limit, verdict.compliance) == (None, Compliance.OUTSIDE_RANGE)
        assert verdict.margin_db is None
    else:
        assert verdict.limit.level_db == limit
        assert verdict.margin_db == limit - 130.0
        assert verdict.compliance is (Compliance.WITHIN if limit > 130 else Compliance.ABOVE)


def test_1_5_4_nbr_has_134_db_which_are_100_pa():
    verdict = judge_airblast(134.0, limit_norm("nbr9653"), corner_hz=2.0)
    assert (verdict.compliance, verdict.margin_percent) == (Compliance.WITHIN, 0.0)
    assert judge_airblast(128.0, limit_norm("nbr9653"), corner_hz=2.0, clipped=True).compliance is Compliance.AT_LEAST
    assert verdict.to_json()["limit_db"] == 134


def test_1_5_4_forty_blasts_a_year_allow_two_above_115():
    (_, air) = limit_norm("anzec").annual
    two = judge_year([116.0] * 2 + [110.0] * 38, air)
    assert (two.allowed, two.kept) == (2, True)
    assert two.share_within == 0.95
    assert not judge_year([116.0] * 3 + [110.0] * 37, air).kept
    assert not judge_year([120.5] + [110.0] * 39, air).kept


@pytest.mark.parametrize(("blasts", "allowed"), [(0, 0), (19, 0), (20, 1), (39, 1), (40, 2), (100, 5)])
def test_trap_15_below_twenty_blasts_none_may_exceed(blasts, allowed):
    (ground, _) = limit_norm("anzec").annual
    verdict = judge_year([1.0] * blasts, ground)
    assert verdict.allowed == allowed
    assert verdict.kept
    assert verdict.to_json()["level"] == "memory"
