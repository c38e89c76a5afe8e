"""Stored records cut between miniSEED records: what overlaps the span asked for, every byte of it as received."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from fastapi.concurrency import run_in_threadpool

from services.api.errors import PayloadTooLarge
from services.api.fdsn.question import Question
from services.api.fdsn.selection import Wanted
from services.storage.fdsn_reading import RecordHead, matching_records, record_payloads
from services.storage.reading import Database
from uskat.wire.miniseed_record import RecordHeaderError, record_spans

MOST_BYTES = 64 * 2**20
MOST_RECORDS = 10_000
BATCH_BYTES = 2 * 2**20
ANY_QUALITY = {"B", "M"}


async def asked_records(database: Database, question: Question, *, everything: bool) -> list[RecordHead]:
    """Heads of the records a question asks for; their `channels` are those to be delivered.

    Raises PayloadTooLarge when there are more than one answer may hold.
    """
    heads = await database.ask(
        matching_records,
        sorted({one.pattern for one in question.selections}),
        start=question.start,
        end=question.end,
        limit=MOST_RECORDS + 1,
        everything=everything,
    )
    if len(heads) > MOST_RECORDS or sum(head.bytes for head in heads) > MOST_BYTES:
        raise PayloadTooLarge(f"more than {MOST_BYTES >> 20} MiB or {MOST_RECORDS} records; ask for a shorter span")
    return await run_in_threadpool(_current, heads, Wanted(question.selections))


def _current(heads: Iterable[RecordHead], wanted: Wanted) -> list[RecordHead]:
    """Channels asked for, each from the first version received of a start: a later one would be a second truth."""
    told: dict[tuple[int, datetime], set[str]] = {}
    kept = []
    for head in heads:
        before = told.setdefault((head.device_id, head.start), set())
        fresh = [nslc for nslc in head.channels if nslc not in before]
        before.update(fresh)
        head.channels = [nslc for nslc in fresh if wanted.meets(nslc, head.start, head.end)]
        if head.channels:
            kept.append(head)
    return kept


async def pieces(database: Database, question: Question, heads: Sequence[RecordHead]) -> AsyncIterator[bytes]:
    """Bytes of the records, a few payloads at a time; empty pieces are left out."""
    wanted, quality = Wanted(question.selections), str(question["quality"])
    for batch in _batches(heads):
        payloads = await database.ask(record_payloads, batch)
        part = await run_in_threadpool(_cut_all, batch, payloads, wanted, quality)
        if part:
            yield part


def _batches(heads: Sequence[RecordHead]) -> Iterable[list[RecordHead]]:
    batch: list[RecordHead] = []
    size = 0
    for head in heads:
        if batch and size + head.bytes > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(head)
        size += head.bytes
    if batch:
        yield batch


def _cut_all(heads: Sequence[RecordHead], payloads: dict[int, bytes], wanted: Wanted, quality: str) -> bytes:
    return b"".join(
        _cut(payloads[head.id], head, wanted=wanted, quality=quality) for head in heads if head.id in payloads
    )


def _cut(payload: bytes, head: RecordHead, *, wanted: Wanted, quality: str) -> bytes:
    channels = set(head.channels)
    try:
        return b"".join(
            payload[span.offset : span.offset + span.length]
            for span in record_spans(payload)
            if span.nslc in channels
            and wanted.meets(span.nslc, span.start, span.end)
            and (quality in ANY_QUALITY or span.quality == quality)
        )
    except RecordHeaderError:
        return payload  # libmseed decoded it when it was stored, so a client's can: better whole than not at all
