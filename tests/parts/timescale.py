"""PostgreSQL 17 with TimescaleDB (Apache-2 edition, from Debian) that a test owns, kills and restarts."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from services.parts.postgres import PostgresServer
from tests.parts.rootfs import timescale_program

TIMESCALE_SETTINGS: Mapping[str, str] = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # The Apache-2 edition has no background jobs; a scheduler per database would only forbid copying a template.
    "timescaledb.max_background_workers": "0",
    # The root file system has no /dev/shm of its own.
    "dynamic_shared_memory_type": "mmap",
}


class TimescaleServer(PostgresServer):
    """TimescaleDB in a data folder of its own; `remove` takes everything away."""

    kind = "timescale"

    def __init__(self, port: int | None = None, *, settings: Mapping[str, str] | None = None) -> None:
        """Describe a new empty server; raises PartNotFound when there is no TimescaleDB for this user."""
        program = timescale_program()
        if program.root is not None:
            self._parent = program.root / "var/lib" / f"uskat-{secrets.token_hex(4)}"
            self._parent.mkdir(mode=0o755)
        else:
            self._parent = Path(tempfile.mkdtemp(prefix="uskat-timescale-"))
        super().__init__(
            program,
            self._parent / "data",
            port,
            log_path=self._parent / "server.log",
            settings={**TIMESCALE_SETTINGS, **(settings or {})},
            sync_initdb=False,
        )

    def remove(self) -> None:
        """Stop at once and delete the data."""
        self.stop(timeout_s=5)
        shutil.rmtree(self._parent, ignore_errors=True)


def sweep_leftovers(older_than_s: float = 3600.0) -> int:
    """Delete data folders that killed test runs left in the root file system; returns how many."""
    program = timescale_program()
    if program.root is None:
        return 0
    swept = 0
    for folder in (program.root / "var/lib").glob("uskat-*"):
        lock = folder / "data" / "postmaster.pid"
        try:
            os.kill(int(lock.read_text().splitlines()[0]), 0)
        except (ProcessLookupError, FileNotFoundError, ValueError, IndexError):
            if time.time() - folder.stat().st_mtime > older_than_s:
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    return swept
