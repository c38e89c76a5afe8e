"""A database that a backup is restored into: empty, of the right edition, with the roles it names."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.storage.engine import unit_of_work

_FILLED = text(
    """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm')
    AND NOT EXISTS
        (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname LIMIT 1"""
)
_MAJOR = text("SELECT current_setting('server_version_num')::int / 10000")
_VERSIONS = text("SELECT version FROM pg_available_extension_versions WHERE name = 'timescaledb'")
_MAKE_ROLE = text(
    """SELECT format('CREATE ROLE %I NOLOGIN; GRANT %I TO CURRENT_USER', wanted, wanted)
    FROM unnest(CAST(:roles AS text[])) AS r(wanted)
    WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted)"""
)


class NotATarget(Exception):
    """A database that this backup must not or cannot be restored into; the message says why."""


async def prepare(engine: AsyncEngine, *, timescale: str | None, roles: Sequence[str]) -> int:
    """Make an empty database ready and return the major version of its server. Raises NotATarget."""
    async with unit_of_work(engine) as connection:
        filled = await connection.scalar(_FILLED)
        if filled is not None:
            raise NotATarget(f"the database is not empty: it has {filled}")
        available = list((await connection.execute(_VERSIONS)).scalars())
        if timescale is not None and timescale not in available:
            has = f"has TimescaleDB {', '.join(sorted(available))}" if available else "has no TimescaleDB"
            raise NotATarget(f"the backup is of TimescaleDB {timescale}, the server {has}")
        for statement in list((await connection.execute(_MAKE_ROLE, {"roles": list(roles)})).scalars()):
            for part in statement.split("; "):
                await connection.execute(text(part))
        major = int(await connection.scalar(_MAJOR) or 0)
        if timescale is not None:
            await connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS timescaledb VERSION '{timescale}'"))
    if timescale is not None:  # in a session of its own: the library is loaded when a session begins
        await engine.dispose()
        async with unit_of_work(engine) as connection:
            await connection.execute(text("SELECT timescaledb_pre_restore()"))
    return major


async def finish(engine: AsyncEngine, *, timescale: str | None) -> None:
    """What is due after the rows are there."""
    await engine.dispose()
    if timescale is not None:
        async with unit_of_work(engine) as connection:
            await connection.execute(text("SELECT timescaledb_post_restore()"))
    async with unit_of_work(engine) as connection:
        await connection.execute(text("ANALYZE"))
