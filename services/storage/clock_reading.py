"""Evidence about the clocks of devices, in the order of receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LANES = 4096

_REJECTS = text(
    """SELECT device_id, reason, min(received_at), max(received_at), count(*) FROM rejected
    WHERE device_id = ANY(CAST(:ids AS integer[])) AND raw_id >= :raw AND received_at >= :since
    AND reason IN ('clock_future', 'clock_past')
    GROUP BY device_id, reason, date_trunc('hour', received_at) ORDER BY 1, 3"""
)
_OFFSETS = text(
    """SELECT device_id, min(at), max(at), count(*), max(size) FROM (
        SELECT device_id, to_timestamp((raw_id / 4096) / 1e6) AS at, abs((body->>'clock_offset_s')::float8) AS size
        FROM device_status WHERE device_id = ANY(CAST(:ids AS integer[])) AND raw_id >= :raw
        AND abs((body->>'clock_offset_s')::float8) > :limit) told
    GROUP BY device_id, date_trunc('hour', at) ORDER BY 1, 2"""
)
# A device that starts counting from zero again is no jump: in the order of its numbers the older message comes first
# there although it was received earlier.
_JUMPS = text(
    """SELECT device_id, received_at, extract(epoch FROM before - t_first)::float8 FROM (
        SELECT device_id, raw_id, received_at, t_first, lag(t_last) OVER numbered AS before,
            lag(raw_id) OVER numbered AS before_raw
        FROM raw_message
        WHERE device_id = ANY(CAST(:ids AS integer[])) AND raw_id >= :raw AND received_at >= :since
            AND seq_first IS NOT NULL AND t_first IS NOT NULL
        WINDOW numbered AS (PARTITION BY device_id ORDER BY seq_first, raw_id)) m
    WHERE before_raw < raw_id AND t_first < before - make_interval(secs => :limit) ORDER BY 1, 2"""
)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """Evidence of one kind over [first, last] of receipt, UTC; size_s: largest deviation, where known."""

    device_id: int
    cause: str
    first: datetime
    last: datetime
    count: int
    size_s: float | None


async def clock_rejects(connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime) -> list[ClockRow]:
    """Messages refused for their time, by hour; cause is `future` or `past`."""
    rows = await connection.execute(_REJECTS, _bound(device_ids, since))
    return [
        ClockRow(device, reason.removeprefix("clock_"), first, last, count, None)
        for device, reason, first, last, count in rows
    ]


async def clock_offsets(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, limit_s: float
) -> list[ClockRow]:
    """Health messages in which a device tells an offset beyond the limit, by hour; cause is `offset`."""
    bound = {"ids": list(device_ids), "raw": _raw_id(since), "limit": limit_s}
    rows = await connection.execute(_OFFSETS, bound)
    return [ClockRow(device, "offset", first, last, count, size) for device, first, last, count, size in rows]


async def backward_jumps(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, limit_s: float
) -> list[ClockRow]:
    """Messages whose time lies before that of the message numbered before them; cause is `back`."""
    rows = await connection.execute(_JUMPS, _bound(device_ids, since) | {"limit": limit_s})
    return [ClockRow(device, "back", at, at, 1, size) for device, at, size in rows]


def _bound(device_ids: Sequence[int], since: datetime) -> dict[str, object]:
    return {"ids": list(device_ids), "raw": _raw_id(since), "since": since}


def _raw_id(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * LANES
