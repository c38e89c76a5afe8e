"""What indicators are reckoned from: cases, alerts, stations and reports, as stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uskat.blast.kpi.punctuality import ReportDue
from uskat.supervision.case.paper import CaseVerdict


class Origin(StrEnum):
    """How an agency came to know of a violation: by instruments, by a check of its own, because somebody complained."""

    INSTRUMENT = "instrument"
    CHECK = "check"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class CaseFact:
    """A case. first_known: when the first of its standing alerts was known; complained: its first complaint's receipt.

    acknowledged, dispatched, decided: the first such step; sampled: when the first sample was taken, not when it was
    entered. agency: whose it is; territory: where. All UTC.
    """

    id: int
    agency: str
    territory: str | None
    title: str
    opened_at: datetime
    verdict: CaseVerdict | None
    first_known: datetime | None
    complained: datetime | None
    acknowledged: datetime | None = None
    dispatched: datetime | None = None
    sampled: datetime | None = None
    decided: datetime | None = None

    @property
    def origin(self) -> Origin:
        """By what was first: an alert that the machine knew, a complaint, or else the agency that opened the case."""
        if self.first_known is not None and (self.complained is None or self.first_known <= self.complained):
            return Origin.INSTRUMENT
        told = self.complained is not None and self.complained <= self.opened_at
        return Origin.COMPLAINT if told else Origin.CHECK


@dataclass(frozen=True, slots=True)
class AlertFact:
    """An alert that people could see. confirmed: True or False by a verdict, None without one.

    duplicate: rejected as one, which says nothing of the detector. acknowledged: when a person first did anything about
    it; escalated: nobody had within the term of its policy.
    """

    id: int
    kind: str
    territory: str | None
    title: str
    started_at: datetime
    known_at: datetime
    withdrawn: bool
    confirmed: bool | None
    duplicate: bool
    acknowledged: datetime | None
    escalated: bool


@dataclass(frozen=True, slots=True)
class StationMonth:
    """20-minute intervals of all series of a station in a local month («2026-06»)."""

    station: str
    territory: str | None
    month: str
    valid: int
    expected: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything of a period."""

    cases: Sequence[CaseFact]
    alerts: Sequence[AlertFact]
    stations: Sequence[StationMonth]
    reports: Sequence[ReportDue]
