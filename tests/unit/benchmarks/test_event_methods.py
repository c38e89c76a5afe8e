"""The methods the product is compared with find what they should, look at no later row, and learn no event."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.event_methods import METHODS, PUBLISHED, Prediction, cusum, linear_prediction, m_scatter
from benchmarks.event_rows import robust_deviation, rows_of
from tests.unit.benchmarks.series import MEMORY, PULSE, TOTAL, WARM, series, station

TUNED = [method for method in METHODS if "published" not in method.name]
SETTING = Prediction(history=240, limit=5.0, window=6, event=0.85, timeout=40)


def separates(alarm):
    """Alarmed during the pulse; quiet before it and from some rows after it."""
    return alarm[PULSE].any() and not alarm[WARM : PULSE.start].any() and not alarm[PULSE.stop + 60 :].any()


@pytest.mark.parametrize("method", TUNED, ids=lambda method: method.name)
def test_a_pulse_of_all_parameters_is_told_from_noise_with_some_setting(method):
    found = [
        (setting, limit)
        for setting, score in method.candidates(station(), MEMORY)
        for limit in method.limits
        if separates(score >= limit)
    ]
    assert found


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_later_rows_never_change_earlier_scores(method):
    cut = 1000
    whole = station()
    other = whole.values.copy()
    other[cut:] = other[cut:][::-1] * 3 + 7
    for (_, one), (_, two) in zip(
        method.candidates(whole, MEMORY), method.candidates(replace(whole, values=other), MEMORY), strict=True
    ):
        assert np.array_equal(one[:cut], two[:cut])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_gaps_and_dead_sensors_leave_every_score_finite(method):
    values = station().values.copy()
    values[700:760] = np.nan
    values[900:, 1] = np.nan
    values[:, 2] = 3.0
    for _, score in method.candidates(replace(station(), values=values), MEMORY):
        assert score.shape == (TOTAL,)
        assert np.isfinite(score).all()


def test_a_new_level_is_alarmed_until_the_time_out_and_then_is_the_baseline():
    values = station(height=0.0).values.copy()
    values[PULSE.start :] += 15.0
    alarm = linear_prediction(replace(station(), values=values), SETTING) >= 1.0
    assert alarm[PULSE.start + 5 : PULSE.start + 30].all()
    assert not alarm[PULSE.start + 60 :].any()


def test_the_binomial_discriminator_waits_for_five_of_six_as_published():
    # P(fewer than k of 6 by chance) with p = 0.5: k = 4 gives .656, k = 5 gives .891 >= .85
    assert (PUBLISHED.window, PUBLISHED.event) == (6, 0.85)
    values = station(height=0.0).values.copy()
    values[PULSE.start : PULSE.start + 4] += 30.0
    assert not (linear_prediction(replace(station(), values=values), SETTING)[WARM:] >= 1.0).any()
    values[PULSE.start + 4] += 30.0
    assert (linear_prediction(replace(station(), values=values), SETTING)[WARM:] >= 1.0).any()


def test_a_sum_grows_by_what_exceeds_the_drift_and_starts_anew_after_an_alarm():
    standard = np.array([[2.0], [2.0], [2.0], [0.5], [2.0]])
    assert cusum(standard, 1.0, (3.0,))[0].tolist() == pytest.approx([1 / 3, 2 / 3, 1.0, 2.5 / 3, 3.5 / 3])
    assert cusum(-standard, 1.0, (2.0,))[0].tolist() == pytest.approx([0.5, 1.0, 1.5, 0.0, 0.5])


def test_a_small_lasting_shift_is_seen_by_the_sum_before_any_single_row_is_unusual():
    shifted = np.full((60, 1), 2.0)
    assert cusum(shifted, 1.0, (20.0,))[0].argmax() >= 19
    assert (cusum(shifted, 1.0, (20.0,))[0] >= 1).any()


def test_a_tenth_of_wild_rows_does_not_blow_up_the_scatter():
    rng = np.random.default_rng(2)
    rows = rng.normal(0, 1, (2000, 2))
    rows[:200] *= 50
    assert np.cov(rows.T)[0, 0] > 100
    assert np.diag(m_scatter(rows)) == pytest.approx([1.5, 1.5], abs=0.7)


def test_the_deviation_of_a_row_is_from_the_median_of_the_rows_before_it():
    rows = replace(station(), values=np.arange(12.0)[:, None], step=np.array([0.5]), warm=4)
    deviation, size = robust_deviation(rows, 4)
    assert deviation[8, 0] == 8 - np.median([4, 5, 6, 7])
    assert size[8, 0] == pytest.approx(1.4826 * 2.5)
    frozen, _ = robust_deviation(rows, 0)
    assert frozen[8, 0] == 8 - 1.5


def test_a_method_is_given_what_the_product_judges_and_no_more():
    given = series()
    given.values["Temperature"] = np.arange(1000.0)
    rows = rows_of(given, "skab")
    assert rows.values.shape == (1000, 3)
    assert rows.warm == 400
    assert rows.in_file_order(np.ones(1000)).sum() == 600
