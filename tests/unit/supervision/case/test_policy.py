"""Terms as data: who is told first, how far apart, which version a case is opened under."""

import json
from datetime import date, timedelta
from importlib.resources import files

import pytest

from tests.unit.supervision.case.papers import T0, machine, opening, step
from uskat.supervision.case.machine import begin, replay, take
from uskat.supervision.case.policy import CasePolicyError, case_policy_on, packaged_case_policies, parse_case_policy
from uskat.supervision.case.roster import Shift
from uskat.supervision.case.term import deadlines, due_at, due_escalations


def document(**changes):
    text = files("uskat.data").joinpath("supervision", "case_policy.json").read_text(encoding="utf-8")
    return json.loads(text)["policies"][-1] | changes


def test_the_person_on_duty_hears_first_and_their_superiors_a_rung_apart():
    shifts = [
        Shift(person, duty, None, T0, T0 + timedelta(days=1))
        for person, duty in (("ivanova", "inspector"), ("petrov", "senior_inspector"), ("orlov", "head"))
    ]
    case = begin(step(0, opening(policy="case-policy-2")))
    assert deadlines(case)[0].at == T0 + timedelta(minutes=60)
    called = []
    for minutes in (60, 90, 120):
        assert due_at(case) == T0 + timedelta(minutes=minutes)
        [told] = due_escalations(case, shifts=shifts, now=T0 + timedelta(minutes=minutes))
        called.append((told.to, told.person))
        case = take(case, machine(minutes, told))
    assert called == [("inspector", "ivanova"), ("senior_inspector", "petrov"), ("head", "orlov")]


def test_an_agencys_version_takes_over_on_its_day_and_a_case_keeps_the_one_it_was_opened_under():
    own = parse_case_policy(document(id="agency-1", valid_from="2027-01-01"))
    later = parse_case_policy(document(id="agency-2", valid_from="2027-02-01"))
    assert case_policy_on(date(2026, 12, 31), [own, later]).id == "case-policy-2"
    assert case_policy_on(date(2027, 1, 1), [own, later]).id == "agency-1"
    assert case_policy_on(date(2027, 3, 1), [later, own]).id == "agency-2"
    assert case_policy_on(date(2020, 1, 1)).id == packaged_case_policies()[0].id
    short = document(id="agency-3")
    for terms in short["terms"].values():
        terms |= {"acknowledge_min": 7}
    steps = [step(0, opening(policy="agency-3"))]
    assert due_at(replay(steps, parse_case_policy(short))) == T0 + timedelta(minutes=7)
    with pytest.raises(CasePolicyError, match="no case policy 'agency-3'"):
        replay(steps)
    with pytest.raises(CasePolicyError, match="no case policy 'agency-3'"):
        replay(steps, own)  # terms of another name are not taken for them


@pytest.mark.parametrize(("changes", "place"), [({"escalate_every_min": 0}, "escalate_every_min: 0"),
                                                ({"decide_min": 10**12}, "ten years")])  # fmt: skip
def test_a_rung_or_a_term_that_nobody_could_keep_is_refused(changes, place):
    broken = document()
    broken["terms"]["high"] |= changes
    with pytest.raises(CasePolicyError, match=place):
        parse_case_policy(broken)
