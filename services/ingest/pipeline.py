"""From an inbox to COMMIT to PUBACK. A batch is whatever arrived while the last transaction committed.

A worker runs a few pipelines at once, each with a connection, a lane and devices of its own: while one waits for the
database the other decodes, and each batch meets fewer intervals.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

import structlog

from services.ingest import metrics
from services.ingest.inbox import Delivery, Inbox
from services.ingest.subscriber import Subscriber
from services.observability import Health
from services.settings import Settings
from services.storage.intake import Incoming, Intake, Outcome
from services.storage.intake.batch import Limits
from services.storage.intake.connection import StorageUnavailableError
from services.storage.intake.message import ack_of
from uskat.wire.ack import encode_ack
from uskat.wire.topic import MessageKind, topic_of

log = structlog.get_logger(__name__)

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 5.0


class Pipeline:
    """Owns the intake; opens it anew when the database comes back, and holds its batch until then."""

    def __init__(
        self, settings: Settings, inbox: Inbox, subscriber: Subscriber, health: Health, *, waiting: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._waiting = waiting
        self._subscriber = subscriber
        self._health = health
        self._intake: Intake | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish what is in the inbox, then return from `run`."""
        self._stopping.set()
        self._inbox.wake()

    async def run(self) -> None:
        """Store until stopped and the inbox is empty; without the database it gives up once asked to stop."""
        while not (self._stopping.is_set() and not len(self._inbox)):
            batch = await self._inbox.take(max_readings=self._settings.ingest_batch_readings)
            self._subscriber.resume()
            self._health.beat()
            if not batch:
                if self._stopping.is_set():
                    break
                continue
            outcomes = await self._store(batch)
            if outcomes is None:
                break
            self._subscriber.acknowledge(batch)
            self._confirm(batch, outcomes)
            metrics.count_batch(batch, outcomes, waiting=self._waiting())
        if self._intake is not None:
            await self._intake.close()

    async def _store(self, batch: list[Delivery]) -> list[Outcome] | None:
        messages = [delivery.incoming for delivery in batch]
        backoff = FIRST_BACKOFF_S
        while True:
            started = time.perf_counter()
            try:
                if self._intake is None:
                    self._intake = await self._open()
                outcomes = await self._intake.store(messages)
            except StorageUnavailableError as error:
                if self._intake is not None or backoff == FIRST_BACKOFF_S:
                    log.warning("database away", why=str(error), holding=len(messages))
                self._intake = None
                self._health.set_not_ready("database away")
                metrics.STORAGE_UP.set(0)
            else:
                metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
                return outcomes
            if await self._stopped_within(backoff):
                return None
            self._health.beat()
            backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    async def _open(self) -> Intake:
        limits = Limits(
            payload_bytes=self._settings.ingest_payload_limit,
            future_tolerance_us=int(self._settings.clock_future_tolerance_s * 1e6),
            oldest_us=self._settings.clock_oldest_us,
        )
        intake = await Intake.open(
            self._settings.database_url.get_secret_value(),
            worker=self._settings.ingest_worker,
            limits=limits,
            defers_intervals=True,
        )
        log.info("database open", lane=intake.lane)
        if self._subscriber.connected:
            self._health.set_ready()
        metrics.STORAGE_UP.set(1)
        return intake

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), timeout=seconds)
        except TimeoutError:
            return False
        return True

    def _confirm(self, batch: list[Delivery], outcomes: list[Outcome]) -> None:
        """Tell each device what was stored (the `ack` topic)."""
        by_device: dict[str, list[tuple[Incoming, Outcome]]] = defaultdict(list)
        for delivery, outcome in zip(batch, outcomes, strict=True):
            if outcome.device is not None and outcome.device_id is not None:
                by_device[outcome.device].append((delivery.incoming, outcome))
        self._subscriber.publish(
            [(topic_of(device, MessageKind.ACK), encode_ack(ack_of(pairs))) for device, pairs in by_device.items()]
        )
