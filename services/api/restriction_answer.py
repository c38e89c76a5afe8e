"""How a decision that restricts is told: what holds, where, for whom, until when, and who has read it."""

from datetime import datetime
from typing import Any

import msgspec

from services.api.authentication import Principal
from services.storage.restriction_store import StoredDecision
from uskat.supervision.restriction.decision import DecisionAction, in_force, reading_of
from uskat.supervision.restriction.rules import decision_rules

DECISION_EXAMPLE = {
    "number": "14/НМУ", "restricts": "blasting", "basis": "nmu", "territory": "lower-uskat-demo",
    "starts_at": "2026-06-02T12:00:00+00:00", "ends_at": "2026-06-03T12:00:00+00:00", "title": "НМУ 2-й степени",
    "text": "Взрывные работы не производить.", "law": "96-ФЗ, ст. 19", "pits": ["kedrovaya-pad"], "reaches": [],
    "addressees": ["kedrovaya-pad-demo"],
}  # fmt: skip
EXAMPLE = {
    "id": 3, "agency": "inspection-lower-demo", "state": "in_force", "version": 1, "issued_at": "2026-06-02T10:00:00Z",
    "acknowledge_by": "2026-06-02T14:00:00Z", "decision": DECISION_EXAMPLE,
    "addressees": [{"enterprise": "kedrovaya-pad-demo", "reading": "waiting", "at": None, "by": None}],
    "versions": [{"action": "issue", "at": "2026-06-02T10:00:00Z", "reason": "", "decision": DECISION_EXAMPLE}],
}  # fmt: skip


class Addressee(msgspec.Struct):
    """An enterprise and whether it has read what holds now. by: for the agency and the enterprise itself."""

    enterprise: str
    reading: str
    at: datetime | None
    by: str | None


class ToldVersion(msgspec.Struct):
    """A version as the public reads it."""

    action: str
    at: datetime
    reason: str
    decision: dict[str, Any]


class RestrictionAnswer(msgspec.Struct):
    """A decision. state: to_come | in_force | over | withdrawn. acknowledge_by: of the version that holds now."""

    id: int
    agency: str
    state: str
    version: int
    issued_at: datetime
    acknowledge_by: datetime
    decision: dict[str, Any]
    addressees: list[Addressee]
    versions: list[ToldVersion]


def restriction_answer(found: StoredDecision, *, asking: Principal, now: datetime) -> RestrictionAnswer:
    """What the reader may know: names of people only of their own side."""
    rules, last = decision_rules(), found.last
    named = set(found.bound) | {one.enterprise for one in found.read if one.version == len(found.versions)}
    return RestrictionAnswer(
        id=found.id,
        agency=found.agency,
        state=state_word(found, now),
        version=len(found.versions),
        issued_at=last.at,
        acknowledge_by=last.at + rules.acknowledge,
        decision=last.decision.to_json(),
        addressees=[_addressee(found, enterprise, asking=asking, now=now) for enterprise in sorted(named)],
        versions=[ToldVersion(one.action.value, one.at, one.reason, one.decision.to_json()) for one in found.versions],
    )


def state_word(found: StoredDecision, now: datetime) -> str:
    """Where a decision stands at a moment."""
    last = found.last
    if last.action is DecisionAction.WITHDRAW:
        return "withdrawn"
    if in_force(found.versions, now) is not None:
        return "in_force"
    return "to_come" if now < last.decision.starts_at else "over"


def _addressee(found: StoredDecision, enterprise: str, *, asking: Principal, now: datetime) -> Addressee:
    read = found.read_at(enterprise)
    reading = reading_of(found.last, read.at if read else None, now=now, rules=decision_rules())
    inside = asking.agency == found.agency or asking.enterprise == enterprise
    return Addressee(enterprise, reading.value, read.at if read else None, read.by if read and inside else None)
