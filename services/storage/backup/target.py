"""A database that a backup is restored into: empty, of the right edition, with the roles it names."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.storage.caller import ROLE
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
_ROLES = text(
    """SELECT wanted, NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted),
        format('CREATE ROLE %I NOLOGIN', wanted), format('GRANT %I TO %I', wanted, current_user)
    FROM unnest(CAST(:roles AS text[])) AS r(wanted)
    WHERE NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = wanted AND pg_has_role(current_user, p.oid, 'MEMBER'))"""
)
# What 0014_isolation grants on tables to come; a dump names the owner of the old server, who need not be on this one.
_DEFAULTS = (
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLE}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {ROLE}",
)


INSUFFICIENT_PRIVILEGE = "42501"


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
        await _make_roles(connection, roles)
        major = int(await connection.scalar(_MAJOR) or 0)
        if timescale is not None:
            await connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS timescaledb VERSION '{timescale}'"))
    if timescale is not None:  # in a session of its own: the library is loaded when a session begins
        await engine.dispose()
        async with unit_of_work(engine) as connection:
            await connection.execute(text("SELECT timescaledb_pre_restore()"))
    return major


async def _make_roles(connection: AsyncConnection, roles: Sequence[str]) -> None:
    for role, missing, create, grant in (await connection.execute(_ROLES, {"roles": list(roles)})).all():
        wanted = [create, grant] if missing else [grant]
        try:
            for statement in wanted:
                await connection.execute(text(statement))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
                raise
            raise NotATarget(
                f"the backup needs the role {role}, and you may not make it: have the server's administrator run"
                f" {'; '.join(wanted)};"
            ) from error


async def finish(engine: AsyncEngine, *, timescale: str | None, roles: Sequence[str]) -> None:
    """What is due after the rows are there; roles: those that the backup names."""
    await engine.dispose()
    if timescale is not None:
        async with unit_of_work(engine) as connection:
            await connection.execute(text("SELECT timescaledb_post_restore()"))
    async with unit_of_work(engine) as connection:
        for statement in _DEFAULTS if ROLE in roles else ():
            await connection.execute(text(statement))
        await connection.execute(text("ANALYZE"))
