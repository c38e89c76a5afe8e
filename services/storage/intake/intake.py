"""The facade: lease a lane, keep the registry at hand, store batches; reconnecting is the caller's decision."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import structlog

from services.storage.engine import libpq_url
from services.storage.intake.batch import Batch, Decoder, Limits
from services.storage.intake.connection import LOST as CONNECTION_LOST
from services.storage.intake.connection import Connection, StorageUnavailableError
from services.storage.intake.directory import Directory, load_directory
from services.storage.intake.identity import LANES, Link
from services.storage.intake.interval_store import IntervalVanishedError
from services.storage.intake.message import Incoming, Outcome
from services.storage.intake.writer import FencedError, Writer
from uskat.wire.errors import RejectReason

log = structlog.get_logger(__name__)

LANE_LOCKS = 0x75736B
"""First key of the advisory locks that make a lane exclusive; the second key is the lane."""
SESSION = {"timezone": "UTC", "jit": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Batches are joined with large tables by key: never by reading the table, whatever its statistics say."""
REFRESH_AFTER_S = 30.0
UNKNOWN_REFRESH_AFTER_S = 1.0
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, IntervalVanishedError)
MAX_TRIES = 5
LOST = (*CONNECTION_LOST, FencedError)


class Intake:
    """One exclusive writer. Not for concurrent use: one `store` at a time."""

    def __init__(
        self, connection: Connection, writer: Writer, directory: Directory, limits: Limits,
        clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._connection = connection
        self._writer = writer
        self._directory = directory
        self._limits = limits
        self._clock = clock
        self._decoder = Decoder(directory, limits)
        self._loaded_at = time.monotonic()

    @classmethod
    async def open(
        cls, database_url: str, *, worker: str, limits: Limits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), defers_intervals: bool = False,
    ) -> "Intake":  # fmt: skip
        """Connect, lease a free lane and load the registry. Raises StorageUnavailableError.

        defers_intervals: see Writer; for many small batches a second.
        """
        try:
            connection = await asyncpg.connect(
                libpq_url(database_url),
                server_settings={"application_name": f"uskat intake {worker}", **SESSION},
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise StorageUnavailableError(f"cannot open the database: {type(error).__name__}") from error
        try:
            lane, last_raw_id = await _lease_lane(connection, worker)
            rows = await connection.fetch("SELECT device_id, chain_seq, hash FROM chain_head WHERE lane = $1", lane)
            heads = {row["device_id"]: Link(row["chain_seq"], row["hash"]) for row in rows}
            directory = await load_directory(connection)
        except BaseException as error:
            connection.terminate()
            if isinstance(error, LOST) and not isinstance(error, StorageUnavailableError):
                raise StorageUnavailableError(f"lost the database: {type(error).__name__}") from error
            raise
        writer = Writer(connection, lane, last_raw_id, heads, defers_intervals=defers_intervals)
        return cls(connection, writer, directory, limits or Limits(), clock)

    @property
    def lane(self) -> int:
        """The lane this writer holds."""
        return self._writer.lane

    async def close(self) -> None:
        """Give the lane back."""
        if not self._connection.is_closed():
            await self._connection.close(timeout=5)

    async def store(self, messages: list[Incoming]) -> list[Outcome]:
        """Decode and store messages in one transaction; outcomes are in the order of the messages.

        Bad input is refused in its outcome. Raises StorageUnavailableError when the database is lost: the caller
        keeps the messages and stores them again through a new Intake (what had been committed becomes a duplicate).
        """
        if not messages:
            return []
        try:
            await self._refresh(after_s=REFRESH_AFTER_S)
            return await self._store(messages)
        except LOST as error:
            self._connection.terminate()
            raise StorageUnavailableError(f"lost the database: {type(error).__name__}") from error

    async def _store(self, messages: list[Incoming]) -> list[Outcome]:
        """Store a batch; one message that the database cannot take is found by halving and kept as refused."""
        try:
            batch = self._decoder.decode(messages)
            if _unknown(batch.outcomes) and await self._refresh(after_s=UNKNOWN_REFRESH_AFTER_S):
                batch = self._decoder.decode(messages)
            await self._write(batch)
        except LOST:
            raise
        except Exception as error:  # a poison message must not stop the stream, whatever it is
            if len(messages) > 1:
                middle = len(messages) // 2
                return await self._store(messages[:middle]) + await self._store(messages[middle:])
            log.exception("message cannot be stored", topic=messages[0].topic[:100], bytes=len(messages[0].payload))
            batch = self._decoder.refuse_whole(messages[0], RejectReason.UNSTORABLE, type(error).__name__)
            await self._write(batch)
        return batch.outcomes

    async def _write(self, batch: Batch) -> None:
        for attempt in range(MAX_TRIES):
            try:
                await self._writer.write(batch, self._directory, self._clock())
            except RETRIED:
                if attempt == MAX_TRIES - 1:
                    raise StorageUnavailableError("deadlocked too often") from None
            else:
                return

    async def _refresh(self, *, after_s: float) -> bool:
        """Read the registry anew when the snapshot is older than `after_s`; True when it was."""
        if time.monotonic() - self._loaded_at < after_s:
            return False
        self._directory = await load_directory(self._connection)
        self._decoder = Decoder(self._directory, self._limits)
        self._loaded_at = time.monotonic()
        return True


def _unknown(outcomes: list[Outcome]) -> bool:
    wanted = {RejectReason.UNKNOWN_DEVICE, RejectReason.UNKNOWN_PARAMETER}
    return any(refusal.reason in wanted for outcome in outcomes for refusal in outcome.refusals)


async def _lease_lane(connection: Connection, worker: str) -> tuple[int, int]:
    """Lowest free lane, held by a session lock: it is free again the moment this connection ends."""
    for lane in range(LANES):
        if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", LANE_LOCKS, lane):
            last = await connection.fetchval(
                "INSERT INTO ingest_lane (lane, worker) VALUES ($1, $2) ON CONFLICT (lane) DO UPDATE"
                " SET worker = excluded.worker, leased_at = now() RETURNING coalesce(last_raw_id, 0)",
                lane,
                worker,
            )
            return lane, int(last)
    raise StorageUnavailableError(f"all {LANES} lanes are taken")
