"""Seismic records behind an alert of vibration or of a blast: facts for its grade, rows for its pack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_reading import AlertRow
from services.storage.reading import json_value
from services.storage.seal_store import sealed_days
from services.storage.verification_store import papers_of
from uskat.supervision.evidence.grade import Judgement, grade_of, grade_rules
from uskat.supervision.evidence.instrument_facts import InstrumentPapers
from uskat.supervision.evidence.record_facts import Quantity, RecordSeen, record_facts
from uskat.supervision.evidence.seal import day_of
from uskat.supervision.evidence.water_facts import Care, SealState, seal_facts

DETECTORS = frozenset({"vibration", "blast"})
"""Their alerts rest on records."""
AROUND = timedelta(seconds=60)
"""A record begins so long before or behind what it tells of."""
LONGEST, MOST = timedelta(minutes=10), 100
TOGETHER = timedelta(seconds=30)
"""Records of other stations that begin within so much of one another speak of the same shaking."""

_RECORDS = text(
    """SELECT r.raw_id, r.start, r."end", r.device_id, d.code AS device, st.id AS station_id, st.code AS station,
        r.measures, d.properties, (SELECT min(i.id) FROM instrument i WHERE i.device_id = d.id) AS instrument_id
    FROM seismic_record r JOIN device d ON d.id = r.device_id JOIN station st ON st.id = r.station_id
    WHERE r.start >= :since AND r.start < :until AND uskat_at_station(st.id) AND (st.published OR st.code = :station)
    AND r.first ORDER BY r.raw_id LIMIT :most"""
)
_CARE = text(
    """SELECT kind, starts_at, ends_at FROM station_visit WHERE station_id = :station AND starts_at < :until
    AND ends_at > :since"""
)
_CLOCKS = text(
    """SELECT started_at, ended_at FROM alert WHERE detector = 'clock' AND device_id = :device AND state <> 'withdrawn'
    AND started_at < :until AND (ended_at IS NULL OR ended_at > :since)"""
)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record of the pack. own: of the alert's station; properties: of its device, as the registry has them."""

    raw_id: int
    start: datetime
    end: datetime
    device_id: int
    device: str
    station_id: int
    station: str
    measures: Mapping[str, Any]
    properties: Mapping[str, Any]
    instrument_id: int | None
    own: bool


async def records_of(connection: AsyncConnection, alert: AlertRow) -> list[RecordRow]:
    """Records of every station of one's own territory around the begin of an alert that no series stands behind."""
    if alert.detector not in DETECTORS:
        return []
    end = min(max(alert.ended_at or alert.started_at, alert.started_at), alert.started_at + LONGEST)
    bound = {"since": alert.started_at - AROUND, "until": end + AROUND, "most": MOST, "station": alert.station}
    return [
        RecordRow(*(*row[:7], json_value(row[7]), json_value(row[8]), row[9], row[6] == alert.station))
        for row in await connection.execute(_RECORDS, bound)
    ]


async def graded_records(
    connection: AsyncConnection, records: Sequence[RecordRow], *, quantity: Quantity
) -> list[Judgement]:
    """Grades of the alert's own records, of all of them where its station has none, by what they measure."""
    used = [one for one in records if one.own] or list(records)
    states = await _states(connection, [day_of(one.raw_id) for one in used])
    found = []
    for one in used:
        bound = {"station": one.station_id, "device": one.device_id, "since": one.start, "until": one.end}
        care = [Care(*row) for row in await connection.execute(_CARE, bound)]
        wrong = [(row[0], row[1]) for row in await connection.execute(_CLOCKS, bound)]
        papers = InstrumentPapers(known=False)
        if one.instrument_id is not None:
            verifications, methods = await papers_of(connection, one.instrument_id)
            papers = InstrumentPapers(known=True, verifications=verifications, methods=methods)
        near = [r for r in records if r.station != one.station and abs(r.start - one.start) <= TOGETHER]
        others = sorted({record.station for record in near})
        seen = RecordSeen(one.start, one.end, one.measures, others)
        facts = [
            *record_facts(seen, care=care, wrong=wrong, papers=papers, quantity=quantity),
            *seal_facts([day_of(one.raw_id)], states=states),
        ]
        found.append(grade_of(facts, grade_rules()))
    return found


async def _states(connection: AsyncConnection, days: Sequence[date]) -> dict[date, SealState]:
    if not days:
        return {}
    closed = await sealed_days(connection, first=min(days), last=max(days), limit=1_000)
    return {one.day: SealState(sealed=True, checked=one.checked_at is not None, fault=one.fault) for one in closed}


def records_document(records: Sequence[RecordRow]) -> list[dict[str, Any]]:
    """JSON values of the records, with what is needed to measure them anew."""
    return [
        {
            "raw_id": one.raw_id, "device": one.device, "station": one.station, "start": one.start.isoformat(),
            "end": one.end.isoformat(), "measures": one.measures,
            "calibration": {
                name: one.properties[name] for name in ("channels", "trigger_mm_s", "trigger_pa")
                if name in one.properties
            },
        }
        for one in records
    ]  # fmt: skip
