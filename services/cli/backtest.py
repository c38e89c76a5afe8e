"""`uskat backtest`: the product's own event detector on a folder of recorded series, measured by the protocol."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uskat.water.event.protocol import Figures, Measured

Group = tuple[str, list[Path]]
DEFAULT_PREDICTIONS = Path(".uskat/backtest")
UNREADABLE = 2


def backtest(
    folder: Annotated[Path, typer.Argument(help="Folder of <suite>/<name>.parquet, or of files with --suite")],
    suite: Annotated[str | None, typer.Option(help="Only this suite; names the configuration")] = None,
    out: Annotated[Path, typer.Option(help="Predictions: OUT/<suite>/<name>.csv")] = DEFAULT_PREDICTIONS,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line")] = False,
    plots: Annotated[bool, typer.Option("--plots", help="A PNG beside every prediction: hits, misses, false")] = False,
) -> None:
    """Run the event detector over recorded series, write its alarms and, where there are labels, its figures."""
    groups = _groups(folder, suite)
    results = {name: _run_suite(name, paths, out=out, plots=plots) for name, paths in groups}
    figures = _print_table(results)
    typer.echo(f"predictions: {out}")
    if as_json:
        typer.echo(json.dumps({name: _rounded(asdict(value)) for name, value in figures.items()}))


def _groups(folder: Path, suite: str | None) -> list[Group]:
    """Suites and their files. A folder without a configuration of its name is an error, not skipped in silence."""
    from uskat.water.event import SUITES

    if suite is not None and suite not in SUITES:
        _refuse(f"unknown suite {suite} / неизвестный набор {suite}; known / известны: {', '.join(SUITES)}")
    own = sorted(folder.glob("*.parquet"))
    if own:
        name = suite or folder.name
        if name not in SUITES:
            _refuse(
                f"{folder}: no configuration named {name}; choose one with --suite / нет настройки {name}, "
                f"укажите --suite: {', '.join(SUITES)}"
            )
        return [(name, own)]
    found = (
        {path.name: sorted(path.glob("*.parquet")) for path in sorted(folder.iterdir()) if path.is_dir()}
        if (folder.is_dir())
        else {}
    )
    groups = [(name, paths) for name, paths in found.items() if paths and suite in {None, name}]
    if not groups:
        _refuse(f"{folder}: no <suite>/<name>.parquet / нет файлов <набор>/<имя>.parquet")
    unknown = [name for name, _ in groups if name not in SUITES]
    if unknown:
        _refuse(
            f"{folder}: unknown suite {', '.join(unknown)} / неизвестный набор: нет настройки с таким именем; "
            f"known / известны: {', '.join(SUITES)}"
        )
    return groups


def _refuse(text: str) -> None:
    typer.echo(text, err=True)
    raise typer.Exit(UNREADABLE)


def _run_suite(suite: str, paths: Sequence[Path], *, out: Path, plots: bool) -> dict[str, Measured | None]:
    from rich.console import Console
    from rich.progress import Progress

    from services.cli.backtest_series import UnreadableSeries, judge, predict, series_of, write_prediction
    from uskat.water.event import SUITES

    results: dict[str, Measured | None] = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for path in paths:
            try:
                series = series_of(path)
            except (UnreadableSeries, OSError) as reason:
                _refuse(str(reason))
                raise
            task = progress.add_task(f"{suite}/{series.name}", total=len(series.times))
            prediction = predict(
                series,
                SUITES[suite],
                advance=lambda rows, task=task: progress.advance(task, rows),  # type: ignore[misc]
            )
            write_prediction(out / suite, series, prediction)
            measured = judge(series, prediction, suite)
            results[series.name] = measured
            if plots:
                from services.cli.backtest_plot import draw

                draw(out / suite / f"{series.name}.png", series, prediction, measured, suite=suite)
    return results


def _print_table(results: Mapping[str, Mapping[str, Measured | None]]) -> dict[str, Figures]:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from uskat.water.event.protocol import figures

    table = Table("suite", "series", box=box.SIMPLE)
    for head in ("events", "found", "recall", "false/day", "F1", "P", "R", "false rows", "delay min"):
        table.add_column(head, justify="right")
    totals = {}
    for suite, series in results.items():
        judged = {name: measured for name, measured in series.items() if measured is not None}
        for name in series:
            if name in judged:
                table.add_row(suite, name, *_cells(figures([judged[name]])))
            else:
                table.add_row(suite, name, *(["no labels"] + ["–"] * 8))
        if judged:
            totals[suite] = figures(list(judged.values()))
            table.add_row(suite, "all", *_cells(totals[suite]), style="bold", end_section=True)
    Console(width=120).print(table)
    return totals


def _cells(value: Figures) -> tuple[str, ...]:
    delay = f"{value.delay_min:.0f}" if value.delay_min is not None else "–"
    return (
        str(value.events),
        str(round(value.event_recall * value.events)),
        f"{value.event_recall:.3f}",
        f"{value.false_alarms_per_day:.3f}",
        f"{value.point_f1:.3f}",
        f"{value.point_precision:.3f}",
        f"{value.point_recall:.3f}",
        f"{value.point_false_rate:.4f}",
        delay,
    )


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
