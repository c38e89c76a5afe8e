"""Seismic records, histogram peaks and device health: few and large, stored one by one."""

import hashlib
from datetime import UTC, datetime

import msgspec

from services.storage.intake import statements as sql
from services.storage.intake.batch import Batch, microseconds
from services.storage.intake.connection import Connection
from services.storage.network_hub import HUB, NETWORK
from uskat.wire.status import encode_histogram, encode_status

JournalRow = tuple[int, str, int, int, int]


async def store_seismic(connection: Connection, batch: Batch) -> list[JournalRow]:
    """Store records; the same bytes again are a duplicate, other bytes with the same start a conflict, kept."""
    journal: list[JournalRow] = []
    for entry in sorted(batch.seismic, key=lambda item: (item.device.id, item.channels[0].start)):
        outcome = batch.outcomes[entry.owner]
        start = min(channel.start for channel in entry.channels)
        end = max(channel.end for channel in entry.channels)
        first = await connection.fetchval(
            sql.INSERT_SEISMIC, start, end, entry.device.id, entry.device.station_id,
            sorted({channel.nslc for channel in entry.channels}), entry.channels[0].rate_hz,
            sum(len(channel.counts) for channel in entry.channels), entry.payload,
            hashlib.sha256(entry.payload).digest(), outcome.raw_id,
            msgspec.json.encode(entry.measures.to_json() | {"judgement": entry.judgement.to_json()}).decode(),
        )  # fmt: skip
        if first is None:
            outcome.duplicate += 1
            continue
        outcome.stored += first
        outcome.conflict += not first
        journal.append((entry.device.station_id, "seismic", microseconds(start), microseconds(end), 1))
    if journal:
        hub = int(await connection.fetchval(HUB))
        journal += [(hub, NETWORK, low, high, count) for _, _, low, high, count in journal]
    return journal


async def store_histograms(connection: Connection, batch: Batch) -> list[JournalRow]:
    """Store interval peaks; another content for the same interval is a conflict and is kept beside the first."""
    journal: list[JournalRow] = []
    for owner, device, peak in sorted(batch.histograms, key=lambda item: (item[1].id, item[2].t)):
        outcome = batch.outcomes[owner]
        body = encode_histogram(msgspec.structs.replace(peak, seq=None))
        digest = hashlib.sha256(body).digest()
        first = await connection.fetchval(
            sql.INSERT_HISTOGRAM, device.id, peak.t, peak.length_s, digest, body.decode(), outcome.raw_id
        )
        if first is None:
            outcome.duplicate += 1
            continue
        outcome.stored += first
        outcome.conflict += not first
        moment = microseconds(peak.t)
        journal.append((device.station_id, "histogram", moment, moment, 1))
    return journal


async def store_statuses(connection: Connection, batch: Batch) -> list[JournalRow]:
    """Store health messages; they are not readings and do not enter the ledger's balance."""
    journal: list[JournalRow] = []
    for owner, device, status in batch.statuses:
        received_us = batch.incoming[owner].received_us
        moment = status.t or datetime.fromtimestamp(received_us / 1e6, UTC)
        body = encode_status(status)
        await connection.execute(
            sql.INSERT_STATUS, device.id, moment, status.state, body.decode(), hashlib.sha256(body).digest(),
            batch.outcomes[owner].raw_id,
        )  # fmt: skip
        journal.append((device.station_id, "status", microseconds(moment), microseconds(moment), 1))
    return journal
