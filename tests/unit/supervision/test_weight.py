"""Severity for people: raised where water comes to a settlement before anybody must act; policies side by side."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from uskat.finding import SEVERITY_ORDER, FindingKind, Severity
from uskat.supervision.evidence.grade import Grade
from uskat.supervision.handling.machine import due_steps, replay
from uskat.supervision.handling.policy import (
    PolicyError,
    ReceptorKind,
    packaged_policies,
    parse_policy,
    policy_in_force,
)
from uskat.supervision.handling.step import MACHINE, Action, Step
from uskat.supervision.handling.weight import (
    Reached,
    Weight,
    asks_for_grade,
    asks_for_receptors,
    intakes_reached,
    settlements_reached,
    weighed,
)
from uskat.water.network import demo_network
from uskat.water.river_flow import RiverState
from uskat.water.water_intake import IntakeError, demo_intakes, intakes_at, read_intakes

FIRST, SECOND, THIRD = packaged_policies()
NEAR = Reached("burlaki", "Бурлаки", timedelta(minutes=20))
FAR = Reached("terentyevskoye", "Терентьевское", timedelta(hours=7))


def test_a_violation_that_reaches_people_soon_is_grave_and_says_why():
    weight = weighed(Severity.VIOLATION, FindingKind.EXCEEDANCE, reached=[FAR, NEAR], policy=SECOND)
    assert weight.severity is Severity.HIGH
    assert "Бурлаки" in weight.why
    assert "0,333 ч" in weight.why


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
    assert weighed(severity, kind, reached=reached, policy=policy) == Weight(severity)


def test_settlements_below_a_post_come_in_the_order_of_the_water():
    network, state = demo_network(), RiverState(1.0, 1.3, under_ice=False)
    below = settlements_reached(network, "KU-1", state=state)
    assert [one.code for one in below] == ["burlaki", "terentyevskoye"]
    assert below[0].earliest < timedelta(hours=1) < below[1].earliest
    assert settlements_reached(network, "U-36", state=state) == ()
    assert settlements_reached(network, "SEIS-TALDA-1", state=state) == ()


def test_an_alert_begins_under_the_policy_of_its_day():
    assert policy_in_force(packaged_policies(), date(2026, 6, 1)) == FIRST
    assert policy_in_force(packaged_policies(), SECOND.valid_from) == THIRD
    assert policy_in_force(packaged_policies(), date(2020, 1, 1)) == FIRST
    with pytest.raises(PolicyError):
        policy_in_force([], date(2026, 6, 1))


def test_terms_are_those_of_the_policy_that_the_alert_began_under():
    at = datetime(2026, 6, 1, tzinfo=UTC)
    raised = Step(Action.RAISE, at, MACHINE, severity=Severity.VIOLATION, policy=FIRST.id)
    assert replay([raised], FIRST).policy == FIRST.id
    assert due_steps(replay([raised], FIRST), FIRST, now=at + timedelta(minutes=61))


GRADES = list(Grade)
KINDS = sorted(FindingKind)
receptors = st.builds(
    Reached,
    code=st.text("abc", min_size=1, max_size=3), name=st.just("Водозабор (демо)"),
    earliest=st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes)), of=st.sampled_from(ReceptorKind),
)  # fmt: skip
graded = st.one_of(st.none(), st.sampled_from(GRADES))


def place(weight):
    return SEVERITY_ORDER.index(weight.severity)


@given(st.sampled_from(KINDS), st.lists(receptors, max_size=5), graded, st.sampled_from(packaged_policies()))
def test_a_graver_level_of_the_norm_never_weighs_less(kind, reached, grade, policy):
    weights = [weighed(one, kind, reached=reached, policy=policy, grade=grade) for one in SEVERITY_ORDER]
    assert [place(one) for one in weights] == sorted(place(one) for one in weights)


@given(st.sampled_from(SEVERITY_ORDER), st.sampled_from(KINDS), st.lists(receptors, max_size=5))
def test_better_evidence_never_weighs_less_and_the_best_lets_the_level_of_the_norm_through(severity, kind, reached):
    weights = [weighed(severity, kind, reached=reached, policy=THIRD, grade=grade) for grade in GRADES]
    assert [place(one) for one in weights] == sorted(place(one) for one in weights)
    assert place(weights[-1]) >= SEVERITY_ORDER.index(severity)


@given(st.sampled_from(SEVERITY_ORDER), st.sampled_from(KINDS), st.lists(receptors, max_size=5), receptors, graded)
def test_one_more_receptor_or_a_nearer_one_never_weighs_less(severity, kind, reached, more, grade):
    def weight(*places):
        return place(weighed(severity, kind, reached=places, policy=THIRD, grade=grade))

    assert weight(*reached, more) >= weight(*reached)
    nearer = Reached(more.code, more.name, more.earliest / 2, more.of)
    assert weight(*reached, nearer) >= weight(*reached, more)


@given(
    st.sampled_from(SEVERITY_ORDER), st.sampled_from(KINDS), st.lists(receptors, max_size=5), st.sampled_from(GRADES)
)
def test_what_is_not_asked_for_would_change_nothing(severity, kind, reached, grade):
    plain = weighed(severity, kind, reached=reached, policy=THIRD)
    if not asks_for_receptors(THIRD, kind, severity=severity):
        assert plain.severity is severity
    if not asks_for_grade(THIRD, kind, severity=severity, raised=plain.severity):
        assert weighed(severity, kind, reached=reached, policy=THIRD, grade=grade).severity is plain.severity


def test_water_at_a_drinking_intake_is_graver_than_at_a_technical_one_and_doubtful_readings_raise_nothing():
    soon = timedelta(minutes=90)
    drinking = Reached("wi-zarya-demo", "Водозабор «Заря» (демо)", soon, ReceptorKind.DRINKING)
    technical = Reached("wi-svetly-klyuch-demo", "Водозабор фабрики (демо)", soon, ReceptorKind.TECHNICAL)

    def weight(severity, *reached, grade):
        return weighed(severity, FindingKind.EXCEEDANCE, reached=reached, policy=THIRD, grade=grade)

    raised = weight(Severity.VIOLATION, technical, drinking, grade=Grade.E1)
    assert (raised.severity, raised.grade) == (Severity.HIGH, Grade.E1)
    assert "«Заря»" in raised.why
    assert weight(Severity.VIOLATION, technical, grade=Grade.E3).severity is Severity.VIOLATION
    assert weight(Severity.VIOLATION, drinking, grade=Grade.E0).severity is Severity.VIOLATION
    assert weight(Severity.HIGH, drinking, grade=Grade.E2).severity is Severity.EXTREME
    held = weight(Severity.EXTREME, grade=Grade.E1)
    assert held.severity is Severity.HIGH
    assert "E1" in held.why
    assert weight(Severity.EXTREME, grade=Grade.E2) == Weight(Severity.EXTREME, "", Grade.E2)


def test_intakes_below_a_post_come_with_what_they_are_for_and_one_given_up_does_not():
    network, state = demo_network(), RiverState(1.0, 1.3, under_ice=False)
    intakes = demo_intakes()
    below = intakes_reached(network, "U-36", intakes=intakes, state=state)
    assert [(one.code, one.of) for one in below] == [
        ("wi-zarya-demo", "drinking"), ("wi-beryozka-demo", "irrigation"), ("wi-svetly-klyuch-demo", "technical"),
    ]  # fmt: skip
    assert timedelta(0) < below[0].earliest < below[1].earliest
    assert [one.code for one in intakes_reached(network, "U-15", intakes=intakes, state=state)] == [
        "wi-svetly-klyuch-demo"
    ]
    assert intakes_reached(network, "SEIS-TALDA-1", intakes=intakes, state=state) == ()
    closed = [replace(one, valid_until=date(2026, 5, 31)) for one in intakes]
    assert intakes_at(closed, date(2026, 5, 31)) == tuple(sorted(closed, key=lambda one: one.code))
    assert intakes_at(closed, date(2026, 6, 1)) == ()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (b'"version": 2', "reads 1"), (b'"version": 1, "km": 3', "unknown field"), (b"", "not a list"),
    ],
)  # fmt: skip
def test_a_list_of_intakes_that_cannot_be_used_is_refused_with_words(broken, words):
    body = files("uskat.data").joinpath("network", "demo_intakes.json").read_bytes()
    with pytest.raises(IntakeError, match=words):
        read_intakes(body.replace(b'"version": 1', broken) if broken else b"[]")


def test_an_invented_intake_says_so_and_a_code_comes_once():
    body = files("uskat.data").joinpath("network", "demo_intakes.json").read_text(encoding="utf-8")
    with pytest.raises(IntakeError, match="демо"):
        read_intakes(body.replace("«Заря» (демо)", "«Заря»"))
    with pytest.raises(IntakeError, match="twice"):
        read_intakes(body.replace("wi-beryozka-demo", "wi-zarya-demo"))
    with pytest.raises(IntakeError, match="before"):
        read_intakes(body.replace('"source": "вымышлен', '"valid_until": "2019-01-01", "source": "вымышлен', 1))


VALID = {
    "id": "agency", "valid_from": "2027-01-01", "verified": True, "source": "Приказ",
    "clocks": {
        severity.value: {"acknowledge_min": 5, "acknowledgement_lasts_min": 60, "escalate_to": ["head"]}
        for severity in Severity
    },
    "shelve_longest_min": 60, "chatter_count": 3, "chatter_window_min": 60,
    "receptors": {"kinds": ["exceedance"], "from": "violation", "becomes": "high", "within_min": 60},
    "evidence": {"kinds": ["exceedance"], "raises_from": "E1", "needs": "E2", "at_most": "high"},
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
