"""What a field logger has measured and nobody has confirmed yet: a durable queue on disk, and the account of readings.

A packet is written here before it is published and leaves only when its fate is known, so that kill -9 of the logger
at any moment loses nothing. One SQLite file a device, write-ahead log; `fsync` also survives a loss of power.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SCHEMA = """
CREATE TABLE IF NOT EXISTS packet (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, seq INTEGER, digest TEXT,
    readings INTEGER NOT NULL, payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS packet_seq ON packet (seq) WHERE seq IS NOT NULL;
CREATE INDEX IF NOT EXISTS packet_digest ON packet (digest) WHERE digest IS NOT NULL;
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
BUSY_TIMEOUT_S = 10.0
IDS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class Packet:
    """A message part that waits for its confirmation, named by `seq` or else by `digest`.

    readings: how many parameter values it holds; 0 for a seismic record or a histogram, which are counted as records.
    """

    kind: str
    payload: bytes
    readings: int
    seq: int | None = None
    digest: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """The account of one logger. confirmed: fate known, refused ones included; buffered: fate unknown."""

    readings_generated: int
    readings_confirmed: int
    readings_rejected: int
    readings_buffered: int
    records_generated: int
    records_confirmed: int
    records_rejected: int
    records_buffered: int


class PacketBuffer:
    """Durable queue of unconfirmed packets; owned by one thread."""

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(f"PRAGMA synchronous={'FULL' if fsync else 'NORMAL'}")
        self._database.executescript(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what is buffered stays."""
        self._database.close()

    def mark(self, name: str, default: int = 0) -> int:
        """A number kept beside the packets: the next seq, how far the world has been measured."""
        row = self._database.execute("SELECT value FROM account WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def append(self, packets: Sequence[Packet], marks: dict[str, int] | None = None) -> list[int]:
        """Keep packets and set marks in one transaction; ids of the packets, ascending."""
        cursor = self._database.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            ids = []
            for packet in packets:
                cursor.execute(
                    "INSERT INTO packet (kind, seq, digest, readings, payload) VALUES (?, ?, ?, ?, ?)",
                    (packet.kind, packet.seq, packet.digest, packet.readings, packet.payload),
                )
                ids.append(int(cursor.lastrowid or 0))
            self._count(cursor, "generated", packets)
            for name, value in (marks or {}).items():
                cursor.execute("INSERT OR REPLACE INTO account VALUES (?, ?)", (name, value))
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        return ids

    def waiting_ids(self) -> list[int]:
        """Everything unconfirmed, oldest first."""
        return [int(row[0]) for row in self._database.execute("SELECT id FROM packet ORDER BY id")]

    def packets(self, ids: Sequence[int]) -> list[Packet]:
        """Packets by id in the order asked for; those confirmed meanwhile are left out."""
        found: dict[int, Packet] = {}
        for part in _parts(ids):
            places = ",".join("?" * len(part))
            sql = f"SELECT kind, payload, readings, seq, digest, id FROM packet WHERE id IN ({places})"  # noqa: S608 - ?s
            for row in self._database.execute(sql, part):
                found[row[5]] = Packet(*row)
        return [found[id_] for id_ in ids if id_ in found]

    def settle(
        self,
        *,
        seq_ranges: Iterable[tuple[int, int]] = (),
        digests: Iterable[str] = (),
        ids: Iterable[int] = (),
        rejected: bool = False,
    ) -> list[int]:
        """Forget packets whose fate is known and count them; ids of those that were still here."""
        cursor = self._database.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            gone: list[Packet] = []
            gone += self._remove(cursor, "seq BETWEEN ? AND ?", seq_ranges)
            gone += self._remove(cursor, "digest = ?", ((digest,) for digest in digests))
            gone += self._remove(cursor, "id = ?", ((id_,) for id_ in ids))
            self._count(cursor, "confirmed", gone)
            if rejected:
                self._count(cursor, "rejected", gone)
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        return [packet.id for packet in gone]

    def totals(self) -> Totals:
        """The account; generated = confirmed + buffered, of readings and of records."""
        account = {str(name): int(value) for name, value in self._database.execute("SELECT name, value FROM account")}
        row = self._database.execute("SELECT coalesce(sum(readings), 0), sum(readings = 0) FROM packet").fetchone()

        def of(name: str) -> int:
            return account.get(name, 0)

        return Totals(
            of("readings_generated"), of("readings_confirmed"), of("readings_rejected"), int(row[0]),
            of("records_generated"), of("records_confirmed"), of("records_rejected"), int(row[1] or 0),
        )  # fmt: skip

    def _remove(
        self, cursor: sqlite3.Cursor, condition: str, arguments: Iterable[tuple[object, ...]]
    ) -> Iterable[Packet]:
        sql = f"DELETE FROM packet WHERE {condition} RETURNING kind, x'', readings, seq, digest, id"  # noqa: S608 - ours
        return [Packet(*row) for values in arguments for row in cursor.execute(sql, values).fetchall()]

    def _count(self, cursor: sqlite3.Cursor, fate: str, packets: Sequence[Packet]) -> None:
        amounts = {
            f"readings_{fate}": sum(packet.readings for packet in packets),
            f"records_{fate}": sum(packet.readings == 0 for packet in packets),
        }
        sql = "INSERT INTO account VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
        cursor.executemany(sql, [pair for pair in amounts.items() if pair[1]])


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + IDS_PER_QUERY] for start in range(0, len(ids), IDS_PER_QUERY))
