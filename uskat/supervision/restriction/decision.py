"""A decision that restricts discharges or blasting: versions that are only added, and who has read them.

What somebody did is judged by the version that was in force and issued when they did it: a decision binds nobody
backwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from uskat.supervision.restriction.rules import DecisionRules

LONGEST_TEXT = 8000
LONGEST_WORD = 200
LONGEST_RIVER_KM = 10_000
EARLIEST_YEAR, LATEST_YEAR = 2000, 2199


class Restricted(StrEnum):
    """What is restricted."""

    BLASTING = "blasting"
    DISCHARGE = "discharge"


class Basis(StrEnum):
    """Why."""

    NMU = "nmu"
    WIND = "wind"
    FLOOD = "flood"
    WATER_QUALITY = "water_quality"
    OTHER = "other"


class DecisionAction(StrEnum):
    """What a version is."""

    ISSUE = "issue"
    AMEND = "amend"
    WITHDRAW = "withdraw"


class DecisionError(ValueError):
    """A decision or version that cannot be; the message says why: in Russian, where a person may have caused it."""


@dataclass(frozen=True, slots=True)
class ReachArea:
    """Part of a river, kilometres from its mouth, both ends included."""

    river: str
    from_km: float
    to_km: float

    def holds(self, river: str | None, km: float | None) -> bool:
        """True for a place of this river between the ends."""
        low, high = sorted((self.from_km, self.to_km))
        return river == self.river and km is not None and low <= km <= high


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided. [starts_at, ends_at), UTC. pits, reaches: narrow the territory; empty: all of it.

    addressees: codes of enterprises; empty: whoever works in the area. text: as decided; law: on what it rests.
    """

    number: str
    restricts: Restricted
    basis: Basis
    territory: str
    starts_at: datetime
    ends_at: datetime
    title: str
    text: str
    law: str
    pits: tuple[str, ...] = ()
    reaches: tuple[ReachArea, ...] = ()
    addressees: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        found: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        return found | {
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "pits": list(self.pits),
            "reaches": [
                {"river": one.river, "from_km": one.from_km, "to_km": one.to_km} for one in self.reaches
            ],
            "addressees": list(self.addressees),
        }  # fmt: skip

    def addresses(self, enterprise: str | None) -> bool:
        """True when the decision speaks to this enterprise."""
        return not self.addressees or enterprise in self.addressees


@dataclass(frozen=True, slots=True)
class DecisionVersion:
    """One version. at: when it was issued, UTC; by: who; reason: why amended or withdrawn."""

    action: DecisionAction
    at: datetime
    by: str
    decision: Decision
    reason: str = ""


def decision_of(document: Mapping[str, Any]) -> Decision:
    """The decision that `to_json` wrote. Raises DecisionError."""
    try:
        values = dict(document)
        for name in ("starts_at", "ends_at"):
            values[name] = datetime.fromisoformat(values[name])
        values["restricts"], values["basis"] = Restricted(values["restricts"]), Basis(values["basis"])
        values["reaches"] = tuple(ReachArea(**one) for one in values.get("reaches", ()))
        values["pits"], values["addressees"] = tuple(values.get("pits", ())), tuple(values.get("addressees", ()))
        return Decision(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise DecisionError(str(error)) from error


def check_decision(decision: Decision, *, rules: DecisionRules) -> None:
    """Raise DecisionError for one that says too little, runs backwards or too long, or names a wrong kind of area."""
    if not decision.number.strip() or not decision.title.strip() or not decision.law.strip():
        raise DecisionError("У решения есть номер, название и правовое основание")
    if not decision.text.strip() or len(decision.text) > LONGEST_TEXT:
        raise DecisionError(f"В тексте решения от 1 до {LONGEST_TEXT} знаков")
    if max(map(len, (decision.number, decision.title, decision.law, decision.territory))) > 5 * LONGEST_WORD:
        raise DecisionError(f"Номер, название и основание – не длиннее {5 * LONGEST_WORD} знаков")
    if decision.starts_at.tzinfo is None or decision.ends_at.tzinfo is None:
        raise DecisionError("У времени не указан часовой пояс")
    if not timedelta(0) < decision.ends_at - decision.starts_at <= rules.longest:
        raise DecisionError(f"Конец срока – после начала, не дальше чем через {rules.longest.days} сут.")
    if decision.restricts is Restricted.BLASTING and decision.reaches:
        raise DecisionError("Взрывы ограничивают на разрезах, а не на участках рек")
    if decision.restricts is Restricted.DISCHARGE and decision.pits:
        raise DecisionError("Сбросы ограничивают на участках рек, а не на разрезах")
    if not all(0 <= km <= LONGEST_RIVER_KM for one in decision.reaches for km in (one.from_km, one.to_km)):
        raise DecisionError(f"Километры считают от устья: от 0 до {LONGEST_RIVER_KM}")
    if not EARLIEST_YEAR <= decision.starts_at.year <= decision.ends_at.year <= LATEST_YEAR:
        raise DecisionError(f"Срок лежит между {EARLIEST_YEAR} и {LATEST_YEAR} годом")


def add_version(versions: Sequence[DecisionVersion], version: DecisionVersion) -> tuple[DecisionVersion, ...]:
    """The versions with one more. Raises DecisionError for one that may not follow."""
    last = versions[-1] if versions else None
    if (last is None) != (version.action is DecisionAction.ISSUE):
        raise DecisionError("Решение принимают один раз, потом его изменяют")
    if last is not None:
        if last.action is DecisionAction.WITHDRAW:
            raise DecisionError("Решение отменено: примите другое")
        if version.at < last.at:
            raise DecisionError("Изменение не может быть раньше предыдущего")
        if not version.reason.strip():
            raise DecisionError("Напишите, почему решение изменяется или отменяется")
        kept = ("number", "restricts", "territory")
        if any(getattr(version.decision, name) != getattr(last.decision, name) for name in kept):
            raise DecisionError("Номер, вид и территория не меняются: примите другое решение")
        if version.action is DecisionAction.WITHDRAW and version.decision != last.decision:
            raise DecisionError("Отмена ничего другого не меняет")
    return (*versions, version)


def in_force(versions: Iterable[DecisionVersion], moment: datetime) -> Decision | None:
    """The decision that bound whoever acted then: the newest version issued by then, if its period holds the moment."""
    issued = [version for version in versions if version.at <= moment]
    if not issued or issued[-1].action is DecisionAction.WITHDRAW:
        return None
    decision = issued[-1].decision
    return decision if decision.starts_at <= moment < decision.ends_at else None


class Reading(StrEnum):
    """Whether an addressee has read the version that holds now. late: read after its term; overdue: not read."""

    ACKNOWLEDGED = "acknowledged"
    LATE = "late"
    WAITING = "waiting"
    OVERDUE = "overdue"


def reading_of(
    version: DecisionVersion, acknowledged_at: datetime | None, *, now: datetime, rules: DecisionRules
) -> Reading:
    """Where the acknowledgement of one addressee stands."""
    due = version.at + rules.acknowledge
    if acknowledged_at is not None:
        return Reading.ACKNOWLEDGED if acknowledged_at <= due else Reading.LATE
    return Reading.WAITING if now < due else Reading.OVERDUE
