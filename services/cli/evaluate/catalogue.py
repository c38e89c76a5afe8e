"""What a regional catalogue says, and where its means mislead."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import typer

from uskat.blast.catalogue.day_pattern import count_days
from uskat.blast.catalogue.event import CatalogueError, CatalogueImport
from uskat.blast.catalogue.mean_magnitude import comparison_trap, magnitude_years
from uskat.blast.catalogue.reading import read_catalogue

WORKING_HOURS = (7, 18)


def read_file(file: Path) -> CatalogueImport:
    """A catalogue file of any kind; exit 2 when it is none."""
    try:
        return read_catalogue(file.read_bytes())
    except CatalogueError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(2) from None


def figures_of(imported: CatalogueImport, *, utc_offset_h: float, completeness: float | None) -> dict[str, Any]:
    """Counts, hours, yearly means and traps."""
    blasts = [event for event in imported.events if event.is_blast]
    earthquakes = [event for event in imported.events if event.type == "earthquake"]
    years = magnitude_years(blasts, utc_offset_h=utc_offset_h, completeness=completeness)
    patterns = {
        name: count_days([event.at for event in events], utc_offset_h=utc_offset_h)
        for name, events in (("blasts", blasts), ("earthquakes", earthquakes))
        if events
    }
    traps = [(first, second, comparison_trap(first, second)) for first, second in itertools.pairwise(years)]
    return {
        "events": len(imported.events),
        "refused": dict(Counter(row.fault.value for row in imported.refused)),
        "types": dict(Counter(event.type for event in imported.events).most_common()),
        "completeness": completeness,
        "day": {
            name: {
                "n": counts.n,
                "share_07_18": counts.share_of_hours(*WORKING_HOURS),
                "weekend_share": counts.weekend_share,
                "peak_hour": counts.peak_hour,
                "hours": list(counts.hours),
            }
            for name, counts in patterns.items()
        },
        "years": [year.to_json() for year in years],
        "traps": [{"from": a.year, "to": b.year, "why": why} for a, b, why in traps if why],
    }


def lines_of(figures: dict[str, Any]) -> list[str]:
    """The same for people."""
    lines = [
        f"events {figures['events']}, refused {sum(figures['refused'].values())} {figures['refused'] or ''}".rstrip()
    ]
    lines += [f"  {kind}: {count}" for kind, count in figures["types"].items()]
    for name, day in figures["day"].items():
        share, weekend = 100 * day["share_07_18"], 100 * day["weekend_share"]
        lines.append(f"{name}: 07–18 h {share:.1f} %, weekend {weekend:.1f} %, peak hour {day['peak_hour']}")
    for year in figures["years"]:
        if year["n"]:
            means = f"arithmetic {year['arithmetic']:.3f}, energy {year['energy']:.3f}, p95 {year['p95']:.3f}"
            lines.append(f"{year['year']}: n {year['n']}, {means}")
    lines += [f"{trap['from']} → {trap['to']}: {trap['why']}" for trap in figures["traps"]]
    return lines
