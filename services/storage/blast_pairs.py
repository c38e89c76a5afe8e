"""What a pit's own records say of its ground: every record that detection matched with a declared blast.

Distance from the nearest point of the block; charge per delay as reported, before a report as planned. Left out: what
was clipped (the true peak is larger) and what came from elsewhere than its blast (the distance would be wrong). Blasts
whose size does not fit stay: a law that chooses its records by itself becomes too sure of itself.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.blast_registry import list_pits
from services.storage.reading import json_value
from services.storage.site_law_store import keep_law, newest_law
from uskat.blast.event.verdict import Deviation, Verdict
from uskat.blast.geometry import bearing_deg, centre, distance_m
from uskat.blast.passport.check_report import Observed, Residual
from uskat.blast.propagation.fit import FitError, fit_site
from uskat.blast.propagation.law import PpvRecord, SiteLaw
from uskat.blast.shape import Shape, nearest_points

LEAST_DISTANCE_M = 1.0
TWO_SIGMA = 1.96
_EVENT = text(
    """SELECT b.id AS blast, p.code AS pit, e.at, e.longitude, e.latitude, e.uncertainty_km,
        e.body->'location' AS location
    FROM blast_event e JOIN blast b ON b.id = e.blast_id JOIN pit p ON p.id = b.pit_id
    JOIN organisation o ON o.id = b.organisation_id
    WHERE o.code = :enterprise AND b.code = :code AND e.withdrawn_at IS NULL ORDER BY e.at LIMIT 1"""
)
_PAIRS = text(
    """SELECT p.code AS pit, o.code || '/' || b.code || ' ' || d.code AS label, st.longitude, st.latitude,
        b.passport->'block_polygon' AS block, b.max_charge_per_delay_kg AS charge_kg, q.measures
    FROM blast_record r JOIN blast_event e ON e.id = r.event_id JOIN blast b ON b.id = e.blast_id
    JOIN pit p ON p.id = b.pit_id JOIN organisation o ON o.id = b.organisation_id
    JOIN seismic_record q ON q.device_id = r.device_id AND q.start = r.start AND q.digest = r.digest
    JOIN device d ON d.id = q.device_id JOIN station st ON st.id = q.station_id
    WHERE e.withdrawn_at IS NULL AND e.verdict = :declared AND NOT :elsewhere = ANY(e.deviations) AND q.first
        AND (CAST(:blast AS integer) IS NULL OR b.id = :blast)
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
    bound = {"declared": Verdict.DECLARED.value, "elsewhere": Deviation.ELSEWHERE.value, "blast": None}
    found: dict[str, list[PpvRecord]] = {}
    for row in await connection.execute(_PAIRS, bound):
        record = _record(row)
        if record is not None:
            found.setdefault(row.pit, []).append(record)
    return found


async def observed_of(connection: AsyncConnection, *, enterprise: str, code: str) -> Observed | None:
    """What the network saw of a blast, for its report to be checked against; None when it matched no event with it.

    Time and place only of a located event, both with 95 % uncertainty. Residuals only inside the records of the pit's
    own usable law: the prior knows too little to say that a report is wrong.
    """
    row = (await connection.execute(_EVENT, {"enterprise": enterprise, "code": code})).first()
    if row is None:
        return None
    place = json_value(row.location)
    stored = await newest_law(connection, row.pit)
    law = stored.law if stored is not None and stored.usable else None
    bound = {"declared": Verdict.DECLARED.value, "elsewhere": Deviation.ELSEWHERE.value, "blast": row.blast}
    pairs = [_record(pair) for pair in await connection.execute(_PAIRS, bound)] if law is not None else []
    return Observed(
        origin_time=row.at if place else None,
        origin_uncertainty_s=TWO_SIGMA * place["time_sd_s"] if place else 0.0,
        place=(row.longitude, row.latitude) if place else None,
        place_uncertainty_m=1000 * row.uncertainty_km if place else 0.0,
        residuals=tuple(_residual(law, record) for record in pairs if record is not None and law is not None
                        and not law.outside(record.distance_m, record.charge_kg)),
    )  # fmt: skip


def _residual(law: SiteLaw, record: PpvRecord) -> Residual:
    azimuth = np.array([record.azimuth_deg])
    spread = law.spread(np.array([record.distance_m]), np.array([record.charge_kg]), azimuth_deg=azimuth)
    expected = float(np.log10(spread.median_mm_s()[0]))
    return Residual(record.label, math.log10(record.ppv_mm_s) - expected, law.s)


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
