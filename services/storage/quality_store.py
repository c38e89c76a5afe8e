"""Quality control as stored: raw readings of a station as columns, judged intervals, maintenance windows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import fetch
from uskat.water.quality.flag import Flag
from uskat.water.quality.interval import QualityInterval
from uskat.water.quality.readings import MICROS, QualitySeries, Readings, empty_readings
from uskat.water.quality.window import MaintenanceWindow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Columns as arrays: the driver decodes an array of numbers far faster than as many rows. date_part gives the seconds
# as a double, exact to a quarter of a microsecond until 2040.
_READINGS = """
SELECT w.id, array_agg(date_part('epoch', o.time) ORDER BY o.time),
    array_agg(coalesce(c.value, o.value) ORDER BY o.time), array_agg(coalesce(c.flag, o.flag) ORDER BY o.time)
FROM unnest($1::integer[]) AS w(id)
JOIN observation o ON o.series_id = w.id AND o.time >= $2 AND o.time < $3
LEFT JOIN (SELECT DISTINCT ON (series_id, time) series_id, time, conflict_id FROM observation_decision
           WHERE series_id = ANY($1) AND time >= $2 AND time < $3 ORDER BY series_id, time, id DESC) d
    ON d.series_id = o.series_id AND d.time = o.time
LEFT JOIN observation_conflict c ON c.id = d.conflict_id
GROUP BY w.id"""
_STORED = """
SELECT series_id, array_agg(date_part('epoch', start) ORDER BY start), array_agg(rollup ORDER BY start),
    array_agg(array_to_string(flags, ',') ORDER BY start), array_agg(n ORDER BY start),
    array_agg(n_pass ORDER BY start), array_agg(mean_pass ORDER BY start), array_agg(minimum_pass ORDER BY start),
    array_agg(maximum_pass ORDER BY start), array_agg(test_set ORDER BY start)
FROM quality_interval WHERE series_id = ANY($1::integer[]) AND start >= $2 AND start < $3 GROUP BY series_id"""
_WRITE = text(
    """INSERT INTO quality_interval AS kept (series_id, start, rollup, flags, n, n_pass, mean_pass, minimum_pass,
        maximum_pass, test_set)
    SELECT r.id, r.start, r.rollup, string_to_array(r.flags, ',')::smallint[], r.n, r.n_pass, r.mean, r.low, r.high,
        :test_set
    FROM unnest(CAST(:ids AS integer[]), CAST(:starts AS timestamptz[]), CAST(:rollups AS smallint[]),
        CAST(:flags AS text[]), CAST(:n AS integer[]), CAST(:passed AS integer[]), CAST(:means AS float8[]),
        CAST(:lows AS float8[]), CAST(:highs AS float8[]))
        AS r(id, start, rollup, flags, n, n_pass, mean, low, high)
    ON CONFLICT (series_id, start) DO UPDATE SET rollup = excluded.rollup, flags = excluded.flags, n = excluded.n,
        n_pass = excluded.n_pass, mean_pass = excluded.mean_pass, minimum_pass = excluded.minimum_pass,
        maximum_pass = excluded.maximum_pass, test_set = excluded.test_set"""
)
_SERIES = """
SELECT s.id, s.device_id, p.code, s.expected_interval_s, p.scale FROM series s
JOIN parameter p ON p.id = s.parameter_id WHERE s.station_id = $1 ORDER BY s.id"""
_WINDOWS = """
SELECT series_id, date_part('epoch', starts_at), date_part('epoch', ends_at) FROM station_visit
WHERE station_id = $1 AND starts_at < $3 AND ends_at > $2 ORDER BY id"""


class StoredQuality(NamedTuple):
    """A judged interval as stored: what `stored_form` makes of one. flags: «1,2,…» in the order of the tests."""

    rollup: int
    flags: str
    n: int
    n_pass: int
    mean: float | None
    minimum: float | None
    maximum: float | None
    test_set: str

    @property
    def judged(self) -> tuple[object, ...]:
        """All that detectors see of it: that a test has been passed meanwhile changes nothing for them."""
        return (
            self.rollup == Flag.FAIL,
            self.flags.replace("2", "1"),
            self.n_pass,
            self.mean,
            self.minimum,
            self.maximum,
        )


def stored_form(interval: QualityInterval, test_set: str) -> StoredQuality:
    """How a judged interval is stored."""
    return StoredQuality(
        interval.rollup, ",".join(map(str, interval.flags)), interval.n, interval.n_pass, interval.mean,
        interval.minimum, interval.maximum, test_set,
    )  # fmt: skip


async def station_readings(
    connection: AsyncConnection, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> Readings:
    """Readings of several series over [since, until), the version that counts now; places are those of series_ids."""
    rows = await fetch(connection, _READINGS, list(series_ids), since, until)
    if not rows:
        return empty_readings()
    by_id = {row[0]: row for row in rows}
    found = [(place, by_id[key]) for place, key in enumerate(series_ids) if key in by_id]
    return Readings(
        np.concatenate([np.full(len(row[1]), place, np.int64) for place, row in found]),
        np.concatenate([_micros(row[1]) for _, row in found]),
        np.concatenate([np.array(row[2], np.float64) for _, row in found]),
        np.concatenate([np.array(row[3], np.int64) for _, row in found]),
    )


def _micros(seconds: Sequence[float]) -> np.typing.NDArray[np.int64]:
    return np.rint(np.array(seconds, np.float64) * MICROS).astype(np.int64)


async def quality_series(connection: AsyncConnection, station_id: int) -> list[QualitySeries]:
    """The series of a station, by id."""
    return [QualitySeries(*row) for row in await fetch(connection, _SERIES, station_id)]


async def maintenance_windows(
    connection: AsyncConnection, station_id: int, *, since: datetime, until: datetime
) -> list[MaintenanceWindow]:
    """Windows that touch [since, until)."""
    rows = await fetch(connection, _WINDOWS, station_id, since, until)
    return [MaintenanceWindow(series_id, round(start * MICROS), round(end * MICROS)) for series_id, start, end in rows]


async def stored_quality(
    connection: AsyncConnection, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[tuple[int, int], StoredQuality]:
    """Judged intervals that start in [since, until), by (series, start in microseconds)."""
    found: dict[tuple[int, int], StoredQuality] = {}
    for series_id, seconds, *columns in await fetch(connection, _STORED, list(series_ids), since, until):
        rows = map(StoredQuality._make, zip(*columns, strict=True))
        found.update(((series_id, start), row) for start, row in zip(_micros(seconds).tolist(), rows, strict=True))
    return found


async def write_quality(connection: AsyncConnection, intervals: Sequence[QualityInterval], *, test_set: str) -> None:
    """Insert or replace judged intervals."""
    if intervals:
        await connection.execute(_WRITE, _columns(intervals) | {"test_set": test_set})


def _columns(intervals: Sequence[QualityInterval]) -> dict[str, Any]:
    return {
        "ids": [one.series_id for one in intervals],
        "starts": [moment_of(one.start_us) for one in intervals],
        "rollups": [one.rollup for one in intervals],
        "flags": [",".join(map(str, one.flags)) for one in intervals],
        "n": [one.n for one in intervals],
        "passed": [one.n_pass for one in intervals],
        "means": [one.mean for one in intervals],
        "lows": [one.minimum for one in intervals],
        "highs": [one.maximum for one in intervals],
    }


def moment_of(micros: int) -> datetime:
    """Microseconds since 1970 as a moment, UTC."""
    return EPOCH + timedelta(microseconds=micros)
