"""The life of a case: its course, what is refused and in which words, clocks, and any course of steps (stateful)."""

from datetime import timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.supervision.case.papers import (
    ALERT,
    CONFIRM,
    INSIDE,
    RESULTS,
    T0,
    case_of,
    inspected,
    machine,
    opening,
    proved,
    sample,
    step,
    visit,
)
from uskat.finding import SEVERITY_ORDER, Severity
from uskat.supervision.case import paper as p
from uskat.supervision.case.machine import IllegalCaseStepError, begin, replay, take
from uskat.supervision.case.policy import CasePolicyError, case_policy_of, parse_case_policies
from uskat.supervision.case.roster import Shift
from uskat.supervision.case.state import OPEN_STAGES, Stage
from uskat.supervision.case.step import MACHINE, CaseStep, action_of, case_step_of
from uskat.supervision.case.term import deadlines, due_at, due_escalations
from uskat.supervision.handling.step import RejectionReason
from uskat.supervision.reconcile import AlertState

WITHDRAWN = p.AlertFact(5, AlertState.WITHDRAWN, Severity.VIOLATION)
ORDER = p.Measure(number="М-1", kind=p.MeasureKind.ORDER, addressee="Разрез (демо)", text="Прекратить сброс")
NATURAL = p.Decide(verdict=p.CaseVerdict.NATURAL, ground="Ливень")


def test_a_violation_goes_from_suspicion_to_the_closing():
    steps = [
        *proved(), step(300, CONFIRM), step(310, ORDER), step(900, p.Fulfil(number="М-1", note="Сброс прекращён")),
        step(901, p.Close()),
    ]  # fmt: skip
    stages = [replay(steps[:count]).stage.value for count in range(1, len(steps) + 1)]
    course = list(dict.fromkeys(stages))
    assert course == ["suspected", "inspected", "confirmed", "measures", "closed"]
    case = replay(steps)
    assert (case.verdict, case.decided_by, case.severity) == (p.CaseVerdict.CONFIRMED, "ivanova", Severity.VIOLATION)
    assert case.samples[0].proves
    assert deadlines(case) == ()


def test_a_violation_of_water_needs_a_sample_taken_inside_the_plume_or_another_proof():
    outside = msgspec.structs.replace(INSIDE, word=p.WindowWord.OUTSIDE)
    for papers in ([], [sample(95)], [sample(95), RESULTS], [sample(95), RESULTS, outside], [sample(95), INSIDE]):
        steps = inspected()
        for paper in papers:
            steps.append(step(100, paper, MACHINE if isinstance(paper, p.Judge) else "ivanova"))
        case = replay(steps)
        with pytest.raises(IllegalCaseStepError, match="чем ещё доказано"):
            take(case, step(200, CONFIRM))
        other = msgspec.structs.replace(CONFIRM, other_proof="Предприятие признало сброс")
        assert take(case, step(200, other)).stage is Stage.CONFIRMED
    blast = case_of(step(0, opening(subject=p.CaseSubject.BLAST)), step(9, p.Examine(found="Запись KU-1")))
    assert take(blast, step(20, CONFIRM)).stage is Stage.CONFIRMED


def test_what_late_data_withdrew_leaves_a_case_without_ground_and_a_person_decides():
    case = case_of(step(0, opening()), machine(30, p.Change(alert=WITHDRAWN, note="данные изменились")))
    assert (case.baseless, case.stage) == (True, Stage.SUSPECTED)
    assert {one.clock for one in deadlines(case)} == {p.Clock.ACKNOWLEDGE, p.Clock.DECIDE}
    decision = p.Decide(verdict=p.CaseVerdict.NOT_CONFIRMED, ground="Отозвано", reason=RejectionReason.RULE)
    done = take(take(case, step(60, decision)), step(61, p.Close()))
    assert (done.stage, done.decision.reason) == (Stage.CLOSED, RejectionReason.RULE)
    complaint = case_of(step(0, opening(complaints=(1,))), machine(30, p.Change(alert=WITHDRAWN)))
    assert not complaint.baseless


