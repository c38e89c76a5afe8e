"""What the instruments show against a decision: blasts that were fired, discharges that were found – as findings.

A blast is dated by the network's event where it was recorded, else by the enterprise's word. What nobody declared is
told under the decision when it was near a restricted pit, as a suspicion and to the agency only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from uskat.blast.geometry import Point, distance_m
from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru
from uskat.supervision.restriction.decision import Decision, DecisionVersion, Restricted, in_force
from uskat.supervision.restriction.rules import DecisionRules

DETECTOR = "restriction"


@dataclass(frozen=True, slots=True)
class PitPlace:
    """A pit and the territory it lies in."""

    code: str
    name: str
    territory: str | None
    place: Point


@dataclass(frozen=True, slots=True)
class FiredBlast:
    """A blast that happened. enterprise, pit None: nobody declared it. recorded: instruments saw it at `at`."""

    reference: str
    enterprise: str | None
    pit: str | None
    place: Point
    at: datetime
    recorded: bool
    station_id: int | None = None


@dataclass(frozen=True, slots=True)
class FoundDischarge:
    """An alert that tells of a discharge: at an outlet's own station, or attributed to an outlet with a probability."""

    alert: int
    title: str
    title_en: str
    station_id: int
    enterprise: str | None
    territory: str | None
    river: str | None
    km: float | None
    started_at: datetime
    ended_at: datetime | None
    probability: float | None = None


def breach_findings(
    number: int, versions: Sequence[DecisionVersion], *, blasts: Iterable[FiredBlast],
    discharges: Iterable[FoundDischarge], pits: Sequence[PitPlace], rules: DecisionRules,
) -> list[Finding]:  # fmt: skip
    """Findings of one decision (its number in storage), judged by the version that bound whoever acted."""
    if not versions:
        return []
    found: list[Finding | None] = []
    if versions[0].decision.restricts is Restricted.BLASTING:
        found += [_blast(number, versions, blast, pits=pits, rules=rules) for blast in blasts]
    else:
        found += [_discharge(number, versions, one, rules=rules) for one in discharges]
    return [one for one in found if one is not None]


def _blast(
    number: int, versions: Sequence[DecisionVersion], blast: FiredBlast, *, pits: Sequence[PitPlace],
    rules: DecisionRules,
) -> Finding | None:  # fmt: skip
    decision = in_force(versions, blast.at)
    if decision is None:
        return None
    if blast.enterprise is None:
        return _undeclared(number, decision, blast, pits=pits, rules=rules)
    pit = next((one for one in pits if one.code == blast.pit), None)
    if pit is None or not _restricted(decision, pit) or not decision.addresses(blast.enterprise):
        return None
    word = ("записан приборами", "recorded by instruments") if blast.recorded else ("по сообщению", "as reported")
    return _finding(
        number, decision, blast.reference, blast.at, severity=Severity.VIOLATION, published=True,
        station_id=blast.station_id,
        title=(f"Взрыв {blast.reference} во время запрета № {decision.number}",
               f"Blast {blast.reference} during restriction {decision.number}"),
        reasons=(f"Разрез «{pit.name}», {word[0]}.", f"Решение № {decision.number}: {decision.title}."),
    )  # fmt: skip


def _undeclared(
    number: int, decision: Decision, blast: FiredBlast, *, pits: Sequence[PitPlace], rules: DecisionRules
) -> Finding | None:
    near = [
        (distance_m(blast.place, pit.place) / 1000, pit.code, pit)
        for pit in pits
        if _restricted(decision, pit)
    ]  # fmt: skip
    away, _, pit = min(near, default=(float("inf"), "", None), key=lambda one: one[:2])
    if pit is None or away > rules.pit_km:
        return None
    return _finding(
        number, decision, blast.reference, blast.at, severity=Severity.NOTICE, published=False,
        station_id=blast.station_id, figures={"distance": Figure(round(away, 2), "км")},
        title=(f"Взрыв без объявления во время запрета № {decision.number}, {number_ru(away)} км от «{pit.name}»",
               f"Undeclared blast during restriction {decision.number}, {number_en(away)} km from {pit.name}"),
        reasons=("Чей это взрыв, не установлено.", f"Решение № {decision.number}: {decision.title}."),
    )  # fmt: skip


def _discharge(
    number: int, versions: Sequence[DecisionVersion], one: FoundDischarge, *, rules: DecisionRules
) -> Finding | None:
    end = one.ended_at or datetime.max.replace(tzinfo=one.started_at.tzinfo)
    moment = _first_bound(versions, one.started_at, end)
    decision = in_force(versions, moment) if moment is not None else None
    if decision is None or moment is None or one.territory != decision.territory:
        return None
    if decision.reaches and not any(reach.holds(one.river, one.km) for reach in decision.reaches):
        return None
    if not decision.addresses(one.enterprise):
        return None
    if one.probability is not None and one.probability < rules.outlet_probability:
        return None
    certain = one.probability is None
    figures = {} if one.probability is None else {"probability": Figure(round(100 * one.probability, 1), "%")}
    return _finding(
        number, decision, f"alert-{one.alert}", moment, ended_at=one.ended_at, figures=figures,
        severity=Severity.VIOLATION if certain else Severity.NOTICE, published=certain, station_id=one.station_id,
        title=(f"Во время ограничения № {decision.number}: {one.title}",
               f"During restriction {decision.number}: {one.title_en}"),
        reasons=(f"Сигнал {one.alert}.", f"Решение № {decision.number}: {decision.title}."),
    )  # fmt: skip


def _first_bound(versions: Sequence[DecisionVersion], since: datetime, until: datetime) -> datetime | None:
    """First moment of [since, until) at which the decision bound; None for none."""
    edges = {since} | {version.at for version in versions} | {version.decision.starts_at for version in versions}
    return min((edge for edge in edges if since <= edge < until and in_force(versions, edge) is not None), default=None)


def _restricted(decision: Decision, pit: PitPlace) -> bool:
    return pit.code in decision.pits if decision.pits else pit.territory == decision.territory


def _finding(
    number: int, decision: Decision, reference: str, at: datetime, *, severity: Severity, published: bool,
    title: tuple[str, str], reasons: tuple[str, ...], station_id: int | None, ended_at: datetime | None = None,
    figures: dict[str, Figure] | None = None,
) -> Finding:  # fmt: skip
    over = at if ended_at is None and decision.restricts is Restricted.BLASTING else ended_at
    return Finding(
        detector=DETECTOR, kind=FindingKind.RESTRICTION_BREACH, severity=severity, key=breach_key(number, reference),
        started_at=at, knowable_at=at, ended_at=over, settled_at=over, title=title[0], title_en=title[1],
        station_id=station_id, figures=figures or {}, reasons=reasons, published=published,
        norm={"decision": number, "number": decision.number, "title": decision.title, "law": decision.law,
              "verified": False},
        detail={"restriction": number, "reference": reference, "restricts": decision.restricts.value,
                "basis": decision.basis.value},
    )  # fmt: skip


def breach_key(number: int, reference: str) -> str:
    """Key of a finding of one decision."""
    return f"{DETECTOR}:{number}:{reference}"


def decision_of_key(key: str) -> int | None:
    """Number of the decision that a finding's key names; None for another key."""
    parts = key.split(":", 2)
    return int(parts[1]) if len(parts) == 3 and parts[0] == DETECTOR and parts[1].isdecimal() else None
