"""What a check says about the world: the value that detectors return and supervision turns into alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding weighs, least first.

    maintenance: the instrument or its link, not the water. notice: worth a look. violation: a norm is exceeded.
    high: «высокое загрязнение» (ВЗ), extreme: «экстремально высокое загрязнение» (ЭВЗ), as the norm pack defines them.
    """

    MAINTENANCE = "maintenance"
    NOTICE = "notice"
    VIOLATION = "violation"
    HIGH = "high"
    EXTREME = "extreme"


SEVERITY_ORDER = tuple(Severity)


def worst(first: Severity, second: Severity) -> Severity:
    """The graver of two."""
    return max(first, second, key=SEVERITY_ORDER.index)


class FindingKind(StrEnum):
    """What a finding is about. A new detector may add its own word.

    event: a change no norm speaks of; natural: rain, melt or ice explain it; fault: the instrument, not the water;
    source: where a pollution came from; flood: levels and their rise. Of blasts – undeclared: nobody declared it;
    misdeclared: fired at another time or place than declared; charge: the declared charge does not fit the record;
    unrecorded: declared, but no instrument recorded it; late_report; fume: a cloud of level 3 or more.
    cause: what many alerts have in common. restriction_breach: against a decision of an agency; blast_restriction: a
    blast fired against НМУ, wind, hours, distances.
    """

    EXCEEDANCE = "exceedance"
    SILENCE = "silence"
    VIBRATION = "vibration"
    AIRBLAST = "airblast"
    HANDLING = "handling"
    CLOCK = "clock"
    EVENT = "event"
    NATURAL = "natural"
    FAULT = "fault"
    SOURCE = "source"
    FLOOD = "flood"
    UNDECLARED = "undeclared"
    MISDECLARED = "misdeclared"
    CHARGE = "charge"
    UNRECORDED = "unrecorded"
    LATE_REPORT = "late_report"
    FUME = "fume"
    CAUSE = "cause"
    RESTRICTION_BREACH = "restriction_breach"
    BLAST_RESTRICTION = "blast_restriction"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit (as people write it, Russian) – the only way a number enters a finding."""

    value: float
    unit: str

    def to_json(self) -> dict[str, Any]:
        """Value and unit as an object."""
        return {"value": self.value, "unit": self.unit}


@dataclass(frozen=True, slots=True)
class Finding:
    """One episode that a detector sees.

    key: what it speaks of, `detector:subject`; (key, started_at) names the episode. started_at, ended_at: half-open
    period in event time, UTC; ended_at None while it lasts. knowable_at, settled_at: when its beginning and its end
    could have been known. figures: by name. reasons: sentences in Russian. norm: which norm, of which pack, and how
    far it is verified. detail: what else explains it, as JSON values (moved parameters, candidates, forecast).
    station_id: the station it is told under, when that need not be the evaluated one (events of a whole network).
    published False: for the agency's eyes only.
    """

    detector: str
    kind: FindingKind
    severity: Severity
    key: str
    started_at: datetime
    knowable_at: datetime
    ended_at: datetime | None
    title: str
    title_en: str
    settled_at: datetime | None = None
    series_id: int | None = None
    device_id: int | None = None
    station_id: int | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    norm: Mapping[str, Any] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    published: bool = True

    def __post_init__(self) -> None:
        if self.started_at.tzinfo is None or (self.ended_at is not None and self.ended_at < self.started_at):
            raise ValueError(f"finding {self.key}: impossible period {self.started_at} .. {self.ended_at}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an evaluation looked at completely: every episode of `key` that starts in [since, until).

    What is stored inside a scope and was not found again is mistaken; what lies outside is left as it is.
    until None: to the end of time.
    """

    key: str
    since: datetime
    until: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """True when an episode that starts at this moment belongs to the scope."""
        return self.since <= moment and (self.until is None or moment < self.until)


def number_ru(value: float) -> str:
    """Three significant digits as people read them in Russian: 1.304 → «1,3», 0.00951 → «0,00951», 1250 → «1250»."""
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if "e" in text:
        text = f"{float(text):.10f}".rstrip("0").rstrip(".")
    return text.replace(".", ",").replace("-", "−")


def number_en(value: float) -> str:
    """The same digits with a decimal point and an ASCII minus."""
    return number_ru(value).replace(",", ".").replace("−", "-")
