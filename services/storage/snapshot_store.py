"""Snapshots of online detectors: the state before the interval that starts at `at`, to resume from."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_MOMENTS = text("SELECT at FROM detector_snapshot WHERE station_id = :station AND detector = :detector ORDER BY at")
_STATE = text("SELECT state FROM detector_snapshot WHERE station_id = :station AND detector = :detector AND at = :at")
_DROP = text(
    """DELETE FROM detector_snapshot
    WHERE station_id = :station AND detector = :detector AND at = ANY(CAST(:moments AS timestamptz[]))"""
)
_KEEP = text(
    """INSERT INTO detector_snapshot (station_id, detector, at, state) VALUES (:station, :detector, :at, :state)
    ON CONFLICT (station_id, detector, at) DO UPDATE SET state = excluded.state"""
)
_FIRST_INTERVAL = text(
    """SELECT min(i.start) FROM unnest(CAST(:ids AS integer[])) AS w(id)
    CROSS JOIN LATERAL (SELECT start FROM interval_20min WHERE series_id = w.id ORDER BY start LIMIT 1) i"""
)


async def snapshot_moments(connection: AsyncConnection, station_id: int, *, detector: str) -> list[datetime]:
    """Moments of the stored snapshots, in time order."""
    return list((await connection.execute(_MOMENTS, {"station": station_id, "detector": detector})).scalars())


async def read_snapshot(connection: AsyncConnection, station_id: int, *, detector: str, at: datetime) -> bytes | None:
    """State of a moment; None when there is none."""
    state: bytes | None = await connection.scalar(_STATE, {"station": station_id, "detector": detector, "at": at})
    return state


async def replace_snapshots(
    connection: AsyncConnection,
    station_id: int,
    *,
    detector: str,
    drop: Sequence[datetime],
    keep: Mapping[datetime, bytes],
) -> None:
    """Drop the snapshots of some moments and write others."""
    key = {"station": station_id, "detector": detector}
    gone = [moment for moment in drop if moment not in keep]
    if gone:
        await connection.execute(_DROP, key | {"moments": gone})
    if keep:
        await connection.execute(_KEEP, [key | {"at": at, "state": state} for at, state in sorted(keep.items())])


async def first_interval(connection: AsyncConnection, series_ids: Sequence[int]) -> datetime | None:
    """Start of the earliest interval of any of the series."""
    found: datetime | None = await connection.scalar(_FIRST_INTERVAL, {"ids": list(series_ids)})
    return found
