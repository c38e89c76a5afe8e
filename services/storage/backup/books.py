"""Row counts and digests of every table in one snapshot, equal on any server that holds the same rows.

A digest is the sum of the two halves of md5 over rows as text: the order of rows does not matter, and one row more,
less or otherwise changes it. It finds loss and damage, not an attacker who may write the manifest as well.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# Text of a row depends on these; both sides must agree whatever their servers are set to.
_FORM = (
    "SET LOCAL TimeZone = 'UTC'", "SET LOCAL DateStyle = 'ISO, MDY'", "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1", "SET LOCAL bytea_output = 'hex'", "SET LOCAL row_security = off",
)  # fmt: skip
_TABLES = text(
    """SELECT c.relname, format('%I.%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS
        (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname"""
)
_SNAPSHOT = text("SELECT pg_export_snapshot()")
_FACTS = text(
    """SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text,
        (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb')"""
)
_ROLES = text(
    """SELECT DISTINCT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL aclexplode(c.relacl) g JOIN pg_roles r ON r.oid = g.grantee
    WHERE n.nspname = 'public' AND g.grantee <> c.relowner
    UNION SELECT DISTINCT r.rolname FROM pg_policy p CROSS JOIN LATERAL unnest(p.polroles) AS g(oid)
    JOIN pg_roles r ON r.oid = g.oid ORDER BY 1"""
)
_HEAD = text("SELECT version_num FROM alembic_version")


@dataclass(frozen=True, slots=True)
class TableBook:
    """One table: how many rows, and their digest (hex)."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class PointFacts:
    """The point of a backup. snapshot: to hand to pg_dump; wal: position of the log; head: of the migrations.

    timescale: version of the extension, None without it. roles: named by grants and policies, of the whole server.
    """

    snapshot: str
    server_major: int
    server: str
    wal: str
    timescale: str | None
    head: str
    roles: tuple[str, ...]


@asynccontextmanager
async def one_point(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one committed state as long as it is open, and may hand it on."""
    async with engine.connect() as opened:
        connection = await opened.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        for statement in _FORM:
            await connection.execute(text(statement))
        yield connection


async def point_facts(connection: AsyncConnection) -> PointFacts:
    """Export the snapshot of `one_point` and say what the server is. Raises LookupError for a database not migrated."""
    if "alembic_version" not in dict(await _tables(connection)):
        raise LookupError("there is no Uskat in this database: it was never migrated")
    snapshot = str(await connection.scalar(_SNAPSHOT))
    major, server, wal, timescale = (await connection.execute(_FACTS)).one()
    head = str(await connection.scalar(_HEAD))
    roles = tuple((await connection.execute(_ROLES)).scalars())
    return PointFacts(snapshot, major, server, wal, timescale, head, roles)


async def table_books(connection: AsyncConnection) -> dict[str, TableBook]:
    """Books of every table of ours, by name."""
    books = {}
    for name, quoted in await _tables(connection):
        rows, first, second = (
            await connection.execute(
                text(
                    f"""SELECT count(*), coalesce(sum(('x' || left(h, 15))::bit(60)::bigint), 0)::text,
                        coalesce(sum(('x' || right(h, 15))::bit(60)::bigint), 0)::text
                    FROM (SELECT md5(t::text) AS h FROM {quoted} t) hashed"""
                )
            )
        ).one()
        books[name] = TableBook(rows, hashlib.sha256(f"{rows}:{first}:{second}".encode()).hexdigest())
    return books


def differences(wanted: Mapping[str, TableBook], found: Mapping[str, TableBook]) -> list[str]:
    """What a restored database has otherwise, one sentence a table; nothing when it holds the same."""
    told = []
    for name in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(name), found.get(name)
        if before is None or after is None:
            told.append(f"{name}: {'only in the restored database' if before is None else 'is missing'}")
        elif before.rows != after.rows:
            told.append(f"{name}: {after.rows} rows instead of {before.rows}")
        elif before.digest != after.digest:
            told.append(f"{name}: {after.rows} rows, but not the same")
    return told


async def _tables(connection: AsyncConnection) -> list[tuple[str, str]]:
    return [(name, quoted) for name, quoted in await connection.execute(_TABLES)]
