"""The load of those who attend to alerts, as the steps tell it."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from uskat.supervision.handling.load import QueuedAlert

AT_ONCE = timedelta(minutes=1)
"""An alert that goes under its cause so soon was never anybody's work."""
_QUEUED = text(
    """SELECT s.at, CASE WHEN h.attention IN ('closed', 'suppressed') THEN h.since END
    FROM alert_step s JOIN alert_handling h ON h.alert_id = s.alert_id
    LEFT JOIN alert_cause c ON c.alert_id = s.alert_id
    WHERE s.seq = 1 AND s.at < :until AND (c.suppressed_at IS NULL OR c.suppressed_at > s.at + :at_once)
    AND (s.at >= :since OR h.attention NOT IN ('closed', 'suppressed') OR h.since >= :since)
    ORDER BY s.at"""
)
_WAITING = text("SELECT count(*) FROM alert_handling WHERE attention = 'waiting'")


async def queued_alerts(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[QueuedAlert]:
    """Alerts that entered the queue in [since, until) or stood in it then, by entry."""
    bound = {"since": since, "until": until, "at_once": AT_ONCE}
    return [QueuedAlert(*row) for row in await connection.execute(_QUEUED, bound)]


async def waiting_alerts(connection: AsyncConnection) -> int:
    """How many wait for somebody now."""
    return int(await connection.scalar(_WAITING) or 0)
