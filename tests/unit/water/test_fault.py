"""Faults as episodes: when they begin, how they end, and that folding may begin anywhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.finding import FindingKind, Severity
from uskat.water.fault import (
    DEVICE_RULES,
    LONGEST_MEMORY,
    SERIES_RULES,
    Fault,
    FaultEpisode,
    JudgedInterval,
    fold_fault,
)
from uskat.water.fault_finding import WORDS, FaultSubject, drift_words, fault_finding, fault_key
from uskat.water.interval import INTERVAL
from uskat.water.parameters import parameters
from uskat.water.quality.flag import PLACE, TESTS, QualityTest

T0 = datetime(2026, 6, 1, tzinfo=UTC)
RULES = {rule.fault: rule for rule in (*SERIES_RULES, *DEVICE_RULES)}
SERIES = FaultSubject(3, "U-08", published=True, series_id=17, parameter=parameters()["ph"])
DEVICE = FaultSubject(3, "U-08", published=True)


def at(place):
    return T0 + place * INTERVAL


def interval(place, *, failed=(), low=7.0, high=7.1, cold=False, suspect=()):
    flags = [1] * len(TESTS)
    for test in failed:
        flags[PLACE[QualityTest(test)]] = 4
    for test in suspect:
        flags[PLACE[QualityTest(test)]] = 3
    return JudgedInterval(at(place), tuple(flags), low, high, cold)


def hits(pattern, test, **more):
    return [interval(place, failed=(test,) if mark == "x" else (), **more) for place, mark in enumerate(pattern)]


def test_a_stuck_sensor_is_a_fault_from_its_first_interval_and_ends_with_the_first_other_one():
    (episode,) = fold_fault(hits("..xxxx..", "flat_line", low=7.0, high=7.0), RULES[Fault.STUCK], low=T0)
    assert (episode.started_at, episode.ended_at, episode.settled_at) == (at(2), at(6), at(7))
    assert episode.knowable_at == at(2) + timedelta(hours=2)
    assert episode.value == 7.0


def test_a_sensor_that_repeats_zero_is_dead_and_not_stuck():
    zeros = hits("xxx", "flat_line", low=0.0, high=0.0)
    assert fold_fault(zeros, RULES[Fault.STUCK], low=T0) == []
    assert [one.fault for one in fold_fault(zeros, RULES[Fault.DEAD], low=T0)] == [Fault.DEAD]


def test_a_sensor_in_the_air_is_not_told_as_stuck_too():
    both = [interval(0, failed=("flat_line", "multi_variate"))]
    assert fold_fault(both, RULES[Fault.STUCK], low=T0) == []
    assert len(fold_fault(both, RULES[Fault.OUT_OF_WATER], low=T0)) == 1


@pytest.mark.parametrize(
    ("pattern", "found"), [("x.x", 0), ("x.x.x", 1), ("x" + "." * 20 + "x.x", 1), ("x" + "." * 40 + "x.x", 0)]
)
def test_three_spikes_in_twelve_hours_are_a_train(pattern, found):
    episodes = fold_fault(hits(pattern, "spike"), RULES[Fault.SPIKE], low=T0)
    assert len(episodes) == found
    assert all(episode.certain_at == at(len(pattern) - 1) for episode in episodes)
    assert all(episode.knowable_at == at(len(pattern)) for episode in episodes)
    assert all(pattern[(episode.started_at - T0) // INTERVAL] == "x" for episode in episodes)


def test_a_train_ends_with_twelve_quiet_hours_at_its_last_spike():
    (episode,) = fold_fault(hits("xxx" + "." * 40, "spike"), RULES[Fault.SPIKE], low=T0)
    assert (episode.ended_at, episode.settled_at) == (at(3), at(2) + timedelta(hours=12) + INTERVAL)


def test_jumps_near_freezing_are_ice_and_not_the_instrument():
    jumps = hits("xxx", "spike", cold=True)
    assert fold_fault(jumps, RULES[Fault.SPIKE], low=T0) == []
    assert [one.fault for one in fold_fault(jumps, RULES[Fault.ICE], low=T0)] == [Fault.ICE]


@pytest.mark.parametrize("how", ["failed", "suspect"])
def test_a_departure_from_the_neighbours_is_told_whether_excluded_or_not(how):
    (episode,) = fold_fault([interval(0, **{how: ("neighbour",)})], RULES[Fault.DRIFT], low=T0)
    assert episode.fault is Fault.DRIFT


@given(
    pattern=st.lists(st.sampled_from("x...- "), min_size=1, max_size=150),
    cut=st.integers(0, 150),
    fault=st.sampled_from([Fault.STUCK, Fault.SPIKE, Fault.RANGE]),
)
def test_folding_may_go_on_from_the_episode_that_was_open(pattern, cut, fault):
    rule = RULES[fault]
    test = {Fault.STUCK: "flat_line", Fault.SPIKE: "spike", Fault.RANGE: "gross_range"}[fault]
    intervals = [one for one, mark in zip(hits(pattern, test), pattern, strict=True) if mark != " "]
    whole = fold_fault(intervals, rule, low=T0)
    low = at(cut)
    start = next((one for one in whole if one.certain_at < low and (one.settled_at or low + INTERVAL) > low), None)
    resumed = replace(start, last=start.started_at, settled_at=None) if start else None
    since = min(low - LONGEST_MEMORY, start.started_at if start else low)
    rest = fold_fault([one for one in intervals if one.start >= since], rule, low=low, start=resumed)
    assert rest == [one for one in whole if one.settled_at is None or one.settled_at > low]


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_a_maintenance_finding_with_a_hint(fault):
    finding = fault_finding(FaultEpisode(fault, T0, at(3), INTERVAL, T0), SERIES)
    assert (finding.kind, finding.severity) == (FindingKind.FAULT, Severity.MAINTENANCE)
    assert finding.reasons[-1].startswith("Проверьте")
    assert finding.detail["fault"] == fault.value
    assert "{" not in finding.title + finding.title_en
    assert set(WORDS) == set(Fault)


def test_keys_name_the_series_or_the_device():
    assert fault_key(Fault.STUCK, SERIES) == "fault:stuck:17"
    assert fault_key(Fault.ICE, DEVICE) == "fault:ice:device:3"


def test_a_drift_proposes_a_linear_correction():
    departure = {"shift": -1.8, "per_day": -0.3, "days": 6, "usual": 0.6}
    figures, (reason,), detail = drift_words(departure, parameters()["do"])
    assert (figures["shift"].value, figures["per_day"].value) == (-1.8, -0.3)
    assert "−1,8" in reason
    assert detail["correction"] == {"kind": "linear", "per_day": 0.3, "days": 6, "at_end": 1.8, "proposal": True}
