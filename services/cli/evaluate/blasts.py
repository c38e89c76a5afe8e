"""The commands `uskat evaluate blasts` and `uskat evaluate catalogue`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

SHOWN = (
    "undeclared_found",
    "false_undeclared",
    "declared_associated",
    "location_error_km",
    "location_error_p95_km",
    "location_coverage",
)


def blasts(
    seed: Annotated[int, typer.Option(help="Another seed is another month of another district")] = 1,
    events: Annotated[int, typer.Option(min=20, help="Simulated events")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line")] = False,
    require: Annotated[bool, typer.Option(help="Exit 1 when a target is missed")] = False,
) -> None:
    """Judge detection, location and association on simulated blasts, earthquakes and troubles with ground truth."""
    from services.cli.evaluate.blast_run import play_blasts
    from services.cli.evaluate.blast_score import report_lines, score_blasts, summary

    begun = time.monotonic()
    score = score_blasts(play_blasts(seed, events))
    figures = {**score.figures, "seed": seed, "seconds": round(time.monotonic() - begun, 1)}
    for line in report_lines(score):
        typer.echo(line)
    typer.echo(summary(figures, SHOWN))
    if as_json:
        typer.echo(json.dumps(figures))
    raise typer.Exit(1 if require and figures["targets_missed"] else 0)


def catalogue(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="QuakeML or CSV (comcat columns)")],
    utc_offset: Annotated[float, typer.Option(help="Hours of local time ahead of UTC")] = 7.0,
    completeness: Annotated[float | None, typer.Option(help="Count magnitudes from this one on")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line")] = False,
) -> None:
    """Read a regional catalogue: what was refused, the hours of its blasts, the traps of its mean magnitudes."""
    from services.cli.evaluate.catalogue import figures_of, lines_of, read_file

    figures = figures_of(read_file(file), utc_offset_h=utc_offset, completeness=completeness)
    for line in lines_of(figures):
        typer.echo(line)
    if as_json:
        typer.echo(json.dumps(figures))
