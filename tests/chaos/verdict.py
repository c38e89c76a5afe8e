"""What the database holds after a trial, held against the generator's own account and against itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import groupby

import asyncpg
import numpy as np

from services.storage.intake.pending import IntervalFolder
from simulators.sending import PacketSeries
from tests.chaos.sender import DEVICE

COPY_HEADER_BYTES, COPY_TRAILER_BYTES = 19, 2

INTERVALS_AGAIN = """
WITH scaled AS (
  SELECT o.series_id, date_bin('20 minutes', o.time, 'epoch') AS start, o.value, o.flag,
         CASE WHEN o.flag = 1 THEN round(o.value * power(10::float8, p.scale))::bigint::numeric ELSE 0 END AS number
  FROM observation o JOIN series s ON s.id = o.series_id JOIN parameter p ON p.id = s.parameter_id
), again AS (
  SELECT series_id, start, count(*)::int AS n, (count(*) FILTER (WHERE flag = 1))::int AS n_valid,
         sum(number)::bigint AS total, sum(number * number) AS total_squares,
         min(value) FILTER (WHERE flag = 1) AS minimum, max(value) FILTER (WHERE flag = 1) AS maximum,
         (count(*) FILTER (WHERE flag >= 16))::int AS n_service
  FROM scaled GROUP BY series_id, start
), kept AS (
  SELECT series_id, start, n, n_valid, total, total_squares, minimum, maximum, n_service FROM interval_20min
)
SELECT (SELECT count(*) FROM (TABLE again EXCEPT TABLE kept) a) + (SELECT count(*) FROM (TABLE kept EXCEPT TABLE again) b)
"""

LEDGER_AGAINST_TABLES = """
SELECT l.received = l.stored + l.duplicate + l.conflict + l.rejected
   AND l.messages = (SELECT count(*) FROM raw_message)
   AND l.received = (SELECT coalesce(sum(readings), 0) FROM raw_message)
   AND l.stored = (SELECT count(*) FROM observation) + (SELECT count(*) FROM seismic_record WHERE first)
                + (SELECT count(DISTINCT (device_id, start)) FROM histogram_interval)
   AND l.conflict = (SELECT count(*) FROM observation_conflict)
                + (SELECT count(*) FROM seismic_record WHERE NOT first) + (SELECT count(*) FROM histogram_interval)
                  - (SELECT count(DISTINCT (device_id, start)) FROM histogram_interval)
   AND l.rejected = (SELECT coalesce(sum(readings), 0) FROM rejected)
   AND NOT EXISTS (SELECT FROM ledger WHERE received <> stored + duplicate + conflict + rejected)
FROM (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(received), 0) AS received,
             coalesce(sum(stored), 0) AS stored, coalesce(sum(duplicate), 0) AS duplicate,
             coalesce(sum(conflict), 0) AS conflict, coalesce(sum(rejected), 0) AS rejected FROM ledger) l
"""

JOURNAL_COVERS = """
SELECT (SELECT count(*) FROM observation o JOIN series s ON s.id = o.series_id WHERE NOT EXISTS (
          SELECT FROM journal j WHERE j.station_id = s.station_id AND j.kind = 'water'
          AND o.time BETWEEN j.time_min AND j.time_max)) = 0
   AND (SELECT count(*) FROM observation) = (SELECT coalesce(sum(entries), 0) FROM journal WHERE kind = 'water')
