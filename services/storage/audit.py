"""Does what is stored agree with itself? The books against the tables, and the hash chains link by link."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.intake.identity import GENESIS, LANES, Link, next_link

CHAIN_PAGE = 2_000

_BOOKS = text(
    """SELECT coalesce(sum(stored), 0), coalesce(sum(duplicate), 0), coalesce(sum(conflict), 0),
              coalesce(sum(rejected), 0), coalesce(sum(received), 0), coalesce(sum(messages), 0) FROM ledger"""
)
_TABLES = text(
    """SELECT (SELECT count(*) FROM observation) + (SELECT count(*) FROM seismic_record WHERE first)
              + (SELECT count(*) FROM histogram_interval WHERE first),
              (SELECT count(*) FROM observation_conflict) + (SELECT count(*) FROM seismic_record WHERE NOT first)
              + (SELECT count(*) FROM histogram_interval WHERE NOT first),
              (SELECT coalesce(sum(readings), 0) FROM rejected),
              (SELECT count(*) FROM raw_message)"""
)
_CHAINS = text(
    """SELECT h.device_id, h.lane, h.chain_seq, h.hash, coalesce(d.code, '') AS device
       FROM chain_head h LEFT JOIN device d ON d.id = h.device_id ORDER BY h.device_id, h.lane"""
)
_LINKS_OF_DEVICE = text(
    """SELECT raw_id, topic, payload, chain_seq, prev_hash, hash FROM raw_message
       WHERE device_id = :device AND raw_id % :lanes = :lane AND raw_id > :after ORDER BY raw_id LIMIT :page"""
)
_LINKS_OF_UNKNOWN = text(
    """SELECT raw_id, topic, payload, chain_seq, prev_hash, hash FROM raw_message
       WHERE device_id IS NULL AND raw_id % :lanes = :lane AND raw_id > :after ORDER BY raw_id LIMIT :page"""
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the ledger that is not what the tables hold."""

    what: str
    ledger: int
    tables: int


@dataclass(frozen=True, slots=True)
class ChainState:
    """One chain: how many links were checked, and what is wrong at which raw message (None: nothing)."""

    device: str
    lane: int
    links: int
    fault: str | None


async def audit_books(connection: AsyncConnection) -> list[Difference]:
    """Compare the ledger with the tables; empty when they agree. Reads every table once."""
    stored, duplicate, conflict, rejected, received, messages = map(int, (await connection.execute(_BOOKS)).one())
    held, in_conflict, refused, raw = map(int, (await connection.execute(_TABLES)).one())
    pairs = [
        Difference("stored", stored, held),
        Difference("conflict", conflict, in_conflict),
        Difference("rejected", rejected, refused),
        Difference("messages", messages, raw),
        Difference("received", received, stored + duplicate + conflict + rejected),
    ]
    return [pair for pair in pairs if pair.ledger != pair.tables]


async def audit_chains(connection: AsyncConnection) -> AsyncIterator[ChainState]:
    """Recompute every hash chain from the stored bytes; one state a chain."""
    for head in (await connection.execute(_CHAINS)).all():
        previous: Link | None = None
        fault: str | None = None
        async for row, before in _links(connection, head.device_id, head.lane):
            link, expected_before = next_link(previous, raw_id=row.raw_id, topic=row.topic, payload=bytes(row.payload))
            if (row.chain_seq, bytes(row.prev_hash), bytes(row.hash)) != (link.chain_seq, expected_before, link.digest):
                fault = f"raw message {row.raw_id}: link {row.chain_seq} does not follow from link {before}"
                break
            previous = link
        last = previous or Link(0, GENESIS)
        if fault is None and (last.chain_seq, last.digest) != (head.chain_seq, bytes(head.hash)):
            fault = f"the chain ends at link {last.chain_seq}, its head says {head.chain_seq}"
        yield ChainState(head.device, head.lane, last.chain_seq, fault)


async def _links(connection: AsyncConnection, device: int, lane: int) -> AsyncIterator[tuple[Any, int]]:
    after, before = 0, 0
    query = _LINKS_OF_DEVICE if device else _LINKS_OF_UNKNOWN
    while True:
        options = {"lanes": LANES, "lane": lane, "after": after, "page": CHAIN_PAGE}
        rows = (await connection.execute(query, options | ({"device": device} if device else {}))).all()
        if not rows:
            return
        for row in rows:
            yield row, before
            before = row.chain_seq
        after = rows[-1].raw_id
