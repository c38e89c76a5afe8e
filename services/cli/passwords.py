"""`uskat admin follow-passwords`: the broker's password file follows the registry, and the broker is told."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

LOOK_AGAIN_S = 60.0
RELOAD_TIMEOUT_S = 30.0
SERVICES = re.compile(r"^(?:ingest|health):", re.MULTILINE)


def merged(existing: str, devices: str) -> str:
    """The broker's file: lines of the services as they are there, then the devices of the registry.

    Raises ValueError for a device with the name of a service: it would take the service's rights.
    """
    if SERVICES.search(devices):
        raise ValueError("a device may not be called ingest or health")
    kept = [line for line in existing.splitlines() if SERVICES.match(line)]
    return "".join(f"{line}\n" for line in [*kept, *devices.splitlines()])


def follow_passwords(
    file: Annotated[Path, typer.Argument(help="Mosquitto's password file; lines of its services are kept")],
    tell: Annotated[str, typer.Option(help="Command that makes the broker read it, e.g. 'systemctl reload mosquitto'")],
) -> None:
    """Keep the password file as the registry has it, within seconds of each change, until stopped."""
    from services.observability import configure_logging
    from services.settings import Settings

    settings = Settings()
    configure_logging(settings, process="follow-passwords")
    asyncio.run(_follow(settings.database_url.get_secret_value(), file, lambda: _tell(tell)))


def _tell(command: str) -> None:
    subprocess.run(shlex.split(command), check=True, timeout=RELOAD_TIMEOUT_S)


async def _follow(database_url: str, file: Path, tell: Callable[[], None]) -> None:
    """Write at the start, at every notification, and once a minute in case one was missed."""
    from services.storage.device_credential_store import CHANNEL
    from services.storage.notifications import listen

    changed, follower = asyncio.Event(), Follower(database_url, file, tell)
    listening = asyncio.create_task(
        listen(database_url, [CHANNEL], heard=lambda *_: changed.set(), connected=changed.set)
    )
    try:
        while True:
            changed.clear()
            await follower.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LOOK_AGAIN_S)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


class Follower:
    """What the broker was last told; what fails is tried again with the next look."""

    def __init__(self, database_url: str, file: Path, tell: Callable[[], None]) -> None:
        self._database_url = database_url
        self._file = file
        self._tell = tell
        self._told: str | None = None

    async def look(self) -> None:
        """Write the file where it differs from the registry, and tell the broker where it was not told yet."""
        import structlog

        from services.storage.reading import Database, DatabaseAway, make_reading_engine
        from services.storage.registry import password_file

        log = structlog.get_logger(__name__)
        database = Database(make_reading_engine(self._database_url, pool_size=1, application="uskat-passwords"))
        try:
            await self._bring(await database.ask(password_file))
        except DatabaseAway:
            log.warning("passwords.database_away")
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            log.exception("passwords.failed", reason=type(error).__name__)
        finally:
            await database.close()

    async def _bring(self, devices: str) -> None:
        existing = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        text = merged(existing, devices)
        if text != existing:
            self._file.touch(mode=0o600)
            # In place, not renamed over: a file mounted into the broker's container is this very file.
            self._file.write_text(text, encoding="utf-8")
        if text != self._told:
            await asyncio.to_thread(self._tell)
            self._told = text
