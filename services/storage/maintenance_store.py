"""Alerts that a visit to their station covers: suppressed while it lasts, back in the queue when it is over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What began before the visit is not of it. An alert is suppressed under a visit once: who takes it out has it for good.
_OWED = text(
    """SELECT h.alert_id, v.id, true FROM alert_handling h JOIN alert a ON a.id = h.alert_id
    JOIN station_visit v ON v.station_id = a.station_id AND (v.series_id IS NULL OR v.series_id = a.series_id)
    WHERE h.attention = 'waiting' AND h.severity IN ('maintenance', 'notice', 'violation')
    AND v.starts_at <= :now AND v.ends_at > :now AND a.started_at >= v.starts_at AND a.started_at < v.ends_at
    AND NOT EXISTS (SELECT 1 FROM alert_step s WHERE s.alert_id = h.alert_id AND s.action = 'suppress'
        AND s.body->>'reference' = 'visit:' || v.id)
    UNION ALL
    SELECT h.alert_id, v.id, false FROM alert_handling h
    JOIN LATERAL (SELECT s.by, s.body->>'reference' AS reference FROM alert_step s
        WHERE s.alert_id = h.alert_id AND s.action = 'suppress' ORDER BY s.seq DESC LIMIT 1) last ON true
    JOIN station_visit v ON last.reference = 'visit:' || v.id
    WHERE h.attention = 'suppressed' AND v.ends_at <= :now
    ORDER BY 1, 2 LIMIT :limit"""
)


@dataclass(frozen=True, slots=True)
class OwedByVisit:
    """An alert that must be suppressed under a visit that goes on, or released from one that is over."""

    alert_id: int
    visit_id: int
    suppress: bool


def visit_reference(visit_id: int) -> str:
    """How a suppressed alert names the visit that covers it."""
    return f"visit:{visit_id}"


async def owed_by_visits(connection: AsyncConnection, *, now: datetime, limit: int) -> list[OwedByVisit]:
    """Steps owed at `now`; alerts graver than a violation are never suppressed by a visit."""
    rows = await connection.execute(_OWED, {"now": now, "limit": limit})
    return [OwedByVisit(*row) for row in rows]
