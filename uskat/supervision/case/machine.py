"""The life of a case: suspected → inspected → a verdict → measures → closed (DESIGN §7).

Everything is a fold over the steps, so the history always replays to the present state. What a person may not do now
is refused with a sentence in Russian, and changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from uskat.finding import SEVERITY_ORDER, Severity
from uskat.supervision.case import paper as p
from uskat.supervision.case.policy import CasePolicy, case_policy_of
from uskat.supervision.case.refusal import IllegalCaseStepError, need
from uskat.supervision.case.state import OPEN_STAGES, Case, DemandFile, MeasureFile, SampleFile, Stage, Told
from uskat.supervision.case.step import MACHINE, CaseStep, action_of
from uskat.supervision.case.term import told_next
from uskat.supervision.case.verdict import decided
from uskat.supervision.reconcile import AlertState
from uskat.water.parameters import parameters

LONGEST_TERM = timedelta(days=3 * 366)


def begin(step: CaseStep, rules: CasePolicy | None = None) -> Case:
    """The state after the first step. rules: the terms that it names, where they are not the project's.

    Raises IllegalCaseStepError; CasePolicyError for terms that are nowhere.
    """
    opening = step.paper
    if not isinstance(opening, p.Open):
        raise IllegalCaseStepError("Дело начинается с открытия")
    need(step.by != MACHINE, "Дело открывает человек")
    need(opening.alerts or opening.complaints or opening.check.strip(), "Нужно основание: сигнал, жалоба или проверка")
    need(_unlike([alert.id for alert in opening.alerts]), "Один сигнал назван дважды")
    need(_unlike(opening.complaints), "Одна жалоба названа дважды")
    return Case(
        stage=Stage.SUSPECTED, subject=opening.subject, title=opening.title,
        severity=_gravest(opening.severity, opening.alerts), floor=opening.severity, policy=opening.policy,
        rules=_rules_of(opening.policy, rules),
        agency=opening.agency, territory=opening.territory, station=opening.station,
        opened_at=step.at, counted_from=step.at, since=step.at, last_at=step.at,
        alerts=opening.alerts, complaints=opening.complaints, check=opening.check,
    )  # fmt: skip


def take(case: Case, step: CaseStep) -> Case:
    """The state after one more step. Raises IllegalCaseStepError; what is refused changes nothing."""
    need(step.at >= case.last_at, "Шаг не может быть раньше предыдущего")
    rule = _RULES.get(type(step.paper))
    if rule is None:
        raise IllegalCaseStepError("Дело уже открыто")
    ours, kind = step.by == MACHINE, type(step.paper)
    need(not ours or kind in _OF_MACHINE, f"Шаг «{action_of(step.paper)}» делает человек")
    need(ours or kind not in _ONLY_MACHINE, f"Шаг «{action_of(step.paper)}» делает только система")
    need(case.stage is not Stage.CLOSED or kind in _WHEN_CLOSED, "Дело закрыто: сначала возобновите его")
    return replace(rule(case, step, step.paper), last_at=step.at)


def replay(steps: Iterable[CaseStep], rules: CasePolicy | None = None) -> Case:
    """The state that a whole history leads to; rules as in `begin`. Raises IllegalCaseStepError, CasePolicyError."""
    history = iter(steps)
    first = next(history, None)
    if first is None:
        raise IllegalCaseStepError("У дела есть первый шаг")
    case = begin(first, rules)
    for step in history:
        case = take(case, step)
    return case


def _rules_of(identifier: str, rules: CasePolicy | None) -> CasePolicy:
    return rules if rules is not None and rules.id == identifier else case_policy_of(identifier)


def _unlike(values: Iterable[object]) -> bool:
    found = list(values)
    return len(set(found)) == len(found)


def _gravest(severity: Severity, alerts: Iterable[p.AlertFact]) -> Severity:
    standing = [alert.severity for alert in alerts if alert.state is not AlertState.WITHDRAWN]
    return max([severity, *standing], key=SEVERITY_ORDER.index)


def _join(case: Case, _step: CaseStep, paper: p.Join) -> Case:
    need(paper.alerts or paper.complaints, "Назовите сигналы или жалобы")
    need(case.stage in OPEN_STAGES, "Решение принято: сначала возобновите дело")
    alerts = (*case.alerts, *paper.alerts)
    complaints = (*case.complaints, *paper.complaints)
    need(_unlike([alert.id for alert in alerts]) and _unlike(complaints), "Это уже есть в деле")
    return replace(case, alerts=alerts, complaints=complaints, severity=_gravest(case.severity, paper.alerts))


def _acknowledge(case: Case, step: CaseStep, _paper: p.Acknowledge) -> Case:
    need(case.stage in OPEN_STAGES, "Решение уже принято")
    need(case.acknowledged_at is None or case.assignee != step.by, "Вы уже приняли это дело")
    return replace(case, assignee=step.by, acknowledged_at=case.acknowledged_at or step.at)


def _assign(case: Case, _step: CaseStep, paper: p.Assign) -> Case:
    need(case.assignee != paper.to, f"Дело уже ведёт {paper.to}")
    return replace(case, assignee=paper.to)


def _dispatch(case: Case, step: CaseStep, _paper: p.Dispatch) -> Case:
    need(case.stage in OPEN_STAGES, "Решение уже принято")
    acknowledged = case.acknowledged_at or step.at
    return replace(case, dispatched_at=step.at, acknowledged_at=acknowledged)


def _inspected(case: Case, step: CaseStep, **changes: Any) -> Case:
    need(case.stage in OPEN_STAGES, "Решение принято: сначала возобновите дело")
    acknowledged = case.acknowledged_at or step.at
    after = replace(case, inspected=True, acknowledged_at=acknowledged, **changes)
    return after.moved(Stage.INSPECTED, step.at)


def _visit(case: Case, step: CaseStep, paper: p.FieldVisit) -> Case:
    need(paper.visited_at <= step.at, "Осмотр не может быть в будущем")
    need(_unlike(paper.photographs), "Один снимок назван дважды")
    return _inspected(case, step, visits=(*case.visits, paper))


def _examine(case: Case, step: CaseStep, _paper: p.Examine) -> Case:
    return _inspected(case, step)


def _sample(case: Case, step: CaseStep, paper: p.LabSample) -> Case:
    need(case.stage is Stage.INSPECTED, "Пробу берут на месте: сначала внесите осмотр")
    need(case.subject is p.CaseSubject.WATER, "Проба воды бывает только в деле о воде")
    need(paper.taken_at <= step.at, "Проба не может быть взята в будущем")
    need((paper.river is None) == (paper.km is None), "Река называется вместе с километром")
    need(all(one.paper.number != paper.number for one in case.samples), f"Акт отбора № {paper.number} уже есть в деле")
    return replace(case, samples=(*case.samples, SampleFile(paper)))


def _waive(case: Case, _step: CaseStep, _paper: p.WaiveSample) -> Case:
    need(case.stage in OPEN_STAGES and case.subject is p.CaseSubject.WATER, "Пробы здесь никто не ждёт")
    need(not case.samples and not case.sample_waived, "Проба уже взята или от неё уже отказались")
    return replace(case, sample_waived=True)


def _results(case: Case, _step: CaseStep, paper: p.Results) -> Case:
    need(case.stage in OPEN_STAGES, "Решение принято: сначала возобновите дело")
    unknown = sorted({one.parameter for one in paper.results} - set(parameters()))
    need(not unknown, f"Неизвестный показатель: {', '.join(unknown)}")
    need(_unlike([one.parameter for one in paper.results]), "Показатель назван дважды")
    return _sample_changed(case, paper.number, results=paper)


def _judge(case: Case, _step: CaseStep, paper: p.Judge) -> Case:
    return _sample_changed(case, paper.number, window=paper)


def _sample_changed(case: Case, number: str, **changes: Any) -> Case:
    need(any(one.paper.number == number for one in case.samples), f"В деле нет пробы по акту № {number}")
    files = tuple(replace(one, **changes) if one.paper.number == number else one for one in case.samples)
    return replace(case, samples=files)


def _demand(case: Case, step: CaseStep, paper: p.Demand) -> Case:
    need(case.stage in OPEN_STAGES, "Решение принято: объяснение спрашивают до него")
    need(step.at < paper.until <= step.at + LONGEST_TERM, "Срок объяснения – в будущем, не дальше трёх лет")
    return replace(case, demands=(*case.demands, DemandFile(paper)))


def _explain(case: Case, step: CaseStep, paper: p.Explain) -> Case:
    asked = [one for one in case.demands if one.paper.enterprise == paper.enterprise and one.answer is None]
    need(asked, "У предприятия не запрошено объяснение, или оно уже дано")
    need(case.stage in OPEN_STAGES, "Решение принято: объяснение больше не принимается")
    told = DemandFile(asked[0].paper, answer=paper, answered_at=step.at)
    return replace(case, demands=tuple(told if one is asked[0] else one for one in case.demands))


def _decide(case: Case, step: CaseStep, paper: p.Decide) -> Case:
    decision = decided(case, paper)
    after = replace(case, decision=decision, decided_by=step.by, decided_at=step.at)
    confirmed = decision.verdict is p.CaseVerdict.CONFIRMED
    return after.moved(Stage.MEASURES if confirmed and case.measures else Stage(decision.verdict.value), step.at)


def _measure(case: Case, step: CaseStep, paper: p.Measure) -> Case:
    need(case.stage in {Stage.CONFIRMED, Stage.MEASURES}, "Меры принимают по подтверждённому нарушению")
    need(all(one.paper.number != paper.number for one in case.measures), f"Мера № {paper.number} уже есть в деле")
    term_ok = paper.until is None or step.at < paper.until <= step.at + LONGEST_TERM
    need(term_ok, "Срок меры – в будущем, не дальше трёх лет")
    return replace(case, measures=(*case.measures, MeasureFile(paper))).moved(Stage.MEASURES, step.at)


def _fulfil(case: Case, step: CaseStep, paper: p.Fulfil) -> Case:
    # Also while a case is looked into again, or was decided otherwise: an order stands until somebody settles it.
    found = [one for one in case.measures if one.paper.number == paper.number and one.fulfilled_at is None]
    need(found, f"В деле нет неисполненной меры № {paper.number}")
    done = replace(found[0], fulfilled_at=step.at)
    return replace(case, measures=tuple(done if one is found[0] else one for one in case.measures))


def _close(case: Case, step: CaseStep, _paper: p.Close) -> Case:
    need(case.stage not in OPEN_STAGES, "Закрыть можно только после решения")
    need(case.stage is not Stage.CONFIRMED, "Нарушение подтверждено: сначала меры")
    left = [one.paper.number for one in case.measures if one.fulfilled_at is None]
    need(not left, f"Не исполнены и не сняты меры: {', '.join(left)}")
    return case.moved(Stage.CLOSED, step.at)


def _reopen(case: Case, step: CaseStep, _paper: p.Reopen) -> Case:
    need(case.stage not in OPEN_STAGES, "Решения ещё нет: возобновлять нечего")
    after = replace(case, decision=None, decided_by=None, decided_at=None, counted_from=step.at, told=())
    return after.moved(Stage.INSPECTED if case.inspected else Stage.SUSPECTED, step.at)


def _note(case: Case, _step: CaseStep, _paper: p.Note) -> Case:
    return case


def _change(case: Case, _step: CaseStep, paper: p.Change) -> Case:
    need(any(one.id == paper.alert.id for one in case.alerts), f"В деле нет сигнала {paper.alert.id}")
    need(paper.alert not in case.alerts, "Дело уже знает об этом")
    alerts = tuple(paper.alert if one.id == paper.alert.id else one for one in case.alerts)
    return replace(case, alerts=alerts, severity=_gravest(case.floor, alerts))


def _escalate(case: Case, step: CaseStep, paper: p.Escalate) -> Case:
    owed = told_next(case, now=step.at)
    need((paper.clock, paper.to, paper.reference) in owed, "Срок не вышел, или об этом уже сообщено")
    return replace(case, told=(*case.told, Told(paper.clock, paper.to, paper.reference)))


_RULES: Mapping[type, Callable[[Case, CaseStep, Any], Case]] = {
    p.Join: _join, p.Acknowledge: _acknowledge, p.Assign: _assign, p.Dispatch: _dispatch, p.FieldVisit: _visit,
    p.Examine: _examine, p.LabSample: _sample, p.WaiveSample: _waive, p.Results: _results, p.Judge: _judge,
    p.Demand: _demand, p.Explain: _explain, p.Decide: _decide, p.Measure: _measure, p.Fulfil: _fulfil,
    p.Close: _close, p.Reopen: _reopen, p.Note: _note, p.Change: _change, p.Escalate: _escalate,
}  # fmt: skip
_ONLY_MACHINE = frozenset({p.Judge, p.Change, p.Escalate})
_OF_MACHINE = _ONLY_MACHINE | {p.Assign}
_WHEN_CLOSED = frozenset({p.Reopen, p.Note, p.Change, p.Judge})

__all__ = ["IllegalCaseStepError", "begin", "replay", "take"]
