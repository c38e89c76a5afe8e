"""Departures from what a station is like, and episodes out of signs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.water.chemistry import ammonia_mg_l
from uskat.water.passing import StationRecord, excess_of, passing_of
from uskat.water.pollution_episode import Sign, join_signs

SINCE = datetime(2026, 7, 1, tzinfo=UTC)
START = SINCE + timedelta(days=6)
HOURS = 7 * 24


def record(course, **more):
    return StationRecord("U-25", SINCE, {"ec25": np.array(course, dtype=float)} | more)


def usual():
    return 400 + 5 * np.sin(np.arange(HOURS * 3) / 11)


def test_a_pulse_is_found_with_its_height_front_and_length():
    course = usual()
    place = 6 * 72
    course[place + 6 : place + 18] += 200
    found = excess_of(record(course), "ec25", since=START, until=START + timedelta(hours=12))
    assert found.significant
    assert found.peak == pytest.approx(200, abs=12)
    assert found.onset_at == START + timedelta(hours=2)
    assert found.over_at == START + timedelta(hours=6)
    assert found.duration_h == pytest.approx(4.0)


def test_one_spike_is_no_peak():
    course = usual()
    course[6 * 72 + 9] += 500
    found = excess_of(record(course), "ec25", since=START, until=START + timedelta(hours=12))
    assert not found.significant


def test_the_way_back_from_dilution_is_no_departure():
    course = usual()
    course[5 * 72 - 20 : 6 * 72 + 9] -= 150
    found = excess_of(record(course), "ec25", since=START, until=START + timedelta(hours=12))
    assert abs(found.peak) < 3 * found.scale


def test_without_a_level_before_nothing_is_judged():
    course = np.full(HOURS * 3, np.nan)
    course[6 * 72 :] = 400
    assert excess_of(record(course), "ec25", since=START, until=START + timedelta(hours=12)) is None


def test_a_broken_instrument_is_left_out():
    course = usual()
    course[6 * 72 + 6 :] += 200
    broken = StationRecord("U-25", SINCE, {"ec25": course}, frozenset({"ec25"}))
    assert passing_of(broken, START, until=START + timedelta(hours=12)).tracers == ()


def test_tracers_rise_and_properties_speak_only_without_them():
    count = HOURS * 3
    oxygen, acidity = np.full(count, 9.0), np.full(count, 7.8)
    acidity[6 * 72 + 6 :] = 6.5
    oxygen[6 * 72 + 6 :] = 4.0
    alone = passing_of(record(usual(), ph=acidity, do=oxygen), START, until=START + timedelta(hours=12))
    assert [tracer.parameter for tracer in alone.tracers] == ["ph"]
    course = usual()
    course[6 * 72 + 6 :] += 200
    both = passing_of(record(course, ph=acidity), START, until=START + timedelta(hours=12))
    assert [tracer.parameter for tracer in both.tracers] == ["ec25"]


def sign(number, start_h, end_h):
    ended = None if end_h is None else SINCE + timedelta(hours=end_h)
    start = SINCE + timedelta(hours=start_h)
    return Sign(number, None, start, ended, ended, start + timedelta(minutes=20))


def test_signs_that_overlap_or_nearly_do_are_one_episode():
    first, second = join_signs("U-25", [sign(1, 0, 4), sign(2, 6, 8), sign(3, 20, None), sign(4, 30, 31)])
    assert (first.started_at, first.ended_at) == (SINCE, SINCE + timedelta(hours=8))
    assert (second.started_at, second.ended_at) == (SINCE + timedelta(hours=20), None)
    assert second.overlaps(SINCE + timedelta(days=9), SINCE + timedelta(days=10))
    assert not first.overlaps(SINCE + timedelta(hours=8), SINCE + timedelta(hours=9))


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20)), min_size=1, max_size=8), st.randoms())
def test_episodes_do_not_depend_on_the_order_of_signs(periods, random):
    signs = [sign(number, start, start + length) for number, (start, length) in enumerate(periods)]
    turned = list(signs)
    random.shuffle(turned)
    episodes = join_signs("U-25", signs)
    assert episodes == join_signs("U-25", turned)
    assert sorted(one.alert_id for episode in episodes for one in episode.signs) == sorted(s.alert_id for s in signs)
    for earlier, later in pairwise(episodes):
        assert later.started_at - earlier.ended_at > timedelta(hours=3)


def test_ammonia_that_harms_fish_is_told_from_ammonium_temperature_and_acidity():
    """norms.md §6.1: risk for fish above 0.05 mg/L NH3, which the same ammonium reaches in warm alkaline water only."""
    nh4 = np.full(HOURS * 3, 0.3)
    nh4[6 * 72 + 6 : 6 * 72 + 18] = 2.0
    warm = {"nh4": nh4, "temp": np.full(HOURS * 3, 22.0), "ph": np.full(HOURS * 3, 8.4)}
    cold = warm | {"temp": np.full(HOURS * 3, 2.0), "ph": np.full(HOURS * 3, 7.0)}
    end = START + timedelta(hours=12)

    risk = passing_of(record(usual(), **warm), START, until=end).changes["nh3"]
    none = passing_of(record(usual(), **cold), START, until=end).changes["nh3"]

    assert risk.observed == pytest.approx(ammonia_mg_l(2.0, 22.0, ph=8.4), rel=0.05)
    assert risk.before < 0.05 < risk.observed
    assert none.observed < 0.01
    assert "nh3" not in passing_of(record(usual(), nh4=nh4), START, until=end).changes
