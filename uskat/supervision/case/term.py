"""The clocks of a case: which run, when each is due, whom a term that ran out is told to, in which order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from uskat.supervision.case.paper import CaseSubject, Clock, Escalate
from uskat.supervision.case.roster import Shift, on_duty
from uskat.supervision.case.state import OPEN_STAGES, Case, Stage

Owed = tuple[Clock, str, str | None]
"""Clock, role, and the number of the measure or demand."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A running clock. every: how much later the next role is told; None: only the first is."""

    clock: Clock
    at: datetime
    every: timedelta | None = None
    reference: str | None = None


def deadlines(case: Case) -> tuple[Deadline, ...]:
    """The clocks that run now, the earliest first.

    The agency's own are counted from the opening (or the last reopening) and stop with what they wait for; all stop
    with the verdict. Nobody waits for a sample of a blast, or where data withdrew the ground of the case.
    """
    found = _own(case) if case.stage in OPEN_STAGES else []
    if case.stage in OPEN_STAGES:
        found += [
            Deadline(Clock.EXPLAIN, demand.paper.until, reference=str(number))
            for number, demand in enumerate(case.demands, start=1)
            if demand.answer is None
        ]
    if case.stage is Stage.MEASURES:
        found += [
            Deadline(Clock.MEASURE, measure.paper.until, reference=measure.paper.number)
            for measure in case.measures
            if measure.fulfilled_at is None and measure.paper.until is not None
        ]
    return tuple(sorted(found, key=lambda one: (one.at, one.clock, one.reference or "")))


def _own(case: Case) -> list[Deadline]:
    waits = {
        Clock.ACKNOWLEDGE: case.acknowledged_at is None,
        Clock.DISPATCH: case.dispatched_at is None and not case.inspected and not case.baseless,
        Clock.SAMPLE: case.subject is CaseSubject.WATER and not (case.samples or case.sample_waived or case.baseless),
        Clock.DECIDE: True,
    }
    rules = case.rules.by_severity[case.severity]
    return [
        Deadline(clock, case.counted_from + rules.terms[clock], rules.rung or rules.terms[clock])
        for clock, runs in waits.items()
        if runs
    ]


def told_next(case: Case, *, now: datetime) -> tuple[Owed, ...]:
    """Of each clock the role that must be told next, where its time has come."""
    return tuple(owed for at, owed in _owed(case) if at <= now)


def due_at(case: Case) -> datetime | None:
    """When `told_next` will have something to say; None: never, as things stand."""
    return min((at for at, _ in _owed(case)), default=None)


def due_escalations(case: Case, *, shifts: Iterable[Shift], now: datetime) -> tuple[Escalate, ...]:
    """Escalations that are owed now, with the person who has the duty."""
    roster = tuple(shifts)
    return tuple(
        Escalate(
            clock=clock, to=role, reference=reference,
            person=on_duty(roster, territory=case.territory, duty=role, at=now),
        )
        for clock, role, reference in told_next(case, now=now)
    )  # fmt: skip


def _owed(case: Case) -> list[tuple[datetime, Owed]]:
    roles = case.rules.by_severity[case.severity].escalate_to
    found: list[tuple[datetime, Owed]] = []
    for deadline in deadlines(case):
        told = [one.to for one in case.told if (one.clock, one.reference) == (deadline.clock, deadline.reference)]
        ladder = roles if deadline.every is not None else roles[:1]
        left = [role for role in ladder if role not in told]
        if left:
            late = len(told) * (deadline.every or timedelta(0))
            found.append((deadline.at + late, (deadline.clock, left[0], deadline.reference)))
    return found
