"""Picture of one series of a backtest: score, labelled events found and missed, false alarms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from uskat.water.event.protocol import PROTOCOLS, Interval, Measured, intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from services.cli.backtest_series import Prediction, Series

FOUND, MISSED, FALSE = "#2a9d8f", "#d62828", "#f4a261"
LARGEST = 100.0


def draw(path: Path, series: Series, prediction: Prediction, measured: Measured | None, *, suite: str) -> None:
    """Write a PNG: one panel a measured column, and the score below, logarithmic, with its limit."""
    names = list(series.values)
    figure = Figure(figsize=(14, 1.3 * len(names) + 2.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(names) + 1, 1, sharex=True, squeeze=False)[:, 0]
    moments = series.times.astype("datetime64[s]")
    for panel, name in zip(panels, names, strict=False):
        panel.plot(moments, series.values[name], linewidth=0.6, color="#264653")
        panel.set_ylabel(name, fontsize=8)
    score = panels[-1]
    score.semilogy(moments, np.clip(prediction.score, 1e-2, LARGEST), linewidth=0.6, color="#264653")
    score.axhline(1.0, color="#888888", linewidth=0.8)
    score.set_ylabel("score", fontsize=8)
    for panel in panels:
        _shade(panel, series, measured, suite=suite)
    figure.suptitle(_title(series, measured, suite=suite), fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


def _shade(panel: Axes, series: Series, measured: Measured | None, *, suite: str) -> None:
    if measured is None or series.label is None:
        return
    missed = set(measured.missed)
    for event in intervals(series.times, series.label, join_s=PROTOCOLS[suite].event_gap_s):
        _span(panel, event, MISSED if event in missed else FOUND)
    for episode in measured.false:
        _span(panel, episode, FALSE)


def _span(panel: Axes, interval: Interval, colour: str) -> None:
    begin, end = (np.datetime64(moment, "s") for moment in (interval.start, interval.end + 1))
    panel.axvspan(begin, end, color=colour, alpha=0.5, linewidth=1.0)  # type: ignore[arg-type]


def _title(series: Series, measured: Measured | None, *, suite: str) -> str:
    if measured is None:
        return f"{suite} / {series.name}: без меток (no labels)"
    return (
        f"{suite} / {series.name}: найдено {measured.detected} из {measured.events} (зелёные), "
        f"пропущены красные, ложных {measured.false_alarms} (оранжевые)"
    )
