"""Severity for people: raised where water comes to a settlement before anybody must act; policies side by side."""

from datetime import UTC, date, datetime, timedelta

import pytest

from uskat.finding import FindingKind, Severity
from uskat.supervision.handling.machine import due_steps, replay
from uskat.supervision.handling.policy import PolicyError, packaged_policies, policy_in_force
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
