import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.finding import Severity
from uskat.water.background import Background, BackgroundSource, UpstreamPost
from uskat.water.exceedance import Exceedance, fold_intervals, resume
from uskat.water.exceedance_finding import Subject, exceedance_finding
from uskat.water.interval import INTERVAL, Interval
from uskat.water.norms import norm_in_force, with_background
from uskat.water.parameters import parameters
from uskat.water.verdict import accuracy_of

T0 = datetime(2026, 6, 1, tzinfo=UTC)


def nh4(moment):
    return norm_in_force("nh4", moment, water_use="fishery_2")


def oxygen(moment):
    return norm_in_force("do", moment, water_use="fishery_2")


def interval(place, mean, n_valid=20, service=0, start=T0):
    return Interval(start + place * INTERVAL, 20, n_valid, service, mean, mean, mean)


def fold(means, norm_of=nh4, **named):
    return fold_intervals(
        [interval(place, mean) for place, mean in enumerate(means) if mean is not None],
        norm_of,
        expected_interval_s=60,
        **named,
    )


def spans(fold):
    return [((e.started_at - T0) // INTERVAL, e.ended_at and (e.ended_at - T0) // INTERVAL) for e in fold.episodes]


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ([0.3, 0.5, 0.4], []),
        ([0.3, 0.51], [(1, None)]),
        ([0.6, 0.4], [(0, None)]),
        ([0.6, 0.4, 0.4], [(0, 1)]),
        ([0.6, 0.4, 0.49, 0.4, 0.4], [(0, 3)]),  # inside the norm but not the margin: the count begins again
        ([0.6, 0.4, 0.6, 0.4, 0.4], [(0, 3)]),
        ([0.6, 0.4, None, None, 0.4], [(0, 1)]),  # a gap says nothing
        ([0.6, 0.4, 0.4, 0.49, 0.6], [(0, 1), (4, None)]),
    ],
)
def test_episodes_open_and_return_with_hysteresis(means, expected):
    assert spans(fold(means)) == expected


def test_the_figures_of_an_episode():
    (episode,) = fold([0.3, 0.7, 1.3, 0.9, 0.49, 0.4, 0.4]).closed
    assert (episode.intervals, episode.peak, episode.peak_at) == (3, 1.3, T0 + 2 * INTERVAL)
    assert episode.excess_sum == pytest.approx(0.2 + 0.8 + 0.4)
    assert episode.knowable_at == T0 + 2 * INTERVAL
    assert episode.settled_at == T0 + 7 * INTERVAL


def test_the_lowest_oxygen_is_the_peak():
    (episode,) = fold([5.5, 2.5, 4.0], oxygen).episodes
    assert (episode.peak, episode.severity) == (2.5, Severity.HIGH)


def test_an_episode_over_the_change_of_season_is_judged_by_the_norm_of_each_interval():
    ice = datetime(2026, 10, 31, 16, 20, tzinfo=UTC)  # local midnight of November is at 17:00 UTC
    intervals = [interval(place, 5.0, start=ice) for place in range(6)]
    (episode,) = fold_intervals(intervals, oxygen, expected_interval_s=60).episodes
    assert (episode.intervals, episode.ended_at) == (2, ice + 2 * INTERVAL)


def test_intervals_that_do_not_count_are_passed_over():
    intervals = [
        interval(0, 2.0, n_valid=14),
        interval(1, 2.0, n_valid=10, service=10),
        interval(2, 2.0, n_valid=15, service=5),
    ]
    (episode,) = fold_intervals(intervals, nh4, expected_interval_s=60).episodes
    assert episode.started_at == T0 + 2 * INTERVAL


levels = st.sampled_from([0.2, 0.47, 0.48, 0.5, 0.55, 1.0, 6.0, 30.0, None])


@given(st.lists(levels, max_size=60), st.randoms(use_true_random=False), st.data())
def test_order_and_repetition_of_intervals_change_nothing(means, noise, data):
    intervals = [interval(place, mean) for place, mean in enumerate(means) if mean is not None]
    mixed = intervals + [entry for entry in intervals if noise.random() < 0.5]
    noise.shuffle(mixed)
    assert fold_intervals(mixed, nh4, expected_interval_s=60) == fold(means)


@given(st.lists(levels, max_size=60), st.integers(0, 60))
def test_a_fold_resumed_anywhere_from_its_stored_state_gives_the_same_episodes(means, cut):
    intervals = [interval(place, mean) for place, mean in enumerate(means) if mean is not None]
    first = fold_intervals(intervals[:cut], nh4, expected_interval_s=60)
    stored = json.dumps(first.open.to_json()) if first.open else None
    start = resume(json.loads(stored), nh4) if stored else None
    second = fold_intervals(intervals[cut:], nh4, expected_interval_s=60, start=start)
    assert (*first.closed, *second.episodes) == fold(means).episodes


@given(st.lists(levels, max_size=60))
def test_episodes_follow_a_slow_reading_of_the_rule(means):
    """Reference twin: walk the list, remember only whether an episode is open and how many were back in a row."""
    expected, opened, back = [], None, []
    for place, mean in enumerate(means):
        if mean is None:
            continue
        if mean > 0.5:
            opened, back = (place if opened is None else opened), []
        elif opened is not None:
            back = [*back, place] if mean <= 0.475 else []
            if len(back) == 2:
                expected.append((opened, back[0]))
                opened, back = None, []
    if opened is not None:
        expected.append((opened, None))
    assert spans(fold(means)) == expected


