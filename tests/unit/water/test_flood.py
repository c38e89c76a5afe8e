from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from uskat.finding import Severity
from uskat.water.flood import flood_episodes, gap_episodes, jam_episodes, level_points
from uskat.water.flood_finding import GaugeSubject, flood_finding, gap_finding, jam_finding
from uskat.water.flood_level import Colour, colour_of, flood_rules, known_posts, left_to, yellow_from
from uskat.water.interval import INTERVAL, Interval
from uskat.water.network import demo_network
from uskat.water.network_items import FloodLevels
from uskat.water.way_of_water import posts_downstream

T0 = datetime(2026, 5, 3, tzinfo=UTC)
WINTER = datetime(2026, 1, 10, tzinfo=UTC)
RULES = flood_rules()
LEVELS = FloodLevels(
    floodplain_cm=320, adverse_cm=400, dangerous_cm=460, low_cm=130, flag="demo, unverified", source="тест"
)


def course(levels, first=T0):
    return [
        Interval(first + place * INTERVAL, 20, 20, 0, level, level, level)
        for place, level in enumerate(levels)
        if level is not None
    ]


def floods(levels, marks=LEVELS, first=T0):
    return flood_episodes(level_points(course(levels, first), RULES), marks, rules=RULES, since=first)


def ramp(start, stop, steps):
    return [start + (stop - start) * place / steps for place in range(steps + 1)]


@pytest.mark.parametrize(
    ("level", "rise", "expected"),
    [
        (319, 0, Colour.GREEN), (320, 0, Colour.YELLOW), (200, 29.9, Colour.GREEN), (200, 30, Colour.YELLOW),
        (399, 0, Colour.YELLOW), (400, 0, Colour.ORANGE), (459, 80, Colour.ORANGE), (460, 0, Colour.RED),
        (319, None, Colour.GREEN),
    ],
)  # fmt: skip
def test_the_four_colours(level, rise, expected):
    """norms.md §5.1: green < пойма; yellow ≥ НЯ − 50 cm or rise ≥ 30 cm/day; orange ≥ НЯ; red ≥ ОЯ."""
    assert colour_of(level, LEVELS, rise_cm_day=rise, rules=RULES) is expected


def test_yellow_begins_fifty_below_the_adverse_level_where_that_is_lower():
    assert yellow_from(FloodLevels(adverse_cm=400, flag="", source=""), RULES) == 350
    assert yellow_from(FloodLevels(floodplain_cm=360, adverse_cm=400, flag="", source=""), RULES) == 350
    assert yellow_from(FloodLevels(dangerous_cm=630, flag="", source=""), RULES) is None


def test_the_tom_at_novokuznetsk_and_mezhdurechensk():
    """norms.md §5.1: 605 cm is 25 cm below 630; 319 + 131 = 450; the peak of 650 cm was above ОЯ."""
    posts = {post.post: post.levels for post in known_posts()}
    assert left_to(605, posts["Новокузнецк"].dangerous_cm) == 25
    assert left_to(319, posts["Междуреченск"].dangerous_cm) == 131
    assert colour_of(650, posts["Новокузнецк"], rise_cm_day=0, rules=RULES) is Colour.RED
    assert colour_of(605, posts["Новокузнецк"], rise_cm_day=0, rules=RULES) is Colour.GREEN
    assert all(post.levels.source.startswith("https://") and post.levels.flag for post in known_posts())
    assert left_to(605, posts["Новокузнецк"].adverse_cm) is None


def test_a_flood_goes_through_all_colours_and_ends_with_hysteresis():
    rise, fall = ramp(200, 470, 90), ramp(470, 200, 250)
    (episode,) = floods([200.0] * 5 + rise + fall)
    assert episode.colour is Colour.RED
    assert episode.peak_cm == pytest.approx(467, abs=3)
    assert episode.started_at < episode.adverse_at < episode.dangerous_at < episode.peak_at + INTERVAL
    assert episode.settled_at - episode.ended_at == 3 * INTERVAL
    level_at_end = 470 - (episode.ended_at - T0 - 96 * INTERVAL) / INTERVAL * 270 / 250
    assert level_at_end == pytest.approx(310, abs=2.5)  # ten below the 320 at which yellow begins


