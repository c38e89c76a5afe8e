"""Event detectors side by side on the public benchmark, all causal and by one protocol.

`python -m benchmarks.events [FOLDER] [SUITE ...]` prints a table and, as the last line, one JSON object. FOLDER:
default ../shared/bench, or USKAT_BENCH. Every method is judged twice: «same files» – the setting that is best on the
files it is judged on, which flatters all alike and is how the README's own figures were made – and «elsewhere» – a
setting chosen on other files, or on the other half of the time (event_choice.py). Best is the highest event F1 (skab:
F1 of rows).
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

# one core, as said: before numpy and scikit-learn start their threads
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from rich import box  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress  # noqa: E402
from rich.table import Table as Screen  # noqa: E402

from benchmarks.event_baselines import BASELINES, SOURCE  # noqa: E402
from benchmarks.event_choice import Judged, Part, Result, elsewhere, judged, on_the_same_files, parts_of, result_of  # noqa: E402
from benchmarks.event_methods import METHODS, MOST_ROWS, Method  # noqa: E402
from benchmarks.event_product import NEUTRAL, retuned, scaled, shipped  # noqa: E402
from benchmarks.event_rows import MEMORY, rows_of  # noqa: E402
from services.cli.backtest_series import Series, series_of  # noqa: E402

BENCH = Path(__file__).resolve().parents[2] / "shared/bench"
PRODUCT = "product"
Advance = Callable[[str], None]
Pair = tuple[Result, Result]


def labelled(folder: Path, suite: str) -> list[Series]:
    """Files of a suite that can be judged."""
    found = [series_of(path) for path in sorted((folder / suite).glob("*.parquet"))]
    return [series for series in found if series.label is not None]


def compared(method: Method, files: Sequence[Series], parts: Sequence[Part], suite: str, *, advance: Advance) -> Pair:
    """A competing method on the same files and elsewhere."""
    table: dict[str, list[Judged]] = {}
    for series in files:
        rows = rows_of(series, suite)
        own = [part for part in parts if part.series is series]
        for setting, score in method.candidates(rows, MEMORY[suite]):
            placed = rows.in_file_order(score)
            for limit in method.limits:
                label = setting if len(method.limits) == 1 else f"{setting}, limit {limit:.3g}"
                table.setdefault(label, []).extend(judged(part, placed >= limit, suite) for part in own)
        advance(f"{suite}: {method.name}")
    folds = [part.fold for part in parts]
    return on_the_same_files(table, folds, suite), elsewhere(table, folds, suite)


def product(files: Sequence[Series], parts: Sequence[Part], suite: str, *, advance: Advance) -> Pair:
    """The product as shipped, and with limits chosen elsewhere."""
    alarms = {}
    for series in files:
        alarms[series.name] = shipped(series, suite)
        advance(f"{suite}: {PRODUCT}")
    same = result_of([judged(part, alarms[part.series.name], suite) for part in parts], {"all": "as shipped"})
    if suite in NEUTRAL:
        results, settings = retuned(parts, suite, advance=lambda where: advance(f"{suite}: {PRODUCT}, {where}"))
        return same, result_of(results, settings)
    table: dict[str, list[Judged]] = {}
    for series in files:
        for setting, alarm in scaled(series, suite):
            own = [part for part in parts if part.series is series]
            table.setdefault(setting, []).extend(judged(part, alarm, suite) for part in own)
        advance(f"{suite}: {PRODUCT}, limits")
    return same, elsewhere(table, [part.fold for part in parts], suite)


def run_suite(folder: Path, suite: str, progress: Progress) -> dict[str, tuple[Pair, float]]:
    """Every method on one suite, with the seconds it took."""
    files = labelled(folder, suite)
    parts = parts_of(files, suite)
    product_steps = len(files) + (2 * len(parts) if suite in NEUTRAL else len(files))
    task = progress.add_task(suite, total=len(files) * len(METHODS) + product_steps)

    def advance(what: str) -> None:
        progress.update(task, advance=1, description=what)

    results = {}
    began = time.perf_counter()
    results[PRODUCT] = (product(files, parts, suite, advance=advance), time.perf_counter() - began)
    for method in METHODS:
        began = time.perf_counter()
        pair = compared(method, files, parts, suite, advance=advance)
        results[method.name] = (pair, time.perf_counter() - began)
    return results


def screen_of(suite: str, results: dict[str, tuple[Pair, float]]) -> Screen:
    """Our runs, and below them the figures of the README."""
    table = Screen(f"{suite}", "chosen", "recall @ false/day", box=box.SIMPLE)
    for head in ("by chance", "events, false", "row F1", "false rows", "event F1", "delay min", "s"):
        table.add_column(head, justify="right")
    for name, (pair, seconds) in results.items():
        for where, result in zip(("same files", "elsewhere"), pair, strict=True):
            table.add_row(*_cells(name, where, result), f"{seconds:.0f}" if where == "same files" else "")
    table.add_section()
    for known in (one for one in BASELINES if one.suite == suite):
        rate = f"{known.recall:.3f} @ {known.false_a_day:.3g}" if known.recall is not None else known.note
        table.add_row(known.detector, "README", rate, "", "", known.f1, "", "", "", "")
    return table


def _cells(name: str, where: str, result: Result) -> tuple[str, ...]:
    value = result.figures
    return (
        name,
        where,
        f"{value.event_recall:.3f} @ {value.false_alarms_per_day:.3f}",
        f"{result.recall_by_chance:.3f}",
        f"{round(value.event_recall * value.events)}/{value.events}, {value.false_alarms}",
        f"{value.point_f1:.3f}",
        f"{100 * value.point_false_rate:.1f} %",
        f"{value.event_f1:.3f}",
        f"{value.delay_min:.0f}" if value.delay_min is not None else "–",
    )


def figures_of(results: dict[str, tuple[Pair, float]]) -> dict[str, Any]:
    """For the JSON line."""
    return {
        name: {
            "same_files": _numbers(pair[0]),
            "elsewhere": _numbers(pair[1]),
            "seconds": round(seconds, 1),
        }
        for name, (pair, seconds) in results.items()
    }


def _numbers(result: Result) -> dict[str, Any]:
    values = {
        name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(result.figures).items()
    }
    return values | {"recall_by_chance": round(result.recall_by_chance, 4), "settings": dict(result.settings)}


def main() -> int:
    """Run, print."""
    given = sys.argv[1:]
    folder = Path(os.environ.get("USKAT_BENCH", BENCH))
    if given and Path(given[0]).is_dir():
        folder = Path(given.pop(0))
    suites = given or [suite for suite in MEMORY if (folder / suite).is_dir()]
    unknown = [suite for suite in suites if suite not in MEMORY or not labelled(folder, suite)]
    if unknown or not suites:
        print(f"{folder}: no series with labels of {', '.join(unknown) or ', '.join(MEMORY)}", file=sys.stderr)
        return 2
    figures: dict[str, Any] = {}
    console = Console(width=150)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for suite in suites:
            results = run_suite(folder, suite, progress)
            console.print(screen_of(suite, results))
            figures[suite] = figures_of(results)
    print(f"README: {SOURCE}.")
    print(f"Models (Mahalanobis, boosting) are fitted to at most {MOST_ROWS} evenly spaced rows; every row is judged.")
    print(json.dumps(figures, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
