"""The books: ledger per station and day, refused parts, raw messages with their hash chain."""

from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.observation_reading import LANES
from services.storage.reading import row_values

_LEDGER = text(
    """SELECT coalesce(st.code, ''), l.day, sum(l.messages)::bigint, sum(l.received)::bigint, sum(l.stored)::bigint,
        sum(l.duplicate)::bigint, sum(l.conflict)::bigint, sum(l.rejected)::bigint
    FROM ledger l LEFT JOIN station st ON st.id = l.station_id
    WHERE (:all OR st.published OR l.station_id = 0)
    AND (CAST(:station AS text) IS NULL OR coalesce(st.code, '') = :station)
    AND l.day >= :first AND l.day <= :last
    GROUP BY 1, 2 ORDER BY l.day, 1"""
)
_REJECTS = text(
    """SELECT r.id, r.raw_id, d.code, st.code, r.reason, r.detail, r.parameter, r.seq, r.readings, r.received_at,
        r.resolved_at, r.resolution
    FROM rejected r LEFT JOIN device d ON d.id = r.device_id LEFT JOIN station st ON st.id = r.station_id
    WHERE (CAST(:device AS text) IS NULL OR d.code = :device) AND (CAST(:reason AS text) IS NULL OR r.reason = :reason)
    AND (NOT :open OR r.resolved_at IS NULL) AND (CAST(:before AS bigint) IS NULL OR r.id < CAST(:before AS bigint))
    ORDER BY r.id DESC LIMIT :limit"""
)
_RAW_COLUMNS = """r.raw_id, r.received_at, r.topic, r.payload, r.chain_seq, r.prev_hash, r.hash, r.seq_first,
    r.seq_last, r.t_first, r.t_last, r.readings"""
_RAW = text(
    f"""SELECT d.code, {_RAW_COLUMNS}
    FROM device d CROSS JOIN LATERAL
        (SELECT * FROM raw_message_seen m WHERE m.device_id = d.id AND m.raw_id = :raw_id) r
    WHERE uskat_at_station(d.station_id)
    UNION ALL SELECT NULL, {_RAW_COLUMNS} FROM raw_message_seen r WHERE r.device_id IS NULL AND r.raw_id = :raw_id
    AND uskat_everything()"""
)


class LedgerDay(Struct):
    """Readings received from a station on a UTC day, and what became of them. `station` is empty for unknown senders.

    It balances when received = stored + duplicate + conflict + rejected; `difference` is what is missing.
    """

    station: str
    day: date
    messages: int
    received: int
    stored: int
    duplicate: int
    conflict: int
    rejected: int
    balanced: bool
    difference: int


class Reject(Struct):
    """A refused message, packet or value; the bytes are at /raw/{raw_id}."""

    id: int
    raw_id: int
    device: str | None
    station: str | None
    reason: str
    detail: str
    parameter: str | None
    seq: int | None
    readings: int
    received_at: datetime
    resolved_at: datetime | None
    resolution: str | None


class RawMessage(Struct):
    """A message as received, and its link in the hash chain of (device, lane)."""

    device: str | None
    raw_id: int
    received_at: datetime
    topic: str
    payload: bytes
    chain_seq: int
    prev_hash: str
    hash: str
    seq_first: int | None
    seq_last: int | None
    t_first: datetime | None
    t_last: datetime | None
    readings: int
    lane: int


async def ledger_days(
    connection: AsyncConnection, *, station: str | None, first: date, last: date, everything: bool
) -> list[LedgerDay]:
    """The ledger of the days `first`..`last` (inclusive, UTC), lanes summed, by day and station."""
    bound = {"all": everything, "station": station, "first": first, "last": last}
    return [_ledger_day(row_values(row)) for row in await connection.execute(_LEDGER, bound)]


def _ledger_day(values: tuple[Any, ...]) -> LedgerDay:
    received, *fates = values[3:]
    missing = received - sum(fates)
    return LedgerDay(*[*values, missing == 0, missing])


async def list_rejects(
    connection: AsyncConnection,
    *,
    device: str | None,
    reason: str | None,
    only_open: bool,
    before: int | None,
    limit: int,
) -> list[Reject]:
    """Refused parts, newest id first, with id below `before`."""
    bound = {"device": device, "reason": reason, "open": only_open, "before": before, "limit": limit}
    return [Reject(*row_values(row)) for row in await connection.execute(_REJECTS, bound)]


async def find_raw(connection: AsyncConnection, raw_id: int) -> RawMessage | None:
    """One raw message, None when there is none that the caller may see (row-level security knows no hypertables)."""
    row = (await connection.execute(_RAW, {"raw_id": raw_id})).first()
    if row is None:
        return None
    values = list(row_values(row))
    for position in (6, 7):
        values[position] = bytes(values[position]).hex()
    return RawMessage(*[*values, raw_id % LANES])