def test_a_case_is_as_grave_as_its_gravest_alert_that_stands_and_at_least_what_it_was_opened_as():
    graver = p.AlertFact(5, AlertState.ACTIVE, Severity.EXTREME)
    case = case_of(step(0, opening()), machine(5, p.Change(alert=graver)))
    assert case.severity is Severity.EXTREME
    assert take(case, machine(6, p.Change(alert=WITHDRAWN))).severity is Severity.NOTICE


def test_reopening_takes_the_verdict_back_and_the_clock_begins_anew():
    closed = case_of(*inspected(), step(100, NATURAL), step(101, p.Close()))
    again = take(closed, step(5000, p.Reopen(note="Проба подтвердила")))
    assert (again.stage, again.verdict, again.decided_by) == (Stage.INSPECTED, None, None)
    decide = next(one for one in deadlines(again) if one.clock is p.Clock.DECIDE)
    assert decide.at == T0 + timedelta(minutes=5000 + 14400)


def test_a_measure_stands_until_it_is_settled_also_when_the_verdict_changes_on_appeal():
    case = case_of(*proved(), step(300, CONFIRM), step(310, ORDER), step(400, p.Reopen(note="Решение суда")))
    settled = take(case, step(405, p.Fulfil(number="М-1", note="Исполнено, пока дело пересматривают")))
    assert settled.stage is Stage.INSPECTED
    other = take(case, step(410, NATURAL))
    with pytest.raises(IllegalCaseStepError, match="не сняты меры: М-1"):
        take(other, step(420, p.Close()))
    lifted = take(other, step(420, p.Fulfil(number="М-1", note="Снята решением суда")))
    assert (lifted.stage, take(lifted, step(430, p.Close())).stage) == (Stage.NATURAL, Stage.CLOSED)
    with pytest.raises(IllegalCaseStepError, match="нет неисполненной меры"):
        take(lifted, step(440, p.Fulfil(number="М-1", note="ещё раз")))


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([step(0, p.Acknowledge())], "начинается с открытия"),
        ([step(0, opening(alerts=()))], "Нужно основание"),
        ([machine(0, opening())], "открывает человек"),
        ([step(0, opening()), step(1, opening())], "уже открыто"),
        ([*inspected(), step(1, p.Note(note="x"))], "раньше предыдущего"),
        ([step(0, opening()), step(1, sample(1))], "сначала внесите осмотр"),
        ([step(0, opening()), step(1, CONFIRM)], "после осмотра"),
        ([*proved(), step(300, msgspec.structs.replace(CONFIRM, basis=" "))], "правовое основание"),
        ([*inspected(), step(100, sample(120))], "в будущем"),
        ([*inspected(), step(100, visit(101))], "в будущем"),
        ([*proved(), step(300, sample(250))], "Акт отбора № 17/26 уже есть"),
        ([*inspected(), step(100, RESULTS)], "нет пробы"),
        ([*proved(), machine(300, CONFIRM)], "делает человек"),
        ([*inspected(), step(300, p.Change(alert=WITHDRAWN))], "делает только система"),
        ([*inspected(), step(300, p.Close())], "только после решения"),
        ([*proved(), step(300, CONFIRM), step(301, p.Close())], "сначала меры"),
        ([*proved(), step(300, CONFIRM), step(301, ORDER), step(302, p.Close())], "Не исполнены и не сняты меры: М-1"),
        ([*inspected(), step(300, ORDER)], "по подтверждённому"),
        ([*inspected(), step(300, NATURAL), step(301, CONFIRM)], "Решение уже принято"),
        ([*inspected(), step(300, NATURAL), step(301, p.Close()), step(302, p.Dispatch(who="я"))], "Дело закрыто"),
        ([*inspected(), step(300, p.Explain(enterprise="e-demo", answer="не мы"))], "не запрошено"),
        (
            [*inspected(), step(300, p.Decide(verdict=p.CaseVerdict.NOT_CONFIRMED, ground="нет"))],
            "почему не подтвердилось",
        ),
        ([*inspected(), machine(95, p.Escalate(clock=p.Clock.DECIDE, to="senior_inspector"))], "Срок не вышел"),
        ([*inspected(), step(95, p.Join(alerts=(ALERT,)))], "уже есть в деле"),
    ],
)
def test_a_step_that_may_not_be_is_refused_with_a_sentence(steps, why):
    with pytest.raises(IllegalCaseStepError, match=why):
        replay(steps)


