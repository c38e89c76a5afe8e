from datetime import UTC, datetime, timedelta

import pytest

from uskat.finding import Severity
from uskat.water.background import (
    Background,
    BackgroundSource,
    Rise,
    UpstreamPost,
    allowed_maximum,
    seasonal_background,
    travel_window,
    upstream_background,
)
from uskat.water.interval import INTERVAL, Interval
from uskat.water.norms import exceeds, norm_in_force, severity_of, with_background

T0 = datetime(2026, 6, 1, 12, tzinfo=UTC)
POST = UpstreamPost("U-25", 4.0, travel_s=3 * 3600, weight=8.0)


def measured(values, first=T0 - timedelta(hours=6)):
    starts = [first + place * INTERVAL for place in range(len(values))]
    return {s: Interval(s, 20, 20, 0, v, v, v) for s, v in zip(starts, values, strict=True) if v is not None}


@pytest.mark.parametrize(
    ("rise", "background", "expected"),
    [
        (Rise(0.75), 12.0, 12.75),
        (Rise(0.75, natural_above=30.0, natural_share=0.05), 30.0, 30.75),
        (Rise(0.75, natural_above=30.0, natural_share=0.05), 40.0, 42.0),  # 5 % of a natural 40 mg/dm³
        (Rise(5.0, ceiling=28.0), 20.0, 25.0),
        (Rise(5.0, ceiling=28.0), 25.0, 28.0),
        (Rise(5.0, ceiling=8.0), 10.0, 15.0),  # nature itself is above the ceiling: only the rise counts
    ],
)
def test_what_may_lie_above_a_background(rise, background, expected):
    assert allowed_maximum(rise, background) == pytest.approx(expected)


def test_the_window_of_travel_covers_a_factor_of_1_3():
    low, high = travel_window(T0, 3 * 3600)
    assert low == T0 - timedelta(hours=4)  # 3.9 h, at the start of its interval
    assert high == T0 - timedelta(hours=2)  # up to and with the interval 2.31 h ago


def test_the_background_upstream_is_the_mean_of_the_window_with_its_spread():
    found = upstream_background(T0, [POST], intervals={"U-25": measured([10.0, 12.0] * 9)})
    assert found.source is BackgroundSource.UPSTREAM
    assert found.value == pytest.approx(11.0)
    assert found.uncertainty == pytest.approx(2.0)  # twice the standard deviation of 1


def test_branches_are_mixed_by_their_water_and_all_of_them_must_speak():
    other = UpstreamPost("TA-2", 3.0, travel_s=3 * 3600, weight=2.0)
    both = {"U-25": measured([10.0] * 18), "TA-2": measured([20.0] * 18)}
    assert upstream_background(T0, [POST, other], intervals=both).value == pytest.approx(12.0)
    assert upstream_background(T0, [POST, other], intervals={"U-25": both["U-25"]}) is None


def test_half_of_the_window_is_enough_and_less_is_not():
    half = [None if place % 2 else 10.0 for place in range(18)]
    assert upstream_background(T0, [POST], intervals={"U-25": measured(half)}) is not None
    third = [10.0 if place % 3 == 0 else None for place in range(18)]
    assert upstream_background(T0, [POST], intervals={"U-25": measured(third)}) is None
    assert upstream_background(T0, [], intervals={}) is None


def test_the_season_speaks_from_a_week_on_and_one_wild_day_changes_little():
    assert seasonal_background([12.0] * 6) is None
    found = seasonal_background([11.0, 12.0, 13.0, 12.0, 11.5, 12.5, 30.0])
    assert found.value == 12.0
    assert found.source is BackgroundSource.SEASON
    assert found.uncertainty == pytest.approx(2 * 1.4826 * 0.5)


def tss(moment=T0):
    return norm_in_force("tss", moment, water_use="fishery_2")


def test_a_rise_is_exceeded_beyond_the_noise_of_the_difference():
    norm = with_background(tss(), Background(12.0, 0.0, BackgroundSource.UPSTREAM), uncertainty=1.0)
    assert norm.maximum == pytest.approx(12.75 + 2**0.5)
    assert not exceeds(norm, 14.1)
    assert exceeds(norm, 14.2)
    assert severity_of(norm, 14.2) is Severity.VIOLATION


def test_beyond_the_seasons_background_is_only_worth_a_look():
    norm = with_background(tss(), Background(12.0, 1.0, BackgroundSource.SEASON), uncertainty=1.0)
    assert severity_of(norm, 100.0) is Severity.NOTICE


def test_a_fixed_limit_takes_no_background():
    fixed = norm_in_force("nh4", T0, water_use="fishery_2")
    with pytest.raises(ValueError, match="no rise"):
        with_background(fixed, Background(0.1, 0.0, BackgroundSource.SEASON), uncertainty=0.0)


def test_turbidity_is_never_suspended_solids_without_a_calibration():
    """norms_water.csv, turb: TSS = a·Turb^b by local calibration; without it no exceedance of TSS."""
    assert norm_in_force("turb", T0, water_use="fishery_2") is None
    assert norm_in_force("turb", T0, water_use="household") is None
