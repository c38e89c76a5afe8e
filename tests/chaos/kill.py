"""kill -9 of ingest, broker, database and logger while a logger delivers: nothing missing, nothing twice.

    python -m tests.chaos.kill --rounds 20 [--parts timescale|embedded] [--packets 50000] [--seed 1]
    python -m tests.chaos.kill --rounds 5 --mode unconfirmed --persistence default --subscription plain

In every round 50 000 packets of 6 readings go out at QoS 1. Five blows fall at random moments, in random order: ingest
workers, broker, database, all three at once, and the logger itself. Each is started again after a random pause. Then
every reading is compared with what the generator made, and the books with the tables. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from services.parts.postgres import PostgresServer
from services.parts.process import ChildProcess
from simulators.sending import PacketSeries
from tests.chaos.plant import PERSISTENCE, ROOT, Plant, make_database
from tests.chaos.sender import INTERVAL_S, series
from tests.chaos.verdict import Verdict, judge

SERVERS = ("ingest", "broker", "database")
BLOWS = (*SERVERS, "all", "logger")
LONGEST_PAUSE_S = 1.0
STALL_S = 4.0
ROUND_TIMEOUT_S = 900.0
POLL_S = 0.05
QUIET_S = 4.0


@dataclass(slots=True)
class Trial:
    """What is repeated in every round."""

    server: PostgresServer
    packets: int = 50_000
    confirmed: bool = True
    persistence: str = "autosave5"
    shared: bool = True
    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*SERVERS, "logger"), 0))


class Logger:
    """The sending process, its buffer on disk, and how far it says it is."""

    def __init__(self, plant: Plant, made: PacketSeries, *, confirmed: bool) -> None:
        self.folder = plant.folder / f"logger-{time.time_ns()}"
        self.folder.mkdir()
        self.process = ChildProcess("logger", self.folder / "logger.log")
        self._argv = [
            sys.executable, "-m", "tests.chaos.sender", "--mqtt-url", plant.mqtt_url, "--folder", str(self.folder),
            "--packets", str(made.packets), "--start", str(made.start.timestamp()),
        ]  # fmt: skip
        self._argv += [] if confirmed else ["--unconfirmed"]

    def start(self) -> None:
        """Start, or start again on what the buffer holds."""
        self.process.spawn(self._argv, cwd=ROOT)

    @property
    def confirmed_readings(self) -> int:
        """Readings whose fate the logger knows."""
        try:
            return int(json.loads((self.folder / "status.json").read_text())["readings_confirmed"])
        except (OSError, ValueError, KeyError):
            return 0

    @property
    def done(self) -> bool:
        """Everything is delivered; raises when the logger failed by itself."""
        if self.process.running or self.process.returncode == -9:
            return False
        if self.process.returncode != 0:
            raise RuntimeError(f"the logger ended with {self.process.returncode}:\n{self.process.log_tail()}")
        return True


def play_round(trial: Trial, number: int, seed: int) -> Verdict:
    """One round on fresh tables; kills are counted in the trial."""
    dice = random.Random(f"{seed}-{number}")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=trial.packets * INTERVAL_S + 60)
    made = series(trial.packets, start)
    plant = Plant(trial.server, persistence=trial.persistence, shared=trial.shared)
    plant.prepare()
    try:
        plant.start(workers=dice.choice((1, 1, 2)) if trial.shared else 1)
        plant.save_broker()
        logger = Logger(plant, made, confirmed=trial.confirmed)
        logger.start()
        _strike(trial, plant, logger, dice)
        _wait_for_end(logger)
        if not trial.confirmed:
            asyncio.run(_quiet(plant.database_url))
        plant.stop()
        verdict = asyncio.run(judge(plant.database_url, made))
        if verdict.missing and trial.confirmed:
            verdict.notes.append(f"logs are kept in {plant.folder}")
        else:
            shutil.rmtree(plant.folder, ignore_errors=True)
        return verdict
    finally:
        plant.stop()


def _strike(trial: Trial, plant: Plant, logger: Logger, dice: random.Random) -> None:
    """Let the blows fall when the logger has come as far as drawn (or stands still)."""
    blows = dice.sample(BLOWS, len(BLOWS))
    moments = sorted(dice.uniform(0.02, 0.85) for _ in blows)
    total = trial.packets * 6
    for blow, moment in zip(blows, moments, strict=True):
        _wait_for_progress(logger, int(moment * total))
        time.sleep(dice.uniform(0, 0.5))
        if logger.done:
            return
        if blow == "logger":
            logger.process.kill()
            trial.kills["logger"] += 1
            time.sleep(dice.uniform(0, LONGEST_PAUSE_S))
            logger.start()
            continue
        order = dice.sample(SERVERS, len(SERVERS)) if blow == "all" else [blow]
        for part in order:
            plant.kill(part)
            trial.kills[part] += 1
            time.sleep(dice.uniform(0, 0.2) if blow == "all" else 0)
        time.sleep(dice.uniform(0, LONGEST_PAUSE_S))
        plant.restart(dice.sample(order, len(order)))


def _wait_for_progress(logger: Logger, readings: int) -> None:
    best, since = -1, time.monotonic()
    while not logger.done:
        now = logger.confirmed_readings
        if now >= readings:
            return
        if now > best:
            best, since = now, time.monotonic()
        elif time.monotonic() - since > STALL_S:
            return
        time.sleep(POLL_S)


def _wait_for_end(logger: Logger) -> None:
    deadline = time.monotonic() + ROUND_TIMEOUT_S
    while not logger.done:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not delivered after {ROUND_TIMEOUT_S} s: {logger.confirmed_readings} readings")
        time.sleep(POLL_S)


async def _quiet(database_url: str) -> None:
    """Wait until nothing more arrives: a logger that does not wait for `ack` is done before the database is."""
    connection = await asyncpg.connect(database_url)
    last, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_S:
        count = await connection.fetchval("SELECT coalesce(sum(messages), 0) FROM ledger")
        if count != last:
            last, since = count, time.monotonic()
        await asyncio.sleep(0.3)
    await connection.close()


def summary(trial: Trial, verdicts: list[Verdict], seconds: float) -> dict[str, object]:
    """The JSON object of the last line."""
    missing = sum(verdict.missing for verdict in verdicts)
    return {
        "rounds": len(verdicts), "missing": missing, "twice": sum(verdict.twice for verdict in verdicts),
        "strange": sum(verdict.strange for verdict in verdicts),
        "readings": sum(verdict.expected for verdict in verdicts),
        "duplicates": sum(verdict.duplicates for verdict in verdicts),
        "ledger_balanced": all(verdict.ledger_balanced for verdict in verdicts),
        "chain_ok": all(verdict.chain_ok for verdict in verdicts),
        "intervals_ok": all(verdict.intervals_ok for verdict in verdicts),
        "journal_ok": all(verdict.journal_ok for verdict in verdicts),
        "lost_although_acknowledged": missing, "rounds_with_loss": sum(verdict.missing > 0 for verdict in verdicts),
        "kills": trial.kills, "mode": "confirmed" if trial.confirmed else "unconfirmed",
        "persistence": trial.persistence, "subscription": "shared" if trial.shared else "plain", "database": trial.server.kind,
        "seconds": round(seconds, 1), "seconds_a_round": round(seconds / max(1, len(verdicts)), 1),
    }  # fmt: skip


def play(trial: Trial, *, rounds: int, seed: int, log: Path | None = None) -> list[Verdict]:
    """Play rounds, one line of JSON each on stderr (and in `log`)."""
    verdicts: list[Verdict] = []
    for number in range(rounds):
        began = time.monotonic()
        verdict = play_round(trial, number, seed)
        verdicts.append(verdict)
        line = json.dumps({"round": number, "seconds": round(time.monotonic() - began, 1)} | asdict(verdict))
        print(line, file=sys.stderr, flush=True)
        if log is not None:
            with log.open("a") as file:
                file.write(line + "\n")
    return verdicts


def main() -> int:
    """Play; exit 1 when a confirmed reading is missing, anything is there twice, or books do not agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--packets", type=int, default=50_000)
    parser.add_argument("--parts", choices=("timescale", "embedded"), default="timescale")
    parser.add_argument("--mode", choices=("confirmed", "unconfirmed"), default="confirmed")
    parser.add_argument("--persistence", choices=sorted(PERSISTENCE), default="autosave5")
    parser.add_argument("--subscription", choices=("shared", "plain"), default="shared", help="of ingest")
    parser.add_argument("--seed", type=int, default=None, help="default: random, and printed")
    parser.add_argument("--log", type=Path, default=None, help="append each round's verdict here")
    chosen = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    server = make_database(chosen.parts)
    trial = Trial(
        server, chosen.packets, chosen.mode == "confirmed", chosen.persistence, chosen.subscription == "shared"
    )
    began = time.monotonic()
    try:
        verdicts = play(trial, rounds=chosen.rounds, seed=seed, log=chosen.log)
    finally:
        server.remove()
    result = summary(trial, verdicts, time.monotonic() - began) | {"seed": seed}
    if not trial.confirmed:
        print(
            "| persistence | subscription | rounds | readings sent | lost although acknowledged | rounds with loss | s a round |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- |")
        print(
            f"| {trial.persistence} | {result['subscription']} | {result['rounds']} | {result['readings']} | {result['missing']} "
            f"| {result['rounds_with_loss']} | {result['seconds_a_round']} |"
        )
    print(json.dumps(result), flush=True)
    good = all(verdict.books_ok and not verdict.twice for verdict in verdicts)
    return 0 if good and (not result["missing"] or not trial.confirmed) else 1


if __name__ == "__main__":
    sys.exit(main())
