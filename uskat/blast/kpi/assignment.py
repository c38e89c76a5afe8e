"""Whose blast an event of the regional catalogue was: by the place, and where pits lie too close by a declared blast.

A regional network errs by 3–5 km (`blasting/norms.md` §3.6.7), and pits of two enterprises may lie nearer to each other
than that. Such an event belongs to the one that declared a blast at its time, else to nobody: it still counts for the
region.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.geometry import Point, distance_m
from uskat.blast.kpi.activity import FiredBlast
from uskat.blast.kpi.rules import KpiRules


@dataclass(frozen=True, slots=True)
class PitOwner:
    """A pit, its enterprise, and its middle (longitude, latitude)."""

    pit: str
    enterprise: str
    place: Point


@dataclass(frozen=True, slots=True)
class Assigned:
    """Events by enterprise, in their order; nobody: near no pit, or near several without a declared blast."""

    by_enterprise: dict[str, tuple[CatalogueEvent, ...]]
    nobody: tuple[CatalogueEvent, ...]


def pit_near(place: Point, pits: Iterable[PitOwner], *, rules: KpiRules) -> PitOwner | None:
    """The nearest pit; None when none is near, or pits of several enterprises are."""
    near = _near(place, pits, rules)
    return near[0] if near and len({pit.enterprise for pit in near}) == 1 else None


def assign_events(
    events: Iterable[CatalogueEvent], pits: Sequence[PitOwner], *, fired: Sequence[FiredBlast], rules: KpiRules
) -> Assigned:
    """The blasts among the events, by enterprise; fired: declared blasts of the same time."""
    found: dict[str, list[CatalogueEvent]] = {}
    nobody: list[CatalogueEvent] = []
    declared = sorted((blast for blast in fired if blast.declared), key=lambda blast: blast.fired_at)
    for event in events:
        if not event.is_blast:
            continue
        near = {pit.enterprise for pit in _near((event.longitude, event.latitude), pits, rules)}
        owners = near if len(near) == 1 else near & _firing(event, declared, rules)
        if len(owners) == 1:
            found.setdefault(owners.pop(), []).append(event)
        else:
            nobody.append(event)
    return Assigned({name: tuple(members) for name, members in sorted(found.items())}, tuple(nobody))


def _near(place: Point, pits: Iterable[PitOwner], rules: KpiRules) -> list[PitOwner]:
    limit = rules.pit_radius_km.value * 1000
    found = [(distance_m(place, pit.place), pit.pit, pit) for pit in pits if _may_be_near(place, pit.place, limit)]
    return [pit for away, _, pit in sorted(found, key=lambda one: one[:2]) if away <= limit]


def _may_be_near(first: Point, second: Point, limit_m: float) -> bool:
    """A quick bound, since the plane of `distance_m` serves near points only."""
    return abs(first[1] - second[1]) * 110_000 <= limit_m and abs(first[0] - second[0]) < 1


def _firing(event: CatalogueEvent, declared: Sequence[FiredBlast], rules: KpiRules) -> set[str]:
    slack = timedelta(minutes=rules.match_min.value)
    return {blast.enterprise for blast in declared if abs(blast.fired_at - event.at) <= slack}
