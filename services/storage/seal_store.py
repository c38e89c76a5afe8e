"""Days of raw messages: read with their chains, closed by a signed root, computed anew (ADR 0012)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.storage.engine import unit_of_work
from services.storage.intake.identity import LANES
from services.storage.reading import row_values
from uskat.supervision.evidence.keyring import KeyRing, closing_key
from uskat.supervision.evidence.link import GENESIS, link_hash
from uskat.supervision.evidence.merkle import root_of
from uskat.supervision.evidence.seal import (
    DayStatement,
    KeyUnusable,
    day_of,
    day_signed_by,
    final_at,
    key_id_of,
    message_leaf,
    public_key,
    public_pem,
    raw_ids_of,
    sign_day,
    statement_of,
)

GRACE = timedelta(hours=1)
"""After a day so long is waited for transactions that took their numbers before midnight."""
PAGE = 2_000
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

_WAIT_FOR_WRITERS = text("LOCK TABLE raw_message IN SHARE MODE")
_LOCK_SEALS = text("LOCK TABLE sealed_day IN SHARE ROW EXCLUSIVE MODE")
_LAST = text("SELECT day FROM sealed_day ORDER BY day DESC LIMIT 1")
_FIRST_MESSAGE = text("SELECT min(raw_id) FROM raw_message")
_CHAINS = text("SELECT DISTINCT device_id FROM chain_head ORDER BY 1")
_MESSAGES = """SELECT raw_id, received_at, topic, payload, chain_seq, prev_hash, hash FROM raw_message
    WHERE {owner} AND raw_id > :after AND raw_id < :end AND received_at >= :since AND received_at < :until
    ORDER BY raw_id LIMIT :page"""
_OF_DEVICE = text(_MESSAGES.format(owner="device_id = :device"))
_OF_UNKNOWN = text(_MESSAGES.format(owner="device_id IS NULL"))
_LINKS = """SELECT raw_id, hash FROM raw_message
    WHERE {owner} AND raw_id >= :first AND raw_id < :end AND received_at >= :since AND received_at < :until"""
_LINKS_OF_DEVICE = text(_LINKS.format(owner="device_id = :device"))
_LINKS_OF_UNKNOWN = text(_LINKS.format(owner="device_id IS NULL"))
_BEFORE = """SELECT chain_seq, hash FROM raw_message WHERE {owner} AND raw_id < :first AND raw_id % :lanes = :lane
    ORDER BY raw_id DESC LIMIT 1"""
_BEFORE_OF_DEVICE = text(_BEFORE.format(owner="device_id = :device"))
_BEFORE_OF_UNKNOWN = text(_BEFORE.format(owner="device_id IS NULL"))
_SEAL = text(
    """INSERT INTO sealed_day (day, messages, root, statement, signature, key_id, public_key, sealed_at)
    VALUES (:day, :messages, :root, :statement, :signature, :key_id, :public_key, :at)"""
)
_CHECKED = text("INSERT INTO seal_check (day, checked_at, fault) VALUES (:day, :at, :fault)")
_SEALS = text(
    """SELECT s.day, s.messages, encode(s.root, 'hex'), s.statement, encode(s.signature, 'hex'), s.key_id, s.public_key,
        s.sealed_at, c.checked_at, c.fault
    FROM sealed_day s LEFT JOIN LATERAL (SELECT checked_at, fault FROM seal_check WHERE day = s.day
                                         ORDER BY id DESC LIMIT 1) c ON true
    WHERE s.day >= :first AND s.day <= :last ORDER BY s.day DESC LIMIT :limit"""
)


class SealedDay(Struct):
    """A closed day. root, signature: hex; statement: what was signed; fault: what the last check found wrong."""

    day: date
    messages: int
    root: str
    statement: str
    signature: str
    key_id: str
    public_key: str
    sealed_at: datetime
    checked_at: datetime | None
    fault: str | None


@dataclass(slots=True)
class DayRecords:
    """Raw ids of a day with the hashes of their links, in order; faults: what does not fit, with its place."""

    links: dict[int, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def leaves(self) -> list[bytes]:
        """Leaf hashes in the order of raw ids."""
        return [message_leaf(raw_id, self.links[raw_id]) for raw_id in sorted(self.links)]


async def days_to_seal(connection: AsyncConnection, *, now: datetime, limit: int) -> list[date]:
    """Days that may be closed and are not, oldest first; a day without messages is closed too, so none is missing."""
    last = await connection.scalar(_LAST)
    if last is None:
        first_message = await connection.scalar(_FIRST_MESSAGE)
        day = None if first_message is None else day_of(first_message)
    else:
        day = last + timedelta(days=1)
    found: list[date] = []
    while day is not None and final_at(day, GRACE) <= now and len(found) < limit:
        found.append(day)
        day += timedelta(days=1)
    return found


async def seal_due_days(
    engine: AsyncEngine, key: Ed25519PrivateKey, *, now: datetime, limit: int = 31
) -> list[tuple[date, list[str]]]:
    """Close the days that are due, each in a transaction of its own; what did not fit in each, empty: all did."""
    async with unit_of_work(engine) as connection:
        due = await days_to_seal(connection, now=now, limit=limit)
    if due:
        async with unit_of_work(engine) as connection:  # whoever stores now is waited for; nobody waits for the reading
            await connection.execute(_WAIT_FOR_WRITERS)
    done = []
    for day in due:
        async with unit_of_work(engine) as connection:
            await connection.execute(_LOCK_SEALS)
            if await days_to_seal(connection, now=now, limit=1) != [day]:
                break  # another process closed it
            done.append((day, await _seal(connection, key, day=day, now=now)))
    return done


async def _seal(connection: AsyncConnection, key: Ed25519PrivateKey, *, day: date, now: datetime) -> list[str]:
    records = await read_day(connection, day)
    before = await sealed_days(connection, first=date.min, last=day, limit=1)
    previous = statement_of(before[0].statement).digest() if before else None
    root = root_of(records.leaves())
    public = key.public_key()
    statement = DayStatement(day, len(records.links), root.hex(), previous, key_id_of(public))
    bound = {
        "day": day, "messages": len(records.links), "root": root, "statement": statement.text(),
        "signature": sign_day(statement, key), "key_id": statement.key_id, "public_key": public_pem(public), "at": now,
    }  # fmt: skip
    await connection.execute(_SEAL, bound)
    await connection.execute(_CHECKED, {"day": day, "at": now, "fault": "; ".join(records.faults) or None})
    return records.faults


async def sealed_days(connection: AsyncConnection, *, first: date, last: date, limit: int) -> list[SealedDay]:
    """Closed days of [first, last], newest first."""
    rows = await connection.execute(_SEALS, {"first": first, "last": last, "limit": limit})
    return [SealedDay(*row_values(row)) for row in rows]


async def check_day(
    connection: AsyncConnection, sealed: SealedDay, *, trusted: KeyRing | Ed25519PublicKey | None
) -> list[str]:
    """What a closed day says against what is stored now; empty: it agrees. trusted: None for the key kept with it."""
    records = await read_day(connection, sealed.day)
    faults = records.faults
    try:
        statement = statement_of(sealed.statement)
        if isinstance(trusted, KeyRing):
            key = closing_key(trusted, statement.key_id, day=sealed.day)
        else:
            key = trusted or public_key(sealed.public_key.encode())
    except (ValueError, KeyUnusable) as error:
        return [*faults, f"day {sealed.day}: {error}"]
    if not day_signed_by(key, bytes.fromhex(sealed.signature), text=sealed.statement):
        faults.append(f"day {sealed.day}: the signature is not that of key {key_id_of(key)}")
    row = (sealed.day, sealed.messages, sealed.root, sealed.key_id)
    if row != (statement.day, statement.messages, statement.root, statement.key_id):
        faults.append(f"day {sealed.day}: the row does not say what its signed statement says")
    if len(records.links) != statement.messages:
        faults.append(f"day {sealed.day}: {len(records.links)} messages, {statement.messages} when it was closed")
    if root_of(records.leaves()).hex() != statement.root:
        faults.append(f"day {sealed.day}: the messages do not lead to the signed root")
    before = await sealed_days(connection, first=date.min, last=sealed.day - timedelta(days=1), limit=1)
    if statement.previous != (statement_of(before[0].statement).digest() if before else None):
        faults.append(f"day {sealed.day}: it does not follow from the statement of the day before")
    return faults


async def note_check(connection: AsyncConnection, day: date, *, faults: list[str], now: datetime) -> None:
    """Keep the outcome of a check."""
    await connection.execute(_CHECKED, {"day": day, "at": now, "fault": "; ".join(faults) or None})


async def read_day(connection: AsyncConnection, day: date) -> DayRecords:
    """Every raw message that was stored on a day, its link computed anew from the bytes."""
    records = DayRecords()
    first, end = raw_ids_of(day)
    for device in [None, *[row for row in (await connection.execute(_CHAINS)).scalars() if row]]:
        chains: dict[int, tuple[int, bytes]] = {}
        async for row in _messages(connection, device, first=first, end=end, day=day):
            lane = row.raw_id % LANES
            known = chains.get(lane) or await _link_before(connection, device, lane=lane, first=first)
            fault = _fault(row, known)
            if fault is not None:
                records.faults.append(f"raw message {row.raw_id}: {fault}")
            chains[lane] = row.chain_seq, bytes(row.hash)
            records.links[row.raw_id] = bytes(row.hash)
    return records


async def day_links(connection: AsyncConnection, day: date) -> DayRecords:
    """The same without reading the bytes, for paths: what does not fit then leads to another root."""
    records, since = DayRecords(), datetime.combine(day, time(), UTC)
    first, end = raw_ids_of(day)
    bound = {"first": first, "end": end, "since": since, "until": since + timedelta(days=1)}
    for device in [None, *[row for row in (await connection.execute(_CHAINS)).scalars() if row]]:
        query, owner = (_LINKS_OF_UNKNOWN, {}) if device is None else (_LINKS_OF_DEVICE, {"device": device})
        rows = await connection.execute(query, bound | owner)
        records.links |= {row.raw_id: bytes(row.hash) for row in rows}
    return records


def _fault(row: Any, before: tuple[int, bytes]) -> str | None:
    sequence, digest = before
    computed = link_hash(bytes(row.prev_hash), raw_id=row.raw_id, topic=row.topic, payload=bytes(row.payload))
    if computed != bytes(row.hash):
        return "its bytes are not those of its link"
    if row.chain_seq != sequence + 1:
        return f"link {row.chain_seq} follows link {sequence}: something is missing or was put in between"
    if bytes(row.prev_hash) != digest:
        return f"it does not refer to link {sequence}"
    if (row.received_at - EPOCH) // MICROSECOND != row.raw_id // LANES:
        return "the moment of its receipt is not that of its number"
    return None


async def _messages(
    connection: AsyncConnection, device: int | None, *, first: int, end: int, day: date
) -> AsyncIterator[Any]:
    since = datetime.combine(day, time(), UTC)
    after = first - 1
    query, owner = (_OF_UNKNOWN, {}) if device is None else (_OF_DEVICE, {"device": device})
    while True:
        bound = owner | {"after": after, "end": end, "since": since, "until": since + timedelta(days=1), "page": PAGE}
        rows = (await connection.execute(query, bound)).all()
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1].raw_id


async def _link_before(connection: AsyncConnection, device: int | None, *, lane: int, first: int) -> tuple[int, bytes]:
    query, owner = (_BEFORE_OF_UNKNOWN, {}) if device is None else (_BEFORE_OF_DEVICE, {"device": device})
    row = (await connection.execute(query, owner | {"first": first, "lanes": LANES, "lane": lane})).first()
    return (0, GENESIS) if row is None else (row.chain_seq, bytes(row.hash))
