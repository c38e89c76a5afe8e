"""The life of a declared blast (issue 4 item 1; norms.md §6.4)."""

import re
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import ValidationError

from tests.unit.blast.passports import FROM, hole, passport, report
from uskat.blast.passport import lifecycle
from uskat.blast.passport.lifecycle import (
    ALLOWED,
    Action,
    BlastStatus,
    Declaration,
    Irregularity,
    PostponeReason,
    TransitionError,
    changed_fields,
)
from uskat.blast.passport.model import Window
from uskat.blast.passport.refusal import ACTIONS_RU, STATUSES_RU

DAY_BEFORE = FROM - timedelta(days=1)


def filed():
    return lifecycle.declare(passport(), at=DAY_BEFORE, by="company")


def published():
    return lifecycle.publish(filed(), at=DAY_BEFORE + timedelta(minutes=1), by="company")


def window(hours):
    return Window(planned_from=FROM + timedelta(hours=hours), planned_to=FROM + timedelta(hours=hours + 2))


def test_a_blast_runs_from_plan_to_report_and_every_step_is_kept():
    blast = published()
    blast = lifecycle.fire(blast, at=FROM + timedelta(hours=1), by="blaster", fired_at=FROM + timedelta(minutes=34))
    blast = lifecycle.file_report(blast, report(), at=FROM + timedelta(hours=5), by="company")
    assert [change.after.value for change in blast.history] == ["planned", "published", "fired", "reported"]
    assert blast.fired_at == FROM + timedelta(minutes=34)
    assert blast.published_at == DAY_BEFORE + timedelta(minutes=1)
    assert blast.reported_at == FROM + timedelta(hours=5)
    assert blast.history[2].irregular is None


def test_a_postponement_tells_the_reason_and_what_the_time_was_before():
    blast = lifecycle.postpone(
        published(), at=DAY_BEFORE + timedelta(hours=2), by="company", reason=PostponeReason.WIND, window=window(2)
    )
    change = blast.history[-1]
    assert (change.reason, blast.status) == (PostponeReason.WIND, BlastStatus.POSTPONED)
    assert [(item.path, item.before) for item in change.fields] == [
        ("window.planned_from", "2026-06-10T06:00:00Z"),
        ("window.planned_to", "2026-06-10T08:00:00Z"),
    ]
    assert blast.passport.window == window(2)
    assert blast.passport_as_of(DAY_BEFORE + timedelta(hours=1)) == passport()
    assert blast.passport_as_of(DAY_BEFORE - timedelta(hours=1)) is None
    assert blast.published_at == DAY_BEFORE + timedelta(hours=2)


def test_an_amended_window_is_not_public_until_it_is_published_again():
    blast = lifecycle.amend(
        published(), passport(window=window(3).to_json()), at=DAY_BEFORE + timedelta(hours=1), by="company"
    )
    assert blast.published_at is None


@pytest.mark.parametrize(
    ("blast", "irregular"),
    [
        (filed(), Irregularity.UNPUBLISHED),
        (
            lifecycle.postpone(published(), at=DAY_BEFORE + timedelta(hours=2), by="c", reason=PostponeReason.NMU),
            Irregularity.WHILE_POSTPONED,
        ),
    ],
)
def test_a_firing_out_of_order_is_recorded_and_marked(blast, irregular):
    fired = lifecycle.fire(blast, at=FROM + timedelta(hours=1), by="blaster", fired_at=FROM)
    assert fired.history[-1].irregular is irregular


def test_a_report_records_the_firing_that_nobody_recorded():
    blast = lifecycle.file_report(published(), report(), at=FROM + timedelta(hours=3), by="company")
    assert [change.action for change in blast.history][-2:] == [Action.FIRE, Action.REPORT]
    assert blast.fired_at == report().fired_at


def test_a_corrected_report_keeps_the_first():
    blast = lifecycle.file_report(published(), report(), at=FROM + timedelta(hours=3), by="company")
    late = lifecycle.file_report(blast, report(hole_count=9), at=FROM + timedelta(hours=9), by="company")
    assert [(item.path, item.before, item.after) for item in late.history[-1].fields] == [("hole_count", 10, 9)]
    assert late.history[-2].report == report()
    assert late.reported_at == FROM + timedelta(hours=3)


@pytest.mark.parametrize(
    "step",
    [
        lambda: lifecycle.publish(published(), at=FROM, by="c"),
        lambda: lifecycle.postpone(filed(), at=FROM, by="c", reason=PostponeReason.FOG),
        lambda: lifecycle.fire(lifecycle.cancel(filed(), at=FROM, by="c"), at=FROM, by="c", fired_at=FROM),
        lambda: lifecycle.file_report(lifecycle.cancel(filed(), at=FROM, by="c"), report(), at=FROM, by="c"),
        lambda: lifecycle.publish(filed(), at=DAY_BEFORE - timedelta(seconds=1), by="c"),
        lambda: lifecycle.fire(published(), at=FROM, by="c", fired_at=FROM + timedelta(seconds=1)),
        lambda: lifecycle.file_report(published(), report(blast_id="another"), at=FROM + timedelta(hours=3), by="c"),
        lambda: lifecycle.amend(published(), passport(), at=FROM, by="c"),
    ],
)
def test_what_cannot_be_is_refused(step):
    with pytest.raises(TransitionError) as refused:
        step()
    assert re.search("[а-я]", refused.value.text_ru)


