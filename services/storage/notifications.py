"""LISTEN: one connection of its own per process, opened again whenever it is lost."""

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
import structlog

from services.storage.engine import libpq_url

RETRY_S = 0.5
RETRY_LONGEST_S = 10.0
PROBE_S = 15.0
CONNECT_TIMEOUT_S = 5.0
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)

log = structlog.get_logger(__name__)


async def listen(
    database_url: str,
    channels: Sequence[str],
    *,
    heard: Callable[[str, str], None],
    connected: Callable[[], None],
    application: str = "uskat listen",
) -> None:
    """Call `heard(channel, payload)` for every notification until cancelled.

    `connected` is called after each (re)connection, when notifications may have been missed: the listener then looks
    for itself. A connection that dies without a word is found by a probe within PROBE_S seconds.
    """
    pause = RETRY_S
    away = False
    while True:
        try:
            connection = await asyncpg.connect(
                libpq_url(database_url),
                timeout=CONNECT_TIMEOUT_S,
                server_settings={"application_name": application},
            )
        except LOST as error:
            if not away:
                log.warning("listen.lost", reason=type(error).__name__)
            away = True
        else:
            try:
                for channel in channels:
                    await connection.add_listener(channel, lambda _c, _pid, name, text: heard(name, text))
                if away:
                    log.info("listen.back")
                away, pause = False, RETRY_S
                connected()
                await _until_lost(connection)
            except LOST as error:
                log.warning("listen.lost", reason=type(error).__name__)
                away = True
            finally:
                connection.terminate()
        await asyncio.sleep(pause)
        pause = min(pause * 2, RETRY_LONGEST_S)


async def _until_lost(connection: asyncpg.Connection) -> None:
    closed = asyncio.Event()
    connection.add_termination_listener(lambda _connection: closed.set())
    while not closed.is_set():
        try:
            await asyncio.wait_for(closed.wait(), PROBE_S)
        except TimeoutError:
            await connection.execute("SELECT 1", timeout=CONNECT_TIMEOUT_S)
    raise ConnectionResetError("the server closed the connection")
