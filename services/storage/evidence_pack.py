"""Everything a pack of evidence about an alert holds, gathered from every table; and the book of packs handed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.alert_evidence import AlertEvidence, alert_evidence
from services.storage.alert_reading import AlertRow, alert_history, find_alert
from services.storage.evidence_raw import day_proofs, micros, raw_records, reading_rows, registry_of
from services.storage.evidence_records import records_document
from services.storage.network_reading import read_network
from services.storage.notice_reading import list_notices
from services.storage.quality_reading import quality_rows
from services.storage.reading import json_value, row_values
from services.storage.verification_store import verification_rows
from uskat.supervision.evidence.act_figures import Sketch
from uskat.supervision.evidence.grade import Grade, grade_rules
from uskat.supervision.evidence.pack import GRADE, READINGS, RECORDS, REGISTRY, DayProof, RawRecord
from uskat.supervision.evidence.sketch import sketch_of
from uskat.water.norm_pack import norm_packs
from uskat.water.quality.limits import test_set

BEFORE, BEHIND = timedelta(hours=2), timedelta(hours=1)
"""Readings around the episode that go into the pack, to see it begin and end."""
MOST_NOTICES, MOST_INTERVALS = 10_000, 10_000
LATEST_ID = 2**62

_OURS = text("SELECT uskat_at_station(station_id) FROM alert WHERE id = :alert")
_STEPS = text("SELECT body FROM alert_step WHERE alert_id = :alert ORDER BY seq")
_VISITS = text(
    """SELECT v.kind, v.series_id, v.starts_at, v.ends_at, v.note, v.entered_by, v.entered_at FROM station_visit v
    JOIN station st ON st.id = v.station_id WHERE st.code = :station AND v.starts_at < :until AND v.ends_at > :since
    ORDER BY v.id"""
)
_DECISIONS = text(
    """SELECT series_id, time, conflict_id, decided_at, decided_by, reason FROM observation_decision
    WHERE series_id = ANY(CAST(:series AS integer[])) AND time >= :since AND time < :until ORDER BY id"""
)
_METHODS = text(
    "SELECT to_jsonb(m) FROM measuring_method m WHERE instrument_id = ANY(CAST(:ids AS integer[])) ORDER BY id"
)
_KEEP = text(
    """INSERT INTO evidence_pack (alert_id, manifest_sha256, size_bytes, made_by, made_at)
    VALUES (:alert, :digest, :size, :by, :at)"""
)


@dataclass(frozen=True, slots=True)
class PackMaterial:
    """What was read: JSON values by file name, raw messages, proofs, a sketch of the river."""

    alert: AlertRow
    evidence: AlertEvidence
    documents: dict[str, Any]
    raw: list[RawRecord]
    days: list[DayProof]
    sketch: Sketch | None


async def may_pack(connection: AsyncConnection, alert_id: int) -> bool:
    """True where the alert is the asker's to pack: one that everybody sees is packed only where its station is."""
    return bool(await connection.scalar(_OURS, {"alert": alert_id}))


async def pack_material(connection: AsyncConnection, alert_id: int) -> PackMaterial | None:
    """Material of an alert as it stands now, read by the owner; None when there is no such alert.

    Neighbours' readings that prove it go in whole, with their raw messages: whether the alert may be packed is asked
    before (`may_pack`), in the name of who asks.
    """
    alert = await find_alert(connection, alert_id, everything=True)
    if alert is None:
        return None
    evidence = await alert_evidence(connection, alert)
    since, until = evidence.since - BEFORE, evidence.until + BEHIND
    series = [part.series.facts.id for part in evidence.series]
    rows = await reading_rows(connection, series, since=since, until=until)
    devices = {part.series.facts.device_id for part in evidence.series} | {one.device_id for one in evidence.records}
    raw_ids = {row[4] for row in rows} | {one.raw_id for one in evidence.records}
    raw = await raw_records(connection, sorted(raw_ids), devices=sorted(devices))
    days = await day_proofs(connection, raw)
    proved = {raw_id for day in days for raw_id in day.paths}
    registry = await registry_of(connection, series)
    documents = {
        READINGS: {
            "series": series, "since_us": micros(since), "until_us": micros(until),
            "columns": ["series", "time_us", "value", "flag", "raw_id"], "rows": [list(row) for row in rows],
        },
        REGISTRY: registry | {"unsealed": [one.raw_id for one in raw if one.raw_id not in proved]},
        RECORDS: records_document(evidence.records),
        GRADE: _grade(evidence), "comparison.json": _comparison(evidence),
        **await _papers(connection, alert, evidence),
        **await _quality(connection, alert, since=since, until=until, series=series),
    }  # fmt: skip
    return PackMaterial(alert, evidence, documents, raw, days, sketch_of(await read_network(connection), alert.station))


