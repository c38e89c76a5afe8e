"""УКИЗВ: the worked example of the shared sheet water/norms.md §3 to four decimals, every class bound, the O2 rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.pollution_index import (
    CLASSES,
    MANDATORY,
    Ingredient,
    class_of,
    ingredient_of,
    pollution_index,
    ratio_score,
    repeat_score,
    score_of,
)

WORKED = [  # i, n', α %, S_α, β, S_β, S_i; n = 12 each
    ("mn", 12, 100.00, 4.0000, 15.0, 3.1250, 12.5000), ("fe", 9, 75.00, 4.0000, 3.2, 2.1500, 8.6000),
    ("so4", 6, 50.00, 4.0000, 1.6, 1.6000, 6.4000), ("no2", 5, 41.67, 3.5833, 4.0, 2.2500, 8.0625),
    ("nh4", 3, 25.00, 2.7500, 1.8, 1.8000, 4.9500), ("oil", 4, 33.33, 3.1667, 2.0, 2.0000, 6.3333),
    ("phenol", 2, 16.67, 2.3333, 1.5, 1.5000, 3.5000), ("cod", 7, 58.33, 4.0000, 1.4, 1.4000, 5.6000),
    ("bod5", 4, 33.33, 3.1667, 1.3, 1.3000, 4.1167), ("cu", 8, 66.67, 4.0000, 3.0, 2.1250, 8.5000),
    ("zn", 1, 8.33, 1.8067, 1.1, 1.1000, 1.9873),
]  # fmt: skip
QUIET = [Ingredient(parameter, 12, 0, None) for parameter in ("cl", "no3", "do", "ni")]
INGREDIENTS = [Ingredient(row[0], 12, row[1], row[4]) for row in WORKED]


@pytest.mark.parametrize(("parameter", "exceeding", "alpha", "s_alpha", "beta", "s_beta", "score"), WORKED)
def test_every_row_of_the_worked_example(parameter, exceeding, alpha, s_alpha, beta, s_beta, score):
    found = score_of(Ingredient(parameter, 12, exceeding, beta))
    assert found.repeat_percent == pytest.approx(alpha, abs=0.005)
    assert found.repeat_score == pytest.approx(s_alpha, abs=5e-5)
    assert found.ratio_score == pytest.approx(s_beta, abs=5e-5)
    assert found.score == pytest.approx(score, abs=5e-5)


def test_the_worked_example_as_a_whole():
    index = pollution_index([*INGREDIENTS, *QUIET])
    assert index.combined == pytest.approx(70.5498, abs=5e-5)
    assert index.specific == pytest.approx(4.7033, abs=5e-5)
    assert index.critical == ("mn",)
    assert (index.class_code, index.class_name) == ("4а", "грязная")
    assert index.missing == ()


BOUNDS = {  # norms.md §3, upper bounds of the classes 1 to 4г for F = 0 … 5
    0: (1, 2, 3, 4, 6, 8, 10, 11), 1: (0.9, 1.8, 2.7, 3.6, 5.4, 7.2, 9.0, 9.9), 2: (0.8, 1.6, 2.4, 3.2, 4.8, 6.4, 8.0, 8.8),
    3: (0.7, 1.4, 2.1, 2.8, 4.2, 5.6, 7.0, 7.7), 4: (0.6, 1.2, 1.8, 2.4, 3.6, 4.8, 6.0, 6.6),
    5: (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 5.5),
}  # fmt: skip


@pytest.mark.parametrize("critical", BOUNDS)
def test_every_bound_belongs_to_the_lower_class(critical):
    for place, bound in enumerate(BOUNDS[critical]):
        assert class_of(bound, critical) == CLASSES[place][:2]
        assert class_of(bound + 1e-6, critical) == CLASSES[place + 1][:2]


def test_six_critical_ingredients_are_class_five_whatever_the_index():
    assert class_of(0.1, 6) == ("5", "экстремально грязная")
    assert class_of(0.1, 15)[0] == "5"


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(1.2, 1.4), (1.5, 2.0), (1.75, 2.5), (2.0, 3.0), (2.5, 3.5), (3.0, 4.0), (3.01, 4.0), (400, 4.0)],
)
def test_oxygen_has_grades_of_its_own(ratio, expected):
    assert ratio_score(ratio, parameter="do") == pytest.approx(expected)


def test_oxygen_is_compared_from_below_and_zero_is_not_infinite():
    found = ingredient_of("do", [(3.0, 6.0), (0.0, 6.0), (8.0, 6.0)])
    assert (found.samples, found.exceeding) == (3, 2)
    assert found.mean_ratio == pytest.approx((2 + 600) / 2)


def test_only_exceeding_samples_make_the_multiple():
    assert ingredient_of("nh4", [(0.5, 0.5), (1.0, 0.5), (0.75, 0.5)]) == Ingredient("nh4", 3, 2, 1.75)
    assert ingredient_of("nh4", [(0.1, 0.5)]).mean_ratio is None


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 1.0), (2.0, 2.0), (10.0, 3.0), (49.9, 3.9975), (50.0, 4.0)])
def test_scores_of_the_multiple(ratio, expected):
    assert ratio_score(ratio, parameter="x") == pytest.approx(expected)


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_often_is_never_scored_less(one, other):
    low, high = sorted((one, other))
    assert 0 <= repeat_score(low) <= repeat_score(high) <= 4


def test_what_was_not_assessed_is_named():
    index = pollution_index(QUIET)
    assert (index.specific, index.class_code) == (0, "1")
    assert set(index.missing) == set(MANDATORY) - {"cl", "no3", "do", "ni"}
    with pytest.raises(ValueError, match="at least one"):
        pollution_index([])
    with pytest.raises(ValueError, match="no samples"):
        score_of(Ingredient("nh4", 0, 0, None))
