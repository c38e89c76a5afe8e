"""`uskat import-catalogue`: events of a regional catalogue into the database, with a report of every refused entry."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.storage.catalogue_store import StoredImport
    from uskat.blast.catalogue.event import CatalogueImport

SHOWN_REFUSALS = 10


def import_catalogue(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="QuakeML, CSV, or FDSN event text")],
    column: Annotated[list[str] | None, typer.Option(help="FIELD=TITLE of a CSV, e.g. time=origin; repeat")] = None,
    utc_offset: Annotated[float, typer.Option(help="Hours, of times that do not say their zone")] = 0.0,
    report: Annotated[Path | None, typer.Option(help="Where the report goes; else FILE.report.csv")] = None,
) -> None:
    """Import events; a bad entry is reported and takes none with it. Exit 1 when any was refused, 2 when unreadable."""
    from uskat.blast.catalogue.event import CatalogueError
    from uskat.blast.catalogue.reading import read_catalogue

    payload = file.read_bytes()
    columns = dict(item.split("=", 1) for item in column or [] if "=" in item)
    try:
        found = read_catalogue(payload, columns=columns, utc_offset_h=utc_offset)
    except CatalogueError as error:
        typer.echo(f"uskat import-catalogue: {file}: {error}", err=True)
        raise typer.Exit(2) from error
    done = asyncio.run(_store(found, file, payload))
    typer.echo(
        f"{done.added} new events, {done.revised} told otherwise than before, {done.known} known already,"
        f" {len(found.refused)} refused"
    )
    if found.refused:
        _tell(found, report or file.with_name(f"{file.name}.report.csv"))
        raise typer.Exit(1)


async def _store(found: CatalogueImport, file: Path, payload: bytes) -> StoredImport:
    from services.settings import Settings
    from services.storage.catalogue_store import store_catalogue
    from services.storage.engine import make_engine, unit_of_work

    engine = make_engine(Settings().database_url.get_secret_value(), pool_size=1, application="uskat-catalogue")
    digest = hashlib.sha256(payload).digest()
    try:
        async with unit_of_work(engine) as connection:
            return await store_catalogue(connection, found, name=file.name, digest=digest, at=datetime.now(UTC))
    finally:
        await engine.dispose()


def _tell(found: CatalogueImport, report: Path) -> None:
    import csv

    from uskat.blast.catalogue.event import FAULT_RU

    with report.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(("place", "fault", "detail", "по-русски"))
        writer.writerows((row.place, row.fault.value, row.detail, FAULT_RU[row.fault]) for row in found.refused)
    for row in found.refused[:SHOWN_REFUSALS]:
        typer.echo(f"  {row.place}: {FAULT_RU[row.fault]} ({row.fault.value}): {row.detail}", err=True)
    typer.echo(f"{len(found.refused)} refusals are listed in {report}", err=True)
