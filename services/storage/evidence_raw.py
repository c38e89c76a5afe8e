"""Raw messages behind readings, with their links, and the proofs that lead them to signed days."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.observation_reading import EPOCH
from services.storage.seal_store import day_links, sealed_days
from uskat.supervision.evidence.merkle import audit_path, levels_of
from uskat.supervision.evidence.pack import DayProof, RawRecord
from uskat.supervision.evidence.seal import day_of

Row = tuple[int, int, float, int, int]
"""Series id, microseconds since 1970, value, flag, raw_id."""

_READINGS = text(
    """SELECT series_id, (extract(epoch FROM time) * 1000000)::bigint, value, flag, raw_id FROM observation
    WHERE series_id = ANY(CAST(:series AS integer[])) AND time >= :since AND time < :until
    UNION ALL
    SELECT series_id, (extract(epoch FROM time) * 1000000)::bigint, value, flag, raw_id FROM observation_conflict
    WHERE series_id = ANY(CAST(:series AS integer[])) AND time >= :since AND time < :until
    ORDER BY 1, 2, 3, 4, 5"""
)
_RAW = text(
    """SELECT r.raw_id, d.code, r.topic, r.payload, r.chain_seq, r.prev_hash, r.hash FROM raw_message r
    JOIN device d ON d.id = r.device_id
    WHERE r.device_id = ANY(CAST(:devices AS integer[])) AND r.raw_id = ANY(CAST(:ids AS bigint[])) ORDER BY r.raw_id"""
)
_REGISTRY = text(
    """SELECT s.id, d.id, d.code, s.station_id, st.code, p.code, p.unit, p.unit_ru, p.name_ru, p.gross_min, p.gross_max,
        p.scale, s.expected_interval_s, i.code, i.type_name, i.serial_number
    FROM series s JOIN device d ON d.id = s.device_id JOIN station st ON st.id = s.station_id
    JOIN parameter p ON p.id = s.parameter_id LEFT JOIN instrument i ON i.id = s.instrument_id
    WHERE s.device_id IN (SELECT device_id FROM series WHERE id = ANY(CAST(:series AS integer[]))) ORDER BY s.id"""
)
_SERIES_KEYS = (
    "id", "device_id", "device", "station_id", "station", "parameter", "unit", "unit_ru", "name_ru", "gross_min",
    "gross_max", "scale", "expected_interval_s", "instrument", "instrument_type", "serial_number",
)  # fmt: skip


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    span = moment - EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


async def reading_rows(
    connection: AsyncConnection, series: Sequence[int], *, since: datetime, until: datetime
) -> list[Row]:
    """Readings of [since, until), later versions of a moment included, in order."""
    bound = {"series": list(series), "since": since, "until": until}
    return [tuple(row) for row in await connection.execute(_READINGS, bound)]


async def registry_of(connection: AsyncConnection, series: Sequence[int]) -> dict[str, Any]:
    """What decoding needs: the devices of the series, and every series of these devices."""
    rows = [
        dict(zip(_SERIES_KEYS, row, strict=True))
        for row in await connection.execute(_REGISTRY, {"series": list(series)})
    ]
    devices = {
        row["device"]: {"id": row["device_id"], "code": row["device"], "station_id": row["station_id"]} for row in rows
    }
    return {"devices": list(devices.values()), "series": rows}


async def raw_records(
    connection: AsyncConnection, raw_ids: Sequence[int], *, devices: Sequence[int]
) -> list[RawRecord]:
    """The messages with these numbers, of these devices, in order."""
    bound = {"devices": list(devices), "ids": list(raw_ids)}
    return [
        RawRecord(
            row.raw_id, row.code, row.topic, bytes(row.payload), row.chain_seq, bytes(row.prev_hash), bytes(row.hash)
        )
        for row in await connection.execute(_RAW, bound)
    ]


async def day_proofs(connection: AsyncConnection, raw: Sequence[RawRecord]) -> list[DayProof]:
    """Paths of the messages to the roots of their days, as far as the days are closed."""
    by_day: dict[Any, list[int]] = defaultdict(list)
    for one in raw:
        by_day[day_of(one.raw_id)].append(one.raw_id)
    found = []
    for day, raw_ids in sorted(by_day.items()):
        closed = await sealed_days(connection, first=day, last=day, limit=1)
        if not closed:
            continue
        records = await day_links(connection, day)
        levels, places = levels_of(records.leaves()), {key: i for i, key in enumerate(sorted(records.links))}
        paths = {raw_id: (places[raw_id], audit_path(levels, places[raw_id])) for raw_id in raw_ids if raw_id in places}
        found.append(DayProof(closed[0].statement, closed[0].signature, closed[0].public_key, paths))
    return found