def test_a_refused_step_says_in_russian_what_to_do():
    cancelled = lifecycle.cancel(filed(), at=FROM, by="c")
    with pytest.raises(TransitionError) as refused:
        lifecycle.file_report(cancelled, report(), at=FROM + timedelta(hours=3), by="c")
    assert refused.value.text_ru.startswith("Сейчас нельзя подать отчёт: он отменён")
    assert "новый паспорт" in refused.value.text_ru
    assert set(ACTIONS_RU) == {action.value for action in Action} - {"declare"}
    assert set(STATUSES_RU) == {status.value for status in BlastStatus}


def test_a_history_that_contradicts_the_state_is_not_read():
    told = published().to_json()
    assert Declaration.model_validate(told) == published()
    with pytest.raises(ValidationError, match="status is that of the newest change"):
        Declaration.model_validate(told | {"status": "fired"})
    with pytest.raises(ValidationError, match="newest change"):
        Declaration.model_validate(told | {"passport": passport(hole_count=9).to_json()})


def test_changed_fields_name_rows_that_appear_and_vanish():
    changes = changed_fields({"a": [1, 2], "b": {"c": 1}}, {"a": [1], "b": {"c": 2}, "d": 3})
    assert [(item.path, item.before, item.after) for item in changes] == [
        ("a.1", 2, None),
        ("b.c", 1, 2),
        ("d", None, 3),
    ]


def test_a_hole_put_in_at_the_beginning_is_one_change():
    more = passport(holes=[hole("0a", delay_ms=0.0), *(hole(n, delay_ms=42.0 * n) for n in range(10))])
    blast = lifecycle.amend(published(), more, at=FROM, by="company")
    assert [item.path for item in blast.history[-1].fields] == ["holes.0a/1"]


class DeclaredBlast(RuleBasedStateMachine):
    """Any order of steps: an allowed one is recorded, another is refused and changes nothing."""

    @initialize()
    def start(self):
        self.now = DAY_BEFORE
        self.blast = lifecycle.declare(passport(), at=self.now, by="company")
        self.versions = [(self.now, self.blast.passport)]

    def attempt(self, action, step):
        self.now += timedelta(minutes=7)
        before = self.blast
        try:
            self.blast = step(self.now)
        except TransitionError:
            assert before.status not in ALLOWED[action] or action is Action.AMEND
            assert self.blast is before
            return
        assert before.status in ALLOWED[action]
        assert self.blast.history[: len(before.history)] == before.history
        assert len(self.blast.history) > len(before.history)
        if self.blast.passport != before.passport:
            self.versions.append((self.now, self.blast.passport))

    @rule(hours=st.integers(0, 3), fresh=st.booleans())
    def publishes(self, hours, fresh):
        moved = window(hours) if fresh else None
        self.attempt(Action.PUBLISH, lambda at: lifecycle.publish(self.blast, at=at, by="company", window=moved))

    @rule(reason=st.sampled_from(PostponeReason), hours=st.none() | st.integers(0, 3))
    def postpones(self, reason, hours):
        moved = None if hours is None else window(hours)
        self.attempt(
            Action.POSTPONE,
            lambda at: lifecycle.postpone(self.blast, at=at, by="company", reason=reason, window=moved),
        )

    @rule(count=st.integers(8, 12))
    def amends(self, count):
        other = self.blast.passport.model_copy(update={"hole_count": count})
        self.attempt(Action.AMEND, lambda at: lifecycle.amend(self.blast, other, at=at, by="company"))

    @precondition(lambda self: len(self.blast.history) > 3)
    @rule()
    def cancels(self):
        self.attempt(Action.CANCEL, lambda at: lifecycle.cancel(self.blast, at=at, by="company"))

    @rule()
    def fires(self):
        self.attempt(Action.FIRE, lambda at: lifecycle.fire(self.blast, at=at, by="blaster", fired_at=at))

    @precondition(lambda self: self.blast.status in {BlastStatus.FIRED, BlastStatus.CANCELLED})
    @rule()
    def reports(self):
        told = report(fired_at=DAY_BEFORE.isoformat())
        self.attempt(Action.REPORT, lambda at: lifecycle.file_report(self.blast, told, at=at, by="company"))

    @invariant()
    def survives_the_wire(self):
        if hasattr(self, "blast"):
            assert Declaration.model_validate_json(self.blast.model_dump_json(by_alias=True)) == self.blast

    @invariant()
    def remembers_every_version(self):
        for at, known in getattr(self, "versions", []):
            assert self.blast.passport_as_of(at) == known

    @invariant()
    def knows_when_it_was_fired(self):
        if hasattr(self, "blast"):
            over = self.blast.status in {BlastStatus.FIRED, BlastStatus.REPORTED}
            assert (self.blast.fired_at is not None) == over


DeclaredBlast.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
test_any_order_of_steps = DeclaredBlast.TestCase
