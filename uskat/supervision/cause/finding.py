"""A cause as a finding: the parent alert that stands for many."""

from uskat.finding import Figure, Finding, FindingKind, Severity, worst
from uskat.supervision.cause.gather import Group
from uskat.supervision.cause.rules import CauseRules

DETECTOR = "cause"
LISTED = 50
"""Children named in the reasons; `detail.children` has all."""


def cause_key(group: Group) -> str:
    """Key of a new parent: of the rule and the child that came first into the database."""
    return f"{DETECTOR}:{group.rule.id}:{min(member.id for member in group.members)}"


def cause_finding(group: Group, *, rules: CauseRules, key: str, station_id: int) -> Finding:
    """The parent of a group, told under the station that saw it first. key: the stored one, once there is a parent.

    It could have been known when the least number of stations could have known; it lasts while one of them lasts.
    """
    members = group.members
    knowable = sorted({one.station: one.knowable_at for one in reversed(members)}.values())
    over = all(one.ended_at is not None for one in members)
    severity = Severity.MAINTENANCE
    for member in members:
        severity = worst(severity, member.severity)
    words = {"stations": len(group.stations)}
    # Whoever sees the parent need not be who may see every child: what is not public is a number here.
    named = [
        f"№ {one.id}" + (f", {one.station_name}: {one.title}" if one.published else "") for one in members[:LISTED]
    ]
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.CAUSE,
        severity=severity,
        key=key,
        started_at=members[0].started_at,
        knowable_at=knowable[group.rule.least_stations - 1],
        ended_at=max(one.ended_at for one in members if one.ended_at is not None) if over else None,
        settled_at=max((one.settled_at or one.ended_at for one in members if one.ended_at is not None), default=None)
        if over
        else None,
        title=group.rule.title.format(**words),
        title_en=group.rule.title_en.format(**words),
        station_id=station_id,
        figures={"stations": Figure(float(len(group.stations)), "шт."), "alerts": Figure(float(len(members)), "шт.")},
        reasons=(group.rule.why, *named),
        detail={
            "rule": group.rule.id,
            "rules": rules.id,
            "verified": rules.verified,
            "children": [one.id for one in members],
            "stations": list(dict.fromkeys(one.station for one in members if one.published)),
        },
        published=all(one.published for one in members),
    )
