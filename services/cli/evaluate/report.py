"""The report of a run as Markdown: figures beside their targets, confusion, faults by kind, every miss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from services.cli.evaluate.judge import PRIORITY
from services.cli.evaluate.score import TARGETS, Judged, Target, confusion_of, faults_by_kind, misses_of

REPORTED = (*PRIORITY, "nothing")


def report_of(judged: Sequence[Judged], figures: dict[str, Any]) -> str:
    """The whole report."""
    title = f"# Evaluation of the water detectors: {figures['scenarios']} scenarios, seed {figures['seed']}"
    parts = [[title], _figures(figures), _confusion(judged), _faults(judged), _misses(judged), _cases(judged)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _figures(figures: dict[str, Any]) -> Iterator[str]:
    yield "| figure | value | target | met |"
    yield "| --- | --- | --- | --- |"
    for target in TARGETS:
        met = "yes" if target.met(figures) else "NO"
        yield f"| {target.figure} | {figures[target.figure]} | {_wanted(target)} | {met} |"
    wanted = {target.figure for target in TARGETS} | {"targets_missed"}
    for name, value in figures.items():
        if name not in wanted:
            yield f"| {name} | {value} | – | – |"


def _wanted(target: Target) -> str:
    return f"≥ {target.least}" if target.least is not None else f"≤ {target.most}"


def _confusion(judged: Sequence[Judged]) -> Iterator[str]:
    counts = confusion_of(judged)
    shown = [kind for kind in REPORTED if any(pair[1] == kind for pair in counts)]
    yield "What truly was at a station (rows) and what was reported of it (columns):"
    yield ""
    yield f"| true \\ reported | {' | '.join(shown)} |"
    yield "| --- |" + " --- |" * len(shown)
    for true in sorted({pair[0] for pair in counts}):
        yield f"| {true} | {' | '.join(str(counts[true, kind] or '·') for kind in shown)} |"


def _faults(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| fault | scenarios with it | found |"
    yield "| --- | --- | --- |"
    for kind, (of, found) in sorted(faults_by_kind(judged).items()):
        yield f"| {kind} | {of} | {found} |"


def _misses(judged: Sequence[Judged]) -> Iterator[str]:
    misses = misses_of(judged)
    yield f"{len(misses)} misses:"
    yield ""
    for one, miss in misses:
        hours = (miss.at_s - one.zero_s) / 3600
        when = datetime.fromtimestamp(miss.at_s, UTC).strftime("%Y-%m-%d %H:%M")
        yield f"- {one.name}, {miss.station}, {when} ({hours:+.1f} h): {miss.what} – {miss.text}"


def _cases(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| scenario | kind | violations | found | false | detect | source rank | packets | s |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in judged:
        verdict = one.verdict
        delays = ", ".join(f"{delay:.0f}" for delay in verdict.delays) or "–"
        ranks = ", ".join(str(source.rank or "none") for source in verdict.sources) or "–"
        counts = f"{verdict.exceedances} | {verdict.exceedances_found} | {verdict.false_alerts}"
        yield f"| {one.name} | {one.kind} | {counts} | {delays} | {ranks} | {one.packets} | {one.seconds:.1f} |"