def test_around_the_mark_an_episode_neither_ends_nor_multiplies():
    (episode,) = floods([300.0] * 80 + [321.0, 318.0, 322.0, 317.0, 321.0] * 30)
    assert episode.settled_at is None


def test_one_wild_reading_opens_nothing_and_two_do():
    assert floods([200.0] * 80 + [900.0] + [200.0] * 80) == []
    assert floods([200.0] * 80 + [-300.0] + [200.0] * 80) == []  # nor does a wild low one look like a rise after it
    assert len(floods([200.0] * 80 + [900.0] * 2 + [200.0] * 80)) == 1


def test_the_rate_of_rise_alone_makes_yellow_also_without_marks():
    slow, fast = [200 + 0.3 * place for place in range(150)], [200 + 0.6 * place for place in range(150)]
    assert floods(slow, FloodLevels(flag="", source="")) == []
    (episode,) = floods(fast, FloodLevels(flag="", source=""))
    assert episode.colour is Colour.YELLOW
    assert episode.rise_cm_day == pytest.approx(43.2)
    assert episode.rise_cm_h == pytest.approx(1.8)


def jams(levels, temperature=None, first=WINTER):
    points = level_points(course(levels, first), RULES)
    warmth = {} if temperature is None else {interval.start: temperature for interval in course(levels, first)}
    return jam_episodes(points, warmth, rules=RULES, since=first)


def test_a_jump_in_ice_is_a_jam_until_it_is_half_way_back():
    (episode,) = jams([150.0] * 10 + [210.0] * 20 + [160.0] * 10, temperature=0.1)
    assert (episode.base_cm, episode.peak_cm, episode.temperature_c) == (150.0, 210.0, 0.1)
    assert episode.started_at == WINTER + 11 * INTERVAL
    assert episode.ended_at == WINTER + 31 * INTERVAL


@pytest.mark.parametrize(
    ("first", "temperature", "found"),
    [(WINTER, None, 1), (WINTER, 0.2, 1), (datetime(2026, 7, 1, tzinfo=UTC), 15.0, 0),
     (datetime(2026, 5, 5, tzinfo=UTC), 0.3, 1), (datetime(2026, 5, 5, tzinfo=UTC), 4.0, 0)],
)  # fmt: skip
def test_ice_is_cold_water_or_the_months_of_ice(first, temperature, found):
    assert len(jams([150.0] * 10 + [210.0] * 20, temperature, first)) == found


def test_a_slow_rise_in_winter_is_no_jam():
    assert jams(ramp(150, 250, 30), temperature=0.0) == []


def test_a_gap_during_a_flood_is_told_and_one_before_it_is_not():
    levels = [200.0] * 5 + [None] * 6 + [200.0] * 5 + ramp(200, 350, 20) + [None] * 4 + [350.0] * 5
    intervals, found = course(levels), floods(levels)
    now = intervals[-1].end
    (gap,) = gap_episodes(intervals, found, rules=RULES, now=now)
    assert gap.ended_at - gap.started_at == 4 * INTERVAL
    assert gap.knowable_at - gap.started_at == timedelta(hours=1)
    later = gap_episodes(intervals, found, rules=RULES, now=now + timedelta(minutes=61))
    assert [one.ended_at for one in later] == [gap.ended_at, None]
    assert gap_episodes(intervals, found, rules=RULES, now=now + timedelta(minutes=60)) == [gap]


levels_of_a_day = st.lists(st.sampled_from([200.0, 250.0, 310.0, 330.0, 405.0, 470.0, None]), max_size=60)


@given(levels_of_a_day, st.randoms(use_true_random=False))
def test_order_and_repetition_of_intervals_change_nothing(levels, noise):
    intervals = course(levels)
    mixed = intervals + [one for one in intervals if noise.random() < 0.5]
    noise.shuffle(mixed)
    assert level_points(mixed, RULES) == level_points(intervals, RULES)
    now = T0 + timedelta(days=2)
    found = floods(levels)
    assert gap_episodes(mixed, found, rules=RULES, now=now) == gap_episodes(intervals, found, rules=RULES, now=now)


