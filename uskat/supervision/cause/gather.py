"""Alerts gathered under one cause: a wave of pollution past several posts, a network that fell silent, one blast.

What was gathered stays together while its parent stands, so late data add to a parent and never split one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from uskat.finding import FindingKind, Severity
from uskat.supervision.cause.rules import CauseRule, CauseRules, Link

Window = tuple[timedelta, timedelta]
TravelWindow = Callable[[str, str], Window | None]
"""Earliest and latest travel of water from one station to another; None: it never gets there."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert that people have not done with. parent: the alert that stands for its cause already, if any.

    started_at, knowable_at, ended_at: UTC; ended_at None while it is active.
    """

    id: int
    kind: FindingKind
    severity: Severity
    parameter: str | None
    station: str
    station_name: str
    title: str
    started_at: datetime
    knowable_at: datetime
    ended_at: datetime | None
    settled_at: datetime | None
    published: bool
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one cause, the earliest first. parents: standing ones among them; more than one are to be merged."""

    rule: CauseRule
    members: tuple[Candidate, ...]
    parents: tuple[int, ...]

    @property
    def stations(self) -> tuple[str, ...]:
        """Codes in the order in which they saw it."""
        return tuple(dict.fromkeys(member.station for member in self.members))


@dataclass(frozen=True, slots=True)
class Gathered:
    """groups: causes that stand. fallen: parents whose alerts are too few by now to share a cause."""

    groups: tuple[Group, ...]
    fallen: tuple[int, ...]


def gather(candidates: Sequence[Candidate], rules: CauseRules, *, travel: TravelWindow) -> Gathered:
    """Causes that the candidates share. The order of the candidates does not matter."""
    groups: list[Group] = []
    standing: set[int] = set()
    for rule in rules.rules:
        own = sorted((one for one in candidates if one.kind in rule.kinds), key=lambda one: (one.started_at, one.id))
        for members in _linked(own, rule, travel):
            group = Group(rule, members, tuple(sorted({one.parent for one in members if one.parent is not None})))
            if len(group.stations) >= rule.least_stations:
                groups.append(group)
                standing |= set(group.parents)
    known = {one.parent for one in candidates if one.parent is not None}
    return Gathered(tuple(groups), tuple(sorted(known - standing)))


def _linked(own: Sequence[Candidate], rule: CauseRule, travel: TravelWindow) -> list[tuple[Candidate, ...]]:
    roots = {one.id: one.id for one in own}

    def root(number: int) -> int:
        while roots[number] != number:
            number = roots[number]
        return number

    for place, later in enumerate(own):
        for earlier in own[:place]:
            if root(earlier.id) != root(later.id) and _tied(earlier, later, rule=rule, travel=travel):
                roots[root(later.id)] = root(earlier.id)
    together: dict[int, list[Candidate]] = {}
    for one in own:
        together.setdefault(root(one.id), []).append(one)
    return [tuple(members) for members in together.values()]


def _tied(earlier: Candidate, later: Candidate, *, rule: CauseRule, travel: TravelWindow) -> bool:
    if earlier.parent is not None and earlier.parent == later.parent:
        return True
    if rule.same_parameter and earlier.parameter != later.parameter:
        return False
    apart = later.started_at - earlier.started_at
    if rule.linked_by is Link.TIME:
        return apart <= rule.within
    if earlier.station == later.station:
        return False
    # The lower post may see it first by less than the tolerance: a threshold is crossed sooner where noise helps.
    for upper, lower, since in ((earlier, later, apart), (later, earlier, -apart)):
        window = travel(upper.station, lower.station)
        if window is not None and window[0] - rule.within <= since <= window[1] + rule.within:
            return True
    return False
