"""Decisions between versions of a reading: append-only, and the aggregates follow in the same transaction."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.intake.pending import fold_and_hold

_OBSERVED = text("SELECT 1 FROM observation WHERE series_id = :series AND time = :time")
_CONFLICT = text("SELECT 1 FROM observation_conflict WHERE id = :conflict AND series_id = :series AND time = :time")
_DECIDE = text(
    """INSERT INTO observation_decision (series_id, time, conflict_id, decided_at, decided_by, reason)
    VALUES (:series, :time, :conflict, clock_timestamp(), :by, :reason) RETURNING id, decided_at"""
)
# The row lock makes a concurrent ingest transaction wait, or be waited for: no reading is counted twice or lost. What
# waits to be folded in is folded in before, and held, for the interval is made anew from its readings.
_LOCK_INTERVAL = text(
    """SELECT 1 FROM interval_20min WHERE series_id = :series AND start = date_bin('20 minutes', :time, 'epoch')
    FOR UPDATE"""
)
_REPLACE_INTERVAL = text(
    """UPDATE interval_20min i SET n = v.n, n_valid = v.n_valid, total = v.total, total_squares = v.total_squares,
        minimum = v.minimum, maximum = v.maximum, n_service = v.n_service
    FROM (
        SELECT count(*) AS n, count(*) FILTER (WHERE flag = 1) AS n_valid,
            coalesce(sum(scaled::bigint) FILTER (WHERE flag = 1), 0) AS total,
            coalesce(sum(scaled::numeric * scaled::numeric) FILTER (WHERE flag = 1), 0) AS total_squares,
            min(value) FILTER (WHERE flag = 1) AS minimum, max(value) FILTER (WHERE flag = 1) AS maximum,
            count(*) FILTER (WHERE flag & 48 <> 0) AS n_service
        FROM (
            SELECT coalesce(c.flag, o.flag) AS flag, coalesce(c.value, o.value) AS value,
                round(coalesce(c.value, o.value) * 10.0::float8 ^ p.scale) AS scaled
            FROM observation o JOIN series s ON s.id = o.series_id JOIN parameter p ON p.id = s.parameter_id
            LEFT JOIN LATERAL (SELECT conflict_id FROM observation_decision
                               WHERE series_id = o.series_id AND time = o.time ORDER BY id DESC LIMIT 1) d ON true
            LEFT JOIN observation_conflict c ON c.id = d.conflict_id
            WHERE o.series_id = :series AND o.time >= date_bin('20 minutes', :time, 'epoch')
            AND o.time < date_bin('20 minutes', :time, 'epoch') + interval '20 minutes') corrected) v
    WHERE i.series_id = :series AND i.start = date_bin('20 minutes', :time, 'epoch')"""
)
_JOURNAL = text(
    """INSERT INTO journal (station_id, kind, time_min, time_max, entries)
    SELECT station_id, 'water', :time, :time, 1 FROM series WHERE id = :series"""
)
_WAKE = text("SELECT pg_notify('uskat_journal', '')")


class Decision(Struct):
    """A recorded decision."""

    id: int
    series: int
    time: datetime
    conflict: int | None
    decided_at: datetime
    decided_by: str
    reason: str


class NothingToDecide(Exception):
    """The series has no reading at that moment, or the conflict is not of that reading."""


async def decide(
    connection: AsyncConnection, *, series_id: int, time: datetime, conflict_id: int | None, by: str, reason: str
) -> Decision:
    """Put a conflicting value in the place of the first one, or (conflict_id None) go back to the first.

    Runs inside the caller's transaction: decision, the 20-minute interval and the journal row stand or fall together.
    Raises NothingToDecide.
    """
    key = {"series": series_id, "time": time}
    if (await connection.execute(_OBSERVED, key)).first() is None:
        raise NothingToDecide(f"series {series_id} has no reading at {time.isoformat()}")
    named = key | {"conflict": conflict_id}
    if conflict_id is not None and (await connection.execute(_CONFLICT, named)).first() is None:
        raise NothingToDecide(f"conflict {conflict_id} is not about series {series_id} at {time.isoformat()}")
    await fold_and_hold(connection)
    await connection.execute(_LOCK_INTERVAL, key)
    made = await connection.execute(_DECIDE, named | {"by": by, "reason": reason})
    identifier, decided_at = made.one()
    await connection.execute(_REPLACE_INTERVAL, key)
    await connection.execute(_JOURNAL, key)
    await connection.execute(_WAKE)
    return Decision(identifier, series_id, time, conflict_id, decided_at, by, reason)
