"""Complaints get what the instruments showed there and then, again and again while data may still come."""

from datetime import datetime, tzinfo

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.complaint_facts import surroundings_of
from uskat.supervision.complaint.filing import Topic
from uskat.supervision.complaint.link import find_links, window_of
from uskat.supervision.complaint.policy import ComplaintPolicy

_DUE = text(
    """SELECT c.id, c.topic, c.happened_at, c.received_at, coalesce(p.longitude, c.longitude) AS longitude,
        coalesce(p.latitude, c.latitude) AS latitude
    FROM complaint c LEFT JOIN complaint_person p ON p.complaint_id = c.id
    WHERE c.relink_at <= :now ORDER BY c.relink_at LIMIT :limit FOR UPDATE OF c SKIP LOCKED"""
)
_CLEAR = text("DELETE FROM complaint_link WHERE complaint_id = :id")
_LINK = text(
    """INSERT INTO complaint_link (complaint_id, number, kind, reference, body)
    VALUES (:id, :number, :kind, :reference, CAST(:body AS jsonb))"""
)
_NEXT = text("UPDATE complaint SET relink_at = CAST(:next AS timestamptz) WHERE id = :id")


async def link_complaints(
    connection: AsyncConnection, *, policy: ComplaintPolicy, now: datetime, zone: tzinfo, limit: int
) -> int:
    """Search what stood beside the complaints that are due; how many they were. zone: of the clock times in words."""
    due = (await connection.execute(_DUE, {"now": now, "limit": limit})).all()
    for row in due:
        topic, place = Topic(row.topic), (row.longitude, row.latitude)
        around = await surroundings_of(
            connection, topic=topic, place=place, happened_at=row.happened_at, window=window_of(topic, policy)
        )
        links = find_links(around, topic=topic, place=place, happened_at=row.happened_at, policy=policy, zone=zone)
        await connection.execute(_CLEAR, {"id": row.id})
        for number, link in enumerate(links, start=1):
            body = msgspec.json.encode(link.to_json()).decode()
            bound = {"id": row.id, "number": number, "kind": link.kind.value, "reference": link.reference, "body": body}
            await connection.execute(_LINK, bound)
        again = now + policy.relink_every
        over = again > row.received_at + policy.relink_for
        await connection.execute(_NEXT, {"id": row.id, "next": None if over else again})
    return len(due)
