"""What is done about a complaint: steps that are only ever added. They hold nothing personal of whoever complained."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

CITIZEN, MACHINE = "citizen", "machine"
"""Authors who are no person of the agency."""


class ComplaintAction(StrEnum):
    """What a step is. forget: everything personal was deleted, at the citizen's word or by term."""

    RECEIVE = "receive"
    TAKE = "take"
    LINK = "link"
    ANSWER = "answer"
    CLOSE = "close"
    REJECT = "reject"
    REOPEN = "reopen"
    FORGET = "forget"


class ComplaintRejection(StrEnum):
    """Why a complaint is not looked into. A closed list; the citizen reads it in words."""

    NOT_OURS = "not_ours"
    DUPLICATE = "duplicate"
    UNCLEAR = "unclear"
    SPAM = "spam"


@dataclass(frozen=True, slots=True)
class ComplaintStep:
    """One step. at: UTC; by: a person's login, CITIZEN or MACHINE. note: what the citizen reads (ANSWER, CLOSE …).

    reason: of REJECT. reference: of LINK: `alert:5`, `case:7`, `blast:enterprise/number`.
    """

    action: ComplaintAction
    at: datetime
    by: str
    note: str = ""
    reason: ComplaintRejection | None = None
    reference: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"{self.action}: a moment without a time zone")

    def to_json(self) -> dict[str, Any]:
        """JSON values of everything that is set."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in found.items()
            if value not in {None, ""}
        }


def complaint_step_of(document: dict[str, Any]) -> ComplaintStep:
    """The step that `to_json` wrote. Raises ValueError or KeyError for anything else."""
    unknown = document.keys() - {one.name for one in fields(ComplaintStep)}
    if unknown:
        raise ValueError(f"a step has no {sorted(unknown)}")
    values = dict(document)
    values["at"] = datetime.fromisoformat(values["at"])
    values["action"] = ComplaintAction(values["action"])
    if "reason" in values:
        values["reason"] = ComplaintRejection(values["reason"])
    return ComplaintStep(**values)
