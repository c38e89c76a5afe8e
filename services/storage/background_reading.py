"""What norms of a rise ask of the database: series of the posts upstream, hourly means of the post itself, word to it.

A post is judged against what passed upstream hours before, so late data upstream must have it judged again: a row of
kind `upstream` in the journal says over which event time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.detector_reading import SeriesFacts

UPSTREAM = "upstream"
HOUR_INTERVALS = 2
"""Of the three intervals of an hour, so many must count for its mean to speak of the background."""

_SERIES_AT = text(
    """SELECT DISTINCT ON (st.code) st.code, s.id, s.device_id, p.code, p.scale, s.expected_interval_s, s.published
    FROM station st JOIN series s ON s.station_id = st.id JOIN parameter p ON p.id = s.parameter_id
    WHERE st.code = ANY(CAST(:codes AS text[])) AND p.code = :parameter ORDER BY st.code, s.id"""
)
_HOURS = text(
    """SELECT start, mean FROM rollup WHERE series_id = :series AND resolution = 'hour' AND start >= :since
    AND start < :until AND intervals_valid >= :needed AND mean IS NOT NULL"""
)
_TELL = text(
    """INSERT INTO journal (station_id, kind, time_min, time_max, entries)
    SELECT id, :kind, :low, :high, 1 FROM station WHERE code = :code"""
)


async def series_at(connection: AsyncConnection, codes: Sequence[str], *, parameter: str) -> dict[str, SeriesFacts]:
    """The first series of a parameter at each of the stations that has one, by station code."""
    rows = await connection.execute(_SERIES_AT, {"codes": list(codes), "parameter": parameter})
    return {row[0]: SeriesFacts(*row[1:]) for row in rows}


async def hour_means(
    connection: AsyncConnection, series_id: int, *, since: datetime, until: datetime
) -> dict[datetime, float]:
    """Means of the hours that start in [since, until) and rest on enough intervals, by start."""
    bound = {"series": series_id, "since": since, "until": until, "needed": HOUR_INTERVALS}
    return {row.start: row.mean for row in await connection.execute(_HOURS, bound)}


async def tell_station(connection: AsyncConnection, code: str, *, low: datetime, high: datetime) -> None:
    """Have a station judged again over event time [low, high], because the water above it is known better now."""
    await connection.execute(_TELL, {"code": code, "kind": UPSTREAM, "low": low, "high": high})