"""


@dataclass(slots=True)
class Verdict:
    """missing: readings of the account that are not stored with their value; twice: readings stored more than once."""

    expected: int
    stored: int = 0
    missing: int = 0
    twice: int = 0
    strange: int = 0
    duplicates: int = 0
    ledger_balanced: bool = False
    chain_ok: bool = False
    intervals_ok: bool = False
    journal_ok: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def books_ok(self) -> bool:
        """Ledger, hash chain, intervals and journal agree with the tables."""
        return self.ledger_balanced and self.chain_ok and self.intervals_ok and self.journal_ok and not self.strange


async def judge(database_url: str, series: PacketSeries) -> Verdict:
    """Compare value by value with the series, then check the books."""
    await fold_intervals(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        verdict = await _readings(connection, series)
        await check_books(connection, verdict)
    finally:
        await connection.close()
    return verdict


async def fold_intervals(database_url: str) -> None:
    """Bring the intervals up to date, as whoever judges them does; a worker killed last leaves that to others."""
    folder = await IntervalFolder.open(database_url)
    await folder.fold()
    await folder.close()


async def check_books(connection: asyncpg.Connection, verdict: Verdict) -> None:
    """Ledger, chain, intervals and journal against the tables."""
    verdict.duplicates = int(await connection.fetchval("SELECT coalesce(sum(duplicate), 0) FROM ledger"))
    verdict.ledger_balanced = bool(await connection.fetchval(LEDGER_AGAINST_TABLES))
    verdict.intervals_ok = await connection.fetchval(INTERVALS_AGAIN) == 0
    verdict.journal_ok = bool(await connection.fetchval(JOURNAL_COVERS))
    verdict.notes += await broken_links(connection)
    verdict.chain_ok = not verdict.notes


async def _readings(connection: asyncpg.Connection, series: PacketSeries) -> Verdict:
    places = {code: number for number, code in enumerate(series.parameters)}
    rows = await connection.fetch(
        "SELECT s.id, p.code FROM series s JOIN device d ON d.id = s.device_id JOIN parameter p ON p.id = s.parameter_id"
        " WHERE d.code = $1",
        DEVICE,
    )
    place_of = np.full(max(row["id"] for row in rows) + 1, -1)
    for row in rows:
        place_of[row["id"]] = places.get(row["code"], -1)
    stored = await _columns(connection)
    verdict = Verdict(expected=series.packets * len(places), stored=len(stored))
    number, rest = np.divmod(stored["time"] - int(series.start.timestamp() * 1e6), round(series.interval_s * 1e6))
    place = place_of[np.minimum(stored["series"], len(place_of) - 1)]
    ours = (rest == 0) & (number >= 0) & (number < series.packets) & (place >= 0)
    number, place, value = number[ours], place[ours], stored["value"][ours]
    account = np.array([list(series.scan(one).v.values()) for one in range(series.packets)])
    seen = np.zeros(account.shape, np.int64)
    np.add.at(seen, (number, place), 1)
    right = np.zeros(account.shape, bool)
    hit = account[number, place] == value
    right[number[hit], place[hit]] = True
    verdict.strange = int((~ours).sum())
    verdict.missing = int((~right).sum())
    verdict.twice = int((seen > 1).sum())
    return verdict


async def _columns(connection: asyncpg.Connection) -> np.ndarray:
    """All observations: series, time in microseconds since 1970, value."""
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    query = "SELECT series_id, (extract(epoch FROM time) * 1000000)::bigint, value FROM observation"
    await connection.copy_from_query(query, output=take, format="binary")
    row = [("f", ">i2"), ("a", ">i4"), ("series", ">i4"), ("b", ">i4"), ("time", ">i8"), ("c", ">i4"), ("value", ">f8")]
    return np.frombuffer(b"".join(pieces)[COPY_HEADER_BYTES:-COPY_TRAILER_BYTES], np.dtype(row))


async def broken_links(connection: asyncpg.Connection) -> list[str]:
    """Recompute every hash chain from the raw messages (ADR 0002, written out anew); what does not fit, in words."""
    rows = await connection.fetch(
        "SELECT coalesce(device_id, 0) AS device, raw_id & 4095 AS lane, raw_id, topic, payload, chain_seq, prev_hash,"
        " hash FROM raw_message ORDER BY 1, 2, raw_id"
    )
    kept = await connection.fetch("SELECT device_id, lane, chain_seq, hash FROM chain_head")
    heads = {(row["device_id"], row["lane"]): (row["chain_seq"], row["hash"]) for row in kept}
    wrong: list[str] = []
    for chain, links in groupby(rows, key=lambda row: (row["device"], row["lane"])):
        number, before = 0, bytes(32)
        for row in links:
            number += 1
            topic = row["topic"].encode()
            body = before + row["raw_id"].to_bytes(8, "big") + len(topic).to_bytes(4, "big") + topic + row["payload"]
            if (row["chain_seq"], row["prev_hash"], row["hash"]) != (number, before, hashlib.sha256(body).digest()):
                wrong.append(f"chain {chain} breaks at link {row['chain_seq']} (expected {number})")
                break
            before = row["hash"]
        if heads.pop(chain, None) != (number, before):
            wrong.append(f"chain {chain}: chain_head is not its last link")
    return wrong + [f"chain_head of {chain} has no messages" for chain in heads]
