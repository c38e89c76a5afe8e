"""The network of seismographs judged as a whole: features of new records, then events of a period, then storage.

Only the holder of the hub's claim does this (`services.storage.network_hub`). Work of the processor leaves the event
loop: other stations are evaluated meanwhile.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts import metrics
from services.storage.event_store import EventRow, keep_events
from services.storage.network_blasts import DeclaredRow, declared_rows, pit_sites
from services.storage.network_records import (
    Instrument,
    RawRecord,
    instruments,
    keep_features,
    record_features,
    silences,
    times_heard,
    unmeasured_records,
)
from uskat.blast.event.audible import blast_alert_rules
from uskat.blast.event.district import District, Station
from uskat.blast.event.features import extract_features, record_samples
from uskat.blast.event.judge import judge_events
from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import event_rules
from uskat.blast.event.verdict import JudgedEvent
from uskat.blast.passport.lifecycle import BlastStatus
from uskat.wire.errors import WireError
from uskat.wire.seismic import decode_miniseed

LOCAL = ZoneInfo("Asia/Novokuznetsk")
REACH = timedelta(hours=8)
"""How far a record or a declaration changes events: two events may want one declaration, each four hours from it."""
AT_MOST = timedelta(days=3)
"""Event time judged in one piece."""
AT_ONCE = 32
"""Records read and measured at a time: their bytes are held in memory."""
PAD = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class JudgedPeriod:
    """Events of [since, until), and the instruments of the network by code."""

    since: datetime
    until: datetime
    rows: tuple[EventRow, ...]
    instruments: Mapping[str, Instrument]


async def judge_network(connection: Any, *, low: datetime, high: datetime, now: datetime) -> JudgedPeriod | None:
    """Judge what records and declarations of [low, high] can change, and store it; None without instruments.

    Events of [low − REACH, high + REACH) are written; records and declarations as far again are compared, so that
    what is written does not depend on where the span ends. A long span (an import of old records) is cut.
    """
    known = await instruments(connection)
    if not known:
        return None
    since, until = low - REACH, high + REACH
    by_code = {one.code: one for one in known}
    rows: list[EventRow] = []
    begin = since
    while begin < until:
        end = min(begin + AT_MOST, until)
        rows += await _judge_period(connection, by_code, since=begin, until=end, now=now)
        begin = end
    return JudgedPeriod(since, until, tuple(rows), by_code)


async def _judge_period(
    connection: Any, by_code: Mapping[str, Instrument], *, since: datetime, until: datetime, now: datetime
) -> list[EventRow]:
    begin, end = since - REACH, until + REACH
    known = [*by_code.values()]
    await measure_records(connection, known, since=begin, until=end)
    features = await record_features(connection, [one.device_id for one in known], since=begin, until=end)
    events: list[JudgedEvent] = []
    declared: list[DeclaredRow] = []
    if features:
        district = await read_district(connection, known, since=begin, until=end)
        within = timedelta(seconds=event_rules().match.within_s)
        declared = await declared_rows(connection, since=begin - within, until=end + within)
        events = await asyncio.to_thread(_judge, features, declared, district)
        metrics.NETWORK_EVENTS.inc(len(events))
    written = [event for event in events if since <= event.at < until]
    rows = _rows(written, features=features, declared=declared, by_code=by_code)
    devices = {one.code: one.device_id for one in known}
    await keep_events(connection, rows, devices=devices, since=since, until=until, now=now)
    return rows


async def measure_records(connection: Any, known: Sequence[Instrument], *, since: datetime, until: datetime) -> None:
    """Features of every record of the period that has none yet."""
    by_id = {one.device_id: one for one in known}
    while True:
        raw = await unmeasured_records(connection, [*by_id], since=since, until=until, limit=AT_ONCE)
        features = await asyncio.to_thread(_measure, raw, by_id)
        await keep_features(connection, [*zip(raw, features, strict=True)])
        metrics.NETWORK_RECORDS.inc(len(raw))
        if len(raw) < AT_ONCE:
            return


async def read_district(connection: Any, known: Sequence[Instrument], *, since: datetime, until: datetime) -> District:
    """Instruments with their silences in [since, until), and pits with their laws."""
    rules = blast_alert_rules()
    within = timedelta(hours=rules.alive_within_h.value)
    begin, end = since - PAD, until + PAD
    heard = await times_heard(connection, [one.device_id for one in known], since=begin, until=end)
    stations = tuple(
        Station(
            one.code,
            one.latitude,
            one.longitude,
            one.trigger_mm_s or rules.default_trigger_mm_s.value,
            silences(heard[one.device_id], since=since, until=until, within=within),
        )
        for one in known
    )
    return District(stations, await pit_sites(connection))


def _measure(raw: Sequence[RawRecord], by_id: Mapping[int, Instrument]) -> list[RecordFeatures | None]:
    found: list[RecordFeatures | None] = []
    for record in raw:
        instrument = by_id[record.device_id]
        try:
            channels = decode_miniseed(record.payload)
        except WireError:
            found.append(None)
            continue
        samples = record_samples(instrument.code, channels, calibration=instrument.channels)
        found.append(None if samples is None else extract_features(samples))
    return found


def _judge(
    features: Sequence[RecordFeatures], declared: Sequence[DeclaredRow], district: District
) -> list[JudgedEvent]:
    offset = features[0].start.astimezone(LOCAL).utcoffset() or timedelta()
    blasts = [one.declared() for one in declared if one.status is not BlastStatus.CANCELLED]
    return judge_events(features, blasts, district=district, utc_offset_h=offset.total_seconds() / 3600)


def _rows(
    events: Sequence[JudgedEvent],
    *,
    features: Sequence[RecordFeatures],
    declared: Sequence[DeclaredRow],
    by_code: Mapping[str, Instrument],
) -> list[EventRow]:
    ends = {record.key: record.end for record in features}
    ids = {one.name: one.blast_id for one in declared}
    rows = []
    for event in events:
        code, _ = min(event.records, key=lambda record: (record[1], record[0]))
        first = by_code[code]
        matched = ids.get(event.declaration.declaration) if event.declaration is not None else None
        ends_at = max(ends[record] for record in event.records)
        rows.append(EventRow(event, ends_at, first.station_id, first.device_id, matched))
    return rows
