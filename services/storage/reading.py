"""Pooled access for questions: a pool without transactions, patience with a restarted server, one error for "away".

DatabaseAway
    the server cannot be reached, is starting, is shutting down, or has no free connection for us; or it has undone a
    change TRIES times because of others' locks
QueryTooLong
    the statement ran into the time limit of the reading pool
"""

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg
import msgspec
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from services.storage.engine import sqlalchemy_url

STATEMENT_TIMEOUT_MS = 20_000
CONNECT_TIMEOUT_S = 3.0
POOL_TIMEOUT_S = 5.0
AWAY_STATES = ("08", "57P", "53")  # connection exception, operator intervention, insufficient resources
CANCELLED_STATE = "57014"
UNDONE_STATES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
TRIES = 4
"""Of a change that the database undid in favour of another: locks of people and detectors can cross."""
LOST = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[AsyncConnection, P], Awaitable[T]]


class DatabaseAway(Exception):
    """The database does not answer now; the same request may succeed in a moment."""


class _ConnectionLost(DatabaseAway):
    """This connection is dead, and its neighbours in the pool probably too."""


class _Undone(DatabaseAway):
    """The database has undone the transaction in favour of another that holds what it needs."""


class QueryTooLong(Exception):
    """The database gave up on a question that takes too long."""


def make_reading_engine(database_url: str, *, pool_size: int = 8, application: str = "uskat-api") -> AsyncEngine:
    """Pool for queries only: every statement is its own snapshot, none runs longer than STATEMENT_TIMEOUT_MS.

    Without `pool_pre_ping`: `Database` meets a stale connection by asking once more, which costs the usual
    request nothing.
    """
    return create_async_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # what a person told us must not get into a log by way of an error
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "server_settings": {
                "application_name": application,
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            },
        },
    )


class Database:
    """Runs named queries of this room on pooled connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def ask(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """Result of `query(connection, *args, **kwargs)`; asked twice when the connection turns out to be dead.

        Raises DatabaseAway, QueryTooLong.
        """
        try:
            return await self._once(query, *args, **kwargs)
        except _ConnectionLost:
            await self.engine.dispose()
            return await self._once(query, *args, **kwargs)

    async def _once(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            async with self.engine.connect() as connection:
                return await query(connection, *args, **kwargs)
        except DBAPIError as error:
            raise translated(error) from error
        except (TimeoutError, PoolTimeoutError, OSError) as error:
            raise DatabaseAway(type(error).__name__) from error

    async def change(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """Result of `query` inside one transaction, committed at its end.

        Asked again only where the database itself has undone everything (UNDONE_STATES): nothing happens twice. Raises
        DatabaseAway, QueryTooLong; whatever the query itself raises rolls the transaction back.
        """
        for _ in range(TRIES - 1):
            try:
                return await self._changed(query, *args, **kwargs)
            except _Undone:
                continue
        return await self._changed(query, *args, **kwargs)

    async def _changed(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        writing = self.engine.execution_options(isolation_level="READ COMMITTED")
        try:
            async with writing.begin() as connection:
                return await query(connection, *args, **kwargs)
        except DBAPIError as error:
            raise translated(error) from error
        except (PoolTimeoutError, OSError, TimeoutError) as error:
            raise DatabaseAway(type(error).__name__) from error

    def pool_figures(self) -> tuple[int, int]:
        """Connections in use and the size of the pool."""
        pool = self.engine.pool
        if not isinstance(pool, AsyncAdaptedQueuePool):
            return 0, 0
        return pool.checkedout(), pool.size()

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


def translated(error: DBAPIError) -> Exception:
    """What a driver's error means to a caller; an error that is our own mistake comes back as it is."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == CANCELLED_STATE:
        return QueryTooLong(str(error.orig)[:200])
    if state in UNDONE_STATES:
        return _Undone(type(error.orig).__name__)
    if error.connection_invalidated or state.startswith(AWAY_STATES):
        return _ConnectionLost(type(error.orig).__name__)
    if isinstance(error, (InterfaceError, OperationalError)) and not state:
        return DatabaseAway(type(error.orig).__name__)
    return error


async def fetch(connection: AsyncConnection, query: str, *arguments: Any) -> list[Any]:
    """Rows of a hot query ($1, $2 …) straight from the driver: half the time of the general way for 1 000 rows.

    Raises DatabaseAway, QueryTooLong.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    try:
        return list(await driver.fetch(query, *arguments))  # type: ignore[union-attr]
    except asyncpg.QueryCanceledError as error:
        raise QueryTooLong(str(error)[:200]) from error
    except LOST as error:
        await connection.invalidate()
        raise _ConnectionLost(type(error).__name__) from error


def row_values(row: Any) -> tuple[Any, ...]:
    """A row as a plain tuple."""
    return tuple(row)


def json_value(value: Any) -> Any:
    """Content of a json column: SQLAlchemy 2.1 hands it over decoded, 2.0 as text."""
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value
