"""What judgements of water quality over longer periods are made of: daily means, counts by month, episodes, levels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values
from uskat.water.interval import Interval, exact_mean

LOCAL_ZONE = "Asia/Novokuznetsk"

_DAYS = text(
    """SELECT p.code, r.start, r.mean, r.intervals_valid
    FROM series s JOIN parameter p ON p.id = s.parameter_id JOIN rollup r ON r.series_id = s.id
    WHERE s.station_id = :station AND (:all OR s.published) AND r.resolution = 'day' AND r.start >= :start
        AND r.start < :end AND r.mean IS NOT NULL ORDER BY s.id, r.start"""
)
_MONTHS = text(
    f"""SELECT s.id, p.code, d.created_at, to_char(i.start AT TIME ZONE '{LOCAL_ZONE}', 'YYYY-MM') AS month,
        count(*) FILTER (WHERE i.n_valid >= n.needed) AS valid,
        count(*) FILTER (WHERE i.n_valid >= n.needed AND i.states <> 0) AS remarked,
        count(*) FILTER (WHERE i.n_service > 0) AS serviced, min(i.start) AS first
    FROM series s JOIN parameter p ON p.id = s.parameter_id JOIN device d ON d.id = s.device_id
    CROSS JOIN LATERAL (
        SELECT greatest(1, ceil(0.75 * greatest(1, floor(1200.0 / s.expected_interval_s)))) AS needed) n
    LEFT JOIN interval_20min i ON i.series_id = s.id AND i.start >= :start AND i.start < :end
    WHERE s.station_id = :station AND (:all OR s.published)
    GROUP BY s.id, p.code, d.created_at, month ORDER BY s.id, month"""
)
_FIRST = text(
    """SELECT s.id, (SELECT min(start) FROM interval_20min WHERE series_id = s.id) FROM series s
    WHERE s.station_id = :station"""
)
_EPISODES = text(
    """SELECT a.id, st.code, a.series_id, p.code, a.severity, a.state, a.started_at, a.ended_at, a.figures, a.norm,
        a.detail
    FROM alert a JOIN station st ON st.id = a.station_id JOIN series s ON s.id = a.series_id
    JOIN parameter p ON p.id = s.parameter_id
    WHERE a.kind = 'exceedance' AND a.state <> 'withdrawn' AND (:all OR (a.published AND st.published))
        AND (CAST(:station AS text) IS NULL OR st.code = :station)
        AND (CAST(:parameter AS text) IS NULL OR p.code = :parameter)
        AND (CAST(:start AS timestamptz) IS NULL OR a.ended_at IS NULL OR a.ended_at > CAST(:start AS timestamptz))
        AND (CAST(:end AS timestamptz) IS NULL OR a.started_at < CAST(:end AS timestamptz))
        AND (CAST(:before AS bigint) IS NULL OR a.id < CAST(:before AS bigint))
    ORDER BY a.id DESC LIMIT :limit"""
)
_GAUGES = text(
    """SELECT s.id, st.code, st.name, st.latitude, st.longitude, r.code, st.river_km, st.demo, st.properties,
        s.expected_interval_s, p.scale
    FROM series s JOIN station st ON st.id = s.station_id JOIN parameter p ON p.id = s.parameter_id
    LEFT JOIN river r ON r.id = st.river_id
    WHERE p.code = 'level' AND (:all OR (st.published AND s.published)) ORDER BY st.code, s.id"""
)
_COURSE = text(
    """SELECT series_id, start, n, n_valid, n_service, total, minimum, maximum, states FROM interval_20min
    WHERE series_id = ANY(CAST(:ids AS integer[])) AND start >= :since AND start < :until ORDER BY series_id, start"""
)


class DayMean(Struct):
    """Mean of one parameter over a local day."""

    parameter: str
    start: datetime
    mean: float
    intervals_valid: int


class MonthCount(Struct):
    """Intervals of a series in one local month; month None and zeros for a series without any in the period."""

    series: int
    parameter: str
    registered_at: datetime
    month: str | None
    valid: int
    remarked: int
    serviced: int
    first: datetime | None


class Episode(Struct):
    """A violation episode: an exceedance from its first to its last interval.

    peak, mean_excess, limit: in the parameter's unit. verdict: certain or possible, by the measurement's uncertainty.
    confirmed: at least two intervals exceed.
    """

    alert: int
    station: str
    series: int
    parameter: str
    severity: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    peak: float | None
    peak_at: datetime | None
    limit: float | None
    mean_excess: float | None
    intervals: int | None
    unit: str | None
    verdict: str | None
    confirmed: bool | None
    uncertainty: float | None
    norm: dict[str, Any] | None


class Gauge(Struct):
    """A level series with the place it stands at."""

    series: int
    station: str
    name: str
    latitude: float
    longitude: float
    river: str | None
    river_km: float | None
    demo: bool
    properties: dict[str, Any]
    expected_interval_s: int
    scale: int


async def day_means(
    connection: AsyncConnection, station_id: int, *, start: datetime, end: datetime, everything: bool
) -> list[DayMean]:
    """Daily means of every series of a station that start in [start, end)."""
    bound = {"station": station_id, "start": start, "end": end, "all": everything}
    return [DayMean(*row_values(row)) for row in await connection.execute(_DAYS, bound)]


async def month_counts(
    connection: AsyncConnection, station_id: int, *, start: datetime, end: datetime, everything: bool
) -> list[MonthCount]:
    """Counts of intervals that start in [start, end), by series and local month."""
    bound = {"station": station_id, "start": start, "end": end, "all": everything}
    return [MonthCount(*row_values(row)) for row in await connection.execute(_MONTHS, bound)]


async def first_intervals(connection: AsyncConnection, station_id: int) -> dict[int, datetime]:
    """Start of the first interval of every series of a station that has one."""
    return {row[0]: row[1] for row in await connection.execute(_FIRST, {"station": station_id}) if row[1] is not None}


async def list_episodes(
    connection: AsyncConnection,
    *,
    station: str | None,
    parameter: str | None,
    start: datetime | None,
    end: datetime | None,
    before: int | None,
    limit: int,
    everything: bool,
) -> list[Episode]:
    """Exceedance episodes that overlap [start, end), newest alert id first, with id below `before`."""
    bound = {
        "station": station, "parameter": parameter, "start": start, "end": end, "before": before, "limit": limit,
        "all": everything,
    }  # fmt: skip
    return [_episode(row_values(row)) for row in await connection.execute(_EPISODES, bound)]


def _episode(values: tuple[Any, ...]) -> Episode:
    figures, norm, detail = (json_value(value) or {} for value in values[8:])
    peak_at, uncertainty = detail.get("peak_at"), detail.get("uncertainty") or {}

    def figure(name: str) -> float | None:
        value = figures.get(name, {}).get("value")
        return None if value is None else float(value)

    intervals = figure("intervals")
    alert, station, series, parameter, severity, state, started_at, ended_at = values[:8]
    return Episode(
        alert=alert,
        station=station,
        series=series,
        parameter=parameter,
        severity=severity,
        state=state,
        started_at=started_at,
        ended_at=ended_at,
        peak=figure("peak"),
        peak_at=datetime.fromisoformat(peak_at) if peak_at else None,
        limit=figure("limit"),
        mean_excess=figure("mean_excess"),
        intervals=None if intervals is None else int(intervals),
        unit=figures.get("peak", {}).get("unit"),
        verdict=detail.get("verdict"),
        confirmed=detail.get("confirmed"),
        uncertainty=uncertainty.get("value"),
        norm=norm or None,
    )


async def list_gauges(connection: AsyncConnection, *, everything: bool) -> list[Gauge]:
    """Every level series, by station."""
    rows = [row_values(row) for row in await connection.execute(_GAUGES, {"all": everything})]
    return [Gauge(*[*row[:8], json_value(row[8]), *row[9:]]) for row in rows]


async def level_courses(
    connection: AsyncConnection, gauges: Sequence[Gauge], *, since: datetime, until: datetime
) -> dict[int, list[Interval]]:
    """Intervals of level series that start in [since, until), by series, in time order."""
    scales = {gauge.series: gauge.scale for gauge in gauges}
    found: dict[int, list[Interval]] = {series: [] for series in scales}
    bound = {"ids": list(scales), "since": since, "until": until}
    for series, start, n, n_valid, n_service, total, low, high, states in await connection.execute(_COURSE, bound):
        mean = exact_mean(total, n_valid, scale=scales[series])
        found[series].append(Interval(start, n, n_valid, n_service, mean, low, high, states))
    return found
