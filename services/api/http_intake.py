"""The way in over HTTP: requests that arrive together are stored together, by one writer per process.

The writer is a task of its own, so that a client that hangs up never interrupts a transaction.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import structlog

from services.api.errors import Overloaded
from services.api.metrics import Metrics
from services.storage.intake import Incoming, Intake, Outcome
from services.storage.intake.batch import Limits
from services.storage.intake.connection import StorageUnavailableError
from services.storage.reading import DatabaseAway

MOST_WAITING_BYTES = 64 * 2**20
BATCH_MESSAGES = 200
FATES = ("received", "stored", "duplicate", "conflict", "rejected")

log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    message: Incoming
    fate: asyncio.Future[Outcome]


class HttpIntake:
    """Bounded queue in front of an Intake that is opened when the first message comes."""

    def __init__(
        self, database_url: str, *, worker: str, limits: Limits, metrics: Metrics, now: Callable[[], datetime]
    ) -> None:
        self._database_url = database_url
        self._worker = worker
        self._limits = limits
        self._metrics = metrics
        self._now = now
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._bytes = 0
        self._intake: Intake | None = None

    async def submit(self, message: Incoming) -> Outcome:
        """Fate of a message after its transaction has been committed.

        Raises Overloaded when too much is waiting, DatabaseAway when nothing can be stored now.
        """
        if self._bytes and self._bytes + len(message.payload) > MOST_WAITING_BYTES:
            raise Overloaded("too much data is waiting to be stored")
        fate: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._bytes += len(message.payload)
        self._queue.put_nowait(_Waiting(message, fate))
        return await fate

    @property
    def waiting(self) -> int:
        """Messages that wait for their transaction."""
        return self._queue.qsize()

    async def run(self) -> None:
        """Store what waits until cancelled; then give the lane back."""
        try:
            while True:
                batch = [await self._queue.get()]
                while len(batch) < BATCH_MESSAGES and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                await self._store(batch)
                self._bytes -= sum(len(item.message.payload) for item in batch)
        finally:
            if self._intake is not None:
                await self._intake.close()

    async def _store(self, batch: list[_Waiting]) -> None:
        started = time.perf_counter()
        try:
            outcomes = await self._stored([item.message for item in batch])
        except StorageUnavailableError as error:
            _fail(batch, DatabaseAway(str(error)))
            return
        except Exception as error:
            log.exception("ingest.failed", messages=len(batch))
            await self._forget()
            _fail(batch, error)
            return
        self._metrics.commit_seconds.observe(time.perf_counter() - started)
        for item, outcome in zip(batch, outcomes, strict=True):
            for name in FATES:
                self._metrics.ingested.labels(name).inc(getattr(outcome, name))
            if not item.fate.done():
                item.fate.set_result(outcome)

    async def _stored(self, messages: list[Incoming]) -> list[Outcome]:
        """Store; once more through a new connection when the old one had died since the last message."""
        if self._intake is not None:
            try:
                return await self._intake.store(messages)
            except StorageUnavailableError:
                self._intake = None
        intake = await Intake.open(self._database_url, worker=self._worker, limits=self._limits, clock=self._now)
        try:
            outcomes = await intake.store(messages)
        except BaseException:
            await intake.close()
            raise
        self._intake = intake
        return outcomes

    async def _forget(self) -> None:
        if self._intake is not None:
            intake, self._intake = self._intake, None
            await intake.close()


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for item in batch:
        if not item.fate.done():
            item.fate.set_exception(error)