def test_a_term_that_runs_out_climbs_one_role_a_term_to_whoever_has_the_duty():
    case = begin(step(0, opening()))
    shifts = [
        Shift("petrov", "senior_inspector", None, T0, T0 + timedelta(days=1)),
        Shift("sidorova", "senior_inspector", "uskat", T0, T0 + timedelta(days=1)),
        Shift("orlov", "head", "other", T0, T0 + timedelta(days=1)),
    ]
    assert due_at(case) == T0 + timedelta(minutes=60)
    [told] = due_escalations(case, shifts=shifts, now=T0 + timedelta(minutes=60))
    assert (told.clock, told.to, told.person) == (p.Clock.ACKNOWLEDGE, "senior_inspector", "sidorova")
    case = take(case, machine(60, told))
    assert due_escalations(case, shifts=shifts, now=T0 + timedelta(minutes=119)) == ()
    [told] = due_escalations(case, shifts=shifts, now=T0 + timedelta(minutes=120))
    assert (told.to, told.person) == ("head", None)
    case = take(case, machine(120, told))
    assert due_at(case) == T0 + timedelta(minutes=240)  # dispatch


def test_an_explanation_and_a_measure_that_are_late_are_told_once():
    until = T0 + timedelta(minutes=500)
    asked = case_of(*inspected(), step(100, p.Demand(enterprise="e-demo", question="Что это?", until=until)))
    owed = due_escalations(asked, shifts=(), now=until)
    assert [(one.clock, one.reference) for one in owed if one.clock is p.Clock.EXPLAIN] == [(p.Clock.EXPLAIN, "1")]
    answered = take(asked, step(600, p.Explain(enterprise="e-demo", answer="Авария насоса"), "kedrovaya"))
    assert not [one for one in deadlines(answered) if one.clock is p.Clock.EXPLAIN]
    assert answered.demands[0].answered_at > answered.demands[0].paper.until


def test_a_step_survives_its_json_and_an_unknown_field_is_refused():
    for one in [*proved(), step(300, CONFIRM), step(310, ORDER)]:
        document = msgspec.json.decode(msgspec.json.encode(one.to_json()))
        assert case_step_of(document) == one
        with pytest.raises(msgspec.ValidationError, match="colour"):
            case_step_of(document | {"paper": document["paper"] | {"colour": "red"}})


def test_every_kind_of_paper_has_a_word_of_its_own():
    words = [action_of(kind) for kind in get_args(p.AnyPaper)]
    assert len(set(words)) == len(words) == 21


def test_a_policy_with_a_gap_is_refused_by_its_place():
    clocks = {"acknowledge_min": 1, "dispatch_min": 2, "sample_min": 3, "decide_min": 4, "escalate_to": ["head"]}
    base = {"id": "x", "valid_from": "2026-01-01", "verified": False, "source": "s"}
    whole = {severity.value: clocks for severity in Severity}

    def parse(terms: Any) -> None:
        parse_case_policies({"policies": [base | {"terms": terms}]})

    parse(whole)
    with pytest.raises(CasePolicyError, match="none for extreme"):
        parse({name: body for name, body in whole.items() if name != "extreme"})
    with pytest.raises(CasePolicyError, match=r"terms\.high\.sample_min: 0"):
        parse(whole | {"high": clocks | {"sample_min": 0}})
    with pytest.raises(CasePolicyError, match="earlier term"):
        parse(whole | {"high": clocks | {"sample_min": 1}})
    with pytest.raises(CasePolicyError, match="nobody would hear"):
        parse(whole | {"high": clocks | {"escalate_to": []}})
    with pytest.raises(CasePolicyError, match="no case policy"):
        case_policy_of("unknown")


