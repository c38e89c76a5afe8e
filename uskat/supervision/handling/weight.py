"""How much an alert weighs for people: the level of the norm, whom its water comes to in time, how sure the reading is.

The level itself (ВЗ, ЭВЗ) is the detector's and stays in the alert; what is weighed here is how soon somebody must act.
The weight never falls when the level, the grade of evidence or the number of receptors rises (tests).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from uskat.finding import SEVERITY_ORDER, FindingKind, Severity, number_ru
from uskat.supervision.evidence.grade import Grade
from uskat.supervision.handling.policy import EvidenceRule, Policy, ReceptorKind, ReceptorRule
from uskat.water.calibration import Calibrations
from uskat.water.network_graph import Network
from uskat.water.network_items import RiverPoint
from uskat.water.plume import TargetKind, targets_below
from uskat.water.river_flow import RiverState, station_point
from uskat.water.travel_time import NOTHING_KNOWN, travel_between
from uskat.water.water_intake import WaterIntake

GRADES = tuple(Grade)
SEVERITY_RU = {
    Severity.MAINTENANCE: "обслуживание", Severity.NOTICE: "замечание", Severity.VIOLATION: "нарушение норматива",
    Severity.HIGH: "высокая", Severity.EXTREME: "экстремальная",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reached:
    """What water from a station comes to. earliest: when the front may be there at the soonest."""

    code: str
    name: str
    earliest: timedelta
    of: ReceptorKind = ReceptorKind.SETTLEMENT


@dataclass(frozen=True, slots=True)
class Weight:
    """The severity that people work by. why: in Russian where it is another than the detector's, else empty.

    grade: by which it was weighed, None where the policy did not ask.
    """

    severity: Severity
    why: str = ""
    grade: Grade | None = None


def settlements_reached(
    network: Network, station: str, *, state: RiverState, calibrations: Calibrations = NOTHING_KNOWN
) -> tuple[Reached, ...]:
    """Riverside settlements below a station by earliest arrival; nothing for a station on no river."""
    here = station_point(network, station)
    if here is None:
        return ()
    found = []
    for target in targets_below(network, here):
        if target.kind is TargetKind.SETTLEMENT:
            way = travel_between(network, here, lower=target.point, state=state, calibrations=calibrations)
            if way is not None:
                found.append(Reached(target.code, target.name, timedelta(hours=way.earliest_h)))
    return tuple(sorted(found, key=lambda one: (one.earliest, one.code)))


def intakes_reached(
    network: Network, station: str, *, intakes: Iterable[WaterIntake], state: RiverState,
    calibrations: Calibrations = NOTHING_KNOWN,
) -> tuple[Reached, ...]:  # fmt: skip
    """Intakes below a station by earliest arrival; one on a river that the network does not have is left out."""
    here = station_point(network, station)
    if here is None:
        return ()
    found = []
    for intake in intakes:
        point = RiverPoint(intake.river, intake.km)
        if intake.river not in network.river_of or network.distance_km(here, point) is None:
            continue
        way = travel_between(network, here, lower=point, state=state, calibrations=calibrations)
        if way is not None:
            kind = ReceptorKind(intake.use.value)
            found.append(Reached(intake.code, intake.name, timedelta(hours=way.earliest_h), kind))
    return tuple(sorted(found, key=lambda one: (one.earliest, one.code)))


def asks_for_receptors(policy: Policy, kind: FindingKind, *, severity: Severity) -> bool:
    """True when what lies downstream could change what an alert weighs, so that it must be looked up."""
    return any(_applies(rule, kind, severity) for rule in policy.receptors)


def asks_for_grade(policy: Policy, kind: FindingKind, *, severity: Severity, raised: Severity) -> bool:
    """True when the grade of evidence could change what an alert weighs. raised: what receptors alone make of it."""
    rule = policy.evidence
    return rule is not None and kind in rule.kinds and (raised is not severity or _place(raised) > _place(rule.at_most))


def weighed(
    severity: Severity, kind: FindingKind, *, reached: Iterable[Reached], policy: Policy, grade: Grade | None = None
) -> Weight:
    """What an alert weighs. grade: of its evidence as known now; None: not asked for, and then nothing is held up."""
    rule = policy.evidence
    if grade is None or rule is None or kind not in rule.kinds:
        return Weight(*_raised(severity, kind, reached=reached, policy=policy))
    raised, why = severity, ""
    if GRADES.index(grade) >= GRADES.index(rule.raises_from):
        raised, why = _raised(severity, kind, reached=reached, policy=policy)
    if GRADES.index(grade) < GRADES.index(rule.needs) and _place(raised) > _place(rule.at_most):
        return Weight(rule.at_most, _held(rule, grade), grade)
    return Weight(raised, why, grade)


def _raised(
    severity: Severity, kind: FindingKind, *, reached: Iterable[Reached], policy: Policy
) -> tuple[Severity, str]:
    best, why, listed = severity, "", sorted(reached, key=lambda one: (one.earliest, one.code))
    for rule in policy.receptors:
        near = [one for one in listed if one.of in rule.of and one.earliest <= rule.within]
        if near and _applies(rule, kind, severity) and _place(rule.becomes) > _place(best):
            hours = number_ru(near[0].earliest / timedelta(hours=1))
            best, why = rule.becomes, f"Важность поднята: вода может дойти до {near[0].name} через {hours} ч."
    return best, why


def _held(rule: EvidenceRule, grade: Grade) -> str:
    return (
        f"Важность не выше «{SEVERITY_RU[rule.at_most]}»: степень доказательности {grade}, "
        f"а нужна {rule.needs} (поверка, методика, диапазон)."
    )


def _applies(rule: ReceptorRule, kind: FindingKind, severity: Severity) -> bool:
    return kind in rule.kinds and _place(rule.least) <= _place(severity) < _place(rule.becomes)


def _place(severity: Severity) -> int:
    return SEVERITY_ORDER.index(severity)
