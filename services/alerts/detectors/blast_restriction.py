"""Restrictions that fired blasts broke: looks when a blast changes, and every few minutes.

It runs at the hub; each alert is told under the instrument nearest to the block. A warning or weather that is entered
late counts from when it was issued, so the blasts of the last days are judged again and again; older alerts stay.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.alerts.detection import Evaluation, StationContext
from services.storage.blast_circumstances import declared_circumstances
from services.storage.charge_reading import said_fired
from services.storage.network_hub import hub_station
from uskat.blast.restriction.conflict import judge_firing
from uskat.blast.restriction.finding import DETECTOR, firing_findings, firing_key
from uskat.blast.restriction.rules import restriction_rules
from uskat.finding import Finding, Scope

__all__ = ["DETECTOR", "LOOK_BACK", "evaluate"]

LOCAL = ZoneInfo("Asia/Novokuznetsk")
LOOK_AGAIN = timedelta(minutes=10)
LOOK_BACK = timedelta(days=7)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def evaluate(context: StationContext) -> Evaluation:
    """Findings of every blast that its enterprise said it fired in the last days."""
    connection, now, rules = context.connection, context.now, restriction_rules()
    if context.station.id != await hub_station(connection):
        return Evaluation()
    fired = await said_fired(connection, since=now - LOOK_BACK, until=now)
    findings: list[Finding] = []
    for one in fired:
        blast, circumstances = await declared_circumstances(
            connection, one.enterprise, one.code, now=now, zone=LOCAL, rules=rules
        )
        if blast.fired_at is not None:
            judged = judge_firing(blast, circumstances, rules=rules)
            findings += firing_findings(
                one.blast_id, judged, name=one.name, fired_at=blast.fired_at, station_id=one.station_id
            )
    return Evaluation(
        findings=findings,
        scopes=[Scope(firing_key(one.blast_id), EVER) for one in fired],
        due_at=now + LOOK_AGAIN if fired else None,
    )
