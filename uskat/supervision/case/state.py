"""Where a case stands: the value that its steps lead to."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from uskat.finding import Severity
from uskat.supervision.case.paper import (
    AlertFact,
    CaseSubject,
    CaseVerdict,
    Clock,
    Decide,
    Demand,
    Explain,
    FieldVisit,
    Judge,
    LabSample,
    Measure,
    Results,
    WindowWord,
)
from uskat.supervision.case.policy import CasePolicy
from uskat.supervision.reconcile import AlertState


class Stage(StrEnum):
    """How far a case is. The four verdicts are stages of their own until measures or the closing."""

    SUSPECTED = "suspected"
    INSPECTED = "inspected"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    INSTRUMENT_FAULT = "instrument_fault"
    NATURAL = "natural"
    MEASURES = "measures"
    CLOSED = "closed"


OPEN_STAGES = frozenset({Stage.SUSPECTED, Stage.INSPECTED})
"""Nothing is decided."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A sample with what became of it; window: the machine's newest word."""

    paper: LabSample
    results: Results | None = None
    window: Judge | None = None

    @property
    def proves(self) -> bool:
        """True when the laboratory answered and the plume was at the place: evidence grade E4 (water/norms.md §4.4)."""
        return self.results is not None and self.window is not None and self.window.word is WindowWord.INSIDE


@dataclass(frozen=True, slots=True)
class MeasureFile:
    """A measure, and when it was fulfilled."""

    paper: Measure
    fulfilled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DemandFile:
    """A question to an enterprise and what it answered, when; late when that was after the term."""

    paper: Demand
    answer: Explain | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A role that was told of a term. reference: of which measure or demand."""

    clock: Clock
    to: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Where a case stands. since: in this stage; counted_from: the opening, or the last reopening.

    severity: of the gravest alert that stands, at least `floor`, what the case was opened with.
    policy: id of the terms it was opened under, and they themselves in `rules`.
    inspected: somebody was there or examined the records; sample_waived: no sample can be taken any more.
    """

    stage: Stage
    subject: CaseSubject
    title: str
    severity: Severity
    floor: Severity
    policy: str
    rules: CasePolicy
    agency: str
    territory: str | None
    station: str | None
    opened_at: datetime
    counted_from: datetime
    since: datetime
    last_at: datetime
    alerts: tuple[AlertFact, ...] = ()
    complaints: tuple[int, ...] = ()
    check: str = ""
    assignee: str | None = None
    acknowledged_at: datetime | None = None
    dispatched_at: datetime | None = None
    inspected: bool = False
    sample_waived: bool = False
    visits: tuple[FieldVisit, ...] = ()
    samples: tuple[SampleFile, ...] = ()
    demands: tuple[DemandFile, ...] = ()
    decision: Decide | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    measures: tuple[MeasureFile, ...] = ()
    told: tuple[Told, ...] = ()

    @property
    def verdict(self) -> CaseVerdict | None:
        """What people found, None while nothing is decided."""
        return None if self.decision is None else self.decision.verdict

    @property
    def enterprise(self) -> str | None:
        """Code of the enterprise that was asked last."""
        return self.demands[-1].paper.enterprise if self.demands else None

    @property
    def baseless(self) -> bool:
        """True when data withdrew every alert and nothing else is a ground: a person decides what that means."""
        gone = bool(self.alerts) and all(alert.state is AlertState.WITHDRAWN for alert in self.alerts)
        return gone and not self.complaints and not self.check

    def moved(self, stage: Stage, at: datetime) -> "Case":
        """The case in another stage; the same one begins nothing anew."""
        return self if stage is self.stage else replace(self, stage=stage, since=at)
