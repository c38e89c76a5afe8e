"""Severity for people: raised where water comes to a settlement before anybody must act; policies side by side."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.finding import FindingKind, Severity
from uskat.supervision.handling.machine import due_steps, replay
from uskat.supervision.handling.policy import PolicyError, packaged_policies, parse_policy, policy_in_force
from uskat.supervision.handling.step import MACHINE, Action, Step
from uskat.supervision.handling.weight import Reached, settlements_reached, weighed
from uskat.water.network import demo_network
from uskat.water.river_flow import RiverState

FIRST, SECOND = packaged_policies()
NEAR = Reached("burlaki", "Бурлаки", timedelta(minutes=20))
FAR = Reached("terentyevskoye", "Терентьевское", timedelta(hours=7))


def test_a_violation_that_reaches_people_soon_is_grave_and_says_why():
    severity, why = weighed(Severity.VIOLATION, FindingKind.EXCEEDANCE, reached=[FAR, NEAR], policy=SECOND)
    assert severity is Severity.HIGH
    assert "Бурлаки" in why
    assert "0,333 ч" in why


@pytest.mark.parametrize(
    ("severity", "kind", "reached", "policy"),
    [
        (Severity.VIOLATION, FindingKind.EXCEEDANCE, [FAR], SECOND),
        (Severity.VIOLATION, FindingKind.EXCEEDANCE, [], SECOND),
        (Severity.NOTICE, FindingKind.EXCEEDANCE, [NEAR], SECOND),
        (Severity.EXTREME, FindingKind.EXCEEDANCE, [NEAR], SECOND),
        (Severity.VIOLATION, FindingKind.VIBRATION, [NEAR], SECOND),
        (Severity.VIOLATION, FindingKind.EXCEEDANCE, [NEAR], FIRST),
    ],
)
def test_anything_else_weighs_what_the_detector_said(severity, kind, reached, policy):
    assert weighed(severity, kind, reached=reached, policy=policy) == (severity, "")


def test_settlements_below_a_post_come_in_the_order_of_the_water():
    network, state = demo_network(), RiverState(1.0, 1.3, under_ice=False)
    below = settlements_reached(network, "KU-1", state=state)
    assert [one.code for one in below] == ["burlaki", "terentyevskoye"]
    assert below[0].earliest < timedelta(hours=1) < below[1].earliest
    assert settlements_reached(network, "U-36", state=state) == ()
    assert settlements_reached(network, "SEIS-TALDA-1", state=state) == ()


def test_an_alert_begins_under_the_policy_of_its_day():
    assert policy_in_force(packaged_policies(), date(2026, 6, 1)) == FIRST
    assert policy_in_force(packaged_policies(), SECOND.valid_from) == SECOND
    assert policy_in_force(packaged_policies(), date(2020, 1, 1)) == FIRST
    with pytest.raises(PolicyError):
        policy_in_force([], date(2026, 6, 1))


def test_terms_are_those_of_the_policy_that_the_alert_began_under():
    at = datetime(2026, 6, 1, tzinfo=UTC)
    raised = Step(Action.RAISE, at, MACHINE, severity=Severity.VIOLATION, policy=FIRST.id)
    assert replay([raised], FIRST).policy == FIRST.id
    assert due_steps(replay([raised], FIRST), FIRST, now=at + timedelta(minutes=61))


VALID = {
    "id": "agency", "valid_from": "2027-01-01", "verified": True, "source": "Приказ",
    "clocks": {
        severity.value: {"acknowledge_min": 5, "acknowledgement_lasts_min": 60, "escalate_to": ["head"]}
        for severity in Severity
    },
    "shelve_longest_min": 60, "chatter_count": 3, "chatter_window_min": 60,
    "receptors": {"kinds": ["exceedance"], "from": "violation", "becomes": "high", "within_min": 60},
}  # fmt: skip
anything = st.recursive(
    st.floats(1e5, 1e13) | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*VALID]), anything, max_size=4))
def test_whatever_an_agency_enters_is_a_policy_or_refused_with_words(changes):
    try:
        policy = parse_policy(VALID | changes)
    except PolicyError as error:
        words = str(error)
    else:
        words = policy.id
        raised = Step(Action.RAISE, datetime(2027, 1, 1, tzinfo=UTC), MACHINE, severity=Severity.HIGH, policy=policy.id)
        assert due_steps(replay([raised], policy), policy, now=raised.at) == []
    assert words or "id" in changes


@given(st.sampled_from([*VALID["clocks"]["high"]]), anything)
def test_whatever_the_terms_are_they_are_refused_or_can_be_worked_by(name, value):
    clocks = VALID["clocks"] | {"high": VALID["clocks"]["high"] | {name: value}}
    try:
        policy = parse_policy(VALID | {"clocks": clocks})
    except PolicyError:
        return
    raised = Step(Action.RAISE, datetime(2027, 1, 1, tzinfo=UTC), MACHINE, severity=Severity.HIGH, policy=policy.id)
    taken = Step(Action.ACKNOWLEDGE, datetime(2027, 1, 2, tzinfo=UTC), "ivanova")
    assert replay([raised, taken], policy).owner == "ivanova"
