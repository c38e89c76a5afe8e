"""A database of its own for every case: an embedded PostgreSQL that forgets, and copies of one prepared template."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from services.parts.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from uskat.water.network import Network

TEMPLATE = "evaluate_template"
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder in memory, used through mkdtemp
MEMORY_NEEDED = 3 * 2**30
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""Nothing of an evaluation must survive a crash."""


@contextmanager
def evaluation_server(network: Network) -> Iterator[EmbeddedPostgres]:
    """A running server with a migrated template that knows the network; everything is deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="uskat-evaluate-", dir=_roomy_folder()))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "data", settings=FORGETFUL, sync_initdb=False)
    try:
        server.start()
        _make_template(server, network)
        yield server
    finally:
        server.stop(timeout_s=10)
        shutil.rmtree(folder, ignore_errors=True)


def _roomy_folder() -> Path | None:
    """Memory when there is plenty of it, else the usual folder for temporary files."""
    if MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_NEEDED:
        return MEMORY_FOLDER
    return None


def _make_template(server: EmbeddedPostgres, network: Network) -> None:
    from services.storage.migrate import upgrade

    url = server.create_database(TEMPLATE)
    upgrade(url)
    asyncio.run(_register(url, network))


async def _register(url: str, network: Network) -> None:
    from services.storage.engine import make_engine, unit_of_work
    from services.storage.registry import load_network

    engine = make_engine(url, pool_size=1, application="uskat-evaluate")
    async with unit_of_work(engine) as connection:
        await load_network(connection, network)
    await engine.dispose()
