"""Precision of detectors from verdicts, and who is on duty."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.supervision.case.papers import T0
from uskat.supervision.case.precision import Reviewed, precisions, wilson
from uskat.supervision.case.roster import Shift, on_duty
from uskat.supervision.handling.machine import Review
from uskat.supervision.handling.step import RejectionReason
from uskat.supervision.reconcile import AlertState


def reviewed(review, count, *, reason=None, state=AlertState.RETURNED, kind="exceedance"):
    return Reviewed("exceedance", kind, state, review, reason, count)


def test_wilson_agrees_with_published_values():
    # Newcombe, Stat. Med. 1998, 17, 857-872, table I, method 3
    for successes, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                    (1, 29, 0.0061, 0.1718)):  # fmt: skip
        assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(pair):
    successes, n = pair
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert high - low > 0


def test_no_share_of_nothing():
    with pytest.raises(ValueError, match="no share"):
        wilson(0, 0)
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


def test_duplicates_and_what_data_withdrew_do_not_speak_of_the_detector():
    [found, other] = precisions(
        [
            reviewed(Review.CONFIRMED, 5), reviewed(Review.RESOLVED, 3),
            reviewed(Review.REJECTED, 2, reason=RejectionReason.INSTRUMENT),
            reviewed(Review.REJECTED, 4, reason=RejectionReason.DUPLICATE),
            reviewed(Review.OPEN, 6), reviewed(Review.OPEN, 7, state=AlertState.WITHDRAWN),
            reviewed(Review.OPEN, 1, kind="natural"),
        ]
    )  # fmt: skip
    assert (found.judged, found.confirmed, found.rejected) == (10, 8, {"instrument": 2})
    assert (found.duplicates, found.undecided, found.withdrawn) == (4, 6, 7)
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=5e-5)
    assert (other.judged, other.value, other.low) == (0, None, None)


def test_a_shift_for_the_territory_goes_before_one_for_all_and_ends_before_its_end():
    day = timedelta(days=1)
    shifts = [
        Shift("a", "head", None, T0, T0 + day), Shift("b", "head", "uskat", T0 - day, T0 + day),
        Shift("c", "inspector", "uskat", T0, T0 + day),
    ]  # fmt: skip
    assert on_duty(shifts, territory="uskat", duty="head", at=T0) == "b"
    assert on_duty(shifts, territory="aba", duty="head", at=T0) == "a"
    assert on_duty(shifts, territory=None, duty="head", at=T0) == "a"
    assert on_duty(shifts, territory="uskat", duty="head", at=T0 + day) is None
    with pytest.raises(ValueError, match="impossible period"):
        Shift("a", "head", None, T0, T0)
