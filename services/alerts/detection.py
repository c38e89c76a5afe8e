"""What a detector is, what it is given and what it gives back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.storage.alerting import AlertRecord
from services.storage.detector_reading import StationFacts
from services.storage.journal import JournalSpan
from uskat.finding import Finding, Scope

Memory = Mapping[str, Any]
LOOK_BACK = timedelta(hours=3)
"""Alerts that end so shortly before a touched span can usually still be changed by it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Event time that must be judged anew: from the first to the last moment touched, inclusive, UTC."""

    low: datetime
    high: datetime


@dataclass(frozen=True, slots=True)
class StationContext:
    """One station at one moment, for one detector.

    connection: of the evaluating transaction; handed to reading functions of `services.storage` and to nothing else.
    span: what to judge anew; None for detectors that look at the present. journal: what was committed. alerts: of
    this detector, stored. memory: what the detector asked to keep the last time.
    """

    connection: Any
    station: StationFacts
    now: datetime
    span: Span | None
    journal: Sequence[JournalSpan]
    alerts: Sequence[AlertRecord]
    memory: Memory


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a detector found. scopes: where its findings are complete, so that a stored alert without one is mistaken.

    due_at: look again then even without new data. unjudged_from: first moment of data that could not be judged yet.
    memory: kept for the next time. changed: event time whose judged data this step altered (quality control), which
    the later detectors of the same evaluation must judge anew.
    """

    findings: Sequence[Finding] = ()
    scopes: Sequence[Scope] = ()
    due_at: datetime | None = None
    unjudged_from: datetime | None = None
    memory: Memory = field(default_factory=dict)
    intervals: int = 0
    changed: Span | None = None


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector: its name (stored with alerts, never changed), the journal kinds that concern it, and its function.

    each_span True: called for each stretch of event time that was touched; False: called once, about the present.
    look_back: how long before a span the alerts that it can still change may have ended; no scope reaches further.
    network True: it runs at the hub and speaks of the whole network, its findings name the station they are told under.
    """

    name: str
    kinds: frozenset[str]
    evaluate: Callable[[StationContext], Awaitable[Evaluation]]
    each_span: bool
    look_back: timedelta = LOOK_BACK
    network: bool = False
