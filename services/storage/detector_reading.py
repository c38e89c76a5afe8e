"""What detectors read of the measured data: facts of a station, intervals, newest readings, records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.network_reading import read_network
from services.storage.reading import json_value
from uskat.water.background import UpstreamPost
from uskat.water.interval import Interval, exact_mean
from uskat.water.quality.flag import Flag
from uskat.water.way_of_water import DownstreamPost, posts_downstream, posts_upstream

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)

_STATION = text(
    """SELECT st.id, st.code, st.name, st.kind, st.water_use, st.published, r.code AS river, st.properties::text
    FROM station st LEFT JOIN river r ON r.id = st.river_id WHERE st.id = :station"""
)
_DEVICES = text("SELECT id, code, kind, enabled, created_at FROM device WHERE station_id = :station ORDER BY id")
_SERIES = text(
    """SELECT s.id, s.device_id, p.code, p.scale, s.expected_interval_s, s.published,
        (i.properties #> ARRAY['accuracy', p.code])::text
    FROM series s JOIN parameter p ON p.id = s.parameter_id LEFT JOIN instrument i ON i.id = s.instrument_id
    WHERE s.station_id = :station ORDER BY s.id"""
)
_INTERVALS = text(
    """SELECT i.series_id, i.start, i.n, i.n_valid, i.n_service, i.total, i.minimum, i.maximum, i.states,
        q.rollup, q.n_pass, q.mean_pass, q.minimum_pass, q.maximum_pass
    FROM unnest(CAST(:ids AS integer[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]))
        AS w(id, since, until)
    JOIN interval_20min i ON i.series_id = w.id AND i.start >= w.since AND i.start < w.until
    LEFT JOIN quality_interval q ON q.series_id = i.series_id AND q.start = i.start
    ORDER BY i.series_id, i.start"""
)
_LAST = text(
    """SELECT w.id, o.time FROM unnest(CAST(:ids AS integer[])) AS w(id)
    CROSS JOIN LATERAL (SELECT time FROM observation WHERE series_id = w.id ORDER BY time DESC LIMIT 1) o"""
)
_FIRST_AFTER = text(
    """SELECT min(o.time) FROM unnest(CAST(:ids AS integer[])) AS w(id)
    CROSS JOIN LATERAL (
        SELECT time FROM observation WHERE series_id = w.id AND time > :after ORDER BY time LIMIT 1) o"""
)
_RECORDS = text(
    """SELECT device_id, start, "end", measures::text FROM seismic_record
    WHERE device_id = ANY(CAST(:ids AS integer[])) AND start >= :since AND start < :until ORDER BY start, id"""
)
_HISTOGRAMS = text(
    """SELECT DISTINCT ON (device_id, start) device_id, start, start + make_interval(secs => length_s), peaks::text
    FROM histogram_interval WHERE device_id = ANY(CAST(:ids AS integer[])) AND start >= :since AND start < :until
    ORDER BY device_id, start, raw_id"""
)


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A device of the registry. created_at: registration, UTC."""

    id: int
    code: str
    kind: str
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series of the registry.

    parameter: its code; scale: decimals of its exact sums; accuracy: as its instrument states it
    (`uskat.water.verdict.accuracy_of`).
    """

    id: int
    device_id: int
    parameter: str
    scale: int
    expected_interval_s: int
    published: bool
    accuracy: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StationFacts:
    """A station with what it measures. upstream, downstream: posts along the river, nearest first downstream."""

    id: int
    code: str
    name: str
    kind: str
    water_use: str
    published: bool
    devices: tuple[DeviceFacts, ...]
    series: tuple[SeriesFacts, ...]
    river: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    upstream: tuple[UpstreamPost, ...] = ()
    downstream: tuple[DownstreamPost, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a series: [since, until), UTC; until None: to its end."""

    series: SeriesFacts
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class PeakRow:
    """Measures of a record, or peaks of a histogram interval, over [start, end), UTC."""

    device_id: int
    start: datetime
    end: datetime
    body: Mapping[str, Any]


async def station_facts(connection: AsyncConnection, station_id: int) -> StationFacts | None:
    """Registry of one station; None when there is none."""
    key = {"station": station_id}
    row = (await connection.execute(_STATION, key)).first()
    if row is None:
        return None
    devices = tuple(DeviceFacts(*found) for found in await connection.execute(_DEVICES, key))
    series = tuple(map(_series, await connection.execute(_SERIES, key)))
    network = await read_network(connection) if row.river is not None else None
    return StationFacts(
        id=row.id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        water_use=row.water_use,
        published=row.published,
        devices=devices,
        series=series,
        river=row.river,
        properties=json_value(row.properties),
        upstream=posts_upstream(network, row.code) if network is not None else (),
        downstream=posts_downstream(network, row.code) if network is not None else (),
    )


def _series(row: Any) -> SeriesFacts:
    series_id, device_id, code, scale, expected_interval_s, published, accuracy = row
    return SeriesFacts(series_id, device_id, code, scale, expected_interval_s, published, json_value(accuracy))


async def read_intervals(connection: AsyncConnection, windows: Sequence[Window]) -> dict[int, list[Interval]]:
    """Intervals by series id, in time order.

    Where quality control has judged an interval, the readings that it lets count make the interval, none if it failed;
    else those that ingest found valid.
    """
    scales = {window.series.id: window.series.scale for window in windows}
    found: dict[int, list[Interval]] = {series_id: [] for series_id in scales}
    if not windows:
        return found
    bound = {
        "ids": [window.series.id for window in windows],
        "since": [window.since for window in windows],
        "until": [window.until or FAR_FUTURE for window in windows],
    }
    for row in await connection.execute(_INTERVALS, bound):
        found[row[0]].append(_interval(row, scales[row[0]]))
    return found


def _interval(row: Any, scale: int) -> Interval:
    _, start, n, n_valid, n_service, total, low, high, states, rollup, n_pass, mean, lowest, highest = row
    if rollup is None:
        return Interval(start, n, n_valid, n_service, exact_mean(total, n_valid, scale=scale), low, high, states)
    if rollup == Flag.FAIL:
        return Interval(start, n, 0, n_service, None, None, None, states, rollup)
    return Interval(start, n, n_pass, n_service, mean, lowest, highest, states, rollup)


async def last_readings(connection: AsyncConnection, series_ids: Sequence[int]) -> dict[int, datetime]:
    """Time of the newest reading by series; a series without readings is missing."""
    rows = await connection.execute(_LAST, {"ids": list(series_ids)})
    return {row.id: row.time for row in rows}


async def first_reading_after(
    connection: AsyncConnection, series_ids: Iterable[int], *, after: datetime
) -> datetime | None:
    """Time of the earliest reading of any of the series after a moment."""
    value: datetime | None = await connection.scalar(_FIRST_AFTER, {"ids": list(series_ids), "after": after})
    return value


async def seismic_measures(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, until: datetime
) -> list[PeakRow]:
    """Measures of the triggered records that start in [since, until)."""
    bound = {"ids": list(device_ids), "since": since, "until": until}
    return [_peak(row) for row in await connection.execute(_RECORDS, bound)]


async def histogram_peaks(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, until: datetime
) -> list[PeakRow]:
    """Peaks of the histogram intervals that start in [since, until); the first version received of each."""
    bound = {"ids": list(device_ids), "since": since, "until": until}
    return [_peak(row) for row in await connection.execute(_HISTOGRAMS, bound)]


def _peak(row: Any) -> PeakRow:
    device_id, start, end, body = row
    return PeakRow(device_id, start, end, msgspec.json.decode(body))
