"""The load of a shift: alerts per operator hour, floods, what stands for days; against a slow twin."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.supervision.handling.load import QueuedAlert, load_of, load_rules

RULES = load_rules()
T0 = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)


def at(minutes, left=None):
    return QueuedAlert(T0 + timedelta(minutes=minutes), None if left is None else T0 + timedelta(minutes=left))


def load(alerts, *, minutes=120, operators=1):
    return load_of(alerts, since=T0, until=T0 + timedelta(minutes=minutes), operators=operators, rules=RULES)


def test_eleven_alerts_in_ten_minutes_are_a_flood_and_ten_are_not():
    assert load([at(20 + n / 2) for n in range(10)]).floods == 0
    flood = load([at(20 + n / 2) for n in range(11)])
    assert (flood.floods, flood.most_in_window) == (1, 11)
    # From the minute that ends at 26 (the eleventh came at 25.0) to the one whose window holds fewer than five.
    assert flood.flood_minutes == 8


def test_two_people_bear_twice_as_much():
    alerts = [at(n) for n in range(0, 120, 6)]
    assert (load(alerts).per_operator_hour, load(alerts).word) == (10.0, "heavy")
    assert (load(alerts, operators=2).per_operator_hour, load(alerts, operators=2).word) == (5.0, "acceptable")
    assert load([at(20 + n / 2) for n in range(20)], operators=2).floods == 0


def test_what_stands_longer_than_a_day_is_counted_until_somebody_ends_it():
    old = [at(-3000), at(-3000, left=-100), at(-3000, left=500), at(-100)]
    assert load(old).standing == 2
    assert load(old).alerts == 0


def test_a_load_needs_a_period_and_somebody():
    with pytest.raises(ValueError, match="somebody"):
        load([], operators=0)
    with pytest.raises(ValueError, match="period"):
        load([], minutes=0)


def slow(minutes_of, *, period):
    """Flood minutes as the definition reads, each minute on its own."""
    flood, total = False, 0
    for end in range(1, period + 1):
        count = sum(end - 10 <= moment < end for moment in minutes_of)
        flood = count >= RULES.flood_ends_below if flood else count > RULES.flood_begins_above
        total += flood
    return total


@given(st.lists(st.integers(-15, 89), max_size=60))
def test_flood_minutes_agree_with_the_definition(minutes_of):
    found = load([at(minute) for minute in minutes_of], minutes=90)
    assert found.flood_minutes == slow(minutes_of, period=90)
    assert found.alerts == sum(0 <= minute < 90 for minute in minutes_of)
