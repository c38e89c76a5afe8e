"""How much an alert weighs for people: the level of the norm, raised where its water comes to a settlement in time.

The level itself (ВЗ, ЭВЗ) is the detector's and stays in the alert; what is raised is how soon somebody must act.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from uskat.finding import SEVERITY_ORDER, FindingKind, Severity, number_ru
from uskat.supervision.handling.policy import Policy
from uskat.water.calibration import Calibrations
from uskat.water.network_graph import Network
from uskat.water.plume import TargetKind, targets_below
from uskat.water.river_flow import RiverState, station_point
from uskat.water.travel_time import NOTHING_KNOWN, travel_between


@dataclass(frozen=True, slots=True)
class Reached:
    """A settlement that water from a station comes to. earliest: when the front may be there at the soonest."""

    code: str
    name: str
    earliest: timedelta


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


def asks_for_receptors(policy: Policy, kind: FindingKind, *, severity: Severity) -> bool:
    """True when settlements downstream could change what an alert weighs, so that they must be looked up."""
    rule = policy.receptors
    if rule is None or kind not in rule.kinds:
        return False
    place = SEVERITY_ORDER.index(severity)
    return SEVERITY_ORDER.index(rule.least) <= place < SEVERITY_ORDER.index(rule.becomes)


def weighed(
    severity: Severity, kind: FindingKind, *, reached: Iterable[Reached], policy: Policy
) -> tuple[Severity, str]:
    """The severity that people work by, and why it is another than the detector's (Russian; empty: it is the same)."""
    rule = policy.receptors
    if rule is None or not asks_for_receptors(policy, kind, severity=severity):
        return severity, ""
    near = [one for one in reached if one.earliest <= rule.within]
    if not near:
        return severity, ""
    first = min(near, key=lambda one: (one.earliest, one.code))
    hours = number_ru(first.earliest / timedelta(hours=1))
    return rule.becomes, f"Важность поднята: вода может дойти до {first.name} через {hours} ч."
