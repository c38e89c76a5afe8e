"""Readings of one series as they count now, or as they counted at an earlier moment: versions and decisions applied."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import fetch, row_values

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LANES = 4096
NEVER = 2**63 - 1

# The last column is one constant for all rows: whether there is anything to correct. Decisions are about conflicts.
_RAW = """SELECT time, value, flag, raw_id,
    EXISTS (SELECT 1 FROM observation_conflict WHERE series_id = $1 AND time >= $2 AND time < $3)
    FROM observation WHERE series_id = $1 AND time >= $2 AND time < $3 ORDER BY time LIMIT $4"""
_RAW_AS_OF = """SELECT time, value, flag, raw_id,
    EXISTS (SELECT 1 FROM observation_conflict WHERE series_id = $1 AND time >= $2 AND time < $3)
    FROM observation WHERE series_id = $1 AND time >= $2 AND time < $3 AND raw_id < $5 ORDER BY time LIMIT $4"""
_VERSIONS = text(
    """SELECT 'conflict', time, value, flag, raw_id FROM observation_conflict
    WHERE series_id = :series AND time >= :start AND time < :end AND raw_id < :before
    UNION ALL
    SELECT 'decision', time, value, flag, raw_id FROM (
        SELECT DISTINCT ON (d.time) d.time, c.value, c.flag, c.raw_id
        FROM observation_decision d LEFT JOIN observation_conflict c ON c.id = d.conflict_id
        WHERE d.series_id = :series AND d.time >= :start AND d.time < :end
        AND (CAST(:as_of AS timestamptz) IS NULL OR d.decided_at <= :as_of)
        ORDER BY d.time, d.id DESC) newest"""
)
_CONFLICTS = text(
    """SELECT c.id, c.time, c.value, c.flag, c.raw_id, o.value, o.flag, o.raw_id, coalesce(d.conflict_id = c.id, false),
              d.decided_at, d.decided_by, d.reason
    FROM observation_conflict c
    LEFT JOIN observation o ON o.series_id = c.series_id AND o.time = c.time
    LEFT JOIN LATERAL (SELECT conflict_id, decided_at, decided_by, reason FROM observation_decision
                       WHERE series_id = c.series_id AND time = c.time ORDER BY id DESC LIMIT 1) d ON true
    WHERE c.series_id = :series AND c.id > CAST(:after AS bigint) ORDER BY c.id LIMIT :limit"""
)


class Observation(Struct, omit_defaults=True, gc=False):
    """A reading. `flag`: 1 pass, 3 suspect, 4 fail; +16 service, +32 calibration.

    `conflict`: another value for the same moment was received and kept. `decided`: a decision put such a value in
    the place of the first one.
    """

    time: datetime
    value: float
    flag: int
    raw_id: int
    conflict: bool = False
    decided: bool = False


class Conflict(Struct):
    """Another value for a moment that already had one, and the decision about it, if any."""

    id: int
    time: datetime
    value: float
    flag: int
    raw_id: int
    first_value: float | None
    first_flag: int | None
    first_raw_id: int | None
    current: bool
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


def raw_id_before(as_of: datetime) -> int:
    """First raw_id that was not yet stored at `as_of` (aware)."""
    return (as_of - EPOCH) // timedelta(microseconds=1) * LANES


async def observations(
    connection: AsyncConnection,
    *,
    series_id: int,
    start: datetime,
    end: datetime,
    as_of: datetime | None,
    limit: int,
) -> list[Observation]:
    """At most `limit` readings of [start, end) in time order, as they counted at `as_of` (None: now)."""
    if as_of is None:
        rows = await fetch(connection, _RAW, series_id, start, end, limit)
    else:
        rows = await fetch(connection, _RAW_AS_OF, series_id, start, end, limit, raw_id_before(as_of))
    found = [Observation(time, value, flag, raw_id) for time, value, flag, raw_id, _ in rows]
    if rows and rows[0][4]:
        await _apply_versions(connection, series_id, found, as_of)
    return found


async def _apply_versions(
    connection: AsyncConnection, series_id: int, found: list[Observation], as_of: datetime | None
) -> None:
    bound = {
        "series": series_id,
        "start": found[0].time,
        "end": found[-1].time + timedelta(microseconds=1),
        "before": NEVER if as_of is None else raw_id_before(as_of),
        "as_of": as_of,
    }
    versions = (await connection.execute(_VERSIONS, bound)).all()
    if not versions:
        return
    by_time = {observation.time: observation for observation in found}
    for kind, time, value, flag, raw_id in versions:
        observation = by_time.get(time)
        if observation is None:
            continue
        observation.conflict = True
        if kind == "decision" and value is not None:
            observation.value, observation.flag, observation.raw_id = value, flag, raw_id
            observation.decided = True


async def list_conflicts(connection: AsyncConnection, *, series_id: int, after: int, limit: int) -> list[Conflict]:
    """Conflicts of a series by id, beginning after `after`."""
    rows = await connection.execute(_CONFLICTS, {"series": series_id, "after": after, "limit": limit})
    return [Conflict(*row_values(row)) for row in rows]
