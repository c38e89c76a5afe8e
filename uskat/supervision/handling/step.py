"""What people and the machine do about an alert: steps that are only ever added, never changed or taken away."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from uskat.finding import Severity
from uskat.supervision.evidence.grade import Grade

MACHINE = "machine"
"""Author of the steps nobody took: detectors, terms that ran out."""


class Action(StrEnum):
    """What a step is. The first five are the detectors', the rest people's or those of a term that ran out."""

    RAISE = "raise"
    RETURN = "return"
    REOPEN = "reopen"
    REGRADE = "regrade"
    WITHDRAW = "withdraw"
    ACKNOWLEDGE = "acknowledge"
    LAPSE = "lapse"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    RELEASE = "release"
    ESCALATE = "escalate"
    CONFIRM = "confirm"
    REJECT = "reject"
    RESOLVE = "resolve"
    RECONSIDER = "reconsider"


class RejectionReason(StrEnum):
    """Why an alert was not one. A closed list: the reasons are what detectors are measured by."""

    INSTRUMENT = "instrument"
    MAINTENANCE = "maintenance"
    WEATHER = "weather"
    CALIBRATION = "calibration"
    DUPLICATE = "duplicate"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. at: UTC, when it was taken; by: a person's login, or MACHINE. note: in the words of whoever took it.

    severity: of RAISE and REGRADE; grade: of the evidence by which that was weighed. policy: id of the policy in force,
    of RAISE. until: of SHELVE. reason: of REJECT. reference: what suppresses (an alert, a visit) or duplicates. to:
    role that an escalation tells.
    """

    action: Action
    at: datetime
    by: str
    note: str = ""
    severity: Severity | None = None
    grade: Grade | None = None
    policy: str | None = None
    until: datetime | None = None
    reason: RejectionReason | None = None
    reference: str | None = None
    to: str | None = None

    def __post_init__(self) -> None:
        for moment in (self.at, self.until):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{self.action}: a moment without a time zone")

    def to_json(self) -> dict[str, Any]:
        """JSON values of everything that is set."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in found.items()
            if value not in {None, ""}
        }


def step_of(document: dict[str, Any]) -> Step:
    """The step that `to_json` wrote. Raises ValueError or KeyError for anything else."""
    values = dict(document)
    for name in ("at", "until"):
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    for name, word in (("action", Action), ("severity", Severity), ("grade", Grade), ("reason", RejectionReason)):
        if name in values:
            values[name] = word(values[name])
    unknown = values.keys() - {one.name for one in fields(Step)}
    if unknown:
        raise ValueError(f"a step has no {sorted(unknown)}")
    return Step(**values)