def finding(means, code="nh4", norm_of=nh4):
    episode = fold(means, norm_of).episodes[-1]
    assert isinstance(episode, Exceedance)
    return exceedance_finding(episode, Subject(7, 3, parameters()[code], published=True))


def test_a_finding_speaks_in_words_and_figures():
    found = finding([0.7, 1.304])
    assert found.title == "Аммоний-ион выше нормы: 1,3 при норме 0,5 мг/дм³"
    assert found.title_en == "Ammonium ion above the norm: 1.3, limit 0.5 mg/L"
    assert found.key == "exceedance:7"
    assert found.figures["ratio"].value == pytest.approx(2.608)
    assert "с 01.06.2026 07:00 до 07:20" in found.reasons[0]
    assert any("не проверено" in reason for reason in found.reasons)
    assert any("NH4" in reason for reason in found.reasons)


def test_too_little_oxygen_is_below_the_norm():
    found = finding([1.5], "do", oxygen)
    assert found.title == (
        "Экстремально высокое загрязнение (ЭВЗ): Растворённый кислород ниже нормы: 1,5 при норме не менее 6 мг/дм³"
    )
    assert found.figures["ratio"].value == 4.0


def test_a_finished_episode_tells_its_length():
    found = finding([1.0, 0.1, 0.1])
    assert found.figures["duration"].value == pytest.approx(1 / 3)
    assert found.ended_at == T0 + INTERVAL
    assert found.settled_at - found.ended_at == timedelta(minutes=40)


def told(means, *, accuracy="default", norm_of=nh4, code="nh4", states=0):
    intervals = [replace(interval(place, mean), states=states) for place, mean in enumerate(means)]
    episode = fold_intervals(intervals, norm_of, expected_interval_s=60).episodes[-1]
    known = accuracy_of(code) if accuracy == "default" else accuracy
    return exceedance_finding(episode, Subject(7, 3, parameters()[code], published=True), accuracy=known)


@pytest.mark.parametrize(("peak", "verdict"), [(0.51, "possible"), (0.58, "possible"), (0.6, "certain")])
def test_a_finding_says_how_sure_it_is(peak, verdict):
    """The default uncertainty of nh4 is 15 % (k = 2): 0.58 − 0.087 is below the norm of 0.5, 0.6 − 0.09 above it."""
    found = told([peak])
    assert found.detail["verdict"] == verdict
    assert found.figures["uncertainty"].value == pytest.approx(0.15 * peak)
    assert found.detail["uncertainty"]["level"] == "memory"
    assert ("Достоверно" if verdict == "certain" else "Возможно") in found.reasons[1]


def test_one_interval_is_an_episode_and_two_confirm_it():
    assert told([0.9]).detail["confirmed"] is False
    assert told([0.9, 0.9]).detail["confirmed"] is True
    assert "пока один интервал" in told([0.9]).reasons[1]


def test_a_finding_shows_whether_its_number_is_verified():
    assert told([0.9]).detail["norm_verified"] is False
    assert told([0.9]).detail["norm_level"] == "memory"


def test_without_a_known_uncertainty_no_verdict_is_made_up():
    found = told([0.9], accuracy=None)
    assert found.detail["verdict"] is None
    assert "неизвестна" in found.reasons[1]


def test_state_channels_that_were_not_ok_are_told():
    found = told([0.9], states=5)
    assert found.detail["states"] == [1, 4]
    assert "автоматическая система, пломба" in found.reasons[-1]


def test_the_limit_shown_is_that_of_the_peak():
    def rising(moment):
        norm = norm_in_force("tss", moment, water_use="fishery_2")
        value = 10.0 if moment < T0 + 2 * INTERVAL else 20.0
        post = UpstreamPost("U-25", 4.0, travel_s=12240.0, weight=1.0)
        background = Background(value, 0.0, BackgroundSource.UPSTREAM, (post,))
        return with_background(norm, background, uncertainty=0.0)

    found = told([12.0, 13.0, 40.0], norm_of=rising, code="tss")
    assert found.figures["limit"].value == 20.75
    assert found.figures["background"].value == 20.0
    assert found.detail["background"]["posts"] == [{"station": "U-25", "distance_km": 4.0, "travel_h": 3.4}]
    assert any("U-25 (4 км выше, вода идёт около 3,4 ч)" in reason for reason in found.reasons)


def test_a_checkpoint_of_an_older_form_is_not_resumed():
    state = fold([0.7]).open.to_json()
    del state["states"]
    assert resume(state, nh4) is None


def test_intervals_that_quality_control_doubts_count_and_are_told():
    first = Interval(T0, 20, 20, 0, 1.3, 1.3, 1.3, quality=3)
    second = Interval(T0 + INTERVAL, 20, 20, 0, 1.4, 1.4, 1.4, quality=1)
    episode = fold_intervals([first, second], nh4, expected_interval_s=60).open
    assert (episode.intervals, episode.suspect) == (2, 1)
    assert resume(episode.to_json(), nh4).suspect == 1
    finding = exceedance_finding(episode, Subject(1, 1, parameters()["nh4"], published=True))
    assert any("сомневается" in reason and "1 из 2" in reason for reason in finding.reasons)
