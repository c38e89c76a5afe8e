"""What a Common Alerting Protocol message says of a public alert (OASIS CAP 1.2, §3.2), as values.

The machine tells people nothing to do: `responseType` is Monitor while it lasts and AllClear when it is over, and the
`instruction` says only who does, and where to tell what one sees oneself. A named person who asks people not to take
water does so elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uskat.finding import FindingKind, Severity

Coordinates = tuple[float, float]


class MessageType(StrEnum):
    """Whether a message begins, changes or takes back."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


@dataclass(frozen=True, slots=True)
class CapEvent:
    """One message that was, or could have been, sent of an alert. key: `e…` of the machine, `s…` a step of people.

    cancels: the alert was withdrawn or rejected by it. why: in the words of the machine's withdrawal.
    """

    key: str
    at: datetime
    cancels: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """Where: a name, rings of (longitude, latitude), circles of centre and radius in km."""

    name: str
    name_en: str
    rings: tuple[tuple[Coordinates, ...], ...] = ()
    circles: tuple[tuple[Coordinates, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CapAlert:
    """A public alert with what a message needs. events: oldest first, not empty; the message is of the last one.

    sender: domain of the installation. confirmed: people confirmed it. demo: invented instruments, status Test.
    reasons: in Russian. figures: name to value with unit in Russian. web: page of the alert. place: its station.
    report: address at which a resident tells what they see.
    """

    id: int
    sender: str
    kind: FindingKind
    severity: Severity
    title: str
    title_en: str
    reasons: Sequence[str]
    figures: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    confirmed: bool
    demo: bool
    word: str
    web: str
    area: Area
    events: Sequence[CapEvent]
    place: str = ""
    report: str = ""

    @property
    def last(self) -> CapEvent:
        """The event that the message is of."""
        return self.events[-1]

    @property
    def cancelled(self) -> bool:
        """True when the machine withdrew it or people rejected it, and nothing came after."""
        return self.last.cancels

    @property
    def type(self) -> MessageType:
        """Of the last message."""
        if self.cancelled:
            return MessageType.CANCEL
        return MessageType.ALERT if len(self.events) == 1 else MessageType.UPDATE

    def identifier(self, event: CapEvent) -> str:
        """Number of the message of an event: never used again, and without the characters CAP forbids."""
        return f"uskat-{self.id}-{event.key}"


CATEGORIES: Mapping[FindingKind, str] = {
    FindingKind.EXCEEDANCE: "Env", FindingKind.EVENT: "Env", FindingKind.SOURCE: "Env", FindingKind.NATURAL: "Env",
    FindingKind.FLOOD: "Met", FindingKind.VIBRATION: "Safety", FindingKind.AIRBLAST: "Safety",
    FindingKind.UNDECLARED: "Safety", FindingKind.MISDECLARED: "Safety", FindingKind.FUME: "CBRNE",
}  # fmt: skip
"""CAP's categories; what is not here (instruments, papers) is Other."""
LEVELS: Mapping[Severity, str] = {
    Severity.MAINTENANCE: "Unknown", Severity.NOTICE: "Minor", Severity.VIOLATION: "Moderate", Severity.HIGH: "Severe",
    Severity.EXTREME: "Extreme",
}  # fmt: skip
URGENCIES: Mapping[Severity, str] = {
    Severity.MAINTENANCE: "Unknown", Severity.NOTICE: "Unknown", Severity.VIOLATION: "Expected",
    Severity.HIGH: "Immediate", Severity.EXTREME: "Immediate",
}  # fmt: skip


def category(kind: FindingKind) -> str:
    """CAP category of a kind."""
    return CATEGORIES.get(kind, "Other")


def urgency(alert: CapAlert) -> str:
    """Past when it is over or taken back, else by severity."""
    return "Past" if alert.cancelled or alert.ended_at is not None else URGENCIES[alert.severity]


def certainty(alert: CapAlert) -> str:
    """Observed only when people confirmed it; a machine alone is Likely; what was taken back is Unlikely."""
    if alert.cancelled:
        return "Unlikely"
    return "Observed" if alert.confirmed else "Likely"


def response(alert: CapAlert) -> str:
    """What the message asks for: to watch, or nothing any more."""
    return "AllClear" if alert.cancelled or alert.ended_at is not None else "Monitor"
