"""`uskat blast`: forms of passport and report, and their checks, for whoever files them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from services.cli.blast.analyse import analyse
from services.cli.blast.charge import charge_law
from services.cli.blast.figure import figure
from services.cli.blast.law import coverage, fit
from services.cli.blast.precheck import precheck

if TYPE_CHECKING:
    from uskat.blast.passport.discrepancy import Discrepancy
    from uskat.blast.passport.form_reading import CellError
    from uskat.blast.provenance import Frozen

blast = typer.Typer(help="Blasts: forms, checks, records.", no_args_is_help=True)
blast.command()(analyse)
blast.command()(fit)
blast.command()(coverage)
blast.command()(precheck)
blast.command("charge-law")(charge_law)
blast.add_typer(figure, name="figure")


@blast.command()
def template(
    out: Annotated[Path, typer.Argument(help="Where the XLSX form goes")],
    report: Annotated[bool, typer.Option("--report", help="The report after a blast instead of the passport")] = False,
) -> None:
    """Write an empty XLSX form, generated from the schema."""
    from services.api.workbook import write_template
    from uskat.blast.passport.form import form_of
    from uskat.blast.passport.schema import DocumentKind

    write_template(form_of(DocumentKind.REPORT if report else DocumentKind.PASSPORT), out)
    typer.echo(f"{out}")


@blast.command()
def check(
    file: Annotated[Path, typer.Argument(help="Filled XLSX form, or JSON")],
    passport: Annotated[Path | None, typer.Option(help="The passport that a report is checked against")] = None,
    zone: Annotated[str, typer.Option(help="Zone of times that do not say their offset")] = "Asia/Novokuznetsk",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines")] = False,
) -> None:
    """Read a passport or report and say what does not fit. Exit 1 on errors, 2 when the file cannot be read."""
    from services.cli.blast.document import DocumentError, cross_check, read_document

    try:
        document, cells = read_document(file, ZoneInfo(zone))
        planned, planned_cells = read_document(passport, ZoneInfo(zone)) if passport else (None, ())
        found = cross_check(document, planned, ZoneInfo(zone)) if document is not None and not planned_cells else []
    except DocumentError as error:
        typer.echo(f"uskat blast check: {error}", err=True)
        raise typer.Exit(2) from error
    complaints = (*cells, *planned_cells)
    if as_json:
        typer.echo(_as_json(document, complaints, found))
    else:
        _tell(complaints, found)
    if complaints or any(item.weight.value == "error" for item in found):
        raise typer.Exit(1)


def _as_json(document: Frozen | None, cells: tuple[CellError, ...], found: list[Discrepancy]) -> str:
    told = {
        "document": document.to_json() if document else None,
        "cells": [cell.to_json() for cell in cells],
        "discrepancies": [item.to_json() for item in found],
    }
    return json.dumps(told, ensure_ascii=False)


def _tell(cells: tuple[CellError, ...], found: list[Discrepancy]) -> None:
    for cell in cells:
        typed = f" («{cell.value}»)" if cell.value is not None else ""
        typer.echo(f"{cell.sheet}!{cell.cell} {cell.title}: {cell.problem}{typed}")
    for item in found:
        typer.echo(f"{'ошибка' if item.weight.value == 'error' else 'внимание'}: {item.text}")
    if not cells and not found:
        typer.echo("Расхождений не найдено.")
