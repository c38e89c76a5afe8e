"""Daily medians and drift as stored, the posts around a station, and word to them that a day has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import fetch

NEIGHBOUR = "neighbour"
LEAST_INTERVALS = 54
"""A day whose median rests on fewer than three quarters of its intervals is none."""

_MEDIANS = """
SELECT series_id, (start AT TIME ZONE 'Asia/Novokuznetsk')::date AS day,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY mean_pass)
FROM quality_interval
WHERE series_id = ANY($1::integer[]) AND start >= $2 AND start < $3 AND mean_pass IS NOT NULL AND n_pass * 4 >= n * 3
GROUP BY 1, 2 HAVING count(*) >= $4"""
_DAYS = """SELECT series_id, day, median, level, detail::text FROM quality_day
    WHERE series_id = ANY($1::integer[]) AND day >= $2 AND day < $3"""
_LEVELS = """SELECT series_id, day, level FROM quality_day
    WHERE series_id = ANY($1::integer[]) AND day >= $2 AND day <= $3 AND level > 1"""
_KEEP = text(
    """INSERT INTO quality_day (series_id, day, median, level, detail)
    SELECT k.id, k.day, k.median, k.level, k.detail::jsonb
    FROM unnest(CAST(:ids AS integer[]), CAST(:days AS date[]), CAST(:medians AS float8[]), CAST(:levels AS smallint[]),
        CAST(:details AS text[])) AS k(id, day, median, level, detail)
    ON CONFLICT (series_id, day) DO UPDATE SET median = excluded.median, level = excluded.level,
        detail = excluded.detail"""
)
_NEIGHBOURS = """
SELECT st.code, p.code, min(s.id) FROM station st JOIN series s ON s.station_id = st.id
JOIN parameter p ON p.id = s.parameter_id WHERE st.code = ANY($1::text[]) GROUP BY 1, 2"""
_TELL = text(
    """INSERT INTO journal (station_id, kind, time_min, time_max, entries)
    SELECT id, :kind, :low, :high, 1 FROM station WHERE code = ANY(CAST(:codes AS text[]))"""
)
_VISITS = """SELECT series_id, (ends_at AT TIME ZONE 'Asia/Novokuznetsk')::date FROM station_visit
    WHERE station_id = $1 AND ends_at >= $2 AND ends_at < $3"""


@dataclass(frozen=True, slots=True)
class QualityDay:
    """A local day of a series. median: None while unknown; level: 1 no drift, 3 suspect, 4 excluded."""

    median: float | None = None
    level: int = 1
    detail: Mapping[str, Any] = field(default_factory=dict)


Days = dict[tuple[int, date], QualityDay]


async def computed_medians(
    connection: AsyncConnection, series_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[tuple[int, date], float]:
    """Medians of the local days that [since, until) covers, from the judged intervals, drift left out of account."""
    rows = await fetch(connection, _MEDIANS, list(series_ids), since, until, LEAST_INTERVALS)
    return {(series_id, day): median for series_id, day, median in rows}


async def quality_days(connection: AsyncConnection, series_ids: Sequence[int], *, since: date, until: date) -> Days:
    """Stored days of [since, until)."""
    return {
        (series_id, day): QualityDay(median, level, msgspec.json.decode(detail))
        for series_id, day, median, level, detail in await fetch(connection, _DAYS, list(series_ids), since, until)
    }


async def drift_levels_between(
    connection: AsyncConnection, series_ids: Sequence[int], *, first: date, last: date
) -> dict[tuple[int, date], int]:
    """Drift by series and local day, first to last inclusive; days without drift are missing."""
    rows = await fetch(connection, _LEVELS, list(series_ids), first, last)
    return {(series_id, day): level for series_id, day, level in rows}


async def keep_days(connection: AsyncConnection, days: Days) -> None:
    """Insert or replace days."""
    if days:
        bound = {
            "ids": [series_id for series_id, _ in days],
            "days": [day for _, day in days],
            "medians": [one.median for one in days.values()],
            "levels": [one.level for one in days.values()],
            "details": [msgspec.json.encode(one.detail).decode() for one in days.values()],
        }
        await connection.execute(_KEEP, bound)


async def series_of_stations(connection: AsyncConnection, codes: Sequence[str]) -> dict[tuple[str, str], int]:
    """First series by (station code, parameter)."""
    return {(code, parameter): key for code, parameter, key in await fetch(connection, _NEIGHBOURS, list(codes))}


async def days_of_visits(
    connection: AsyncConnection, station_id: int, *, since: datetime, until: datetime
) -> list[tuple[int | None, date]]:
    """Local day on which each visit that ended in [since, until) ended, with its series (None: the whole station)."""
    return [(row[0], row[1]) for row in await fetch(connection, _VISITS, station_id, since, until)]


async def tell_neighbours(connection: AsyncConnection, codes: Sequence[str], *, low: datetime, high: datetime) -> None:
    """Have stations compare themselves again over event time [low, high]: a day of a post around them has changed."""
    await connection.execute(_TELL, {"codes": list(codes), "kind": NEIGHBOUR, "low": low, "high": high})
