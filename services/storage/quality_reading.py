"""Quality control as it is served: judged intervals of a series, and the health of stations."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import fetch, json_value, row_values

HEALTH_OVER = timedelta(hours=24)
MAINTENANCE_DETECTORS = ("fault", "silence", "clock")

_INTERVALS = """SELECT start, rollup, flags, n, n_pass, mean_pass, minimum_pass, maximum_pass, test_set
    FROM quality_interval WHERE series_id = $1 AND start >= $2 AND start < $3 ORDER BY start LIMIT $4"""
_STATIONS = text(
    """SELECT st.code, st.name, st.kind, st.latitude, st.longitude, st.demo, count(s.id),
        (SELECT max(l.time) FROM series own CROSS JOIN LATERAL (
            SELECT time FROM observation WHERE series_id = own.id ORDER BY time DESC LIMIT 1) l
         WHERE own.station_id = st.id)
    FROM station st LEFT JOIN series s ON s.station_id = st.id AND (:all OR s.published)
    WHERE (:all OR st.published) AND (CAST(:station AS text) IS NULL OR st.code = :station)
    GROUP BY st.id ORDER BY st.code"""
)
_VALID = text(
    """SELECT st.code, count(*) FROM station st JOIN series s ON s.station_id = st.id AND (:all OR s.published)
    JOIN interval_20min i ON i.series_id = s.id AND i.start >= :since AND i.start < :until
    LEFT JOIN quality_interval q ON q.series_id = i.series_id AND q.start = i.start
    WHERE (CAST(:station AS text) IS NULL OR st.code = :station) AND coalesce(q.rollup, 1) < 4
        AND coalesce(q.n_pass, i.n_valid)
            >= greatest(1, ceil(0.75 * greatest(1, floor(1200.0 / s.expected_interval_s))))
    GROUP BY st.code"""
)
_FAULTS = text(
    """SELECT st.code, a.id, a.kind, a.key, p.code, d.code, a.started_at, a.title, a.title_en, a.detail->>'hint'
    FROM alert a JOIN station st ON st.id = a.station_id LEFT JOIN series s ON s.id = a.series_id
    LEFT JOIN parameter p ON p.id = s.parameter_id LEFT JOIN device d ON d.id = a.device_id
    WHERE a.state = 'active' AND a.detector = ANY(CAST(:detectors AS text[])) AND (:all OR a.published)
    AND (CAST(:station AS text) IS NULL OR st.code = :station) ORDER BY a.started_at, a.id"""
)
_DEVICES = text(
    """SELECT st.code, d.code, h.time, h.state, h.body::text FROM station st JOIN device d ON d.station_id = st.id
    CROSS JOIN LATERAL (SELECT time, state, body FROM device_status WHERE device_id = d.id
                        ORDER BY raw_id DESC LIMIT 1) h
    WHERE (CAST(:station AS text) IS NULL OR st.code = :station) ORDER BY d.code"""
)
_WINDOWS = text(
    """SELECT st.code, v.kind, v.starts_at, v.ends_at, p.code FROM station_visit v
    JOIN station st ON st.id = v.station_id LEFT JOIN series s ON s.id = v.series_id
    LEFT JOIN parameter p ON p.id = s.parameter_id
    WHERE v.starts_at <= :now AND v.ends_at > :now AND (CAST(:station AS text) IS NULL OR st.code = :station)
    ORDER BY v.id"""
)


class QualityRow(Struct, gc=False):
    """Quality of the interval [start, start + 20 min). Flags by test in the order of `tests`: 1 pass, 2 not evaluated,
    3 suspect, 4 fail, 9 missing. n_pass: readings that count; mean, minimum, maximum: of those.
    """  # noqa: D205 - one sentence cannot hold the meaning of the flags

    start: datetime
    rollup: int
    flags: list[int]
    n: int
    n_pass: int
    mean: float | None
    minimum: float | None
    maximum: float | None
    test_set: str


class ActiveFault(Struct):
    """What is wrong now: an active alert of the instrument, its link or its clock. hint: what to do, in Russian."""

    alert: int
    kind: str
    key: str
    parameter: str | None
    device: str | None
    since: datetime
    title: str
    title_en: str
    hint: str | None


class DeviceHealth(Struct):
    """The last health message of a logger."""

    device: str
    time: datetime
    state: str
    battery_v: float | None
    door_open: bool | None
    queue_length: int | None


class ActiveWindow(Struct):
    """Maintenance that goes on; parameter null: of the whole station."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    parameter: str | None


class StationHealth(Struct):
    """Health of a station. availability: share of the 20-minute intervals of the last 24 h that may be judged."""

    station: str
    name: str
    kind: str
    latitude: float
    longitude: float
    demo: bool
    series: int
    last_reading_at: datetime | None
    availability: float | None
    faults: list[ActiveFault]
    devices: list[DeviceHealth]
    maintenance: list[ActiveWindow]


async def quality_rows(
    connection: AsyncConnection, *, series_id: int, start: datetime, end: datetime, limit: int
) -> list[QualityRow]:
    """At most `limit` judged intervals that start in [start, end), in time order."""
    rows = await fetch(connection, _INTERVALS, series_id, start, end, limit)
    return [QualityRow(*row_values(row)) for row in rows]


async def station_health(
    connection: AsyncConnection, *, now: datetime, station: str | None = None, everything: bool = False
) -> list[StationHealth]:
    """Health of every station that may be seen, by code."""
    bound: dict[str, Any] = {"all": everything, "station": station}
    since = now - HEALTH_OVER
    valid = dict(map(row_values, await connection.execute(_VALID, bound | {"since": since, "until": now})))
    faults: dict[str, list[ActiveFault]] = {}
    for code, *fault in await connection.execute(_FAULTS, bound | {"detectors": list(MAINTENANCE_DETECTORS)}):
        faults.setdefault(code, []).append(ActiveFault(*fault))
    devices: dict[str, list[DeviceHealth]] = {}
    for code, device, time, state, body in await connection.execute(_DEVICES, {"station": station}):
        devices.setdefault(code, []).append(_device(device, time, state, json_value(body)))
    windows: dict[str, list[ActiveWindow]] = {}
    for code, *window in await connection.execute(_WINDOWS, {"station": station, "now": now}):
        windows.setdefault(code, []).append(ActiveWindow(*window))
    expected = HEALTH_OVER // timedelta(minutes=20)
    return [
        StationHealth(
            code, name, kind, latitude, longitude, demo, series, last,
            min(1.0, valid.get(code, 0) / (expected * series)) if series else None,
            faults.get(code, []), devices.get(code, []), windows.get(code, []),
        )
        for code, name, kind, latitude, longitude, demo, series, last in await connection.execute(_STATIONS, bound)
    ]  # fmt: skip


def _device(code: str, time: datetime, state: str, body: dict[str, Any]) -> DeviceHealth:
    return DeviceHealth(code, time, state, body.get("battery_v"), body.get("door_open"), body.get("queue_length"))
