"""Notices as people look them up: whom an alert was told, who was reached when, what is dead and sent again."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.notice_queue import defer_delivery
from services.storage.reading import row_values

# An agency is told of what happened in its territories and of its own cases; the installation's key of everything.
_OURS = """(CAST(:agency AS text) IS NULL OR st.territory IN
        (SELECT t.territory FROM agency_territory t JOIN organisation o ON o.id = t.organisation_id
         WHERE o.code = :agency) OR f.agency = :agency)"""
_OF = """LEFT JOIN alert a ON a.id = n.alert_id LEFT JOIN station st ON st.id = a.station_id
    LEFT JOIN case_file f ON f.id = n.case_id"""
_LIST = text(
    f"""SELECT n.id, n.alert_id, n.case_id, n.event, n.occasion, n.severity, n.norm, coalesce(c.role, 'citizens'),
        c.person, n.recipient, n.channel, n.decided_at, n.due_at, m.id, m.key, m.kind, m.state, m.attempts, m.send_at,
        CASE WHEN m.state = 'delivered' THEN m.settled_at END, m.problem
    FROM notice n JOIN notice_message m ON m.id = n.message_id
    LEFT JOIN contact_role c ON n.recipient = 'contact:' || c.id
    {_OF}
    WHERE n.id < :before AND (CAST(:alert AS bigint) IS NULL OR n.alert_id = :alert)
    AND (CAST(:case AS integer) IS NULL OR n.case_id = :case)
    AND (CAST(:state AS text) IS NULL OR m.state = :state) AND {_OURS}
    ORDER BY n.id DESC LIMIT :limit"""
)
_AGAIN = text(
    f"""UPDATE notice_message m SET state = 'waiting', settled_at = NULL
    WHERE m.id = :id AND m.state = 'dead' AND (CAST(:agency AS text) IS NULL OR EXISTS (
        SELECT 1 FROM notice n {_OF} WHERE n.message_id = m.id AND {_OURS}))
    RETURNING m.key, m.urgent"""
)


class MessageState(StrEnum):
    """Where a message is. dead: given up, until somebody sends it again. dropped: its recipient left."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"


class NoticeRow(Struct):
    """Whom a happening was told. due_at: by when the norm wants it. reached_at: null until it is delivered.

    alert or case: what it is about. role: audience of the norms; a resident is `citizens` and known by number only.
    person: login, of a contact that is one person's. key: the same on every copy.
    """

    id: int
    alert: int | None
    case: int | None
    event: str
    occasion: str
    severity: str
    norm: str
    role: str
    person: str | None
    recipient: str
    channel: str
    decided_at: datetime
    due_at: datetime
    message: int
    key: str
    kind: str
    state: str
    attempts: int
    send_at: datetime
    reached_at: datetime | None
    problem: str | None


async def list_notices(
    connection: AsyncConnection, *, alert: int | None, state: str | None, agency: str | None, before: int, limit: int,
    case: int | None = None,
) -> list[NoticeRow]:  # fmt: skip
    """Notices, newest first, with id below `before`; agency: of its territories only."""
    bound = {"alert": alert, "case": case, "state": state, "agency": agency, "before": before, "limit": limit}
    return [NoticeRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def send_again(connection: AsyncConnection, message: int, *, agency: str | None) -> bool:
    """Put a dead message into the queue once more, under its key; False: there is no such message, or not of ours.

    agency: only what speaks of an alert of its territories.
    """
    row = (await connection.execute(_AGAIN, {"id": message, "agency": agency})).first()
    if row is None:
        return False
    await defer_delivery(connection, message, key=row.key, send_at=None, urgent=row.urgent)
    return True
