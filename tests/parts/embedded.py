"""The embedded PostgreSQL in a temporary folder, for tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from services.parts.embedded import EmbeddedPostgres


class TemporaryEmbeddedPostgres(EmbeddedPostgres):
    """The embedded PostgreSQL in a folder of its own; `remove` takes everything away."""

    def __init__(self, port: int | None = None, *, settings: Mapping[str, str] | None = None) -> None:
        """Describe a new empty server."""
        self._parent = Path(tempfile.mkdtemp(prefix="uskat-postgres-"))
        self._parent.chmod(0o755)
        super().__init__(self._parent / "data", port, settings=settings, sync_initdb=False)

    def remove(self) -> None:
        """Stop at once and delete the data."""
        self.stop(timeout_s=5)
        shutil.rmtree(self._parent, ignore_errors=True)
