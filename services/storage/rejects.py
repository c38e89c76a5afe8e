"""Refused messages awaiting a second look."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage import tables as t
from services.storage.intake.identity import moment_of


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A raw message that has open rejects."""

    raw_id: int
    topic: str
    payload: bytes


async def open_refused(
    connection: AsyncConnection,
    *,
    after: int,
    until: int,
    limit: int,
    reason: str | None = None,
    device: str | None = None,
) -> list[RefusedMessage]:
    """Messages with open rejects, after < raw_id < until, in the order of raw_id."""
    r, m = t.rejected.c, t.raw_message.c
    wanted = select(r.raw_id, r.device_id).where(r.resolved_at.is_(None), r.raw_id > after, r.raw_id < until)
    if reason is not None:
        wanted = wanted.where(r.reason == reason)
    if device is not None:
        wanted = wanted.join(t.device, t.device.c.id == r.device_id).where(t.device.c.code == device)
    found = (await connection.execute(wanted.distinct().order_by(r.raw_id).limit(limit))).all()
    if not found:
        return []
    raw_ids = [row.raw_id for row in found]
    devices = {row.device_id for row in found}
    query = (
        select(m.raw_id, m.topic, m.payload)
        .where(
            or_(m.device_id.in_([key for key in devices if key is not None]), m.device_id.is_(None)),
            m.raw_id.in_(raw_ids),
            m.received_at.between(_received(raw_ids[0]), _received(raw_ids[-1])),
        )
        .order_by(m.raw_id)
    )
    return [RefusedMessage(row.raw_id, row.topic, bytes(row.payload)) for row in await connection.execute(query)]


def _received(raw_id: int) -> datetime:
    return datetime.fromtimestamp(moment_of(raw_id) // 1_000_000, UTC).replace(
        microsecond=moment_of(raw_id) % 1_000_000
    )


async def resolve(connection: AsyncConnection, pairs: list[tuple[int, int]]) -> None:
    """Close the rejects of messages that were sent through the decoder again: pairs (old raw_id, new raw_id)."""
    for old, new in pairs:
        await connection.execute(
            update(t.rejected)
            .where(t.rejected.c.raw_id == old, t.rejected.c.resolved_at.is_(None))
            .values(resolved_at=func.now(), resolution=f"sent through the decoder again as raw message {new}")
        )
