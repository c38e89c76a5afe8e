"""The asyncpg connection as the hot write path types it, and the one error that says that it is lost."""

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class StorageUnavailableError(RuntimeError):
    """The database cannot be reached now; nothing of the batch was confirmed. Open anew and store again."""


LOST = (
    StorageUnavailableError,
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""What ends the use of a connection."""
