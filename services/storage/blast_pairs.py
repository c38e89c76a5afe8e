"""What a pit's own records say of its ground: every record that detection matched with a declared blast.

Distance from the nearest point of the block; charge per delay as reported, before a report as planned. Left out: what
was clipped (the true peak is larger) and what came from elsewhere than its blast (the distance would be wrong). Blasts
whose size does not fit stay: a law that chooses its records by itself becomes too sure of itself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.blast_registry import list_pits
from services.storage.reading import json_value
from services.storage.site_law_store import keep_law, newest_law
from uskat.blast.event.verdict import Deviation, Verdict
from uskat.blast.geometry import bearing_deg, centre, distance_m
from uskat.blast.propagation.fit import FitError, fit_site
from uskat.blast.propagation.law import PpvRecord, SiteLaw
from uskat.blast.shape import Shape, nearest_points

LEAST_DISTANCE_M = 1.0
_PAIRS = text(
    """SELECT p.code AS pit, o.code || '/' || b.code || ' ' || d.code AS label, st.longitude, st.latitude,
        b.passport->'block_polygon' AS block, b.max_charge_per_delay_kg AS charge_kg, q.measures
    FROM blast_record r JOIN blast_event e ON e.id = r.event_id JOIN blast b ON b.id = e.blast_id
    JOIN pit p ON p.id = b.pit_id JOIN organisation o ON o.id = b.organisation_id
    JOIN seismic_record q ON q.device_id = r.device_id AND q.start = r.start AND q.digest = r.digest
    JOIN device d ON d.id = q.device_id JOIN station st ON st.id = q.station_id
    WHERE e.withdrawn_at IS NULL AND e.verdict = :declared AND NOT :elsewhere = ANY(e.deviations) AND q.first
    ORDER BY p.code, q.start, d.code"""
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fitting a pit gave. version None: nothing new was kept; why: in Russian, where there is no usable law."""

    pit: str
    records: int
    version: int | None
    law: SiteLaw | None
    why: str


async def fit_site_laws(connection: AsyncConnection, *, at: datetime) -> list[Fitted]:
    """Fit every pit anew from its matched records, by code; a pit whose records are those of its newest law is left."""
    records = await ppv_records(connection)
    return [await _fit(connection, pit.code, records.get(pit.code, []), at=at) for pit in await list_pits(connection)]


async def _fit(connection: AsyncConnection, pit: str, records: list[PpvRecord], *, at: datetime) -> Fitted:
    if not records:
        return Fitted(pit, 0, None, None, "нет записей, сопоставленных со взрывами")
    newest = await newest_law(connection, pit)
    if newest is not None and newest.ppv_records == records:
        return Fitted(pit, len(records), None, newest.law, "новых записей нет")
    try:
        fit = fit_site(records)
    except FitError as error:
        return Fitted(pit, len(records), None, None, str(error))
    version = await keep_law(connection, pit, fit=fit, records=records, at=at)
    return Fitted(pit, len(records), version, fit.law, " ".join(fit.law.refused))


async def ppv_records(connection: AsyncConnection) -> dict[str, list[PpvRecord]]:
    """Records of matched blasts by pit, in order of time; pits without one are left out."""
    bound = {"declared": Verdict.DECLARED.value, "elsewhere": Deviation.ELSEWHERE.value}
    found: dict[str, list[PpvRecord]] = {}
    for row in await connection.execute(_PAIRS, bound):
        record = _record(row)
        if record is not None:
            found.setdefault(row.pit, []).append(record)
    return found


def _record(row: Any) -> PpvRecord | None:
    measures = json_value(row.measures)
    strongest = measures["ppv_max_component"]
    if strongest is None or not set(measures["ppv_mm_s"]).isdisjoint(measures["clipped"]):
        return None
    ring = [(corner["longitude"], corner["latitude"]) for corner in json_value(row.block)]
    ring = ring[:-1] if ring[0] == ring[-1] else ring
    station = (row.longitude, row.latitude)
    source, _ = nearest_points(ring, Shape(kind="Point", points=(station,)))
    return PpvRecord(
        distance_m=max(distance_m(source, station), LEAST_DISTANCE_M),
        charge_kg=row.charge_kg,
        ppv_mm_s=measures["ppv_max_mm_s"],
        azimuth_deg=bearing_deg(centre(ring), station),
        frequency_hz=measures["frequency_hz"],
        label=row.label,
    )
