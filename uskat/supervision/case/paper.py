"""What is put into a case: one paper a step, each with what it must hold and nothing else.

A paper is what somebody writes; `uskat.supervision.case.step` adds who and when. Times UTC, coordinates WGS84 degrees.
What a person may file is `PersonPaper`, what an enterprise may file `Explain`; the rest is the machine's.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from uskat.finding import Severity
from uskat.supervision.handling.step import RejectionReason
from uskat.supervision.reconcile import AlertState
from uskat.wire.status import AwareTime

Words = Annotated[str, Meta(max_length=4000, pattern=r"^[^\x00]*$")]
Said = Annotated[str, Meta(max_length=4000, pattern=r"^[^\x00]*\S[^\x00]*$")]
Code = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[
    str, Meta(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")
]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Metres = Annotated[float, Meta(gt=0, le=100_000)]
Photographs = Annotated[tuple[Sha256, ...], Meta(max_length=50)]
AlertId = Annotated[int, Meta(ge=1, le=2**62)]


class CaseSubject(StrEnum):
    """What a case is about: water wants a laboratory sample, a blast is on record."""

    WATER = "water"
    BLAST = "blast"


class Clock(StrEnum):
    """A term that runs: the first four are the agency's own, the others the enterprise's."""

    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    SAMPLE = "sample"
    DECIDE = "decide"
    EXPLAIN = "explain"
    MEASURE = "measure"


class CaseVerdict(StrEnum):
    """What people found."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    INSTRUMENT_FAULT = "instrument_fault"
    NATURAL = "natural"


class MeasureKind(StrEnum):
    """What an agency does about a violation: предписание, протокол, предостережение, представление, иск о вреде."""

    ORDER = "order"
    PROTOCOL = "protocol"
    WARNING = "warning"
    SUBMISSION = "submission"
    DAMAGES = "damages"


class WindowWord(StrEnum):
    """Whether water of the plume was at the place when the sample was taken."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class Paper(Struct, frozen=True, kw_only=True, tag_field="action", forbid_unknown_fields=True, omit_defaults=True):
    """Base: `action` in JSON names the kind."""


class AlertFact(Struct, frozen=True):
    """An alert as the case last heard of it."""

    id: int
    state: AlertState
    severity: Severity


class Open(Paper, frozen=True, tag="open"):
    """First of every case: from alerts, complaints, or a planned check (`check`: its ground, plan and number)."""

    subject: CaseSubject
    title: Name
    severity: Severity
    policy: str
    agency: str
    territory: str | None = None
    station: str | None = None
    alerts: tuple[AlertFact, ...] = ()
    complaints: tuple[int, ...] = ()
    check: Words = ""


class Join(Paper, frozen=True, tag="join"):
    """More alerts or complaints of the same matter."""

    alerts: tuple[AlertFact, ...] = ()
    complaints: tuple[int, ...] = ()


class Acknowledge(Paper, frozen=True, tag="acknowledge"):
    """Somebody takes the case."""

    note: Words = ""


class Assign(Paper, frozen=True, tag="assign"):
    """The case is given to a person (login)."""

    to: Code
    note: Words = ""


class Dispatch(Paper, frozen=True, tag="dispatch"):
    """Somebody is on the way. who: as people write it."""

    who: Name
    note: Words = ""


class FieldVisit(Paper, frozen=True, tag="visit"):
    """A field visit: where and when exactly, what was seen, photographs by their SHA-256."""

    visited_at: AwareTime
    latitude: Latitude
    longitude: Longitude
    accuracy_m: Metres
    found: Said
    photographs: Photographs = ()


class Examine(Paper, frozen=True, tag="examine"):
    """Records were examined at the desk: what they say."""

    found: Said


class LabSample(Paper, frozen=True, tag="sample"):
    """A sample for the laboratory. number: of the act of sampling (акт отбора). accreditation: of the laboratory.

    place: code of a station, outlet or settlement; or river and km from its mouth.
    """

    number: Code
    laboratory: Name
    accreditation: Code
    taken_at: AwareTime
    latitude: Latitude
    longitude: Longitude
    place: Code | None = None
    river: Code | None = None
    km: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    photographs: Photographs = ()
    note: Words = ""


class WaiveSample(Paper, frozen=True, tag="waive_sample"):
    """Why no sample can be taken any more."""

    note: Said


class LabResult(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One parameter by the laboratory. uncertainty: expanded, k = 2, in the same unit. below: less than `value`."""

    parameter: Code
    value: Annotated[float, Meta(ge=-50, le=1e9)]
    unit: Code
    uncertainty: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    method: Words = ""
    below: bool = False


class Results(Paper, frozen=True, tag="results"):
    """What the laboratory found in a sample. number: of the sample's act; protocol: of the laboratory's paper."""

    number: Code
    protocol: Code
    results: Annotated[tuple[LabResult, ...], Meta(min_length=1, max_length=200)]


class Judge(Paper, frozen=True, tag="judge"):
    """The machine's word on a sample's time, from the finding of an alert: when the plume was at the place."""

    number: str
    word: WindowWord
    alert: int | None = None
    since: AwareTime | None = None
    until: AwareTime | None = None


class Demand(Paper, frozen=True, tag="demand"):
    """An enterprise is asked to explain until a moment; from now on it sees the public part of the case."""

    enterprise: Code
    question: Said
    until: AwareTime


class Explain(Paper, frozen=True, tag="explain"):
    """What an enterprise says."""

    enterprise: Code
    answer: Said
    photographs: Photographs = ()


class Decide(Paper, frozen=True, tag="decide"):
    """The verdict, and on what ground. basis: the legal basis; other_proof: what proves it without a sample inside."""

    verdict: CaseVerdict
    ground: Said
    reason: RejectionReason | None = None
    basis: Words = ""
    other_proof: Words = ""


class Measure(Paper, frozen=True, tag="measure"):
    """A measure by its number, to whom, until when it must be fulfilled. enterprise: code, if it may see it here."""

    number: Code
    kind: MeasureKind
    addressee: Name
    text: Said
    enterprise: Code | None = None
    until: AwareTime | None = None


class Fulfil(Paper, frozen=True, tag="fulfil"):
    """A measure was fulfilled, or is settled otherwise, as the note says."""

    number: Code
    note: Said


class Close(Paper, frozen=True, tag="close"):
    """Nothing is left to do."""

    note: Words = ""


class Reopen(Paper, frozen=True, tag="reopen"):
    """A verdict is taken back, and why."""

    note: Said


class Note(Paper, frozen=True, tag="note"):
    """Anything else that the file must hold."""

    note: Said
    photographs: Photographs = ()


class Change(Paper, frozen=True, tag="change"):
    """The machine changed an alert of the case: withdrew it, found it over, graver, lighter."""

    alert: AlertFact
    note: Words = ""


class Escalate(Paper, frozen=True, tag="escalate"):
    """A term ran out and the next role is told; person: who has that duty now, None: nobody.

    reference: number of the measure, or of the demand counted from 1.
    """

    clock: Clock
    to: str
    person: str | None = None
    reference: str | None = None


PersonPaper = (
    Acknowledge | Assign | Dispatch | FieldVisit | Examine | LabSample | WaiveSample | Results | Demand | Decide
    | Measure | Fulfil | Close | Reopen | Note
)  # fmt: skip
AnyPaper = PersonPaper | Open | Join | Explain | Judge | Change | Escalate
