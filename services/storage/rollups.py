"""Hour and local-day aggregates, recomputed from the exact 20-minute sums wherever data came in.

The arithmetic is that of `uskat.water.interval.exact_mean` and `exact_deviation`, in numeric: the same bits whatever
the order in which the data came.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LOCAL_ZONE = "Asia/Novokuznetsk"

_START = {
    "hour": "date_bin('1 hour', {moment}, timestamptz '2000-01-01 00:00:00+00')",
    "day": f"date_trunc('day', {{moment}}, '{LOCAL_ZONE}')",
}
_NEXT = {
    "hour": "{start} + interval '1 hour'",
    "day": f"((({{start}} AT TIME ZONE '{LOCAL_ZONE}') + interval '1 day') AT TIME ZONE '{LOCAL_ZONE}')",
}
_RECOMPUTE = """
WITH spans AS (
    SELECT DISTINCT {start_of_low} AS since, {next_of_high} AS until
    FROM unnest(CAST(:lows AS timestamptz[]), CAST(:highs AS timestamptz[])) AS touched(low, high)
), counted AS (
    SELECT i.series_id, {start_of_i} AS start, s.expected_interval_s, p.scale,
        sum(i.n)::int AS n, sum(i.n_valid)::int AS n_valid, sum(i.total)::numeric AS total,
        sum(i.total_squares) AS total_squares, min(i.minimum) AS minimum, max(i.maximum) AS maximum,
        (count(*) FILTER (WHERE i.n_valid >= greatest(1,
            ceil(0.75 * greatest(1, floor(1200.0 / s.expected_interval_s))))))::int AS intervals_valid
    FROM series s
    JOIN parameter p ON p.id = s.parameter_id
    JOIN interval_20min i ON i.series_id = s.id
        AND i.start >= (SELECT min(since) FROM spans) AND i.start < (SELECT max(until) FROM spans)
    WHERE s.station_id = :station
        AND EXISTS (SELECT 1 FROM spans t WHERE i.start >= t.since AND i.start < t.until)
    GROUP BY i.series_id, 2, s.expected_interval_s, p.scale
)
INSERT INTO rollup AS kept (series_id, resolution, start, n, n_valid, n_expected, mean, minimum, maximum, deviation,
    intervals_valid)
SELECT series_id, '{resolution}', start, n, n_valid,
    greatest(1, round(extract(epoch FROM {next_of_start} - start) / expected_interval_s))::int,
    (total::numeric(80, 25) / nullif(n_valid * 10::numeric ^ scale, 0))::float8, minimum, maximum,
    CASE WHEN n_valid > 1 THEN
        (trunc(sqrt(div((n_valid * total_squares - total * total) * 10::numeric ^ 12,
            n_valid::numeric * (n_valid - 1))::numeric(90, 20)))::numeric(80, 20) / 10::numeric ^ (scale + 6))::float8
    END, intervals_valid
FROM counted
ON CONFLICT (series_id, resolution, start) DO UPDATE SET n = excluded.n, n_valid = excluded.n_valid,
    n_expected = excluded.n_expected, mean = excluded.mean, minimum = excluded.minimum, maximum = excluded.maximum,
    deviation = excluded.deviation, intervals_valid = excluded.intervals_valid
WHERE (kept.n, kept.n_valid, kept.n_expected, kept.mean, kept.minimum, kept.maximum, kept.deviation,
    kept.intervals_valid) IS DISTINCT FROM (excluded.n, excluded.n_valid, excluded.n_expected, excluded.mean,
    excluded.minimum, excluded.maximum, excluded.deviation, excluded.intervals_valid)
"""
_STATEMENTS = [
    text(
        _RECOMPUTE.format(
            resolution=resolution,
            start_of_low=_START[resolution].format(moment="low"),
            next_of_high=_NEXT[resolution].format(start=_START[resolution].format(moment="high")),
            start_of_i=_START[resolution].format(moment="i.start"),
            next_of_start=_NEXT[resolution].format(start="start"),
        )
    )
    for resolution in ("hour", "day")
]


async def recompute_rollups(
    connection: AsyncConnection, station_id: int, spans: Sequence[tuple[datetime, datetime]]
) -> None:
    """Recompute the hours and local days (Asia/Novokuznetsk) that the spans touch.

    spans: (first, last) moments, inclusive, UTC, near each other: all between them is read.
    """
    bound = {"station": station_id, "lows": [low for low, _ in spans], "highs": [high for _, high in spans]}
    for statement in _STATEMENTS:
        await connection.execute(statement, bound)
