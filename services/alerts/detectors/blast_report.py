"""What declared blasts owe: records of the instruments around them, a report in time, an analysis of their cloud.

About the present, by the clock: it looks when a declaration changes, at the next deadline, and every few minutes for
records that came late. It runs at the hub alone; each alert is told under the instrument nearest to the block.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from services.alerts.detection import Evaluation, StationContext
from services.alerts.network import read_district
from services.storage.network_blasts import DeclaredRow, declared_rows, recorded_at
from services.storage.network_hub import hub_station
from services.storage.network_records import Instrument, instruments
from uskat.blast.event.audible import must_record
from uskat.blast.event.district import District
from uskat.blast.event.finding import declaration_key
from uskat.blast.obligation import DETECTOR, EXPECTED, KINDS, Owing, owed_findings
from uskat.finding import Finding, FindingKind, Scope

__all__ = ["DETECTOR", "evaluate"]

LOOK_BACK = timedelta(days=30)
"""Older blasts are looked at only while an alert of theirs is open."""
RECORDS_MATTER = timedelta(days=3)
"""Whether the instruments recorded a blast is asked so long after it; the answer then stays as it is."""
LOOK_AGAIN = timedelta(minutes=5)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def evaluate(context: StationContext) -> Evaluation:
    """Findings about every declared blast of the last weeks."""
    connection, now = context.connection, context.now
    if context.station.id != await hub_station(connection):
        return Evaluation()
    open_ids = sorted({int(record.alert.key.rpartition(":")[2]) for record in context.alerts})
    rows = await declared_rows(connection, since=now - LOOK_BACK, until=now + LOOK_AGAIN, ids=open_ids)
    if not rows:
        return Evaluation()
    known = await instruments(connection)
    recorded = await recorded_at(connection, [row.blast_id for row in rows])
    findings: list[Finding] = []
    scopes: list[Scope] = []
    looks = [now + LOOK_AGAIN]
    for row in rows:
        asked = now - _over(row) <= RECORDS_MATTER
        at = recorded.get(row.blast_id)
        heard_by = await _must_record(connection, known, row) if asked and at is None and _is_expected(row) else ()
        found, look = owed_findings(_owing(row, known, at, heard_by), now)
        findings += found
        looks += [look] if look is not None else []
        scopes += [
            Scope(declaration_key(kind, row.blast_id), EVER) for kind in KINDS
            if asked or kind is not FindingKind.UNRECORDED or row.status not in EXPECTED
        ]  # fmt: skip
    return Evaluation(findings=findings, scopes=scopes, due_at=min(looks))


def _over(row: DeclaredRow) -> datetime:
    return row.fired_at or row.planned_to


def _is_expected(row: DeclaredRow) -> bool:
    return row.status in EXPECTED


def _owing(row: DeclaredRow, known: Sequence[Instrument], at: datetime | None, heard_by: tuple[str, ...]) -> Owing:
    return Owing(
        blast_id=row.blast_id,
        name=row.name,
        status=row.status,
        planned_to=row.planned_to,
        fired_at=row.fired_at,
        reported_at=row.reported_at,
        recorded_at=at,
        must_record=heard_by,
        fume=row.fume,
        station_id=_nearest(known, row),
    )


async def _must_record(connection: Any, known: Sequence[Instrument], row: DeclaredRow) -> tuple[str, ...]:
    if not known:
        return ()
    over = _over(row)
    minute = timedelta(minutes=1)
    district: District = await read_district(connection, known, since=over - minute, until=over + minute)
    return must_record(district, latitude=row.latitude, longitude=row.longitude, charge_kg=row.charge_kg, moment=over)


def _nearest(known: Sequence[Instrument], row: DeclaredRow) -> int | None:
    """Station of the instrument nearest to the block; degrees of longitude shrink with the latitude."""
    shrink = float(np.cos(np.radians(row.latitude)))

    def apart(one: Instrument) -> tuple[float, int]:
        east, north = (one.longitude - row.longitude) * shrink, one.latitude - row.latitude
        return float(np.hypot(east, north)), one.device_id

    return min(known, key=apart).station_id if known else None
