"""Breaches of decisions that restrict: looks when a blast, a record or a decision changes, and every few minutes.

It runs at the hub and speaks of the whole network. Decisions of the last weeks are judged over their whole period;
alerts of older ones stay as they are.
"""

from datetime import UTC, datetime, timedelta

from services.alerts.detection import Evaluation, StationContext
from services.storage.network_hub import hub_station
from services.storage.restriction_facts import blasts_between, discharges_between, restricted_pits
from services.storage.restriction_store import list_restrictions
from uskat.finding import Finding, Scope
from uskat.supervision.restriction.breach import breach_findings, decision_of_key
from uskat.supervision.restriction.rules import decision_rules

LOOK_AGAIN = timedelta(minutes=5)
LOOK_BACK = timedelta(days=366 + 30)
"""Of alerts: the longest period of a decision, and as long as it is judged afterwards."""
MOST = 1000
INT32 = 2**31 - 1
EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def evaluate(context: StationContext) -> Evaluation:
    """Findings of every decision that is to come, in force, or not over for long."""
    connection, now, rules = context.connection, context.now, decision_rules()
    if context.station.id != await hub_station(connection):
        return Evaluation()
    decisions = await list_restrictions(
        connection, since=now - rules.look_back, until=now + rules.longest, territory=None, before=INT32, limit=MOST
    )
    if not decisions:
        return Evaluation()  # whoever issues one has the hub looked at
    periods = [version.decision for one in decisions for version in one.versions]
    since, until = min(one.starts_at for one in periods), max(one.ends_at for one in periods)
    pits = await restricted_pits(connection)
    blasts = await blasts_between(connection, since=since, until=until)
    discharges = await discharges_between(connection, since=since, until=until)
    findings: list[Finding] = []
    for one in decisions:
        findings += breach_findings(one.id, one.versions, blasts=blasts, discharges=discharges, pits=pits, rules=rules)
    judged = {one.id for one in decisions}
    told = {record.alert.key for record in context.alerts if decision_of_key(record.alert.key) in judged}
    keys = told | {finding.key for finding in findings}
    return Evaluation(findings=findings, scopes=[Scope(key, EVER) for key in sorted(keys)], due_at=now + LOOK_AGAIN)
