"""The API in the test's own process, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from asgi_lifespan import LifespanManager

from services.api.main import create_app
from services.parts.postgres import PostgresServer
from tests.conftest import copied_database, filled_template
from tests.integration.test_api.world import Clock, Filled, World, fill, settings_for
from tests.parts.embedded import TemporaryEmbeddedPostgres


def copied_world(server: PostgresServer) -> Iterator[Filled]:
    """Yield a copy of the known world, which is filled once for each server: filling takes seconds, a copy does not."""
    template, (tokens, series, sent) = filled_template(server, "world", lambda url: asyncio.run(fill(url, Clock())))
    for url in copied_database(server, template):
        yield Filled(url, dict(tokens), series, sent)  # a test may add tokens to its own


@pytest.fixture
def filled(postgres_server: PostgresServer) -> Iterator[Filled]:
    """The known world in a fresh database, on TimescaleDB and on plain PostgreSQL."""
    yield from copied_world(postgres_server)


@pytest.fixture
def embedded_filled(embedded_server: TemporaryEmbeddedPostgres) -> Iterator[Filled]:
    """The known world in a fresh database on plain PostgreSQL only."""
    yield from copied_world(embedded_server)


@pytest.fixture
async def world(filled: Filled) -> AsyncIterator[World]:
    clock = Clock()
    app = create_app(settings_for(filled.url), now=clock)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
            yield filled.world(clock, app, client)
