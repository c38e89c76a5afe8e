"""Whether a sample was taken while the plume was there, from the findings alone."""

from datetime import timedelta

import msgspec
import pytest

from tests.unit.supervision.case.papers import T0, sample
from uskat.supervision.case.paper import WindowWord
from uskat.supervision.case.window import SeenAlert, judge_sample
from uskat.supervision.reconcile import AlertState
from uskat.water.network import demo_network

NETWORK = demo_network()


def moment(hours: float) -> str:
    return (T0 + timedelta(hours=hours)).isoformat()


def arrival(code: str, river: str, km: float, front: float) -> dict:
    return {
        "code": code, "river": river, "km": km, "front_at": moment(front), "peak_at": moment(front + 2),
        "earliest_at": moment(front + 1), "latest_at": moment(front + 4), "over_at": moment(front + 5),
    }  # fmt: skip


SOURCE = SeenAlert(
    7, AlertState.ACTIVE, "U-25", T0, T0 + timedelta(hours=6),
    {
        "forecast": [arrival("U-21", "uskat", 21.0, 3), arrival("U-15", "uskat", 15.0, 9)],
        "release_window": {"earliest_at": moment(-8), "probable_at": moment(-6), "latest_at": moment(-5), "duration_h": 2},
        "candidates": [{"outlet": "out-bg-1"}, {"outlet": None}],
    },
)  # fmt: skip


def word(hours: float, *alerts: SeenAlert, **changes) -> WindowWord:
    return judge_sample(sample(hours * 60, **changes), alerts or (SOURCE,), network=NETWORK).word


@pytest.mark.parametrize(
    ("place", "inside", "outside"),
    [
        ({"place": "U-25"}, [0, 3, 6], [-0.1, 6.1]),
        ({"place": "U-21"}, [2, 5, 10], [1.9, 10.1]),  # an hour before the front, two after the end: bounds of the peak
        ({"place": "U-15"}, [8, 16], [7.9, 16.1]),
        ({"place": "out-bg-1"}, [-8, -3], [-8.1, -2.9]),
        ({"place": None, "river": "uskat", "km": 18.0}, [5, 13], [4.9, 13.1]),  # half way from U-21 to U-15
        ({"place": None, "river": "uskat", "km": 15.3}, [8, 16], [7.9, 16.1]),
    ],
)
def test_a_sample_is_inside_or_outside_the_plume_at_its_place(place, inside, outside):
    assert {word(hours, **place) for hours in inside} == {WindowWord.INSIDE}
    assert {word(hours, **place) for hours in outside} == {WindowWord.OUTSIDE}


@pytest.mark.parametrize(
    "place",
    [{"place": "TA-1"}, {"place": None, "river": "uskat", "km": 2.0}, {"place": None, "river": "talda", "km": 3.0},
     {"place": None}, {"place": "no-such"}],
)  # fmt: skip
def test_where_nothing_is_known_of_the_plume_nothing_is_said(place):
    assert word(5, **place) is WindowWord.UNKNOWN


def test_an_alert_that_lasts_has_an_open_window_and_a_withdrawn_one_has_none():
    lasting = SeenAlert(8, AlertState.ACTIVE, "U-25", T0, None, {})
    judged = judge_sample(sample(600), [lasting], network=NETWORK)
    assert (judged.word, judged.alert, judged.since, judged.until) == (WindowWord.INSIDE, 8, T0, None)
    gone = SeenAlert(8, AlertState.WITHDRAWN, "U-25", T0, None, {})
    assert word(10, gone) is WindowWord.UNKNOWN
    assert word(7, SOURCE, lasting) is WindowWord.INSIDE


def test_the_nearest_window_is_told_to_a_sample_that_came_too_late():
    judged = judge_sample(sample(7 * 60), [SOURCE], network=NETWORK)
    assert (judged.word, judged.until) == (WindowWord.OUTSIDE, SOURCE.ended_at)
    assert msgspec.json.decode(msgspec.json.encode(judged))["alert"] == 7
