"""Increments of intervals that are committed with their readings and not yet folded into `interval_20min`.

A small batch touches many intervals once each, and updating those would be half of its cost; kept as one row, they are
added together later, each interval once for many batches. Nothing is lost or counted twice: a row is deleted in the
transaction that folds it in. Whoever judges intervals folds first (ADR 0010).
"""

import contextlib
from typing import Any

import asyncpg

from services.storage.engine import libpq_url
from services.storage.intake import statements as sql
from services.storage.intake.connection import LOST, Connection, StorageUnavailableError
from services.storage.intake.increment import IntervalRow, merged, rows_of
from services.storage.intake.interval_store import IntervalStore, IntervalVanishedError

ROWS_AT_ONCE = 500
"""Batches folded in one transaction at most: memory and locks stay bounded."""
INTERVALS_AT_ONCE = 400
"""In one statement: between two of them the event loop has time for those who wait for their batch."""
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, IntervalVanishedError)


async def fold_station(connection: Any, station_id: int) -> None:
    """Fold in whatever waits and concerns one station, inside the caller's transaction (SQLAlchemy connection)."""
    driver = (await connection.get_raw_connection()).driver_connection
    taken = await driver.fetch(sql.TAKE_PENDING_OF_STATION, station_id)
    await _add(driver, taken, IntervalStore(driver))


async def fold_and_hold(connection: Any) -> None:
    """Fold in everything and let nobody commit more until the caller's transaction ends (SQLAlchemy connection)."""
    driver = (await connection.get_raw_connection()).driver_connection
    await driver.execute(sql.HOLD_PENDING)
    await _add(driver, await driver.fetch(sql.TAKE_PENDING, None), IntervalStore(driver))


class IntervalFolder:
    """Folds pending increments over a connection of its own; any number may run at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._store = IntervalStore(connection)

    @classmethod
    async def open(cls, database_url: str) -> "IntervalFolder":
        """Connect. Raises StorageUnavailableError."""
        session = {"timezone": "UTC", "jit": "off", "application_name": "uskat interval folder"}
        try:
            return cls(await asyncpg.connect(libpq_url(database_url), server_settings=session))
        except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
            raise StorageUnavailableError(f"cannot open the database: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connection, if it is still there; what is pending stays pending."""
        with contextlib.suppress(*LOST, TimeoutError):
            await self._connection.close(timeout=5)

    async def fold(self) -> int:
        """Fold in what is committed now and nobody else is folding; returns how many batches that were.

        What comes while it folds waits for the next time: taken one by one, batches would cost what they were to save.
        Raises StorageUnavailableError: what is pending stays, and somebody folds it later.
        """
        total = 0
        try:
            taken = ROWS_AT_ONCE
            while taken == ROWS_AT_ONCE:
                taken = await self._fold_some()
                total += taken
        except (*LOST, asyncpg.PostgresError) as error:
            self._connection.terminate()
            raise StorageUnavailableError(f"lost the database: {type(error).__name__}") from error
        return total

    async def _fold_some(self) -> int:
        try:
            async with self._connection.transaction():
                taken = await self._connection.fetch(sql.TAKE_FREE_PENDING, ROWS_AT_ONCE)
                added = await _add(self._connection, taken, self._store)
        except RETRIED:
            self._store.forget()
            return 0
        self._store.committed(added)
        return len(taken)


async def _add(connection: Connection, taken: list[Any], store: IntervalStore) -> list[IntervalRow]:
    if not taken:
        return []
    rows: list[IntervalRow] = []
    increments = merged([row["increments"] for row in taken])
    for first in range(0, len(increments), INTERVALS_AT_ONCE):
        part = rows_of(increments[first : first + INTERVALS_AT_ONCE])
        await store.add(part)
        rows += part
    await connection.execute(sql.DROP_PENDING, [row["id"] for row in taken])
    return rows