@given(levels_of_a_day)
def test_rises_follow_a_slow_reading_of_the_rule(levels):
    """Reference twin of the sliding minimum: look back over every point again."""
    points = level_points(course(levels), RULES)
    for point in points:
        for rise, length in ((point.rise_cm_day, timedelta(days=1)), (point.jump_cm, timedelta(hours=1))):
            window = [one.level_cm for one in points if point.start - length <= one.start <= point.start]
            assert rise == point.level_cm - min(window)


@given(levels_of_a_day, st.integers(0, 59))
def test_judged_again_from_where_no_flood_is_open_the_rest_is_the_same(levels, cut):
    whole = floods(levels)
    since = T0 + cut * INTERVAL
    assume(not any(one.started_at < since and (one.settled_at is None or one.settled_at > since) for one in whole))
    points = level_points(course(levels), RULES)
    again = flood_episodes(points, LEVELS, rules=RULES, since=since)
    assert again == [one for one in whole if one.started_at >= since]


SUBJECT = GaugeSubject(5, 3, published=True, levels=LEVELS, downstream=posts_downstream(demo_network(), "U-25"))


def test_a_flood_is_told_with_what_is_left_to_the_marks():
    (episode,) = floods([200.0] * 5 + ramp(200, 382, 60))
    found = flood_finding(episode, SUBJECT, rules=RULES)
    assert found.severity is Severity.NOTICE
    assert found.title == "Подъём воды, жёлтый уровень: 379 см, до НЯ осталось 21 см"
    assert found.figures["to_dangerous"].value == pytest.approx(81, abs=0.1)
    assert "вода ещё поднимается" in found.reasons[0]
    assert any("не проверены" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("peak", "severity", "title"),
    [(410.0, Severity.HIGH, "до ОЯ осталось 50 см"), (475.0, Severity.EXTREME, "выше ОЯ на 15 см")],
)
def test_the_colours_weigh(peak, severity, title):
    (episode,) = floods(ramp(200, peak, 60) + [peak] * 4)
    found = flood_finding(episode, SUBJECT, rules=RULES)
    assert found.severity is severity
    assert found.title.endswith(title)


def test_the_forecast_names_the_posts_below_with_a_range():
    """Kinematic wave, 5/3 of Jobson's velocity (norms.md §5.2); U-25 to U-01 is 24 km."""
    (episode,) = floods(ramp(200, 410, 60) + [390.0] * 6)
    forecast = flood_finding(episode, SUBJECT, rules=RULES).detail["forecast"]
    assert [entry["station"] for entry in forecast] == ["U-21", "U-15", "U-08", "U-01", "TOM-545"]
    mouth = forecast[3]
    assert mouth["what"] == "crest"
    assert mouth["distance_km"] == 24.0
    hours = [
        (datetime.fromisoformat(mouth[name]) - episode.peak_at).total_seconds() / 3600
        for name in ("earliest", "expected", "latest")
    ]
    assert hours == sorted(hours)
    assert hours[0] == pytest.approx(24_000 / (5 / 3 * 1.0859) / 3600, rel=1e-3)  # Q = 60 of the table: 1.0859 m/s
    assert hours[2] == pytest.approx(24_000 / (5 / 3 * 0.4343) / 3600, rel=1e-3)  # Q = 8, the mean


def test_jams_and_gaps_have_words_of_their_own():
    (jam,) = jams([150.0] * 10 + [210.0] * 5, temperature=0.1)
    told = jam_finding(jam, SUBJECT, rules=RULES)
    assert told.title == "Возможен ледовый затор: уровень подскочил на 60 см"
    assert told.key == "flood:jam:5"
    levels = [200.0] * 5 + ramp(200, 350, 20)
    (gap,) = gap_episodes(course(levels), floods(levels), rules=RULES, now=T0 + timedelta(days=1))
    assert gap_finding(gap, SUBJECT, rules=RULES).ended_at is None
