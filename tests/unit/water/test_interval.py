import math
import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.interval import Interval, counts, exact_deviation, exact_mean, interval_start, readings_needed

T0 = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "needed"), [(1, 900), (60, 15), (300, 3), (480, 2), (600, 2), (700, 1), (1200, 1), (3600, 1)]
)
def test_three_quarters_of_the_expected_readings_are_needed(seconds, needed):
    assert readings_needed(seconds, 0.75) == needed


def test_intervals_begin_at_full_hours():
    assert interval_start(T0 + timedelta(minutes=39, seconds=59.999999)) == T0 + timedelta(minutes=20)
    assert interval_start(T0) == T0


@pytest.mark.parametrize(
    ("n_valid", "service", "expected"), [(15, 0, True), (14, 0, False), (15, 5, True), (14, 6, False)]
)
def test_an_interval_counts_with_enough_readings_in_normal_mode(n_valid, service, expected):
    assert counts(Interval(T0, 20, n_valid, service, 1.0, 1.0, 1.0), 15) is expected


@given(st.lists(st.integers(-(2**31), 2**31), min_size=2, max_size=60), st.integers(0, 7))
def test_mean_and_deviation_are_those_of_exact_arithmetic(values, scale):
    total, squares, n = sum(values), sum(value * value for value in values), len(values)
    assert exact_mean(total, n, scale=scale) == float(Fraction(total, n * 10**scale))
    spread = Fraction(n * squares - total * total, n * (n - 1)) / 10 ** (2 * scale)
    deviation = exact_deviation(total, squares, n=n, scale=scale)
    assert deviation == pytest.approx(math.sqrt(spread), rel=1e-9, abs=10.0 ** -(scale + 5))


def test_tiny_deviations_of_large_values_survive():
    values = [123_456_789 + offset for offset in random.Random(1).choices((0, 1), k=1000)]
    mean = sum(values) / 1000
    expected = math.sqrt(sum((value - mean) ** 2 for value in values) / 999) / 10**6
    squares = sum(value * value for value in values)
    assert exact_deviation(sum(values), squares, n=1000, scale=6) == pytest.approx(expected, rel=1e-6)


def test_nothing_has_no_mean_and_one_has_no_deviation():
    assert exact_mean(0, 0, scale=3) is None
    assert exact_deviation(5, 25, n=1, scale=3) is None
