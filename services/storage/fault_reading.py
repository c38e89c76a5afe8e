"""What faults are found in: judged intervals of a station with the values as measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.quality_store import moment_of
from services.storage.reading import fetch
from uskat.water.quality.readings import MICROS

_INTERVALS = """
SELECT q.series_id, array_agg(date_part('epoch', q.start) ORDER BY q.start),
    array_agg(array_to_string(q.flags, ',') ORDER BY q.start), array_agg(q.mean_pass ORDER BY q.start),
    array_agg(i.minimum ORDER BY q.start), array_agg(i.maximum ORDER BY q.start)
FROM quality_interval q
LEFT JOIN interval_20min i ON i.series_id = q.series_id AND i.start = q.start
WHERE q.series_id = ANY($1::integer[]) AND q.start >= $2 AND q.start < $3 GROUP BY q.series_id"""

_QUIET = """
SELECT NOT EXISTS (
    SELECT 1 FROM quality_interval q WHERE q.series_id = ANY($1::integer[]) AND q.start >= $2 AND q.start < $3
    AND (4 = ANY(q.flags) OR q.flags[array_upper(q.flags, 1)] = 3))"""
_SERVED = """
SELECT w.id, i.start FROM unnest($2::integer[]) AS w(id)
JOIN interval_20min i ON i.series_id = w.id AND i.start >= $3 AND i.start < $4
WHERE i.n_service > 0 OR EXISTS (
    SELECT 1 FROM station_visit v WHERE v.station_id = $1 AND (v.series_id IS NULL OR v.series_id = w.id)
    AND v.starts_at < i.start + interval '20 minutes' AND v.ends_at > i.start)
ORDER BY w.id, i.start"""
_MEANS = """
SELECT series_id, start, mean_pass FROM quality_interval WHERE series_id = ANY($1::integer[]) AND start >= $2
AND start < $3 AND n_pass * 4 >= n * 3 AND mean_pass IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class FlaggedInterval:
    """A judged interval: flags as stored («1,2,…»), mean of what counts, range of the valid readings as measured."""

    start: datetime
    flags: str
    mean: float | None
    low: float | None
    high: float | None


async def flagged_intervals(
    connection: AsyncConnection, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, list[FlaggedInterval]]:
    """Judged intervals that start in [since, until), in time order, by series; series without any are missing."""
    return {
        series_id: [
            FlaggedInterval(moment_of(round(seconds * MICROS)), *rest) for seconds, *rest in zip(*columns, strict=True)
        ]
        for series_id, *columns in await fetch(connection, _INTERVALS, list(series_ids), since, until)
    }


async def no_test_failed(
    connection: AsyncConnection, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> bool:
    """True when no interval that starts in [since, until) has a failed test, or departs from its neighbours."""
    return bool((await fetch(connection, _QUIET, list(series_ids), since, until))[0][0])


async def served_intervals(
    connection: AsyncConnection, station_id: int, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, list[datetime]]:
    """Starts in [since, until) of intervals with readings in service or calibration mode, or inside a visit."""
    found: dict[int, list[datetime]] = {}
    for series_id, start in await fetch(connection, _SERVED, station_id, list(series_ids), since, until):
        found.setdefault(series_id, []).append(start)
    return found


async def counted_means(
    connection: AsyncConnection, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, dict[datetime, float]]:
    """Means by start of the intervals in [since, until) of which three quarters count."""
    found: dict[int, dict[datetime, float]] = {}
    for series_id, start, mean in await fetch(connection, _MEANS, list(series_ids), since, until):
        found.setdefault(series_id, {})[start] = mean
    return found
