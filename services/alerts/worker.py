"""Workers: find stations with work, claim one at a time, evaluate it in the transaction of its claim."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from services.alerts import metrics
from services.alerts.detection import Detector
from services.alerts.detectors import REGISTRY
from services.alerts.evaluation import Outcome, StationEvaluation
from services.observability import Health
from services.storage.detector_reading import StationFacts, station_facts
from services.storage.engine import unit_of_work
from services.storage.intake.pending import fold_station
from services.storage.journal import (
    Claim,
    add_missing_work,
    claim_station,
    finish_station,
    journal_backlog,
    urgent_stations,
    waiting_stations,
)
from services.storage.network_hub import DECLARED, NETWORK

SWEEP_STATIONS = 500
FACTS_KEPT_S = 10.0
HOUSEKEEPING_S = 60.0
BACKLOG_EVERY_S = 1.0
POLL_S = 1.0
LEAST_PAUSE_S = 0.05
"""Between looks that found nothing to do: the journal may call many times a second."""
PAUSE_AFTER_ERROR_S = 2.0
UNPACED = frozenset({"seismic", NETWORK, DECLARED})
"""Records of blasts are few, and their verdict is waited for."""

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _KeptFacts:
    facts: StationFacts | None
    until: float


class Evaluator:
    """Evaluates waiting stations over one pool of connections; any number may run on one database."""

    def __init__(
        self,
        engine: Any,
        *,
        registry: Sequence[Detector] = REGISTRY,
        clock: Callable[[], datetime] = utc_now,
        concurrency: int = 1,
        facts_kept_s: float = FACTS_KEPT_S,
        pace_s: float = 0.0,
    ) -> None:
        """engine: of `services.storage.engine.make_engine`. concurrency: stations evaluated at the same time.

        pace_s: one station is not evaluated more often than this, so that under a flood of small commits the work is
        bounded and what waits is evaluated together.
        """
        self._engine = engine
        self._registry = registry
        self._clock = clock
        self._concurrency = concurrency
        self._facts_kept_s = facts_kept_s
        self._pace_s = pace_s
        self._facts: dict[int, _KeptFacts] = {}
        self._pauses: dict[int, float] = {}
        self._paced: dict[int, float] = {}
        self._free = asyncio.Event()
        self._free.set()

    async def sweep(self) -> int:
        """One pass over the stations that wait now and are not paused; returns how many were evaluated."""
        async with unit_of_work(self._engine) as connection:
            waiting = await waiting_stations(connection, now=self._clock(), limit=SWEEP_STATIONS)
        now = time.monotonic()
        queue = [
            station for station in waiting if max(self._pauses.get(station, 0.0), self._paced.get(station, 0.0)) <= now
        ]
        random.shuffle(queue)  # several workers see the same list; they should not meet at its head
        done = await asyncio.gather(*(self._work_off(queue) for _ in range(self._concurrency)))
        return sum(done)

    async def urgent(self) -> int:
        """One pass over what people wait for, beside the sweeps, which stand still meanwhile; the pace does not hold.

        Returns how many stations were evaluated.
        """
        async with unit_of_work(self._engine) as connection:
            waiting = await urgent_stations(connection)
        now = time.monotonic()
        self._free.clear()
        queue = [station for station in waiting if self._pauses.get(station, 0.0) <= now]
        try:
            done = await asyncio.gather(*(self._work_off_urgent(queue) for _ in range(self._concurrency)))
        finally:
            self._free.set()
        return sum(done)

    async def evaluate_waiting(self) -> int:
        """Sweep until nothing waits; returns the number of evaluations."""
        total = 0
        while done := await self.sweep():
            total += done
        return total

    async def housekeep(self) -> None:
        """Work rows for new stations."""
        async with unit_of_work(self._engine) as connection:
            await add_missing_work(connection)

    async def measure_backlog(self) -> None:
        """Put the length and age of the journal into the metrics."""
        async with unit_of_work(self._engine) as connection:
            rows, oldest = await journal_backlog(connection)
        metrics.JOURNAL_ROWS.set(rows)
        metrics.JOURNAL_AGE.set((self._clock() - oldest).total_seconds() if oldest else 0.0)

    async def _work_off(self, queue: list[int]) -> int:
        done = 0
        while queue:
            await self._free.wait()
            if queue:
                done += await self._try(queue.pop())
        return done

    async def _work_off_urgent(self, queue: list[int]) -> int:
        """A few at once: while the database works for one station, another is judged."""
        done = 0
        while queue:
            done += await self._try(queue.pop())
        return done

    async def _try(self, station_id: int) -> bool:
        try:
            return await self.evaluate(station_id)
        except Exception as error:  # the journal rows are still there; other stations go on
            self._pauses[station_id] = time.monotonic() + PAUSE_AFTER_ERROR_S
            metrics.ERRORS.labels(type(error).__name__).inc()
            log.warning("evaluation.given_up", station=station_id, exc_info=error)
        return False

    async def evaluate(self, station_id: int) -> bool:
        """Claim and evaluate one station in one transaction; False when there was nothing to do or another has it."""
        began = time.perf_counter()
        async with unit_of_work(self._engine) as connection:
            now = self._clock()
            claim = await claim_station(connection, station_id, now=now)
            if claim is None:
                return False
            facts = await self._facts_of(connection, station_id)
            outcome = Outcome(None, ())
            if facts is not None:
                await fold_station(connection, station_id)
                outcome = await StationEvaluation(connection, facts, claim, now, self._registry).run()
            await finish_station(connection, station_id, now=now, due_at=outcome.due_at)
        if self._pace_s and not (claim.spans and all(span.kind in UNPACED for span in claim.spans)):
            self._paced[station_id] = time.monotonic() + self._pace_s
        self._tell(claim, outcome, seconds=time.perf_counter() - began)
        return True

    async def _facts_of(self, connection: Any, station_id: int) -> StationFacts | None:
        kept = self._facts.get(station_id)
        if kept is None or kept.until < time.monotonic():
            kept = _KeptFacts(await station_facts(connection, station_id), time.monotonic() + self._facts_kept_s)
            self._facts[station_id] = kept
        return kept.facts

    def _tell(self, claim: Claim, outcome: Outcome, *, seconds: float) -> None:
        metrics.STATIONS.inc()
        metrics.EVALUATION.observe(seconds)
        committed = min((span.committed_at for span in claim.spans), default=None)
        if committed is not None:
            metrics.LAG.observe(max(0.0, (self._clock() - committed).total_seconds()))
        for event in outcome.events:
            metrics.EVENTS.labels(event.kind, event.event, event.severity).inc()
            log.info(
                "alert.changed",
                change=event.event,
                alert=event.alert_id,
                key=event.key,
                kind=event.kind,
                severity=event.severity,
                station=claim.station_id,
            )


class AlertsWorker:
    """The main loop: evaluates when the journal calls, at least once a second, until told to stop."""

    def __init__(self, evaluator: Evaluator, health: Health) -> None:
        self._evaluator = evaluator
        self._health = health
        self._called = asyncio.Event()
        self._called_urgently = asyncio.Event()

    def call(self) -> None:
        """Wake the loops."""
        self._called.set()
        self._called_urgently.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is being evaluated is finished first. A lost database is waited for."""
        urgent = asyncio.create_task(self._run_urgent(stop))
        try:
            await self._run_sweeps(stop)
        finally:
            self._called_urgently.set()
            await urgent

    async def _run_urgent(self, stop: asyncio.Event) -> None:
        """A sweep over many stations takes a second, and a blast must not wait for its end."""
        while not stop.is_set():
            await self._called_urgently.wait()
            self._called_urgently.clear()
            try:
                while not stop.is_set() and await self._evaluator.urgent():
                    pass
            except Exception as error:  # noqa: BLE001 - the sweeps tell of a lost database and work off what is left
                log.debug("urgent.given_up", error=type(error).__name__)

    async def _run_sweeps(self, stop: asyncio.Event) -> None:
        housekept = measured = float("-inf")
        away = False
        while not stop.is_set():
            self._called.clear()
            self._health.beat()
            try:
                if time.monotonic() - housekept > HOUSEKEEPING_S:
                    await self._evaluator.housekeep()
                    housekept = time.monotonic()
                done = await self._evaluator.sweep()
                if time.monotonic() - measured > BACKLOG_EVERY_S:
                    await self._evaluator.measure_backlog()
                    measured = time.monotonic()
            except Exception as error:  # the loop outlives whatever the database does
                done = 0
                self._health.set_not_ready(f"database: {type(error).__name__}")
                if not away:
                    log.warning("database.lost", exc_info=error)
                away = True
            else:
                if away:
                    log.info("database.back")
                away = False
                self._health.set_ready()
            if not done:
                await self._wait(stop)

    async def _wait(self, stop: asyncio.Event) -> None:
        await asyncio.sleep(LEAST_PAUSE_S)
        waits = [asyncio.ensure_future(self._called.wait()), asyncio.ensure_future(stop.wait())]
        _, pending = await asyncio.wait(waits, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
