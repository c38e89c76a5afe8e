"""`uskat backup` and `uskat restore`: one committed state of the database, and a manifest to hold a restore to."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.storage.backup.books import TableBook

MANIFEST = "manifest.json"
DUMP = "database.dump"
FORMAT = 1
PgBin = Annotated[
    Path | None, typer.Option(help="Folder of pg_dump and pg_restore; else the wheel's, else the system's")
]


def backup(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder")],
    database_url: Annotated[str | None, typer.Option(help="Else the one of the settings")] = None,
    pg_bin: PgBin = None,
) -> None:
    """Write what is committed now: a dump and a manifest with the rows and digest of every table of the same snapshot.

    Everything may go on meanwhile. Exit 1 when it could not be made; a folder without a manifest is no backup.
    """
    from services.settings import Settings

    url = database_url or Settings().database_url.get_secret_value()
    if folder.exists() and any(folder.iterdir()):
        _refuse(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _told(make_backup(url, folder, pg_bin=pg_bin))
    rows = sum(table["rows"] for table in manifest["tables"].values())
    typer.echo(f"{folder}: {len(manifest['tables'])} tables, {rows} rows, as of {manifest['made_at']}")


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `uskat backup` made", exists=True, file_okay=False)],
    database_url: Annotated[str, typer.Option(help="An empty database")],
    pg_bin: PgBin = None,
) -> None:
    """Restore into an empty database and compare every table with the manifest.

    Exit 1 when the target is not empty, the backup is damaged, or what is there afterwards is not what was backed up.
    """
    wrong = _told(restore_backup(folder, database_url, pg_bin=pg_bin))
    for sentence in wrong:
        typer.echo(sentence, err=True)
    if wrong:
        _refuse("the restored database is not what was backed up")
    typer.echo(f"{folder}: restored, every table is as it was")


async def make_backup(url: str, folder: Path, *, pg_bin: Path | None = None) -> dict[str, Any]:
    """Dump and books of one exported snapshot; the manifest is written last. Raises PartError, LookupError, OSError."""
    from services.parts.postgres_tools import find_tools
    from services.storage.backup.books import one_point, point_facts, table_books
    from services.storage.engine import libpq_url, make_engine

    engine = make_engine(url, pool_size=1, application="uskat-backup")
    try:
        async with one_point(engine) as connection:
            made_at = datetime.now(UTC)
            point = await point_facts(connection)
            tools = find_tools(point.server_major, pg_bin)
            dumping = asyncio.to_thread(tools.dump, libpq_url(url), folder / DUMP, snapshot=point.snapshot)
            _, books = await asyncio.gather(dumping, table_books(connection))
    finally:
        await engine.dispose()
    manifest = {
        "format": FORMAT, "made_at": made_at.isoformat(), "server": point.server, "timescale": point.timescale,
        "migration": point.head, "wal": point.wal, "roles": list(point.roles), "pg_dump": tools.major,
        "dump": {"file": DUMP, "bytes": (folder / DUMP).stat().st_size, "sha256": _sha256(folder / DUMP)},
        "tables": {name: asdict(book) for name, book in books.items()},
    }  # fmt: skip
    unfinished = folder / f"{MANIFEST}.tmp"
    unfinished.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.rename(folder / MANIFEST)
    return manifest


async def restore_backup(folder: Path, url: str, *, pg_bin: Path | None = None) -> list[str]:
    """Restore, and say what is otherwise than in the manifest. Raises PartError, LookupError, NotATarget, OSError."""
    from services.parts.postgres_tools import find_tools
    from services.storage.backup.books import differences, one_point, table_books
    from services.storage.backup.target import finish, prepare
    from services.storage.engine import libpq_url, make_engine

    manifest, wanted = _read(folder)
    engine = make_engine(url, pool_size=1, application="uskat-restore")
    try:
        major = await prepare(engine, timescale=manifest["timescale"], roles=manifest["roles"])
        tools = find_tools(max(major, manifest["pg_dump"]), pg_bin)
        await engine.dispose()
        await asyncio.to_thread(tools.restore, folder / DUMP, libpq_url(url), server_major=major)
        await finish(engine, timescale=manifest["timescale"], roles=manifest["roles"])
        async with one_point(engine) as connection:
            return differences(wanted, await table_books(connection))
    finally:
        await engine.dispose()


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, TableBook]]:
    from services.storage.backup.books import TableBook

    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        tables = {name: TableBook(**book) for name, book in manifest["tables"].items()}
        known, dump = manifest["format"], manifest["dump"]["sha256"]
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise LookupError(f"{folder} has no readable {MANIFEST}: {error}") from None
    if known != FORMAT:
        raise LookupError(f"the backup has format {known}, this version reads {FORMAT}")
    if _sha256(folder / DUMP) != dump:
        raise LookupError(f"{DUMP} is damaged: its SHA-256 is not the manifest's")
    return manifest, tables


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _told(work: Any) -> Any:
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from services.parts.process import PartError
    from services.storage.backup.target import NotATarget

    try:
        return asyncio.run(work)
    except (PartError, NotATarget, LookupError, OSError) as error:
        _refuse(str(error))
    except DBAPIError as error:
        _refuse(f"the database refused: {error.orig}")
    except ArgumentError:
        _refuse("the address is none of a database: postgresql://user@host/name")


def _refuse(why: str) -> None:
    typer.echo(f"uskat: {why}", err=True)
    raise typer.Exit(1)