async def keep_pack(
    connection: AsyncConnection, alert_id: int, *, digest: bytes, size: int, by: str, at: datetime
) -> None:
    """Note that a pack was handed out."""
    await connection.execute(_KEEP, {"alert": alert_id, "digest": digest, "size": size, "by": by, "at": at})


def _grade(evidence: AlertEvidence) -> dict[str, Any]:
    rules = grade_rules()
    grades = {
        grade.value: {
            "needs": list(rules.needs[grade]),
            "meaning": rules.meaning[grade],
            "meaning_en": rules.meaning_en[grade],
        }
        for grade in Grade
    }
    intervals = [
        {
            "series": part.series.facts.id, "start": one.interval.start, "n": one.interval.n,
            "n_valid": one.interval.n_valid, "mean": one.interval.mean, "minimum": one.interval.minimum,
            "maximum": one.interval.maximum, "states": one.interval.states, "quality": one.interval.quality,
            "grade": one.judgement.grade, "missing": {fact.requirement: fact.words for fact in one.judgement.missing},
        }
        for part in evidence.series for one in part.intervals
    ]  # fmt: skip
    found: dict[str, Any] = msgspec.to_builtins({
        "grade": evidence.judgement.grade, "facts": evidence.judgement.facts, "intervals": intervals,
        "since": evidence.since, "until": evidence.until,
        "rules": {
            "id": rules.id, "valid_from": rules.valid_from.isoformat(), "verified": rules.verified,
            "source": rules.source, "grades": grades,
        },
    })  # fmt: skip
    return found


def _comparison(evidence: AlertEvidence) -> list[Any]:
    found: list[Any] = msgspec.to_builtins([
        {"series": part.series.facts.id, "start": one.interval.start, "mean": one.interval.mean,
         "posts": one.neighbours}
        for part in evidence.series for one in part.intervals
    ])  # fmt: skip
    return found


async def _papers(connection: AsyncConnection, alert: AlertRow, evidence: AlertEvidence) -> dict[str, Any]:
    behind = {part.series.instrument_id for part in evidence.series} | {one.instrument_id for one in evidence.records}
    instruments = sorted(one for one in behind if one is not None)
    verifications = [row for one in instruments for row in await verification_rows(connection, one)]
    methods = [json_value(row) for row in (await connection.execute(_METHODS, {"ids": instruments})).scalars()]
    steps = [json_value(row) for row in (await connection.execute(_STEPS, {"alert": alert.id})).scalars()]
    notices = await list_notices(
        connection, alert=alert.id, state=None, agency=None, before=LATEST_ID, limit=MOST_NOTICES
    )
    norm = norm_packs().get(str((alert.norm or {}).get("pack")))
    found: dict[str, Any] = msgspec.to_builtins({
        "alert.json": {"alert": alert, "events": await alert_history(connection, alert.id)},
        "handling.json": steps, "verifications.json": {"verifications": verifications, "methods": methods},
        "notices.json": list(reversed(notices)), "samples.json": list(evidence.samples),
    })  # fmt: skip
    return found | {
        "norm.json": {"applied": alert.norm, "pack": None if norm is None else norm.model_dump(mode="json")}
    }


async def _quality(
    connection: AsyncConnection, alert: AlertRow, *, since: datetime, until: datetime, series: Sequence[int]
) -> dict[str, Any]:
    bound = {"station": alert.station, "since": since, "until": until, "series": list(series)}
    intervals = {
        str(one): await quality_rows(connection, series_id=one, start=since, end=until, limit=MOST_INTERVALS)
        for one in series
    }
    found: dict[str, Any] = msgspec.to_builtins({
        "intervals": intervals, "tests": test_set().model_dump(mode="json", by_alias=True),
        "visits": [list(row_values(row)) for row in await connection.execute(_VISITS, bound)],
        "decisions": [list(row_values(row)) for row in await connection.execute(_DECISIONS, bound)],
    })  # fmt: skip
    return {"quality.json": found}
