"""What is stored around a complaint's place and time; only what the public may see."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.detector_reading import seismic_measures
from services.storage.fired_blasts import undeclared_events
from services.storage.reading import json_value, row_values
from uskat.blast.geometry import Point, distance_m
from uskat.blast.limits import default_limit
from uskat.blast.norm.receptor import site_receptor
from uskat.blast.shake import shake_of_measures
from uskat.blast.vibration_verdict import judge_shake
from uskat.supervision.complaint.filing import Topic
from uskat.supervision.complaint.link import Reading, SeenAlert, SeenBlast, SeenShake, Surroundings
from uskat.supervision.complaint.policy import Window

KM_PER_DEGREE = 111.0
_STATIONS = text(
    """SELECT id, code, name, longitude, latitude, properties FROM station
    WHERE published AND (kind = 'seismic') = :seismic
    AND latitude BETWEEN :south AND :north AND longitude BETWEEN :west AND :east ORDER BY id"""
)
_READINGS = text(
    """SELECT st.id, p.code, p.name_ru, p.name_en, p.unit_ru, p.unit, i.start,
        CASE WHEN q.rollup IS NULL THEN i.total / power(10, p.scale) / i.n_valid ELSE q.mean_pass END AS mean
    FROM interval_20min i JOIN series s ON s.id = i.series_id JOIN station st ON st.id = s.station_id
    JOIN parameter p ON p.id = s.parameter_id
    LEFT JOIN quality_interval q ON q.series_id = i.series_id AND q.start = i.start
    WHERE s.station_id = ANY(CAST(:stations AS integer[])) AND s.published
    AND i.start >= :since AND i.start <= :until AND i.n_valid > 0 AND coalesce(q.rollup, 1) <> 4
    ORDER BY st.id, p.code, i.start"""
)
_ALERTS = text(
    """SELECT a.id, a.station_id, a.started_at, a.title, a.title_en FROM alert a
    WHERE a.station_id = ANY(CAST(:stations AS integer[])) AND a.published AND a.state <> 'withdrawn'
    AND a.severity <> 'maintenance'
    AND a.started_at <= :until AND coalesce(a.ended_at, 'infinity') >= :since ORDER BY a.id"""
)
# Whether and when a blast was fired is public; its passport is not asked.
_BLASTS = text(
    """SELECT o.code || '/' || b.code, p.name, b.longitude, b.latitude, coalesce(e.at, b.fired_at)
    FROM blast b JOIN organisation o ON o.id = b.organisation_id JOIN pit p ON p.id = b.pit_id
    LEFT JOIN LATERAL (SELECT min(at) AS at FROM blast_event WHERE blast_id = b.id AND withdrawn_at IS NULL) e ON true
    WHERE b.status <> 'cancelled' AND coalesce(e.at, b.fired_at) BETWEEN :since AND :until ORDER BY b.id"""
)
_DEVICES = text(
    "SELECT id, station_id FROM device WHERE kind = 'seismograph' AND station_id = ANY(CAST(:stations AS integer[]))"
)


async def surroundings_of(
    connection: AsyncConnection, *, topic: Topic, place: Point, happened_at: datetime, window: Window
) -> Surroundings:
    """Stations, readings, alerts, blasts and records within the window of a complaint."""
    since, until = happened_at - window.before, happened_at + window.after
    seismic = topic is not Topic.WATER
    rows = await _stations(connection, place, window.stations_km, seismic=seismic)
    points = {row.id: (row.longitude, row.latitude) for row in rows}
    ids = [*points]
    bound = {"stations": ids, "since": since, "until": until}
    names = {row.id: row.name for row in rows}
    alerts = [
        SeenAlert(row.id, names[row.station_id], points[row.station_id], row.started_at, row.title, row.title_en)
        for row in await connection.execute(_ALERTS, bound)
    ]
    if not seismic:
        return Surroundings([*points.values()], await _readings(connection, rows, bound), alerts)
    blasts = await _blasts(connection, since=since, until=until)
    return Surroundings([*points.values()], [], alerts, blasts, await _shakes(connection, rows, bound))


async def _stations(connection: AsyncConnection, place: Point, km: float, *, seismic: bool) -> list[Any]:
    north = km / KM_PER_DEGREE
    east = min(180.0, north / max(0.01, math.cos(math.radians(place[1]))))
    box = {
        "south": place[1] - north, "north": place[1] + north, "west": place[0] - east, "east": place[0] + east,
        "seismic": seismic,
    }  # fmt: skip
    rows = (await connection.execute(_STATIONS, box)).all()
    return [row for row in rows if distance_m(place, (row.longitude, row.latitude)) <= km * 1000]


async def _readings(connection: AsyncConnection, rows: Sequence[Any], bound: dict[str, Any]) -> list[Reading]:
    by_id = {row.id: row for row in rows}
    found = []
    for values in map(row_values, await connection.execute(_READINGS, bound)):
        station, code, name_ru, name_en, unit_ru, unit, start, mean = values
        if mean is not None:
            at = by_id[station]
            found.append(
                Reading(at.code, at.name, (at.longitude, at.latitude), code, (name_ru, name_en), (unit_ru, unit),
                        start, float(mean))
            )  # fmt: skip
    return found


async def _blasts(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[SeenBlast]:
    declared = [
        SeenBlast(reference, pit, (longitude, latitude), at)
        for reference, pit, longitude, latitude, at in map(
            row_values, await connection.execute(_BLASTS, {"since": since, "until": until})
        )
    ]
    return declared + [
        SeenBlast(f"event:{one.code}", None, (one.longitude, one.latitude), one.at)
        for one in await undeclared_events(connection, since=since, until=until)
        if one.longitude is not None and one.latitude is not None
    ]


async def _shakes(connection: AsyncConnection, rows: Sequence[Any], bound: dict[str, Any]) -> list[SeenShake]:
    """Records of the stations near, each judged by the norm of what stands there; doubtful ones are left out."""
    by_id = {row.id: row for row in rows}
    devices = {row.id: by_id[row.station_id] for row in await connection.execute(_DEVICES, bound)}
    found = []
    for peak in await seismic_measures(connection, [*devices], since=bound["since"], until=bound["until"]):
        station = devices[peak.device_id]
        shake = shake_of_measures(peak.body, device_id=peak.device_id, start=peak.start, end=peak.end)
        if shake.kept_back is not None or not shake.ppv_mm_s:
            continue
        verdict = judge_shake(shake, default_limit(), site=site_receptor(json_value(station.properties)))
        limit = verdict.governing.check.limit if verdict.governing is not None else None
        found.append(
            SeenShake(station.code, station.name, (station.longitude, station.latitude), peak.start, shake.peak_mm_s,
                      limit, verdict.above or verdict.air_above, shake.airblast_dbl)
        )  # fmt: skip
    return found
