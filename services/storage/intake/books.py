"""Rows that a batch adds to the books: rejects, journal, ledger, intervals."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from services.storage.intake.batch import Batch
from services.storage.intake.columns import Readings
from services.storage.intake.directory import Directory
from services.storage.intake.increment import IntervalRow

DAY_US = 86_400_000_000
JournalRow = tuple[int, str, int, int, int]


def water_journal(stored: Readings, directory: Directory) -> list[JournalRow]:
    """(station, 'water', first time, last time, readings) per station and UTC day, times in microseconds."""
    if not stored:
        return []
    station = directory.station_id[stored.place].astype(np.int64)
    key = station * 100_000 + stored.time_us // DAY_US
    order = np.argsort(key, kind="stable")
    key, times = key[order], stored.time_us[order]
    first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    counts = np.diff(np.append(first, len(key)))
    return [
        (int(group) // 100_000, "water", int(low), int(high), int(count))
        for group, low, high, count in zip(
            key[first], np.minimum.reduceat(times, first), np.maximum.reduceat(times, first), counts, strict=True
        )
    ]


def columns_of(rows: Sequence[Sequence[object]], *, width: int) -> list[list[object]]:
    """Rows as one array a column, also when there are none."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def columns_of_intervals(rows: list[IntervalRow]) -> list[list[object]]:
    """Arguments of UPSERT_INTERVALS: one array a column; big integers travel as text."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    columns[5] = [str(value) for value in columns[5]]
    return columns


def refused_rows(batch: Batch, now: datetime) -> list[tuple[object, ...]]:
    """Arguments of INSERT_REJECTED, one tuple a refused part."""
    return [
        (
            outcome.raw_id, outcome.device_id, outcome.station_id or None, refusal.reason.value,
            _storable(refusal.detail), refusal.parameter and _storable(refusal.parameter), refusal.seq,
            max(1, refusal.readings), now,
        )
        for outcome in batch.outcomes
        for refusal in outcome.refusals
    ]  # fmt: skip


def _storable(text: str) -> str:
    """The text as PostgreSQL can keep it: without NUL and lone surrogates."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def reject_journal(batch: Batch) -> list[JournalRow]:
    """(station, 'reject', first and last receipt, refused parts) per station, times in microseconds."""
    found: dict[int, tuple[int, int, int]] = {}
    for message, outcome in zip(batch.incoming, batch.outcomes, strict=True):
        if outcome.refusals and outcome.station_id:
            low, high, count = found.get(outcome.station_id, (message.received_us, message.received_us, 0))
            span = (min(low, message.received_us), max(high, message.received_us), count + len(outcome.refusals))
            found[outcome.station_id] = span
    return [(station, "reject", low, high, count) for station, (low, high, count) in found.items()]


def ledger_rows(batch: Batch) -> list[tuple[int, int, int, int, int, int, int]]:
    """(station, messages, received, stored, duplicate, conflict, rejected) per station; 0: sender unknown."""
    books: dict[int, list[int]] = {}
    for outcome in batch.outcomes:
        book = books.setdefault(outcome.station_id, [0] * 6)
        additions = (1, outcome.received, outcome.stored, outcome.duplicate, outcome.conflict, outcome.rejected)
        for place, addition in enumerate(additions):
            book[place] += addition
    return [(station, *book) for station, book in sorted(books.items())]  # type: ignore[misc]
