"""Papers and short histories of cases for the tests beside."""

from datetime import UTC, datetime, timedelta

from uskat.finding import Severity
from uskat.supervision.case import paper as p
from uskat.supervision.case.machine import replay
from uskat.supervision.case.state import Case
from uskat.supervision.case.step import MACHINE, CaseStep
from uskat.supervision.reconcile import AlertState

T0 = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
ALERT = p.AlertFact(5, AlertState.ACTIVE, Severity.VIOLATION)


def opening(**changes):
    values = {
        "subject": p.CaseSubject.WATER, "title": "Аммоний ниже выпуска", "severity": Severity.NOTICE,
        "policy": "case-policy-1", "agency": "agency-demo", "territory": "uskat", "alerts": (ALERT,),
    } | changes  # fmt: skip
    return p.Open(**values)


def step(minutes: float, paper, by: str = "ivanova") -> CaseStep:
    return CaseStep(T0 + timedelta(minutes=minutes), by, paper)


def machine(minutes: float, paper) -> CaseStep:
    return step(minutes, paper, MACHINE)


def visit(minutes: float, **changes):
    values = {
        "visited_at": T0 + timedelta(minutes=minutes), "latitude": 54.07, "longitude": 87.01, "accuracy_m": 8.0,
        "found": "Вода бурая, пена у выпуска", "photographs": ("a" * 64,),
    } | changes  # fmt: skip
    return p.FieldVisit(**values)


def sample(minutes: float, **changes):
    values = {
        "number": "17/26", "laboratory": "ЦЛАТИ (демо)", "accreditation": "RA.RU.000000 (демо)",
        "taken_at": T0 + timedelta(minutes=minutes), "latitude": 54.07, "longitude": 87.01, "place": "U-25",
    } | changes  # fmt: skip
    return p.LabSample(**values)


RESULTS = p.Results(number="17/26", protocol="П-9", results=(p.LabResult("nh4", 2.1, "мг/дм³", uncertainty=0.3),))
INSIDE = p.Judge(number="17/26", word=p.WindowWord.INSIDE, alert=5, since=T0, until=T0 + timedelta(hours=9))
CONFIRM = p.Decide(verdict=p.CaseVerdict.CONFIRMED, ground="Проба выше нормы", basis="КоАП, ст. 8.13")


def inspected() -> list[CaseStep]:
    return [step(0, opening()), step(10, p.Acknowledge()), step(40, p.Dispatch(who="Иванова")), step(90, visit(85))]


def proved() -> list[CaseStep]:
    return [*inspected(), step(100, sample(95)), machine(100, INSIDE), step(200, RESULTS)]


def case_of(*steps: CaseStep) -> Case:
    return replay(steps)
