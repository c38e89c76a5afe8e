import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.norm_pack import Level
from uskat.water.norms import norm_packs
from uskat.water.parameters import parameters
from uskat.water.verdict import Verdict, accuracy_of, default_accuracies, judge


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, Verdict.WITHIN), (0.51, Verdict.POSSIBLE), (0.6, Verdict.POSSIBLE), (0.61, Verdict.CERTAIN)],
)
def test_certain_is_beyond_the_norm_by_more_than_the_uncertainty(value, expected):
    """norms.md §4.4: «достоверно» if C − U > ПДК, «возможно» if C > ПДК ≥ C − U."""
    assert judge(value, 0.1, minimum=None, maximum=0.5) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [(6.0, Verdict.WITHIN), (5.8, Verdict.POSSIBLE), (5.69, Verdict.CERTAIN)]
)
def test_oxygen_is_judged_downwards(value, expected):
    assert judge(value, 0.3, minimum=6.0, maximum=None) is expected


def test_a_range_is_judged_on_both_sides():
    found = [judge(value, 0.2, minimum=6.5, maximum=8.5) for value in (6.2, 6.4, 7, 8.6, 8.8)]
    assert found == [Verdict.CERTAIN, Verdict.POSSIBLE, Verdict.WITHIN, Verdict.POSSIBLE, Verdict.CERTAIN]


@given(st.floats(0, 100), st.floats(0, 10), st.floats(0, 100))
def test_more_uncertainty_never_makes_a_verdict_surer(value, uncertainty, limit):
    order = [Verdict.WITHIN, Verdict.POSSIBLE, Verdict.CERTAIN]
    sharp = judge(value, 0.0, minimum=None, maximum=limit)
    blurred = judge(value, uncertainty, minimum=None, maximum=limit)
    assert order.index(blurred) <= order.index(sharp)
    assert (blurred is Verdict.WITHIN) == (sharp is Verdict.WITHIN)


def test_every_judged_parameter_has_a_default_that_says_it_is_one():
    judged = {item.parameter for pack in norm_packs().values() for item in pack.norms}
    assert judged <= set(default_accuracies()) <= set(parameters())
    assert {accuracy.level for accuracy in default_accuracies().values()} == {Level.MEMORY}
    assert accuracy_of("nh4").uncertainty(2.0) == pytest.approx(0.3)
    assert accuracy_of("nh4").uncertainty(0.1) == 0.05
    assert accuracy_of("orp") is None


def test_what_the_instrument_states_goes_first_at_the_factor_two():
    stated = accuracy_of("nh4", {"absolute": 0.02, "relative": 0.03, "k": 1, "source": "описание типа"})
    assert stated.instrument
    assert stated.uncertainty(1.0) == pytest.approx(0.06)
    assert stated.source == "описание типа"


@pytest.mark.parametrize("stated", [{}, {"absolute": -1}, {"relative": 2}, {"absolute": "x"}, {"absolute": 1, "k": 0}])
def test_numbers_that_cannot_be_are_left_aside(stated):
    assert accuracy_of("nh4", stated) == default_accuracies()["nh4"]
