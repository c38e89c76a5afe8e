"""The command `uskat evaluate water`: options in, report and figures out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.evaluate.run import Wish
    from services.cli.evaluate.score import Judged

DEFAULT_FOLDER = Path(".uskat/evaluation")
evaluate = typer.Typer(help="Play scenarios with known truth through the product and judge it.", no_args_is_help=True)


@evaluate.callback()
def _group() -> None:
    """Play scenarios with known truth through the product and judge it."""


@evaluate.command()
def water(  # noqa: PLR0917 - typer passes options by name
    seed: Annotated[int, typer.Option(help="Another seed is another test")] = 1,
    scenarios: Annotated[int | None, typer.Option(min=1, help="How many; else every kind once")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line")] = False,
    keep: Annotated[Path, typer.Option(help="Folder for the report and for what every case reported")] = DEFAULT_FOLDER,
    jobs: Annotated[int, typer.Option(min=1, help="Scenarios played side by side")] = 2,
    every: Annotated[int, typer.Option(min=60, max=1200, help="Seconds between the scans of an instrument")] = 600,
    look_hours: Annotated[
        float, typer.Option(min=0, help="Data arrive and are judged every so many hours; 0: all at once")
    ] = 24.0,
    only: Annotated[str, typer.Option(help="Only scenarios with this text in their name")] = "",
    require: Annotated[bool, typer.Option(help="Exit 1 when a target is missed")] = False,
) -> None:
    """Judge the water detectors on simulated scenarios with ground truth; figures, confusion, misses."""
    from services.cli.evaluate.play import Pace
    from services.cli.evaluate.report import report_of
    from services.cli.evaluate.run import Wish
    from simulators.case import evaluation_network
    from simulators.case_plan import plan_length

    pace = Pace(every_s=every, look_s=look_hours * 3600 if look_hours else None)
    count = scenarios or plan_length(evaluation_network(every))
    judged, figures = _run(Wish(seed, count, jobs, pace, only, keep))
    text = report_of(judged, figures)
    keep.mkdir(parents=True, exist_ok=True)
    (keep / "report.md").write_text(text, encoding="utf-8")
    (keep / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    typer.echo(text)
    if as_json:
        typer.echo(json.dumps(figures))
    raise typer.Exit(1 if require and figures["targets_missed"] else 0)


def _run(wish: Wish) -> tuple[list[Judged], dict[str, object]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from services.cli.evaluate.run import evaluate as run

    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("scenarios", total=wish.scenarios)

        def told(one: Judged, total: int) -> None:
            bar.update(task, advance=1, total=total, description=one.name)

        return run(wish, told)
