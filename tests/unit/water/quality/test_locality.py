"""A reading influences nothing beyond its reach: what re-evaluation of a touched span rests on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.water.quality.columns import readings_of, series_of
from uskat.water.quality.interval import INTERVAL_US, quality_intervals, with_drift
from uskat.water.quality.judge import drifted, judge
from uskat.water.quality.readings import MICROS, reach_of

PARAMETERS = ("ec25", "temp", "do", "ph", "airtemp")


@st.composite
def stories(draw):
    """A station over some hours with everything that the tests react to, at any cadence, with holes."""
    every_s = draw(st.sampled_from([60, 300, 600, 1200]))
    noise = np.random.default_rng(draw(st.integers(0, 10_000)))
    count = int(draw(st.integers(14, 30)) * 3600 / every_s)
    levels = (420.0, 12.0, 8.0, 7.6, 14.0)
    columns = [np.round(noise.normal(level, level / 300, count), 2) for level in levels]
    for _ in range(draw(st.integers(0, 8))):
        column, place = columns[noise.integers(0, 5)], noise.integers(0, count)
        length = int(noise.integers(1, max(2, 10_000 // every_s)))
        match noise.integers(0, 5):
            case 0:
                column[place : place + length] = column[place]
            case 1:
                column[place : place + 1 + length % 3] *= 1.8
            case 2:
                column[place : place + length] += noise.normal(0, 2, len(column[place : place + length]))
            case 3:
                column[place:] += 1.5
            case _:
                column[place : place + length] = np.nan
    if draw(st.booleans()):
        place = int(noise.integers(0, count))
        columns[0][place : place + 20] = 3.0
        columns[1][place : place + 20] = columns[4][place : place + 20]
    return readings_of([column.tolist() for column in columns], every_s=every_s), series_of(
        *PARAMETERS, every_s=every_s
    )


def within(readings, since_us, until_us):
    return readings.take((readings.time_us >= since_us) & (readings.time_us < until_us))


def rows(readings, series, since_us, until_us):
    return quality_intervals(
        readings, judge(readings, series), series=series, excused=None, since_us=since_us, until_us=until_us
    )


@settings(max_examples=60)
@given(story=stories(), share=st.floats(0, 1))
def test_a_piece_with_its_reach_around_is_judged_as_the_whole(story, share):
    readings, series = story
    if not len(readings):
        return
    reach_us = int(reach_of(series).reach_s * MICROS)
    first, last = readings.time_us.min(), readings.time_us.max()
    since = int(first + share * (last - first)) // INTERVAL_US * INTERVAL_US
    until = since + 6 * INTERVAL_US
    piece = within(readings, since - reach_us, until + reach_us)
    assert rows(piece, series, since, until) == rows(readings, series, since, until)


@settings(max_examples=60)
@given(story=stories(), share=st.floats(0, 1), missing=st.integers(1, 40))
def test_late_readings_change_nothing_beyond_their_reach(story, share, missing):
    readings, series = story
    if len(readings) < 2:
        return
    place = int(share * (len(readings) - 1))
    late = np.zeros(len(readings), bool)
    late[place : place + missing] = True
    late &= readings.series == readings.series[place]
    before = readings.take(~late)
    reach_us = int(reach_of(series).reach_s * MICROS)
    low, high = readings.time_us[late].min() - reach_us, readings.time_us[late].max() + reach_us
    one, two = judge(before, series), judge(readings, series)
    far = (before.time_us < low) | (before.time_us > high)
    assert (one.flags[:, far] == two.flags[:, ~late][:, far]).all()
    assert (one.counts[far] == two.counts[~late][far]).all()


def test_one_interval_with_every_reading_counting_has_the_exact_mean():
    values = [7.11, 7.12, 7.131, 7.1] * 5
    readings, series = readings_of([values]), series_of("ph")
    (row,) = rows(readings, series, 0, 2**62)
    assert (row.n, row.n_pass, row.minimum, row.maximum) == (20, 20, 7.1, 7.131)
    assert row.mean == sum(round(value * 1e6) for value in values) / (20 * 10**6)


@pytest.mark.parametrize(("failing", "expected"), [(0, 2), (4, 3), (6, 4)])
def test_an_interval_fails_when_fewer_than_three_quarters_count(failing, expected):
    values = [99.0] * failing + [7.11, 7.12] * 10
    (row,) = rows(readings_of([values[:20]]), series_of("ph"), 0, 2**62)
    assert (row.rollup, row.n_pass) == (expected, 20 - failing)


def test_an_interval_in_service_is_not_evaluated_and_holds_no_mean():
    (row,) = rows(readings_of([[7.1] * 20], flags=[[17] * 20]), series_of("ph"), 0, 2**62)
    assert (row.rollup, row.n, row.n_pass, row.mean) == (2, 20, 0, None)
    assert with_drift(row, 4) == row


def test_a_drift_fails_the_interval_and_keeps_its_mean():
    (row,) = rows(readings_of([[7.11, 7.12] * 10]), series_of("ph"), 0, 2**62)
    failed = with_drift(row, 4)
    assert (failed.rollup, failed.flags[-1], failed.n_pass, failed.mean) == (4, 4, row.n_pass, row.mean)
    assert (with_drift(row, 3).rollup, with_drift(row, 1)) == (3, row)


def test_a_drift_of_readings_is_that_of_their_intervals():
    readings, series = readings_of([[7.11, 7.12] * 10]), series_of("ph")
    judgement = judge(readings, series)
    where = np.arange(20) >= 10
    assert drifted(judgement, where, level=4).counts.tolist() == [True] * 10 + [False] * 10
    assert drifted(judgement, where, level=3).counts.all()
    assert drifted(judgement, where, level=1) is judgement
