"""The life of a complaint: refusals, and any course of steps (stateful)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from uskat.supervision.complaint.machine import (
    ENDED,
    Complaint,
    IllegalComplaintStepError,
    Stage,
    begin_complaint,
    replay_complaint,
    take_complaint_step,
)
from uskat.supervision.complaint.step import (
    CITIZEN,
    MACHINE,
    ComplaintAction,
    ComplaintRejection,
    ComplaintStep,
    complaint_step_of,
)

T0 = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
RECEIVED = ComplaintStep(ComplaintAction.RECEIVE, T0, CITIZEN)


def after(minutes: float, action: ComplaintAction, by: str = "ivanova", **more: object) -> ComplaintStep:
    return ComplaintStep(action, T0 + timedelta(minutes=minutes), by, **more)  # type: ignore[arg-type]


TAKEN = after(1, ComplaintAction.TAKE)
ANSWERED = after(2, ComplaintAction.ANSWER, note="Проба взята, результат к пятнице")


def state(*steps: ComplaintStep) -> Complaint:
    return replay_complaint([RECEIVED, *steps])


def test_the_usual_course_ends_closed():
    found = state(
        TAKEN, after(1.5, ComplaintAction.LINK, reference="case:7"), ANSWERED, after(9, ComplaintAction.CLOSE)
    )
    assert (found.stage, found.owner, found.links) == (Stage.CLOSED, "ivanova", ("case:7",))
    assert found.closed_at == T0 + timedelta(minutes=9)


@pytest.mark.parametrize(
    ("history", "step"),
    [
        ((), after(1, ComplaintAction.ANSWER, note="да")),
        ((TAKEN,), after(2, ComplaintAction.ANSWER)),
        ((TAKEN,), after(2, ComplaintAction.CLOSE)),
        ((TAKEN,), after(2, ComplaintAction.REJECT)),
        ((TAKEN, ANSWERED), after(3, ComplaintAction.REJECT, reason=ComplaintRejection.SPAM)),
        ((TAKEN,), after(2, ComplaintAction.LINK, reference="alert:0")),
        ((TAKEN,), after(2, ComplaintAction.LINK, reference="telephone:8-900")),
        ((TAKEN,), after(0, ComplaintAction.TAKE)),
        ((), after(1, ComplaintAction.TAKE, MACHINE)),
        ((), after(1, ComplaintAction.TAKE, CITIZEN)),
        ((), after(1, ComplaintAction.FORGET)),
        ((), RECEIVED),
        ((after(1, ComplaintAction.FORGET, CITIZEN),), after(2, ComplaintAction.FORGET, MACHINE)),
        ((TAKEN, ANSWERED, after(3, ComplaintAction.CLOSE)), after(4, ComplaintAction.REOPEN)),
    ],
)
def test_a_step_that_the_stage_does_not_allow_is_refused(history, step):
    with pytest.raises(IllegalComplaintStepError):
        take_complaint_step(state(*history), step)


def test_a_history_begins_with_a_citizen():
    for first in (after(0, ComplaintAction.RECEIVE), TAKEN):
        with pytest.raises(IllegalComplaintStepError):
            begin_complaint(first)


def test_a_step_survives_being_written_down():
    for step in (RECEIVED, ANSWERED, after(3, ComplaintAction.REJECT, reason=ComplaintRejection.NOT_OURS)):
        assert complaint_step_of(step.to_json()) == step
    with pytest.raises(ValueError, match="contact"):
        complaint_step_of(RECEIVED.to_json() | {"contact": "x"})


class AnyCourse(RuleBasedStateMachine):
    """Whatever is tried, in whatever order: the history replays, an end is an end, nothing is refused by halves."""

    @initialize()
    def received(self) -> None:
        self.steps = [RECEIVED]
        self.complaint = begin_complaint(RECEIVED)

    @rule(
        action=st.sampled_from(ComplaintAction),
        by=st.sampled_from(["ivanova", "petrov", CITIZEN, MACHINE]),
        minutes=st.integers(-1, 600),
        note=st.sampled_from(["", "слово"]),
        reason=st.sampled_from([None, *ComplaintRejection]),
        reference=st.sampled_from([None, "alert:5", "case:7", "blast:kedrovaya/b-1", "что-то"]),
    )
    def step(self, action, by, minutes, note, reason, reference) -> None:
        step = ComplaintStep(
            action, self.complaint.last_at + timedelta(minutes=minutes), by, note, reason=reason, reference=reference
        )
        before = self.complaint
        try:
            self.complaint = take_complaint_step(before, step)
        except IllegalComplaintStepError:
            assert self.complaint is before
            return
        self.steps.append(step)
        if before.stage in ENDED:
            assert action in {ComplaintAction.REOPEN, ComplaintAction.FORGET}
        if by in {CITIZEN, MACHINE}:
            assert action is ComplaintAction.FORGET
        if self.complaint.stage is Stage.REJECTED and before.stage is not Stage.REJECTED:
            assert reason is not None

    @invariant()
    def replays(self) -> None:
        assert replay_complaint(complaint_step_of(step.to_json()) for step in self.steps) == self.complaint

    @invariant()
    def an_end_has_a_moment(self) -> None:
        assert (self.complaint.closed_at is not None) == (self.complaint.stage in ENDED)


AnyCourse.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyCourse = AnyCourse.TestCase
