"""The life of an alert in people's hands: terms, refusals, and any course of steps (stateful)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from uskat.finding import SEVERITY_ORDER, Severity
from uskat.supervision.handling.machine import (
    Attention,
    Handling,
    IllegalStepError,
    Review,
    begin,
    due_at,
    due_steps,
    replay,
    take,
)
from uskat.supervision.handling.policy import PolicyError, packaged_policies, packaged_policy, parse_policy
from uskat.supervision.handling.step import MACHINE, Action, RejectionReason, Step, step_of
from uskat.supervision.reconcile import AlertState

POLICY = packaged_policy()
T0 = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
RAISED = Step(Action.RAISE, T0, MACHINE, severity=Severity.VIOLATION, policy=POLICY.id)


def after(minutes: float, action: Action, by: str = "ivanova", **more: object) -> Step:
    return Step(action, T0 + timedelta(minutes=minutes), by, **more)  # type: ignore[arg-type]


def state(*steps: Step) -> Handling:
    return replay([RAISED, *steps], POLICY)


def test_an_alert_nobody_takes_is_escalated_when_its_term_runs_out_and_once():
    waiting = state()
    assert due_at(waiting, POLICY) == T0 + timedelta(minutes=60)
    assert due_steps(waiting, POLICY, now=T0 + timedelta(minutes=59)) == []
    [told] = due_steps(waiting, POLICY, now=T0 + timedelta(minutes=61))
    assert (told.action, told.to, told.by) == (Action.ESCALATE, "senior_inspector", MACHINE)
    escalated = take(waiting, told, policy=POLICY)
    assert due_steps(escalated, POLICY, now=T0 + timedelta(days=3)) == []
    assert due_at(escalated, POLICY) is None


def test_a_grave_alert_climbs_one_role_a_term():
    extreme = begin(replace(RAISED, severity=Severity.EXTREME))
    roles = [step.to for step in due_steps(extreme, POLICY, now=T0 + timedelta(minutes=31))]
    assert roles == ["senior_inspector", "head"]


def test_an_acknowledgement_lapses_and_returns_the_alert_to_the_queue():
    taken = state(after(10, Action.ACKNOWLEDGE))
    assert (taken.attention, taken.owner) == (Attention.ACKNOWLEDGED, "ivanova")
    end = T0 + timedelta(minutes=10, hours=24)
    assert due_steps(taken, POLICY, now=end - timedelta(seconds=1)) == []
    [lapse] = due_steps(taken, POLICY, now=end)
    back = take(taken, lapse, policy=POLICY)
    assert (back.attention, back.owner, back.since) == (Attention.WAITING, None, end)


def test_what_gets_graver_after_it_was_taken_waits_again_and_what_gets_lighter_does_not():
    graver = state(after(5, Action.ACKNOWLEDGE), after(9, Action.REGRADE, MACHINE, severity=Severity.EXTREME))
    assert graver.attention is Attention.WAITING
    lighter = state(after(5, Action.ACKNOWLEDGE), after(9, Action.REGRADE, MACHINE, severity=Severity.NOTICE))
    assert lighter.attention is Attention.ACKNOWLEDGED


def test_what_gets_graver_climbs_its_own_roles_and_nobody_is_told_twice():
    service = replace(RAISED, severity=Severity.MAINTENANCE)
    told = after(1441, Action.ESCALATE, MACHINE, to="metrologist")
    graver = replay([service, told, after(1442, Action.REGRADE, MACHINE, severity=Severity.VIOLATION)], POLICY)
    [owed] = due_steps(graver, POLICY, now=T0 + timedelta(minutes=1443))
    assert owed.to == "senior_inspector", "the metrologist was told of a fault, not of a violation"
    told = after(61, Action.ESCALATE, MACHINE, to="senior_inspector")
    lighter = [told, after(62, Action.REGRADE, MACHINE, severity=Severity.NOTICE)]
    back = state(*lighter, after(63, Action.REGRADE, MACHINE, severity=Severity.HIGH))
    assert [step.to for step in due_steps(back, POLICY, now=T0 + timedelta(minutes=64))] == ["head"]


def test_what_was_over_and_comes_back_waits_again_confirmed():
    over = state(after(5, Action.CONFIRM), after(20, Action.RETURN, MACHINE), after(30, Action.RESOLVE))
    assert (over.review, over.attention) == (Review.RESOLVED, Attention.CLOSED)
    again = take(over, after(40, Action.REOPEN, MACHINE), policy=POLICY)
    assert (again.review, again.attention) == (Review.CONFIRMED, Attention.WAITING)
    [told] = due_steps(again, POLICY, now=T0 + timedelta(minutes=101))
    assert told.to == "senior_inspector"


def test_a_cause_that_comes_and_goes_stops_calling():
    steps = [after(1, Action.ACKNOWLEDGE)]
    for turn in range(POLICY.chatter_count):
        steps += [after(10 + 20 * turn, Action.RETURN, MACHINE), after(20 + 20 * turn, Action.REOPEN, MACHINE)]
        if turn < POLICY.chatter_count - 1:
            assert state(*steps).attention is Attention.WAITING
            steps.append(after(25 + 20 * turn, Action.ACKNOWLEDGE))
    restless = state(*steps)
    assert (restless.attention, restless.restless) == (Attention.ACKNOWLEDGED, True)


def test_a_verdict_of_people_outlives_what_the_sensor_does():
    rejected = state(
        after(5, Action.REJECT, reason=RejectionReason.INSTRUMENT, note="датчик на берегу"),
        after(20, Action.RETURN, MACHINE),
        after(40, Action.REOPEN, MACHINE),
    )
    assert (rejected.review, rejected.attention) == (Review.REJECTED, Attention.CLOSED)
    again = take(rejected, after(60, Action.RECONSIDER, note="проба подтвердила"), policy=POLICY)
    assert (again.review, again.attention, again.reason) == (Review.OPEN, Attention.WAITING, None)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([after(1, Action.ACKNOWLEDGE, MACHINE)], "принимает человек"),
        ([after(1, Action.REJECT)], "с причиной из списка"),
        ([after(1, Action.REJECT, reason=RejectionReason.DUPLICATE)], "У дубля"),
        ([after(1, Action.RESOLVE)], "только подтверждённое"),
        ([after(1, Action.CONFIRM), after(2, Action.RESOLVE)], "Причина ещё действует"),
        ([after(1, Action.WITHDRAW, MACHINE)], "почему"),
        ([after(1, Action.SHELVE, note="ледоход")], "до какого времени"),
        ([after(1, Action.SHELVE, note="ледоход", until=T0 + timedelta(days=30))], "не дольше чем на 168 ч"),
        ([after(1, Action.SUPPRESS, MACHINE)], "Назовите обслуживание"),
        ([after(1, Action.ESCALATE, MACHINE, to="head")], "в порядке правил"),
        ([after(1, Action.ESCALATE, MACHINE, to="senior_inspector")], "Срок ещё не вышел"),
        ([after(5, Action.ACKNOWLEDGE), after(1, Action.CONFIRM)], "раньше предыдущего"),
        ([after(1, Action.ACKNOWLEDGE), after(2, Action.LAPSE, MACHINE)], "ещё не вышел"),
        ([RAISED], "один раз"),
    ],
)
def test_a_step_that_may_not_be_is_refused_with_the_reason(steps, why):
    with pytest.raises(IllegalStepError, match=why):
        state(*steps)


def test_a_step_survives_its_json():
    step = after(
        3, Action.SHELVE, note="ледоход", until=T0 + timedelta(hours=5), reference="visit:7", severity=Severity.HIGH
    )
    assert step_of(step.to_json()) == step
    with pytest.raises(ValueError, match="colour"):
        step_of(step.to_json() | {"colour": "red"})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d["clocks"].pop("high"), "no terms for high"),
        (lambda d: d["clocks"]["high"].update(acknowledge_min=0), "clocks.high.acknowledge_min: 0"),
        (lambda d: d.pop("chatter_count"), "chatter_count is missing"),
    ],
)
def test_a_policy_with_a_gap_is_refused_by_its_place(change, why):
    clocks = {
        severity.value: {"acknowledge_min": 5, "acknowledgement_lasts_min": 60, "escalate_to": ["head"]}
        for severity in Severity
    }
    document = {
        "id": "p", "valid_from": "2026-01-01", "verified": False, "source": "s", "clocks": clocks,
        "shelve_longest_min": 60, "chatter_count": 3, "chatter_window_min": 60,
    }  # fmt: skip
    parse_policy(document)
    change(document)
    with pytest.raises(PolicyError, match=why):
        parse_policy(document)


class Course(RuleBasedStateMachine):
    """Any steps in any order, under any policy: what is refused changes nothing, what is taken replays."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.policy = POLICY
        self.history = [RAISED]
        self.handling = begin(RAISED)

    @initialize(policy=st.sampled_from(packaged_policies()))
    def begin_under(self, *, policy):
        self.policy = policy
        self.history = [replace(RAISED, policy=policy.id)]
        self.handling = begin(self.history[0])

    @rule(
        action=st.sampled_from(Action),
        minutes=st.integers(0, 3000),
        by=st.sampled_from([MACHINE, "ivanova", "petrov"]),
        note=st.sampled_from(["", "ледоход"]),
        severity=st.sampled_from(Severity),
        shelf_h=st.sampled_from([1, 100, 1000]),
        reason=st.sampled_from([None, *RejectionReason]),
        reference=st.sampled_from([None, "alert:1"]),
    )
    def try_a_step(self, *, action, minutes, by, note, severity, shelf_h, reason, reference):
        at = self.now + timedelta(minutes=minutes)
        step = Step(
            action, at, by, note=note, severity=severity, policy=self.policy.id, until=at + timedelta(hours=shelf_h),
            reason=reason, reference=reference, to="senior_inspector",
        )  # fmt: skip
        before = self.handling
        try:
            self.handling = take(before, step, policy=self.policy)
        except IllegalStepError:
            return
        else:
            self.now = at
            self.history.append(step)

    @precondition(lambda self: due_at(self.handling, self.policy) is not None)
    @rule(late_min=st.integers(0, 500))
    def let_a_term_run_out(self, late_min):
        self.now = max(self.now, due_at(self.handling, self.policy) + timedelta(minutes=late_min))
        owed = due_steps(self.handling, self.policy, now=self.now)
        assert owed, "a term that ran out owes a step"
        for step in owed:
            self.handling = take(self.handling, step, policy=self.policy)
            self.history.append(step)
        assert all(step.by == MACHINE for step in owed)

    @invariant()
    def the_history_replays_to_the_present(self):
        assert replay([step_of(step.to_json()) for step in self.history], self.policy) == self.handling

    @invariant()
    def nothing_contradicts_itself(self):
        now = self.handling
        closed = now.review in {Review.REJECTED, Review.RESOLVED}
        assert not closed or now.attention is Attention.CLOSED
        assert now.attention is not Attention.CLOSED or closed or now.machine is AlertState.WITHDRAWN
        assert (now.reason is not None) == (now.review is Review.REJECTED)
        assert now.attention is not Attention.ACKNOWLEDGED or now.owner not in {None, MACHINE}
        assert (now.until is not None) == (now.attention in {Attention.ACKNOWLEDGED, Attention.SHELVED})
        assert now.severity in SEVERITY_ORDER


Course.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_any_course_of_steps = Course.TestCase
