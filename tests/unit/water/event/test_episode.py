"""Episodes are a left fold over steps that can be cut anywhere."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.water.event.river import DAY, STEP, river, run
from uskat.water.event import RIVER_20MIN, fold_events, fold_from_json

EVENT = 10 * DAY


@pytest.fixture(scope="module")
def steps():
    series = river(days=14)
    series["ec25"][EVENT : EVENT + 18] += 120
    series["nh4"][EVENT : EVENT + 18] *= 4
    series["ph"][EVENT + 2 * DAY : EVENT + 2 * DAY + 9] -= 0.8
    return run(series)


def test_two_events_are_two_episodes_with_what_moved(steps):
    first, second = fold_events(steps, config=RIVER_20MIN).episodes
    assert {item.parameter for item in first.moved} >= {"ec25", "nh4"}
    assert all(item.direction == 1 for item in first.moved if item.parameter in {"ec25", "nh4"})
    assert second.moved[0].parameter == "ph"
    assert second.moved[0].direction == -1


def test_an_episode_starts_at_the_first_deviation_and_is_knowable_when_confirmed(steps):
    first = fold_events(steps, config=RIVER_20MIN).episodes[0]
    begun = steps[EVENT].time
    assert begun <= first.started_at <= begun + STEP
    assert first.started_at < first.knowable_at <= begun + 4 * STEP
    assert first.ended_at is not None
    assert first.ended_at >= steps[EVENT + 17].time
    assert first.settled_at > first.ended_at - STEP
    assert first.settled_at - first.alarmed_at > timedelta(seconds=RIVER_20MIN.join_s)


def test_an_episode_that_still_lasts_is_open(steps):
    fold = fold_events(steps[: EVENT + 10], config=RIVER_20MIN)
    assert fold.closed == ()
    assert fold.open is not None
    assert fold.open.ended_at is None


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 14 * DAY), max_size=4))
def test_stopping_and_resuming_anywhere_gives_the_same_episodes(steps, cuts):
    whole = fold_events(steps, config=RIVER_20MIN)
    edges = [0, *sorted(cuts), len(steps)]
    closed, fold = [], None
    for begin, end in pairwise(edges):
        fold = fold_events(steps[begin:end], config=RIVER_20MIN, start=fold)
        closed.extend(fold.closed)
        fold = fold_from_json(json.loads(json.dumps(fold.to_json())))
    assert tuple(closed) == whole.closed
    assert fold.open == whole.open
