"""The step at a service visit, and the course of the day that is taken off it."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from uskat.water.interval import INTERVAL
from uskat.water.service_step import Service, service_step, services_of

T0 = datetime(2026, 6, 1, tzinfo=UTC)
VISIT = Service(T0 + timedelta(hours=30), T0 + timedelta(hours=31))


def course(*, jump=0.0, swing=0.0, hours=40):
    means = {}
    for place in range(3 * hours):
        start = T0 + place * INTERVAL
        day = swing * math.sin(2 * math.pi * place / 72)
        means[start] = 8.0 + day + (jump if start >= VISIT.end else 0.0)
    return means


def test_a_step_beyond_twice_the_criterion_is_told():
    found = service_step("do", course(jump=1.0), service=VISIT)
    assert found.step == pytest.approx(1.0)
    assert found.criterion == pytest.approx(0.6)


@pytest.mark.parametrize("means", [course(), course(jump=0.5), course(swing=1.5)])
def test_small_steps_and_the_course_of_the_day_are_none(means):
    assert service_step("do", means, service=VISIT) is None


def test_it_cannot_be_told_without_the_hours_after_or_the_day_before_or_a_criterion():
    means = course(jump=1.0)
    assert (
        service_step("do", {at: mean for at, mean in means.items() if at < VISIT.end + INTERVAL}, service=VISIT) is None
    )
    assert (
        service_step("do", {at: mean for at, mean in means.items() if at > T0 + timedelta(hours=20)}, service=VISIT)
        is None
    )
    assert service_step("nh4", means, service=VISIT) is None


def test_served_intervals_are_joined_over_a_pause_of_one_and_long_ones_are_no_visit():
    starts = [T0, T0 + 2 * INTERVAL, T0 + 9 * INTERVAL]
    assert services_of(starts) == [
        Service(T0, T0 + 3 * INTERVAL),
        Service(T0 + 9 * INTERVAL, T0 + 10 * INTERVAL),
    ]
    assert services_of([T0 + place * INTERVAL for place in range(30)]) == []
