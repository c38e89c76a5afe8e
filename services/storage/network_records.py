"""Records of the whole network as events need them: instruments, their features, when each of them was heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value
from uskat.blast.event.record import RecordFeatures

_INSTRUMENTS = text(
    """SELECT d.id, d.code, st.id, st.published, st.latitude, st.longitude, d.properties::text
    FROM device d JOIN station st ON st.id = d.station_id
    WHERE d.enabled AND (d.kind = 'seismograph' OR st.kind = 'seismic') ORDER BY d.id"""
)
_UNMEASURED = text(
    """SELECT q.device_id, q.start, q.digest, q.payload FROM seismic_record q
    LEFT JOIN blast_record b ON b.device_id = q.device_id AND b.start = q.start AND b.digest = q.digest
    WHERE q.device_id = ANY(CAST(:ids AS integer[])) AND q.start >= :since AND q.start < :until
        AND b.device_id IS NULL
    ORDER BY q.start, q.device_id LIMIT :limit"""
)
_KEEP = text(
    """INSERT INTO blast_record (device_id, start, digest, features)
    SELECT k.device, k.start, k.digest, k.features::jsonb
    FROM unnest(CAST(:devices AS integer[]), CAST(:starts AS timestamptz[]), CAST(:digests AS bytea[]),
        CAST(:features AS text[])) AS k(device, start, digest, features)
    ON CONFLICT (device_id, start, digest) DO UPDATE SET features = excluded.features"""
)
_FEATURES = text(
    """SELECT features::text FROM blast_record
    WHERE start >= :since AND start < :until AND features IS NOT NULL AND device_id = ANY(CAST(:ids AS integer[]))
    ORDER BY start, device_id, digest"""
)
_HEARD = text(
    """SELECT d.id, g.bin FROM unnest(CAST(:ids AS integer[])) AS d(id)
    CROSS JOIN generate_series(CAST(:since AS timestamptz), CAST(:until AS timestamptz), CAST(:step AS interval))
        AS g(bin)
    WHERE EXISTS (SELECT 1 FROM device_status s WHERE s.device_id = d.id AND s.time >= g.bin AND s.time < g.bin + :step)
    OR EXISTS (SELECT 1 FROM histogram_interval h
        WHERE h.device_id = d.id AND h.start >= g.bin AND h.start < g.bin + :step)
    OR EXISTS (SELECT 1 FROM seismic_record q
        WHERE q.device_id = d.id AND q.start >= g.bin AND q.start < g.bin + :step)
    ORDER BY 1, 2"""
)
HEARD_STEP = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A seismograph of the registry. channels: its calibration; trigger_mm_s: None where the registry has none."""

    device_id: int
    code: str
    station_id: int
    published: bool
    latitude: float
    longitude: float
    channels: Mapping[str, Any]
    trigger_mm_s: float | None


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A stored record whose features are not known yet. payload: the miniSEED as received."""

    device_id: int
    start: datetime
    digest: bytes
    payload: bytes


async def instruments(connection: AsyncConnection) -> list[Instrument]:
    """Every enabled seismograph, by id."""
    found = []
    for device_id, code, station_id, published, latitude, longitude, body in await connection.execute(_INSTRUMENTS):
        properties = json_value(body) or {}
        trigger = properties.get("trigger_mm_s")
        trigger_mm_s = float(trigger) if isinstance(trigger, int | float) and trigger > 0 else None
        channels = properties.get("channels") or {}
        found.append(Instrument(device_id, code, station_id, published, latitude, longitude, channels, trigger_mm_s))
    return found


async def unmeasured_records(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, until: datetime, limit: int
) -> list[RawRecord]:
    """Records that start in [since, until) and have no features yet, earliest first."""
    bound = {"ids": list(device_ids), "since": since, "until": until, "limit": limit}
    return [RawRecord(*row) for row in await connection.execute(_UNMEASURED, bound)]


async def keep_features(connection: AsyncConnection, found: Sequence[tuple[RawRecord, RecordFeatures | None]]) -> None:
    """Keep the features of records; None: there is no signal in it, or its counts mean nothing."""
    if not found:
        return
    bound = {
        "devices": [record.device_id for record, _ in found],
        "starts": [record.start for record, _ in found],
        "digests": [record.digest for record, _ in found],
        "features": [
            None if features is None else msgspec.json.encode(features.to_json()).decode() for _, features in found
        ],
    }
    await connection.execute(_KEEP, bound)


async def record_features(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, until: datetime
) -> list[RecordFeatures]:
    """Features of the records that start in [since, until), in time order."""
    rows = await connection.execute(_FEATURES, {"ids": list(device_ids), "since": since, "until": until})
    return [RecordFeatures.from_json(msgspec.json.decode(row[0])) for row in rows]


async def times_heard(
    connection: AsyncConnection, device_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, list[datetime]]:
    """Steps of HEARD_STEP from `since` on in which each instrument sent anything: record, histogram, state."""
    heard: dict[int, list[datetime]] = {device: [] for device in device_ids}
    bound = {"ids": list(device_ids), "since": since, "until": until, "step": HEARD_STEP}
    for device_id, begin in await connection.execute(_HEARD, bound):
        heard[device_id].append(begin)
    return heard


def silences(
    heard: Sequence[datetime], *, since: datetime, until: datetime, within: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    """Periods of [since, until) farther than `within` from every step in which something was heard."""
    found, begin = [], since
    for step in heard:
        if step - within > begin:
            found.append((begin, step - within))
        begin = max(begin, step + HEARD_STEP + within)
    return (*found, (begin, until)) if begin < until else tuple(found)
