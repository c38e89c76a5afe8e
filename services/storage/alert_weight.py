"""What an alert weighs, from the registry, the river as it is and the evidence as it is known now."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_reading import find_alert
from services.storage.instrument_evidence import instrument_judgement
from services.storage.policy_store import policy_by_id
from services.storage.river_present import river_present
from services.storage.water_intake_store import read_intakes
from uskat.finding import FindingKind, Severity
from uskat.supervision.handling.policy import Policy, ReceptorKind
from uskat.supervision.handling.weight import (
    Reached,
    Weight,
    asks_for_grade,
    asks_for_receptors,
    intakes_reached,
    settlements_reached,
    weighed,
)
from uskat.water.water_intake import intakes_at

LOCAL = ZoneInfo("Asia/Novokuznetsk")
_TO_WEIGH = text(
    """SELECT h.alert_id, h.policy, a.kind, a.severity FROM alert_handling h JOIN alert a ON a.id = h.alert_id
    WHERE h.attention <> 'closed' AND a.state <> 'withdrawn' ORDER BY h.alert_id DESC LIMIT :limit"""
)


async def alert_weight(
    connection: AsyncConnection, alert_id: int, *, kind: FindingKind, severity: Severity, station: str, at: datetime,
    policy: Policy,
) -> Weight:  # fmt: skip
    """The weight of an alert whose detector says `severity`. at: moment for which river and intakes are read."""
    reached: tuple[Reached, ...] = ()
    if asks_for_receptors(policy, kind, severity=severity):
        reached = await _reached(connection, station, at=at, policy=policy)
    plain = weighed(severity, kind, reached=reached, policy=policy)
    if not asks_for_grade(policy, kind, severity=severity, raised=plain.severity):
        return plain
    alert = await find_alert(connection, alert_id, everything=True)
    grade = None if alert is None else (await instrument_judgement(connection, alert)).grade
    return weighed(severity, kind, reached=reached, policy=policy, grade=grade)


async def alerts_to_weigh(connection: AsyncConnection, *, limit: int) -> list[int]:
    """Of the newest alerts in somebody's hands those that could weigh something else by now, each by its own policy."""
    policies: dict[str, Policy] = {}
    found = []
    for row in await connection.execute(_TO_WEIGH, {"limit": limit}):
        if row.policy not in policies:
            policies[row.policy] = await policy_by_id(connection, row.policy)
        policy, kind, severity = policies[row.policy], FindingKind(row.kind), Severity(row.severity)
        graded = asks_for_grade(policy, kind, severity=severity, raised=severity)
        if graded or asks_for_receptors(policy, kind, severity=severity):
            found.append(int(row.alert_id))
    return found


async def _reached(connection: AsyncConnection, station: str, *, at: datetime, policy: Policy) -> tuple[Reached, ...]:
    present = await river_present(connection, at)
    found = settlements_reached(present.network, station, state=present.state, calibrations=present.calibrations)
    if any(rule.of - {ReceptorKind.SETTLEMENT} for rule in policy.receptors):
        used = intakes_at(await read_intakes(connection), at.astimezone(LOCAL).date())
        found += intakes_reached(
            present.network, station, intakes=used, state=present.state, calibrations=present.calibrations
        )
    return found
