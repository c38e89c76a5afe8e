"""The application behind a real socket: what in-process clients cannot show (streams, restarts)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Base address of the running application; it is gone afterwards."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


class Stream:
    """Reads server-sent events one by one."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self, *, timeout_s: float = 20) -> tuple[str, str | None, Any]:
        """Name, id and data of the next event; comments are passed over."""
        return await asyncio.wait_for(self._next(), timeout_s)

    async def next_named(self, name: str, *, timeout_s: float = 20) -> tuple[str | None, Any]:
        async with asyncio.timeout(timeout_s):
            while True:
                found, identifier, data = await self._next()
                if found == name:
                    return identifier, data

    async def _next(self) -> tuple[str, str | None, Any]:
        name, identifier, data = "message", None, ""
        async for line in self._lines:
            if not line:
                if data:
                    return name, identifier, json.loads(data)
                continue
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "id":
                identifier = value
            elif key == "data":
                data += value
        raise EOFError("the stream ended")


@contextlib.asynccontextmanager
async def event_stream(base: str, **headers: str) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(base_url=base, timeout=30) as client,
        client.stream("GET", "/api/v1/events", headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield Stream(response)
