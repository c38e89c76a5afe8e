"""The event detector is causal, online, robust to what is missing, and says what moved."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.water.event.river import DAY, START, STEP, alarmed, river, rows, run
from uskat.water.event import RIVER_20MIN, SUITES, EventDetector

EVENT = 12 * DAY + 30


@pytest.fixture(scope="module")
def quiet():
    return run(river())


def test_a_quiet_river_with_a_daily_course_is_not_alarmed(quiet):
    assert not any(step.alarm for step in quiet)
    assert max(step.score for step in quiet[6 * DAY :]) < 0.9


@pytest.mark.parametrize(
    ("name", "change", "direction"),
    [
        ("ec25", lambda x: x + 120, 1),
        ("nh4", lambda x: x * 5, 1),
        ("ph", lambda x: x - 0.7, -1),
        ("do", lambda x: x - 3, -1),
        ("no3", lambda x: x * 3, 1),
    ],
)
def test_a_step_is_found_within_an_hour_and_named(name, change, direction):
    series = river()
    series[name][EVENT : EVENT + 18] = change(series[name][EVENT : EVENT + 18])
    steps = run(series)
    first = next(i for i, step in enumerate(steps) if step.alarm)
    assert EVENT <= first <= EVENT + 3
    told = steps[first].contributions[0]
    assert told.parameter == name
    assert told.direction == direction
    assert told.score >= 1
    assert abs(told.expected - river()[name][EVENT]) < abs(told.observed - told.expected)


def test_a_slow_ramp_is_found_by_the_envelope_of_a_day():
    series = river()
    series["ec25"][EVENT : EVENT + 60] += np.linspace(0, 160, 60)
    steps = run(series)
    assert alarmed(steps, EVENT, EVENT + 60)
    assert not alarmed(steps, 0, EVENT)


def test_a_burst_of_noise_without_a_change_of_mean_is_found():
    series = river()
    burst = np.arange(24) % 2 * 2 - 1
    series["orp"][EVENT : EVENT + 24] += 70 * burst
    assert alarmed(run(series), EVENT, EVENT + 26)


def test_the_end_of_an_event_is_the_end_of_the_alarm():
    series = river()
    series["ec25"][EVENT : EVENT + 18] += 120
    assert not alarmed(run(series), EVENT + 18 + 6, 16 * DAY)


def test_a_new_level_becomes_normal_after_the_time_out():
    series = river(days=20)
    series["ec25"][EVENT:] += 150
    steps = run(series)
    days = math.ceil(RIVER_20MIN.timeout_s / 86400) + 1
    assert alarmed(steps, EVENT, EVENT + 10)
    assert not alarmed(steps, EVENT + days * DAY, 20 * DAY)


def between_two_levels(config):
    """Rows in alarm while a plant runs at another level for six hours a day, after five days at one level."""
    n = 12 * DAY
    high = (np.arange(n) > 5 * DAY) & (np.arange(n) % DAY < 18)
    series = {"COND": 300 + 40.0 * high + np.random.default_rng(4).normal(0, 1, n)}
    return sum(step.alarm for step in run(series, replace(config, warm_up_s=0.0))[5 * DAY :])


def test_levels_that_come_and_go_are_alarmed_once_when_the_usual_is_kept_and_each_time_when_not():
    canary = SUITES["canary"]
    assert 10 <= between_two_levels(canary) <= 50
    assert between_two_levels(replace(canary, keep_usual=False)) > 150


def flood(series):
    """Rain, then the level rises, turbidity with it, conductivity falls; all comes back in two days."""
    hours = np.arange(2 * DAY)
    shape = (hours / 18) * np.exp(1 - hours / 18)
    span = slice(EVENT, EVENT + 2 * DAY)
    series["precip"][EVENT - 12 : EVENT] = 1.0
    series["level"][span] += 60 * shape
    series["turb"][span] *= 1 + 15 * shape
    series["ec25"][span] -= 130 * shape
    series["temp"][span] -= 2 * shape
    return series


def test_a_flood_is_told_as_natural_and_not_alarmed():
    steps = run(flood(river()))
    assert not alarmed(steps, EVENT - 20, 16 * DAY)
    assert steps[EVENT + 10].natural
    assert not steps[EVENT - 30].natural


def test_rain_excuses_neither_ammonium_nor_a_rise_of_conductivity():
    series = flood(river())
    series["nh4"][EVENT + 20 : EVENT + 40] *= 8
    assert alarmed(run(series), EVENT + 20, EVENT + 43)
    series = flood(river())
    series["ec25"][EVENT + 10 : EVENT + 40] += 330
    assert alarmed(run(series), EVENT + 10, EVENT + 43)


def test_a_change_of_what_only_explains_is_no_event():
    series = river()
    series["level"][EVENT : EVENT + 30] += 80
    assert not alarmed(run(series), 0, 16 * DAY)


def test_a_constant_series_neither_explodes_nor_alarms():
    series = {"ph": np.full(8 * DAY, 8.0), "ec25": np.full(8 * DAY, 450.0)}
    steps = run(series)
    assert not any(step.alarm for step in steps)
    assert all(math.isfinite(step.score) for step in steps)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_every_configuration_survives_constants_gaps_and_monsters(name):
    config = SUITES[name]
    detector = EventDetector(config, ["a", "b", "c", "d"])
    rng = np.random.default_rng(1)
    now = START
    for i in range(700):
        now += timedelta(seconds=config.cadence_s * (1 if i % 97 else 50))
        values = {"a": 5.0, "b": float(rng.normal()), "c": math.nan if i % 3 else 1e12, "d": None}
        assert math.isfinite(detector.step(now, values).score)


def test_rows_without_any_value_change_nothing():
    series = river(days=8)
    detector = EventDetector(RIVER_20MIN, list(series))
    for time, values in rows(series):
        detector.step(time, values)
    empty = dict.fromkeys(series, math.nan)
    step = detector.step(START + 8 * DAY * STEP, empty)
    assert step.score == 0
    assert not step.alarm
    assert step.contributions == ()


def test_a_parameter_that_never_reports_is_the_same_as_one_that_does_not_exist():
    series = river(days=7)
    without = {name: values for name, values in series.items() if name != "no2"}
    absent = without | {"no2": np.full(7 * DAY, math.nan)}
    assert run(without) == run(absent)


def test_a_gap_of_days_is_not_an_event():
    series = river()
    for values in series.values():
        values[EVENT : EVENT + DAY] = math.nan
    assert not alarmed(run(series), 0, 16 * DAY)


def test_rows_out_of_order_are_refused():
    detector = EventDetector(RIVER_20MIN, ["ph"])
    detector.step(START, {"ph": 8.0})
    with pytest.raises(ValueError, match="time order"):
        detector.step(START, {"ph": 8.0})


def test_a_state_of_another_configuration_is_refused():
    state = EventDetector(RIVER_20MIN, ["ph"]).to_json()
    other = replace(RIVER_20MIN, name="another")
    with pytest.raises(ValueError, match="river_20min"):
        EventDetector.from_json(state, other)


def test_the_state_of_a_station_is_small():
    series = river(days=16)
    detector = EventDetector(RIVER_20MIN, list(series))
    for time, values in rows(series):
        detector.step(time, values)
    assert len(detector.to_json()) <= 64 * 1024


def eventful(seed):
    rng = np.random.default_rng(seed)
    series = river(days=7, seed=seed)
    for values in series.values():
        at = int(rng.integers(4 * DAY, 6 * DAY))
        values[at : at + int(rng.integers(1, 40))] *= rng.uniform(0.3, 3)
        values[rng.random(len(values)) < 0.05] = math.nan
    return series


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 7 * DAY - 1))
def test_a_restart_anywhere_continues_bit_for_bit(seed, cut):
    series = eventful(seed)
    whole = run(series)
    detector = EventDetector(RIVER_20MIN, list(series))
    parts = []
    for i, (time, values) in enumerate(rows(series)):
        if i in {cut, cut + 1}:
            detector = EventDetector.from_json(detector.to_json(), RIVER_20MIN)
        parts.append(detector.step(time, values))
    assert parts == whole


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 7 * DAY - 1))
def test_the_future_never_changes_the_past(seed, cut):
    series = eventful(seed)
    other = {name: np.concatenate([values[:cut], values[cut:][::-1] * 1.7]) for name, values in series.items()}
    assert run(series)[:cut] == run(other)[:cut]


@pytest.mark.parametrize(("name", "trifle", "matter"), [("ec25", 25.0, 80.0), ("ph", 0.15, 0.6), ("do", -0.6, -2.5)])
def test_a_trifle_in_steady_water_is_no_event_and_what_matters_is(name, trifle, matter):
    for change, found in ((trifle, False), (matter, True)):
        series = river()
        series[name][EVENT : EVENT + 18] += change
        assert alarmed(run(series), EVENT, EVENT + 18) is found