PAPERS: list[Any] = [
    p.Join(alerts=(p.AlertFact(6, AlertState.RETURNED, Severity.HIGH),)), p.Join(complaints=(2,)),
    p.Acknowledge(), p.Assign(to="petrov"), p.Dispatch(who="Петров"), visit(0), p.Examine(found="Записи целы"),
    sample(0), sample(0, number="18/26"), p.WaiveSample(note="лёд"), RESULTS, INSIDE, CONFIRM, NATURAL,
    p.Decide(verdict=p.CaseVerdict.INSTRUMENT_FAULT, ground="Датчик на берегу"),
    p.Demand(enterprise="e-demo", question="Что?", until=T0 + timedelta(days=20)),
    p.Explain(enterprise="e-demo", answer="Не мы"), ORDER, p.Fulfil(number="М-1", note="сделано"), p.Close(),
    p.Reopen(note="новое"), p.Note(note="заметка"), p.Change(alert=WITHDRAWN), p.Change(alert=ALERT),
    p.Change(alert=p.AlertFact(6, AlertState.ACTIVE, Severity.EXTREME)), opening(),
    p.Escalate(clock=p.Clock.DECIDE, to="senior_inspector"),
]  # fmt: skip


class Course(RuleBasedStateMachine):
    """Any papers in any order by anybody: what is refused changes nothing, what is taken replays."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.history = [step(0, opening())]
        self.case = begin(self.history[0])

    @rule(paper=st.sampled_from(PAPERS), minutes=st.integers(0, 2000), by=st.sampled_from([MACHINE, "ivanova"]))
    def try_a_step(self, *, paper, minutes, by):
        at = self.now + timedelta(minutes=minutes)
        tried, refused = CaseStep(at, by, paper), ""
        try:
            self.case = take(self.case, tried)
        except IllegalCaseStepError as error:
            refused = str(error)
        if refused:
            assert any("а" <= letter <= "я" for letter in refused), "a refusal is a sentence in Russian"
            return
        self.now = at
        self.history.append(tried)

    @precondition(lambda self: due_at(self.case) is not None)
    @rule(late_min=st.integers(0, 500))
    def let_a_term_run_out(self, late_min):
        self.now = max(self.now, due_at(self.case) + timedelta(minutes=late_min))
        owed = due_escalations(self.case, shifts=(), now=self.now)
        assert owed, "a term that ran out owes an escalation"
        for paper in owed:
            self.history.append(CaseStep(self.now, MACHINE, paper))
            self.case = take(self.case, self.history[-1])

    @invariant()
    def the_history_replays_to_the_present(self):
        read = [case_step_of(msgspec.json.decode(msgspec.json.encode(one.to_json()))) for one in self.history]
        assert replay(read) == self.case

    @invariant()
    def nothing_contradicts_itself(self):
        case = self.case
        assert (case.verdict is None) == (case.stage in OPEN_STAGES)
        assert (case.decided_by is None) == (case.verdict is None)
        assert case.decided_by != MACHINE
        assert case.stage is not Stage.INSPECTED or case.inspected
        assert case.verdict is not p.CaseVerdict.CONFIRMED or case.inspected
        proof = case.decision is not None and case.decision.other_proof
        assert case.verdict is not p.CaseVerdict.CONFIRMED or proof or any(one.proves for one in case.samples)
        closed_violation = case.stage is Stage.CLOSED and case.verdict is p.CaseVerdict.CONFIRMED
        assert case.stage is not Stage.CLOSED or all(one.fulfilled_at for one in case.measures)
        assert not closed_violation or case.measures
        own = {p.Clock.ACKNOWLEDGE, p.Clock.DISPATCH, p.Clock.SAMPLE, p.Clock.DECIDE}
        assert case.stage in OPEN_STAGES or not own & {one.clock for one in deadlines(case)}
        assert SEVERITY_ORDER.index(case.severity) >= SEVERITY_ORDER.index(case.floor)
        assert len({(one.clock, one.to, one.reference) for one in case.told}) == len(case.told)


Course.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_any_course_of_steps = Course.TestCase
