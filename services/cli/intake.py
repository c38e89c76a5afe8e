"""`uskat import` and `uskat reparse`: data from files, and a second look at what was refused."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from services.ingest.file_import import Layout, Report
    from services.storage.intake.reparse import ReparseReport

SHOWN_REFUSALS = 10


def import_command(  # noqa: PLR0917 - typer passes options by name
    file: Annotated[Path, typer.Argument(help="CSV, TSV or XLSX; the first row holds the titles")],
    device: Annotated[str | None, typer.Option(help="Device of all rows; else the column `device` tells")] = None,
    time: Annotated[str | None, typer.Option(help="Title of the column of time; else `time`, `время` …")] = None,
    zone: Annotated[str, typer.Option(help="Zone of times that do not say their offset")] = "Asia/Novokuznetsk",
    pattern: Annotated[str | None, typer.Option(help="How times are written, as for strptime; else ISO 8601")] = None,
    column: Annotated[list[str] | None, typer.Option(help="TITLE=PARAMETER; repeat for each")] = None,
    report: Annotated[Path | None, typer.Option(help="Where the report goes; else FILE.report.csv")] = None,
) -> None:
    """Import readings; a bad row or cell is reported and takes nothing with it. Exit 1 when anything was refused."""
    from services.ingest.file_import import Layout, LayoutError
    from services.ingest.table_file import TableFileError
    from services.storage.intake.connection import StorageUnavailableError

    columns = dict(item.rsplit("=", 1) for item in column or [] if "=" in item)
    layout = Layout(device, time, ZoneInfo(zone), pattern, columns)
    try:
        result = asyncio.run(_import(file, layout))
    except (TableFileError, LayoutError, StorageUnavailableError) as error:
        typer.echo(f"uskat import: {error}", err=True)
        raise typer.Exit(2) from error
    _tell(result, report or file.with_name(f"{file.name}.report.csv"))


async def _import(file: Path, layout: Layout) -> Report:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from services.ingest.file_import import import_file
    from services.settings import Settings
    from services.storage.intake import Intake

    intake = await Intake.open(Settings().database_url.get_secret_value(), worker="import")
    shown = (TextColumn(file.name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*shown) as bar:
            task = bar.add_task("rows", total=None)
            return await import_file(
                file, layout, intake, progress=lambda done, of: bar.update(task, completed=done, total=of)
            )
    finally:
        await intake.close()


def _tell(result: Report, report: Path) -> None:
    typer.echo(
        f"{result.rows} rows, {result.received} readings: {result.stored} stored, {result.duplicate} known already,"
        f" {result.conflict} in conflict, {result.rejected} refused"
    )
    if not result.refused:
        return
    with report.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(("row", "column", "reason", "detail"))
        writer.writerows((cell.row, cell.column, cell.reason, cell.detail) for cell in result.refused)
    for cell in result.refused[:SHOWN_REFUSALS]:
        typer.echo(f"  row {cell.row} {cell.column}: {cell.reason}: {cell.detail}", err=True)
    typer.echo(f"{len(result.refused)} refusals are listed in {report}", err=True)
    raise typer.Exit(1)


def reparse_command(
    reason: Annotated[str | None, typer.Option(help="Only rejects of this reason")] = None,
    device: Annotated[str | None, typer.Option(help="Only rejects of this device")] = None,
) -> None:
    """Send refused messages through today's decoder and registry again, e.g. after a device was registered."""
    result = asyncio.run(_reparse(reason, device))
    typer.echo(
        f"{result.tried} messages tried: {result.accepted} accepted now, {result.still_refused} still refused;"
        f" {result.stored} readings stored"
    )


async def _reparse(reason: str | None, device: str | None) -> ReparseReport:
    from rich.progress import Progress

    from services.settings import Settings
    from services.storage.engine import make_engine
    from services.storage.intake import Intake
    from services.storage.intake.reparse import reparse

    url = Settings().database_url.get_secret_value()
    engine = make_engine(url, pool_size=1, application="uskat-reparse")
    intake = await Intake.open(url, worker="reparse")
    try:
        with Progress() as bar:
            task = bar.add_task("messages", total=None)
            return await reparse(
                engine, intake, reason=reason, device=device, progress=lambda done: bar.update(task, completed=done)
            )
    finally:
        await intake.close()
        await engine.dispose()
