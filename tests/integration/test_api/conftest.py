"""The API in the test's own process, on both databases."""

from collections.abc import AsyncIterator

import httpx
import pytest
from asgi_lifespan import LifespanManager

from services.api.main import create_app
from tests.integration.test_api.world import Clock, World, fill, settings_for


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    clock = Clock()
    tokens, series, sent = await fill(database, clock)
    app = create_app(settings_for(database), now=clock)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://uskat.test") as client:
            yield World(database, clock, app, client, tokens, series, sent)
