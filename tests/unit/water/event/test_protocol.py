"""The benchmark's protocol: events, episodes, false alarms, delays – by hand, by chance, and against its own script."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uskat.water.event.protocol import PROTOCOLS, Interval, Protocol, figures, intervals, measure

MINUTE = Protocol(step_s=60, warm_up_rows=0, event_gap_s=60, alarm_gap_s=120, grace_s=120)
SCORE = Path(__file__).resolve().parents[5] / "shared/bench/score.py"


def bools(text):
    return np.array([letter == "1" for letter in text])


def judged(label, alarm, ignore=None, protocol=MINUTE):
    n = len(label)
    return measure(
        protocol,
        np.arange(n, dtype=np.int64) * 60,
        label=bools(label),
        alarm=bools(alarm),
        ignore=bools(ignore or "0" * n),
        scored=np.ones(n, dtype=bool),
    )


def test_runs_closer_than_the_gap_are_one():
    times = np.arange(8, dtype=np.int64) * 60
    assert intervals(times, bools("01001100"), join_s=60) == [Interval(60, 60), Interval(240, 300)]
    assert intervals(times, bools("01001100"), join_s=180) == [Interval(60, 300)]
    assert intervals(times, bools("00000000"), join_s=60) == []


def test_an_alarm_within_the_grace_finds_the_event_and_is_no_false_alarm():
    found = judged("0011000000", "0000010000")
    assert (found.events, found.detected, found.false_alarms, found.true_episodes) == (1, 1, 0, 1)
    assert found.delays_min == (3.0,)


def test_an_alarm_after_the_grace_misses_the_event_and_is_false():
    found = judged("0011000000", "0000001000")
    assert (found.detected, found.false_alarms) == (0, 1)
    assert found.missed == (Interval(120, 180),)
    assert found.false == (Interval(360, 360),)


def test_an_alarm_in_an_ignored_run_counts_neither_way():
    found = judged("0000000000", "0001100000", ignore="0001110000")
    assert (found.false_alarms, found.true_episodes, found.false_rows) == (0, 0, 0)
    assert found.days == pytest.approx(7 * 60 / 86400)


def test_figures_of_nothing_are_zero_not_an_error():
    nothing = figures([])
    assert nothing.event_recall == 0
    assert nothing.delay_min is None


@pytest.mark.skipif(not SCORE.exists(), reason="the shared benchmark is not here")
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), suite=st.sampled_from([name for name in PROTOCOLS if name != "river_20min"]))
def test_the_figures_are_those_of_the_benchmarks_own_script(seed, suite):
    script = benchmark_script()
    protocol = PROTOCOLS[suite]
    rng = np.random.default_rng(seed)
    n = 400
    gaps = rng.choice([1, 1, 1, 2, 30], n) * int(protocol.step_s)
    times = np.cumsum(gaps).astype(np.int64)
    label, alarm, ignore = (np.repeat(rng.random(n // 4) < share, 4) for share in (0.15, 0.2, 0.1))
    alarm = alarm & (rng.random(n) < 0.7)
    scored = rng.random(n) < 0.95
    ours = figures([measure(protocol, times, label=label, alarm=alarm, ignore=ignore, scored=scored)])
    theirs = script.summarise([
        script.evaluate(
            times, label, alarm, ignore, scored,
            protocol.event_gap_s, protocol.alarm_gap_s, protocol.grace_s, protocol.step_s,
        )
    ])  # fmt: skip
    assert ours.events == theirs["events"]
    assert ours.false_alarms == theirs["false_alarms"]
    for mine, name in (
        (ours.event_recall, "ev_recall"),
        (ours.false_alarms_per_day, "fa_day"),
        (ours.point_f1, "F1"),
        (ours.point_precision, "P"),
        (ours.point_recall, "R"),
        (ours.episode_precision, "ep_prec"),
        (ours.event_f1, "ev_F1"),
    ):
        assert mine == pytest.approx(theirs[name])
    if ours.delay_min is not None:
        assert ours.delay_min == pytest.approx(theirs["delay_min"])


def benchmark_script():
    if "bench_score" not in sys.modules:
        spec = importlib.util.spec_from_file_location("bench_score", SCORE)
        sys.modules["bench_score"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["bench_score"])
    return sys.modules["bench_score"]


@pytest.mark.skipif(not SCORE.exists(), reason="the shared benchmark is not here")
def test_the_constants_are_those_of_the_benchmark():
    script = benchmark_script()
    for name, theirs in script.SUITES.items():
        ours = PROTOCOLS[name]
        assert (ours.step_s, ours.warm_up_rows, ours.event_gap_s, ours.alarm_gap_s, ours.grace_s) == tuple(
            theirs[key] for key in ("step", "warm", "me", "ma", "gr")
        )
        assert ours.sensors == tuple(theirs["sensors"] or ())
