"""The same questions to ioos_qc, the reference implementation of QARTOD, where the definitions coincide.

Where they do not (docs/algorithms/quality.md): our spike test takes a median of five and asks for the return; our flat
line fails from the first equal value, counts readings as well as hours, and is exact about time; ours are suspect where
ioos_qc has a choice of fail.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ioos_qc import qartod

from tests.unit.water.quality.columns import START_S
from uskat.water.quality.flag import Flag
from uskat.water.quality.limits import limit_table
from uskat.water.quality.readings import MICROS, Readings, blocks
from uskat.water.quality.single import gross_range, rates, time_gap
from uskat.water.quality.spike import spike
from uskat.water.quality.steady import attenuated_signal, flat_line, window_range

VALUES = st.lists(st.integers(-30, 330).map(lambda value: value / 20), min_size=3, max_size=60)
STEPS = st.lists(st.sampled_from([30, 60, 60, 60, 120, 600]), min_size=60, max_size=60)


def column(values, times_s):
    n = len(values)
    zero = np.zeros(n, np.int64)
    return Readings(zero, np.asarray(times_s, np.int64) * MICROS, np.asarray(values, float), zero + 1)


def moments(times_s):
    return np.asarray(times_s, "datetime64[s]").astype("datetime64[ns]")


def steady(count, every_s=60):
    return START_S + every_s * np.arange(count)


@given(values=VALUES)
def test_gross_range(values):
    low, high, expected_low, expected_high = limit_table(("ph",)).gross[0]
    theirs = qartod.gross_range_test(values, (low, high), (expected_low, expected_high))
    ours = gross_range(column(values, steady(len(values))), limit_table(("ph",)))
    assert ours.tolist() == theirs.tolist()


@given(values=VALUES, steps=STEPS)
def test_rate_of_change(values, steps):
    times = START_S + np.concatenate([[0], np.cumsum(steps)])[: len(values)]
    theirs = qartod.rate_of_change_test(values, moments(times), threshold=0.02)
    nothing = np.zeros(len(values) - 1)
    ours = rates(np.array(values), times * MICROS, per_s=nothing + 0.02, allowance=nothing)
    slack = np.abs(np.abs(np.diff(values)) / np.diff(times) - 0.02) < 1e-12  # the two divide in another order
    assert (ours == theirs[1:])[~slack].all()


@pytest.mark.parametrize("seed", range(20))
def test_spike_of_a_single_reading(seed):
    """A lone jump in a quiet series is where the average of two neighbours and the median of five agree."""
    noise = np.random.default_rng(seed)
    values = np.round(noise.normal(7.5, 0.02, 200), 2)
    hits = np.arange(10, 190, 20) + noise.integers(0, 5, 9)
    values[hits] += noise.choice([-1.0, 1.0], 9) * noise.uniform(0.8, 3, 9)
    readings, limits = column(values, steady(200)), limit_table(("ph",))
    ours = spike(readings, limits, block=blocks(readings, 1500), scale_s=7200, device=np.array([1])).flag
    theirs = qartod.spike_test(values, suspect_threshold=None, fail_threshold=0.3, method="differential")
    inside = slice(2, -2)
    assert (ours[inside] == Flag.FAIL).tolist() == (theirs[inside] == Flag.FAIL).tolist()
    assert ours[0] == theirs[0] == ours[-1] == theirs[-1] == Flag.NOT_EVALUATED


@given(runs=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 180)), min_size=1, max_size=8))
def test_flat_line_at_the_end_of_each_run(runs):
    """ioos_qc flags from the moment on at which the run is long enough; ours flag the same runs, all of them."""
    values = np.repeat([7 + level / 10 + place for place, (level, _) in enumerate(runs)], [count for _, count in runs])
    readings, limits = column(values, steady(len(values))), limit_table(("do",))
    ours = flat_line(readings, limits, block=blocks(readings, 1500), reach_s=3 * 3600)
    theirs = qartod.flat_line_test(values, moments(steady(len(values))), 7200, 7200, tolerance=1e-9)
    ends = np.cumsum([count for _, count in runs]) - 1
    assert (ours[ends] == Flag.FAIL).tolist() == (theirs[ends] == Flag.FAIL).tolist()
    assert not ((theirs == Flag.FAIL) & (ours != Flag.FAIL)).any()


@given(values=st.lists(st.integers(750, 756).map(lambda value: value / 100), min_size=10, max_size=60), steps=STEPS)
def test_range_of_a_window_of_time(values, steps):
    times = START_S + np.concatenate([[0], np.cumsum(steps)])[: len(values)]
    readings, period = column(values, times), 1800
    first = np.searchsorted(times, times - period, side="right")  # pandas leaves the early end of its window out
    ours = np.where(window_range(readings.value, first) < 0.025, 3, 1)
    theirs = qartod.attenuated_signal_test(
        np.array(values), moments(times), suspect_threshold=0.025, fail_threshold=-1.0, test_period=period,
        min_obs=1, check_type="range",
    )  # fmt: skip
    assert ours.tolist() == theirs.tolist()


def test_attenuated_signal_over_the_whole_reach():
    values = np.array([7.50, 7.51] * 200)
    readings = column(values, steady(400))
    ours = attenuated_signal(readings, limit_table(("ph",)), reach_s=3 * 3600)
    theirs = qartod.attenuated_signal_test(
        values, moments(steady(400)), suspect_threshold=0.011, fail_threshold=-1.0, test_period=3 * 3600,
        min_period=3 * 3600 * 8 // 10, check_type="range",
    )  # fmt: skip
    assert (ours == theirs)[200:].all()
    assert set(ours[200:]) == {Flag.SUSPECT}


@given(steps=STEPS)
def test_time_gap(steps):
    times = START_S + np.concatenate([[0], np.cumsum(steps)])
    ours = time_gap(column(np.zeros(61), times), np.array([60.0]), reach_s=3 * 3600)
    theirs = qartod.time_gap_test(moments(times), fail_span=150.5 / 3600)
    assert (ours[1:] == Flag.SUSPECT).tolist() == (theirs[1:] == Flag.FAIL).tolist()
    assert ours[0] == Flag.SUSPECT
