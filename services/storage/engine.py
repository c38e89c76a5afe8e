"""Engines and addresses. A plain libpq URL goes in; drivers are our own affair."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

APPLICATION = "uskat"


def sqlalchemy_url(database_url: str) -> str:
    """The same address for SQLAlchemy over asyncpg (password kept)."""
    return make_url(database_url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def libpq_url(database_url: str) -> str:
    """The same address for asyncpg itself."""
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def make_engine(
    database_url: str, *, pool_size: int = 8, application: str = APPLICATION, statement_timeout_s: float = 0
) -> AsyncEngine:
    """Pooled engine; connections are checked before use, so a restarted server is met with a fresh one.

    statement_timeout_s: longest run of one statement, 0 for no limit.
    """
    return create_async_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # what a person told us must not get into a log by way of an error
        connect_args={
            "server_settings": {
                "application_name": application,
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(round(statement_timeout_s * 1000)),
            }
        },
    )


@asynccontextmanager
async def unit_of_work(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction: committed at the end, rolled back by an exception."""
    async with engine.begin() as connection:
        yield connection


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection for queries only: nothing is committed."""
    async with engine.connect() as connection:
        yield connection
