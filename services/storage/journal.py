"""The journal of commits and who evaluates a station: claims by row lock, rows deleted in the claiming transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import translated

JOURNAL_CHANNEL = "uskat_journal"

_CANDIDATES = text(
    """SELECT station_id FROM (
        SELECT station_id, min(id) AS place FROM journal GROUP BY station_id
        UNION ALL
        SELECT station_id, 0 FROM station_work WHERE due_at <= :now OR evaluated_at IS NULL
    ) waiting GROUP BY station_id ORDER BY min(place), station_id LIMIT :limit"""
)
_URGENT = text("SELECT DISTINCT station_id FROM journal WHERE kind = 'network'")
_MISSING_WORK = text(
    """INSERT INTO station_work (station_id) SELECT id FROM station s
    WHERE NOT EXISTS (SELECT 1 FROM station_work w WHERE w.station_id = s.id)
    ON CONFLICT DO NOTHING"""
)
# Locking and deleting in one statement: what ingest commits meanwhile stays for the next claim.
_CLAIM = text(
    """WITH mine AS (
        SELECT station_id, evaluated_at, due_at FROM station_work
        WHERE station_id = :station FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM journal WHERE station_id IN (SELECT station_id FROM mine)
        RETURNING kind, time_min, time_max, entries, committed_at
    ), spans AS (
        SELECT kind, min(time_min) AS low, max(time_max) AS high, sum(entries)::bigint AS entries,
            min(committed_at) AS committed_at
        FROM taken GROUP BY kind, date_trunc('day', time_min)
    )
    SELECT m.evaluated_at, m.due_at, s.kind, s.low, s.high, s.entries, s.committed_at
    FROM mine m LEFT JOIN spans s ON true ORDER BY s.kind, s.low"""
)
_FINISH = text("UPDATE station_work SET evaluated_at = :now, due_at = :due WHERE station_id = :station")
_BACKLOG = text("SELECT count(*), min(committed_at) FROM journal")


@dataclass(frozen=True, slots=True)
class JournalSpan:
    """What was committed of one kind for one station within about a day.

    low, high: first and last moment touched (event time; receipt for rejects), inclusive, UTC. committed_at: oldest
    commit among them.
    """

    kind: str
    low: datetime
    high: datetime
    entries: int
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A station whose work row this transaction holds."""

    station_id: int
    first: bool
    due: bool
    spans: tuple[JournalSpan, ...]


@asynccontextmanager
async def isolated(connection: AsyncConnection) -> AsyncIterator[None]:
    """Part of a transaction that is undone alone when it raises (savepoint).

    Raises DatabaseAway when the server itself is gone, and whatever the part raised.
    """
    try:
        async with connection.begin_nested():
            yield
    except DBAPIError as error:
        meant = translated(error)
        if meant is error:
            raise
        raise meant from error


async def waiting_stations(connection: AsyncConnection, *, now: datetime, limit: int) -> list[int]:
    """Stations with journal rows, with a look that is due, or never looked at; the longest waiting first."""
    rows = await connection.execute(_CANDIDATES, {"now": now, "limit": limit})
    return list(rows.scalars())


async def urgent_stations(connection: AsyncConnection) -> list[int]:
    """Stations whose word people wait for: that which speaks for the network of seismographs, with new records."""
    return list((await connection.execute(_URGENT)).scalars())


async def add_missing_work(connection: AsyncConnection) -> None:
    """Give every station its work row."""
    await connection.execute(_MISSING_WORK)


async def claim_station(connection: AsyncConnection, station_id: int, *, now: datetime) -> Claim | None:
    """Lock the station and take all its journal rows; None when another worker has it or there is nothing to do.

    The rows come back by themselves when the transaction does not commit.
    """
    rows = (await connection.execute(_CLAIM, {"station": station_id})).all()
    if not rows:
        return None
    evaluated_at, due_at = rows[0][:2]
    spans = tuple(JournalSpan(*row[2:]) for row in rows if row[2] is not None)
    claim = Claim(station_id, evaluated_at is None, due_at is not None and due_at <= now, spans)
    return claim if claim.spans or claim.due or claim.first else None


async def finish_station(
    connection: AsyncConnection, station_id: int, *, now: datetime, due_at: datetime | None
) -> None:
    """Note when the station was evaluated and when it must be looked at again without new data."""
    await connection.execute(_FINISH, {"station": station_id, "now": now, "due": due_at})


async def journal_backlog(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """Rows that wait, and the commit time of the oldest."""
    count, oldest = (await connection.execute(_BACKLOG)).one()
    return int(count), oldest
