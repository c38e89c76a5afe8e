"""Records of seismographs, their waveforms as received, and peaks of the histogram mode."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value, row_values

_RECORD = """
SELECT q.id, st.code, d.code, q.start, q."end", q.channels, q.rate_hz, q.samples, length(q.payload),
    encode(q.digest, 'hex'), q.raw_id, q.measures
FROM seismic_record q JOIN device d ON d.id = q.device_id JOIN station st ON st.id = q.station_id
WHERE (:all OR st.published)
"""
_LIST = text(
    _RECORD
    + """AND (CAST(:station AS text) IS NULL OR st.code = :station)
    AND (CAST(:device AS text) IS NULL OR d.code = :device)
    AND (CAST(:start AS timestamptz) IS NULL OR q.start >= CAST(:start AS timestamptz))
    AND (CAST(:end AS timestamptz) IS NULL OR q.start < CAST(:end AS timestamptz))
    AND (CAST(:before AS bigint) IS NULL OR q.id < CAST(:before AS bigint))
    ORDER BY q.id DESC LIMIT :limit"""
)
_ONE = text(_RECORD + "AND q.id = :id")
_PAYLOAD = text(
    """SELECT q.payload, d.properties->'channels' FROM seismic_record q JOIN device d ON d.id = q.device_id
    JOIN station st ON st.id = q.station_id WHERE q.id = :id AND (:all OR st.published)"""
)
_DRAWN = text(
    """SELECT st.code, q.start, q.payload, d.properties->'channels', st.properties
    FROM seismic_record q JOIN device d ON d.id = q.device_id
    JOIN station st ON st.id = q.station_id WHERE q.id = :id AND (:all OR st.published)"""
)
_HISTOGRAMS = text(
    """SELECT DISTINCT ON (h.start, h.device_id) st.code, d.code, h.start, h.length_s, h.peaks, h.raw_id, h.device_id
    FROM histogram_interval h JOIN device d ON d.id = h.device_id JOIN station st ON st.id = d.station_id
    WHERE (:all OR st.published) AND (CAST(:station AS text) IS NULL OR st.code = :station)
    AND (CAST(:device AS text) IS NULL OR d.code = :device) AND h.start >= :start AND h.start < :end
    AND (h.start, h.device_id) > (CAST(:after AS timestamptz), CAST(:after_device AS bigint))
    ORDER BY h.start, h.device_id, h.raw_id
    LIMIT :limit"""
)


class SeismicRecord(Struct):
    """A triggered record. `measures`: PPV per component in mm/s, vector sum, airblast in Pa (docs: waveform measures).

    `digest`: SHA-256 of the stored bytes.
    """

    id: int
    station: str
    device: str
    start: datetime
    end: datetime
    channels: list[str]
    rate_hz: float
    samples: int
    bytes: int
    digest: str
    raw_id: int
    measures: Any


class RecordToDraw(Struct):
    """A record with what its figure needs: calibration by channel code, and what the registry says of its station."""

    station: str
    start: datetime
    payload: bytes
    calibration: dict[str, Any]
    place: dict[str, Any]


class HistogramRow(Struct):
    """Peaks of one interval of the histogram mode: V, L, T in mm/s, MIC in Pa.

    The first version received is shown.
    """

    station: str
    device: str
    start: datetime
    length_s: float
    peaks: Any
    raw_id: int
    device_id: int


async def list_records(
    connection: AsyncConnection,
    *,
    station: str | None,
    device: str | None,
    start: datetime | None,
    end: datetime | None,
    before: int | None,
    limit: int,
    everything: bool = False,
) -> list[SeismicRecord]:
    """Records, newest id first, with id below `before`, that start in [start, end)."""
    bound = {
        "all": everything,
        "station": station,
        "device": device,
        "start": start,
        "end": end,
        "before": before,
        "limit": limit,
    }
    return [_record(row_values(row)) for row in await connection.execute(_LIST, bound)]


async def find_record(connection: AsyncConnection, record_id: int, *, everything: bool = False) -> SeismicRecord | None:
    """One record, None when there is none that the reader may see."""
    row = (await connection.execute(_ONE, {"id": record_id, "all": everything})).first()
    return None if row is None else _record(row_values(row))


async def record_payload(
    connection: AsyncConnection, record_id: int, *, everything: bool = False
) -> tuple[bytes, dict[str, Any]] | None:
    """The miniSEED as received, and the calibration of its channels: {code: {component, unit, counts_per_unit}}."""
    row = (await connection.execute(_PAYLOAD, {"id": record_id, "all": everything})).first()
    return None if row is None else (bytes(row[0]), json_value(row[1]) or {})


async def record_to_draw(
    connection: AsyncConnection, record_id: int, *, everything: bool = False
) -> RecordToDraw | None:
    """One record for a figure, None when there is none that the reader may see."""
    row = (await connection.execute(_DRAWN, {"id": record_id, "all": everything})).first()
    if row is None:
        return None
    station, start, payload, calibration, place = row_values(row)
    return RecordToDraw(station, start, bytes(payload), json_value(calibration) or {}, json_value(place) or {})


async def list_histograms(
    connection: AsyncConnection,
    *,
    station: str | None,
    device: str | None,
    start: datetime,
    end: datetime,
    after: tuple[datetime, int],
    limit: int,
    everything: bool = False,
) -> list[HistogramRow]:
    """Peaks of intervals that start in [start, end), after the key (start, device id), in its order."""
    bound = {
        "all": everything,
        "station": station,
        "device": device,
        "start": start,
        "end": end,
        "after": after[0],
        "after_device": after[1],
        "limit": limit,
    }
    rows = await connection.execute(_HISTOGRAMS, bound)
    return [HistogramRow(*[*row_values(row)[:4], json_value(row[4]), *row_values(row)[5:]]) for row in rows]


def _record(values: tuple[Any, ...]) -> SeismicRecord:
    return SeismicRecord(*[*values[:-1], json_value(values[-1])])
