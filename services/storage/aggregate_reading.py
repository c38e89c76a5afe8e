"""Aggregates of one series: 20-minute intervals, hours and local days, as kept or recomputed as of an earlier moment.

Kept intervals and recomputed ones follow the same rule (docs/algorithms/intervals.md): a reading is valid when its flag
is 1, sums are integers of value·10^scale, an interval counts when 75 % of the expected readings are valid.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.observation_reading import raw_id_before
from services.storage.reading import fetch, row_values
from uskat.water.interval import INTERVAL, exact_deviation, exact_mean, readings_needed

VALID_SHARE = 0.75
LOCAL_ZONE = "Asia/Novokuznetsk"

_INTERVALS = """SELECT start, n, n_valid, total, total_squares, minimum, maximum FROM interval_20min
    WHERE series_id = $1 AND start >= $2 AND start < $3 ORDER BY start LIMIT $4"""
_ROLLUPS = """SELECT start, n, n_valid, n_expected, mean, minimum, maximum, deviation, intervals_valid FROM rollup
    WHERE series_id = $1 AND resolution = $5 AND start >= $2 AND start < $3 ORDER BY start LIMIT $4"""
_BUCKETS = {
    "20min": "start",
    "hour": "date_trunc('hour', start)",
    "day": f"date_trunc('day', start, '{LOCAL_ZONE}')",
}
_RECOMPUTED = """
WITH decided AS (
    SELECT DISTINCT ON (time) time, conflict_id FROM observation_decision
    WHERE series_id = :series AND time >= :start AND time < :scan_end AND decided_at <= :as_of ORDER BY time, id DESC),
corrected AS (
    SELECT o.time, coalesce(c.value, o.value) AS value, coalesce(c.flag, o.flag) AS flag
    FROM observation o LEFT JOIN decided d ON d.time = o.time LEFT JOIN observation_conflict c ON c.id = d.conflict_id
    WHERE o.series_id = :series AND o.time >= :start AND o.time < :scan_end AND o.raw_id < :before),
intervals AS (
    SELECT date_bin('20 minutes', time, 'epoch') AS start, count(*) AS n, count(*) FILTER (WHERE flag = 1) AS n_valid,
        sum(round(value * :factor)::bigint) FILTER (WHERE flag = 1) AS total,
        sum(round(value * :factor)::numeric * round(value * :factor)::numeric) FILTER (WHERE flag = 1) AS total_squares,
        min(value) FILTER (WHERE flag = 1) AS minimum, max(value) FILTER (WHERE flag = 1) AS maximum,
        count(*) FILTER (WHERE flag & 48 <> 0) AS n_service
    FROM corrected GROUP BY 1)
SELECT {bucket} AS bucket, sum(n)::bigint, sum(n_valid)::bigint, sum(total), sum(total_squares), min(minimum),
    max(maximum), sum(n_service)::bigint,
    count(*) FILTER (WHERE n_valid >= :needed) AS intervals_valid
FROM intervals GROUP BY 1 HAVING {bucket} >= :start AND {bucket} < :end ORDER BY 1 LIMIT :limit
"""


class Resolution(StrEnum):
    """Raw readings, or aggregates over 20 minutes, an hour, a day of Asia/Novokuznetsk."""

    RAW = "raw"
    INTERVAL = "20min"
    HOUR = "hour"
    DAY = "day"


LENGTHS = {
    Resolution.INTERVAL: INTERVAL,
    Resolution.HOUR: timedelta(hours=1),
    Resolution.DAY: timedelta(days=1),
}


class Aggregate(Struct, gc=False):
    """Valid readings of [start, start + resolution), in the unit of the series.

    n: readings stored, of any flag. n_valid: flag 1. expected: what the series should have sent. coverage:
    n_valid / expected. deviation: sample standard deviation. intervals_valid: 20-minute intervals with at least 75 %
    of the expected readings valid.
    """

    start: datetime
    n: int
    n_valid: int
    expected: int
    coverage: float
    mean: float | None
    minimum: float | None
    maximum: float | None
    deviation: float | None
    intervals_valid: int


async def aggregates(
    connection: AsyncConnection,
    *,
    series_id: int,
    resolution: Resolution,
    start: datetime,
    end: datetime,
    limit: int,
    scale: int,
    expected_interval_s: int,
) -> list[Aggregate]:
    """At most `limit` aggregates that start in [start, end), in time order."""
    bound = (series_id, start, end, limit)
    if resolution is not Resolution.INTERVAL:
        rows = await fetch(connection, _ROLLUPS, *bound, resolution.value)
        return [
            Aggregate(at, n, n_valid, expected, _coverage(n_valid, expected), mean, low, high, deviation, valid)
            for at, n, n_valid, expected, mean, low, high, deviation, valid in rows
        ]
    expected = _expected(INTERVAL, expected_interval_s)
    needed = readings_needed(expected_interval_s, VALID_SHARE)
    return [
        _aggregate(row_values(row), expected, int(row["n_valid"] >= needed), scale)
        for row in await fetch(connection, _INTERVALS, *bound)
    ]


async def aggregates_as_of(
    connection: AsyncConnection,
    *,
    series_id: int,
    resolution: Resolution,
    start: datetime,
    end: datetime,
    limit: int,
    scale: int,
    expected_interval_s: int,
    as_of: datetime,
) -> list[Aggregate]:
    """The same, recomputed from the readings and decisions that were stored before `as_of`."""
    length = LENGTHS[resolution]
    bound = {
        "series": series_id,
        "start": start,
        "end": end,
        "scan_end": end + length,
        "as_of": as_of,
        "before": raw_id_before(as_of),
        "factor": 10.0**scale,
        "needed": readings_needed(expected_interval_s, VALID_SHARE),
        "limit": limit,
    }
    statement = text(_RECOMPUTED.format(bucket=_BUCKETS[resolution.value]))
    expected = _expected(length, expected_interval_s)
    rows = await connection.execute(statement, bound)
    return [_aggregate(row_values(row)[:7], expected, row.intervals_valid, scale) for row in rows]


def _aggregate(sums: tuple[Any, ...], expected: int, intervals_valid: int, scale: int) -> Aggregate:
    start, n, n_valid, total, total_squares, minimum, maximum = sums
    total, total_squares = int(total or 0), int(total_squares or 0)
    mean = exact_mean(total, n_valid, scale=scale)
    deviation = exact_deviation(total, total_squares, n=n_valid, scale=scale)
    coverage = _coverage(n_valid, expected)
    return Aggregate(start, n, n_valid, expected, coverage, mean, minimum, maximum, deviation, intervals_valid)


def _expected(length: timedelta, expected_interval_s: int) -> int:
    """Readings expected in a period, as `services.storage.rollups` counts them; at least one."""
    return max(1, round(length.total_seconds() / expected_interval_s))


def _coverage(n_valid: int, expected: int) -> float:
    return n_valid / expected if expected else 0.0
