"""Drift: told apart from what passes the neighbours, from noise, from one day, and from a change of everything."""

import numpy as np
import pytest

from uskat.water.drift import DayCourse, departure, drift_levels
from uskat.water.quality.flag import Flag

DAYS = 16


def course(level, *, seed, deviation=0.05, slope=0.0, since=6):
    days = np.arange(DAYS)
    return level + np.random.default_rng(seed).normal(0, deviation, DAYS) + slope * np.maximum(0, days - since)


def post(own, *neighbours, first=0):
    return DayCourse(own, tuple(neighbours), first)


def oxygen(**own):
    return post(course(9.0, seed=1, **own), course(9.2, seed=2), course(8.9, seed=3))


def test_a_sensor_that_leaves_both_neighbours_drifts():
    (flag, found) = drift_levels({"do": oxygen(slope=-0.2)})["do"]
    assert flag is Flag.FAIL
    assert found.shift == pytest.approx(-1.7, abs=0.25)
    assert found.per_day < 0


def test_a_small_departure_is_suspect_and_excludes_nothing():
    (flag, found) = drift_levels({"do": oxygen(slope=-0.09)})["do"]
    assert (flag, found.exclude) == (Flag.SUSPECT, False)


def test_a_steady_sensor_does_not_drift():
    assert drift_levels({"do": oxygen()}) == {}


def test_what_the_post_below_shows_too_is_the_river():
    polluted = post(course(9.0, seed=1, slope=-0.2), course(9.2, seed=2), course(8.9, seed=3, slope=-0.2))
    assert drift_levels({"do": polluted}) == {}


def test_between_two_posts_nobody_knows_which_is_wrong():
    assert departure("do", post(course(9.0, seed=1, slope=-0.3), course(9.2, seed=2))) is None


def test_one_odd_day_is_no_drift():
    own = course(9.0, seed=1)
    own[-1] -= 3
    assert drift_levels({"do": post(own, course(9.2, seed=2), course(8.9, seed=3))}) == {}


def test_three_parameters_that_leave_together_are_the_water():
    moving = {
        "do": oxygen(slope=-0.2),
        "ph": post(*[course(7.6, seed=seed, deviation=0.01, slope=0.1 * (seed == 4)) for seed in (4, 5, 6)]),
        "temp": post(course(12, seed=7, slope=0.2), course(12, seed=8), course(12, seed=9)),
    }
    assert drift_levels(moving) == {}
    del moving["temp"]
    assert set(drift_levels(moving)) == {"do", "ph"}


def test_conductivity_is_compared_as_a_ratio():
    own = course(800, seed=1, deviation=4, slope=25)
    found = departure("ec25", post(own, course(420, seed=2, deviation=3), course(600, seed=3, deviation=3)))
    assert found.significant
    assert found.shift == pytest.approx(200, rel=0.1)


def test_days_of_an_event_at_a_neighbour_do_not_count():
    neighbour = course(420, seed=2, deviation=3)
    neighbour[10:] *= 1.8
    assert departure("ec25", post(course(800, seed=1), neighbour, course(600, seed=3))) is None


def test_a_service_begins_a_new_comparison():
    late = post(course(9.0, seed=1, slope=-0.3), course(9.2, seed=2), course(8.9, seed=3), first=DAYS - 5)
    assert departure("do", late) is None


def test_too_few_days_or_missing_last_ones_are_not_judged():
    short = [one[:6] for one in (course(9.0, seed=1), course(9.2, seed=2), course(8.9, seed=3))]
    assert departure("do", post(*short)) is None
    gone = course(9.0, seed=1)
    gone[-2:] = np.nan
    assert departure("do", post(gone, course(9.2, seed=2), course(8.9, seed=3))) is None


def test_only_parameters_with_a_criterion_are_judged():
    assert drift_levels({"nh4": oxygen(slope=-0.3)}) == {}
