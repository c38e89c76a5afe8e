"""Malformed payloads on every topic through a real broker into a real ingest process, good messages in between.

    python -m tests.chaos.fuzz --payloads 100000 [--seed 1] [--parts timescale|embedded]

Counts only payloads that `judgement` calls BAD; the mutated ones that stayed good or that the reference leaves open are
sent too. Every message must be in `raw_message`, every BAD one in `rejected` under its raw_id, no GOOD one may be
there, and the good stream must be stored value by value. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg
import psutil

from services.parts.postgres import PostgresServer
from services.parts.process import ChildProcess
from simulators.load import publish_packets
from tests.chaos.judgement import Judgement
from tests.chaos.malformed import Sender, Shot
from tests.chaos.plant import Plant, make_database
from tests.chaos.verdict import Verdict, check_books, fold_intervals

GOOD_DEVICE, GOOD_EVERY = "U-25", 10
STALL_S = 60.0
EXAMPLES = 5
WINDOW = 200


@dataclass(slots=True)
class Account:
    """What was sent. fates: judgement by (topic, digest of the payload)."""

    bad: int = 0
    sent: int = 0
    good_stream: int = 0
    judged: Counter[str] = field(default_factory=Counter)
    fates: dict[tuple[str, bytes], Shot] = field(default_factory=dict)


def messages(account: Account, wanted: int, seed: int, start: datetime) -> Iterator[tuple[str, bytes]]:
    """Shots until `wanted` bad ones are out, every tenth message one of the good stream."""
    for shot in Sender(seed).shots():
        if account.bad >= wanted:
            return
        account.bad += shot.judgement is Judgement.BAD
        account.judged[shot.judgement.value] += 1
        account.fates[shot.topic, hashlib.sha256(shot.payload).digest()] = shot
        account.sent += 1
        yield shot.topic, shot.payload
        if account.sent % GOOD_EVERY == 0:
            account.good_stream += 1
            account.sent += 1
            yield f"uskat/v1/{GOOD_DEVICE}/water", good_payload(start, account.good_stream)


def good_payload(start: datetime, number: int) -> bytes:
    """Message of the good stream by its number."""
    stamp = (start + timedelta(seconds=number)).isoformat()
    values = {"ph": 6 + number % 3000 / 1000, "temp": number % 2000 / 100}
    return json.dumps({"t": stamp, "seq": number, "v": values}).encode()


class Watch(threading.Thread):
    """Largest memory of a process, until stopped."""

    def __init__(self, process: ChildProcess) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0
        self._process = process
        self.stopped = threading.Event()

    def run(self) -> None:
        """Sample."""
        while not self.stopped.wait(0.2):
            pid = self._process.pid
            if pid is not None:
                self.peak_mb = max(self.peak_mb, psutil.Process(pid).memory_info().rss >> 20)


def play(server: PostgresServer, *, payloads: int, seed: int) -> dict[str, object]:
    """Send, wait, compare; the JSON object of the last line."""
    plant = Plant(server, database="fuzz")
    plant.prepare()
    account = Account()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=100)
    try:
        plant.start()
        worker = plant.workers[0].process
        pid = worker.pid
        watch = Watch(worker)
        watch.start()
        began = time.monotonic()
        assert plant.broker is not None
        publish_packets(
            "127.0.0.1", plant.broker.port, None, None, messages(account, payloads, seed, start), window=WINDOW
        )
        stored = asyncio.run(_all_stored(plant.database_url, account.sent, worker))
        seconds = time.monotonic() - began
        alive = worker.pid == pid
        watch.stopped.set()
        watch.join()
        result: dict[str, object] = {"payloads": account.bad, "ingest_alive": alive, "all_in_raw": stored}
        result |= asyncio.run(_compare(plant.database_url, account, start))
        tail = "" if alive else worker.log_tail()
        return result | {
            "sent": account.sent, "judged": dict(account.judged), "seconds": round(seconds, 1),
            "messages_per_s": round(account.sent / seconds), "ingest_peak_mb": watch.peak_mb, "seed": seed, "log": tail,
        }  # fmt: skip
    finally:
        plant.stop()
        shutil.rmtree(plant.folder, ignore_errors=True)


async def _all_stored(database_url: str, sent: int, worker: ChildProcess) -> bool:
    connection = await asyncpg.connect(database_url)
    last, since = -1, time.monotonic()
    try:
        while worker.running and time.monotonic() - since < STALL_S:
            count = await connection.fetchval("SELECT coalesce(sum(messages), 0) FROM ledger")
            if count >= sent:
                return bool(count == sent)
            if count != last:
                last, since = count, time.monotonic()
            await asyncio.sleep(0.2)
        return False
    finally:
        await connection.close()


async def _compare(database_url: str, account: Account, start: datetime) -> dict[str, object]:
    await fold_intervals(database_url)
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "SELECT m.topic, sha256(m.payload) AS digest, r.raw_id IS NOT NULL AS refused, m.readings FROM raw_message m"
            " LEFT JOIN (SELECT DISTINCT raw_id FROM rejected WHERE reason <> '' AND detail <> '') r USING (raw_id)"
            " WHERE m.topic <> $1",
            f"uskat/v1/{GOOD_DEVICE}/water",
        )
        seen = {(row["topic"], row["digest"]) for row in rows}
        found: dict[str, list[Shot]] = {"unaccounted": [], "wrongly_refused": []}
        for row in rows:
            shot = account.fates.get((row["topic"], row["digest"]))
            if shot is None or (shot.judgement is Judgement.BAD and not row["refused"]):
                found["unaccounted"].append(shot or Shot(row["topic"], b"(never sent)", Judgement.UNSURE))
            elif shot.judgement is Judgement.GOOD and row["refused"]:
                found["wrongly_refused"].append(shot)
        lost = [shot for key, shot in account.fates.items() if key not in seen]
        found["not_in_raw"] = lost
        reasons = await connection.fetch("SELECT reason, count(*) AS n FROM rejected GROUP BY 1 ORDER BY 2 DESC")
        books = Verdict(expected=0)
        await check_books(connection, books)
        good = await _good_stream(connection, account.good_stream, start)
    finally:
        await connection.close()
    counts = {name: len(shots) for name, shots in found.items()}
    examples = {name: [_brief(shot) for shot in shots[:EXAMPLES]] for name, shots in found.items() if shots}
    return counts | {
        "good_missing": account.good_stream * 2 - good, "reasons": {row["reason"]: row["n"] for row in reasons},
        "ledger_balanced": books.ledger_balanced, "chain_ok": books.chain_ok, "intervals_ok": books.intervals_ok,
        "examples": examples,
    }  # fmt: skip


async def _good_stream(connection: asyncpg.Connection, count: int, start: datetime) -> int:
    """How many readings of the good stream are stored with their value."""
    rows = await connection.fetch(
        "SELECT p.code, o.time, o.value FROM observation o JOIN series s ON s.id = o.series_id"
        " JOIN device d ON d.id = s.device_id JOIN parameter p ON p.id = s.parameter_id WHERE d.code = $1",
        GOOD_DEVICE,
    )
    stored = {(row["code"], row["time"]): row["value"] for row in rows}
    right = 0
    for number in range(1, count + 1):
        moment = start + timedelta(seconds=number)
        for code, value in json.loads(good_payload(start, number))["v"].items():
            right += stored.get((code, moment)) == value
    return right


def _brief(shot: Shot) -> str:
    return f"{shot.topic} {len(shot.payload)} bytes {shot.payload[:160]!r}"


def passed(result: dict[str, object]) -> bool:
    """Ingest alive, each malformed payload refused with a reason, each good one stored, the books in order."""
    zero = ("unaccounted", "wrongly_refused", "not_in_raw", "good_missing")
    true = ("ingest_alive", "all_in_raw", "ledger_balanced", "chain_ok", "intervals_ok")
    return all(result[name] == 0 for name in zero) and all(result[name] is True for name in true)


def main() -> int:
    """Play; exit 1 when anything is unaccounted for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payloads", "--count", type=int, default=100_000)
    parser.add_argument("--parts", choices=("timescale", "embedded"), default="timescale")
    parser.add_argument("--seed", type=int, default=None, help="default: random, and printed")
    chosen = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    server = make_database(chosen.parts)
    try:
        result = play(server, payloads=chosen.payloads, seed=seed)
    finally:
        server.remove()
    print(json.dumps(result | {"passed": passed(result)}, ensure_ascii=False), flush=True)
    return 0 if passed(result) else 1


if __name__ == "__main__":
    sys.exit(main())
