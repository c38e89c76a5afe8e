"""Series of the benchmark layout (suite/name.parquet): reading, running the detector, writing predictions."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from uskat.water.event import EventConfig, EventDetector
from uskat.water.event.protocol import PROTOCOLS, Measured, measure

NEVER_INPUT = {"label", "label_kind", "ignore", "strength", "changepoint", "warm"}
NEVER_INPUT_PREFIXES = ("q_", "t_", "type_")
TIME_COLUMNS = ("time", "TimeStep", "datetime")
TIME_FORMATS = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M")
PROGRESS_EVERY = 500


class UnreadableSeries(ValueError):
    """A file that is no series: no time, or no number to judge."""


@dataclass(frozen=True, slots=True)
class Series:
    """One file: times in whole seconds, measured columns, and what a judge knows (None: not given)."""

    name: str
    times: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    label: NDArray[np.bool_] | None
    ignore: NDArray[np.bool_]
    warm: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the detector said, row by row."""

    score: NDArray[np.float64]
    alarm: NDArray[np.bool_]


def series_of(path: Path) -> Series:
    """Read one file; label-like columns never become input."""
    table = pq.read_table(path)
    column = next((name for name in TIME_COLUMNS if name in table.column_names), None)
    if column is None:
        raise UnreadableSeries(f"{path}: no column {', '.join(TIME_COLUMNS)} / нет столбца времени")
    values = {}
    for name in table.column_names:
        if name == column or name in NEVER_INPUT or name.startswith(NEVER_INPUT_PREFIXES):
            continue
        numbers = _numbers(table.column(name))
        if numbers is not None:
            values[name] = numbers
    if not values:
        raise UnreadableSeries(f"{path}: no measured column / нет столбцов с измерениями")
    rows = table.num_rows
    ignore = _flags(table, "ignore")
    return Series(
        name=path.stem,
        times=_times(table.column(column), path),
        values=values,
        label=_flags(table, "label"),
        ignore=ignore if ignore is not None else np.zeros(rows, dtype=bool),
        warm=_flags(table, "warm"),
    )


def _numbers(column: Any) -> NDArray[np.float64] | None:
    try:
        return np.asarray(column.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _flags(table: Any, name: str) -> NDArray[np.bool_] | None:
    if name not in table.column_names:
        return None
    return np.nan_to_num(np.asarray(table.column(name).to_numpy(), dtype=np.float64)) > 0


def _times(column: Any, path: Path) -> NDArray[np.int64]:
    raw = column.to_numpy()
    if np.issubdtype(raw.dtype, np.datetime64):
        return np.asarray(raw.astype("datetime64[s]").astype(np.int64))
    for form in TIME_FORMATS:
        try:
            moments = [datetime.strptime(str(text), form).replace(tzinfo=UTC) for text in raw]
        except ValueError:
            continue
        return np.array([int(moment.timestamp()) for moment in moments], dtype=np.int64)
    raise UnreadableSeries(f"{path}: times not understood / время не разобрано: {raw[:1]}")


def predict(series: Series, config: EventConfig, *, advance: Callable[[int], None]) -> Prediction:
    """Step through the rows in time order; a row that repeats a time says what the row before said."""
    detector = EventDetector(config, list(series.values))
    rows = len(series.times)
    score, alarm = np.zeros(rows), np.zeros(rows, dtype=bool)
    columns = {name: values.tolist() for name, values in series.values.items()}
    newest, last = None, 0
    for done, i in enumerate(np.argsort(series.times, kind="stable").tolist()):
        now = int(series.times[i])
        if now == newest:
            score[i], alarm[i] = score[last], alarm[last]
            continue
        step = detector.step(datetime.fromtimestamp(now, UTC), {name: values[i] for name, values in columns.items()})
        score[i], alarm[i] = step.score, step.alarm
        newest, last = now, i
        if done % PROGRESS_EVERY == PROGRESS_EVERY - 1:
            advance(PROGRESS_EVERY)
    advance(rows % PROGRESS_EVERY)
    return Prediction(score, alarm)


def judge(series: Series, prediction: Prediction, suite: str) -> Measured | None:
    """Measure a prediction by the protocol of its suite; None without labels."""
    if series.label is None:
        return None
    return measure(
        PROTOCOLS[suite],
        series.times,
        label=series.label,
        alarm=prediction.alarm,
        ignore=series.ignore,
        scored=scored_rows(series, suite),
    )


def scored_rows(series: Series, suite: str) -> NDArray[np.bool_]:
    """Rows that count by the protocol of a suite: behind the warm-up, with at least one of its sensors."""
    protocol = PROTOCOLS[suite]
    scored = np.ones(len(series.times), dtype=bool)
    # the kept-back file of gecco brings its warm-up rows along, flagged, so that none of its own are left out
    scored[: 0 if suite == "gecco" and series.warm is not None else protocol.warm_up_rows] = False
    if series.warm is not None:
        scored &= ~series.warm
    sensors = [series.values[name] for name in protocol.sensors if name in series.values]
    if sensors:
        scored &= np.isfinite(np.stack(sensors)).any(axis=0)
    return scored


def write_prediction(folder: Path, series: Series, prediction: Prediction) -> None:
    """Write FOLDER/<name>.csv with time, alarm and score, one row a data row."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{series.name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("time", "alarm", "score"))
        writer.writerows(_rows(series, prediction))


def _rows(series: Series, prediction: Prediction) -> Iterator[tuple[str, int, str]]:
    for time, alarm, score in zip(
        series.times.tolist(), prediction.alarm.tolist(), prediction.score.tolist(), strict=True
    ):
        yield datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S"), int(alarm), f"{score:.4g}"
