"""One batch, one transaction: raw chain, observations, intervals, rejects, journal, ledger."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from services.storage.intake import statements as sql
from services.storage.intake.batch import EPOCH, Batch
from services.storage.intake.books import (
    JournalRow,
    columns_of,
    ledger_rows,
    refused_rows,
    reject_journal,
    water_journal,
)
from services.storage.intake.columns import sorted_readings
from services.storage.intake.connection import Connection
from services.storage.intake.directory import Directory
from services.storage.intake.identity import LANES, Link, RawClock, next_link
from services.storage.intake.increment import Increments, IntervalRow, increments_of, rows_of
from services.storage.intake.interval_store import IntervalStore
from services.storage.intake.pgcopy import (
    HEADER,
    RAW_COLUMNS,
    TRAILER,
    one_chunk,
    raw_row,
)
from services.storage.intake.reading_store import SAVEPOINT, ReadingStore
from services.storage.intake.records import store_histograms, store_seismic, store_statuses

UNKNOWN_DEVICE = 0
BEGIN = f"BEGIN; SAVEPOINT {SAVEPOINT}"


@dataclass(slots=True)
class Additions:
    """What a batch adds beside its messages and readings. deferred: increments kept for a folder."""

    journal: list[JournalRow] = field(default_factory=list)
    intervals: list[IntervalRow] = field(default_factory=list)
    deferred: Increments | None = None


class FencedError(RuntimeError):
    """Another process took this lane: the writer must lease a new one."""


class Writer:
    """Owns one lane of the raw chain on one connection.

    defers_intervals: increments of intervals are kept with the batch and folded in later by an IntervalFolder.
    """

    def __init__(
        self, connection: Connection, lane: int, last_raw_id: int, heads: dict[int, Link], *, defers_intervals: bool
    ) -> None:
        self._connection = connection
        self._defers_intervals = defers_intervals
        self._clock = RawClock(lane, last_raw_id)
        self._heads = heads
        self._readings = ReadingStore(connection)
        self._intervals = IntervalStore(connection)

    @property
    def lane(self) -> int:
        """The lane of this writer."""
        return self._clock.lane

    async def write(self, batch: Batch, directory: Directory, now: datetime) -> None:
        """Store the batch and complete its outcomes; all or nothing."""
        first_us = self._clock.take(len(batch.incoming), (now - EPOCH) // timedelta(microseconds=1))
        for place, outcome in enumerate(batch.outcomes):
            outcome.raw_id = (first_us + place) * LANES + self._clock.lane
            outcome.stored = outcome.duplicate = outcome.conflict = 0
        heads: dict[int, Link] = {}
        await self._connection.execute(BEGIN)
        try:
            additions = await self._write_all(batch, directory, heads, first_us)
            await self._close_books(batch, additions, heads, now)
            await self._connection.execute("COMMIT")
        except BaseException:
            self._intervals.forget()
            if not self._connection.is_closed():
                await self._connection.execute("ROLLBACK")
            raise
        self._heads |= heads
        self._intervals.committed(additions.intervals)

    async def _write_all(self, batch: Batch, directory: Directory, heads: dict[int, Link], first_us: int) -> Additions:
        additions = Additions()
        raw_ids = np.array([outcome.raw_id for outcome in batch.outcomes], np.int64)
        if batch.readings.values:
            readings = sorted_readings(batch.readings, directory)
            stored = await self._readings.store(readings, batch, raw_ids)
            additions.journal += water_journal(stored, directory)
            increments = increments_of(stored, directory)
            if self._defers_intervals and additions.journal:
                additions.deferred = increments
            else:
                additions.intervals = rows_of(increments)
        if batch.seismic:
            additions.journal += await store_seismic(self._connection, batch)
        if batch.histograms:
            additions.journal += await store_histograms(self._connection, batch)
        if batch.statuses:
            additions.journal += await store_statuses(self._connection, batch)
        await self._copy_raw(batch, heads, first_us)
        if additions.intervals:
            await self._intervals.add(additions.intervals)
        return additions

    async def _copy_raw(self, batch: Batch, heads: dict[int, Link], first_us: int) -> None:
        rows = [HEADER]
        for place, (message, outcome) in enumerate(zip(batch.incoming, batch.outcomes, strict=True)):
            key = outcome.device_id or UNKNOWN_DEVICE
            link, before = next_link(
                heads.get(key) or self._heads.get(key),
                raw_id=outcome.raw_id,
                topic=message.topic,
                payload=message.payload,
            )
            heads[key] = link
            rows.append(
                raw_row(
                    stored_us=first_us + place, raw_id=outcome.raw_id, device_id=outcome.device_id,
                    topic=message.topic.encode(), payload=message.payload, chain_seq=link.chain_seq, prev_hash=before,
                    digest=link.digest, span=batch.spans[place], readings=outcome.received,
                )
            )  # fmt: skip
        rows.append(TRAILER)
        await self._connection.copy_to_table(
            "raw_message", source=one_chunk(b"".join(rows)), columns=RAW_COLUMNS, format="binary"
        )

    async def _close_books(self, batch: Batch, additions: Additions, heads: dict[int, Link], now: datetime) -> None:
        journal = additions.journal
        refused = refused_rows(batch, now)
        if refused:
            await self._connection.executemany(sql.INSERT_REJECTED, refused)
            journal = journal + reject_journal(batch)
        deferred = additions.deferred
        fence = await self._connection.fetchval(
            sql.CLOSE_BOOKS, self._clock.lane, batch.outcomes[-1].raw_id, *columns_of(journal, width=5),
            sorted({row[0] for row in additions.journal}), None if deferred is None else deferred.tobytes(),
            now.astimezone(UTC).date(), *columns_of(ledger_rows(batch), width=7),
            list(heads), [link.chain_seq for link in heads.values()], [link.digest for link in heads.values()],
        )  # fmt: skip
        if fence != 1:
            raise FencedError(f"lane {self._clock.lane} is no longer ours")
