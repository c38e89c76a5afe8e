"""How the settings of event methods are chosen and judged: on the same files, which flatters, and elsewhere.

Elsewhere means: for each part of a suite the setting is the best one of all other parts. A part is a file; where a
suite has one file (gbr), or the same days several times (canary), it is half of the scored time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.cli.backtest_series import Series, scored_rows
from uskat.water.event.protocol import PROTOCOLS, Figures, Measured, figures, intervals, measure

BoolArray = NDArray[np.bool_]
HALVED = ("gbr", "canary")
JUDGED_BY_ROWS = ("skab",)
SHIFTS = 20
MOST_FALSE_ROWS = 0.2
"""Share of the rows without an event that the alarms of a chosen setting may cover."""


@dataclass(frozen=True, slots=True)
class Part:
    """Scored rows of one file that are judged together; parts of the same fold are never told apart."""

    series: Series
    fold: str
    scored: BoolArray


@dataclass(frozen=True, slots=True)
class Judged:
    """Counts of one part, and how many events the same alarms would meet by chance (mean over shifts in time)."""

    measured: Measured
    by_chance: float


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of a suite; recall_by_chance: of the same alarms shifted in time. settings: fold → what was chosen."""

    figures: Figures
    recall_by_chance: float
    settings: Mapping[str, str]


Table = Mapping[str, Sequence[Judged]]
"""Setting → one judgement a part."""


def parts_of(files: Sequence[Series], suite: str) -> list[Part]:
    """The parts of a suite, in the order of its files."""
    parts = []
    for series in files:
        scored = scored_rows(series, suite)
        if suite not in HALVED:
            parts.append(Part(series, series.name, scored))
            continue
        ordered = np.argsort(series.times, kind="stable")
        counted = ordered[scored[ordered]]
        for fold, rows in (("first half", counted[: len(counted) // 2]), ("second half", counted[len(counted) // 2 :])):
            half = np.zeros_like(scored)
            half[rows] = True
            parts.append(Part(series, fold, half))
    return parts


def judged(part: Part, alarm: BoolArray, suite: str) -> Judged:
    """Measure alarms of a whole file on one part of it."""
    series, protocol = part.series, PROTOCOLS[suite]
    label = series.label if series.label is not None else np.zeros(len(series.times), dtype=bool)
    measured = measure(protocol, series.times, label=label, alarm=alarm, ignore=series.ignore, scored=part.scored)
    return Judged(measured, _met_by_chance(part, label, alarm, suite))


def _met_by_chance(part: Part, label: BoolArray, alarm: BoolArray, suite: str) -> float:
    """Events met when the alarms keep their lengths and distances but come at another time."""
    protocol, times = PROTOCOLS[suite], part.series.times
    events = intervals(times, label & part.scored, join_s=protocol.event_gap_s)
    raised, scored_at = alarm[part.scored], times[part.scored]
    if not events or not raised.any():
        return 0.0
    starts = np.array([event.start for event in events])
    ends = np.array([event.end + protocol.grace_s for event in events])
    met = 0
    for shift in range(1, SHIFTS + 1):
        at = scored_at[np.roll(raised, shift * len(raised) // (SHIFTS + 1))]
        place = np.minimum(np.searchsorted(at, starts), len(at) - 1)
        met += int(((at[place] >= starts) & (at[place] <= ends)).sum())
    return met / SHIFTS


def goodness(parts: Iterable[Judged], suite: str) -> tuple[bool, float, float]:
    """What a choice maximises: event F1 (skab: F1 of rows, as published there), then fewer rows in false alarm.

    Who is in alarm nearly always has one episode that meets an event, none that is false, and event F1 1.0: a setting
    with more than MOST_FALSE_ROWS is taken only when there is no other.
    """
    value = figures([part.measured for part in parts])
    if suite in JUDGED_BY_ROWS:
        return True, value.point_f1, -value.point_false_rate
    return value.point_false_rate <= MOST_FALSE_ROWS, value.event_f1, -value.point_false_rate


def chosen(table: Table, folds: Sequence[str], suite: str, *, apart: str | None = None) -> str:
    """The best setting on all parts; apart: on all but those of this fold."""
    used = [i for i, fold in enumerate(folds) if fold != apart]
    return max(table, key=lambda setting: goodness([table[setting][i] for i in used], suite))


def on_the_same_files(table: Table, folds: Sequence[str], suite: str) -> Result:
    """The one setting that is best on the very parts it is judged on."""
    setting = chosen(table, folds, suite)
    return result_of(table[setting], {"all": setting})


def elsewhere(table: Table, folds: Sequence[str], suite: str) -> Result:
    """Each part judged with the setting that is best on the other folds."""
    settings = {fold: chosen(table, folds, suite, apart=fold) for fold in dict.fromkeys(folds)}
    return result_of([table[settings[fold]][i] for i, fold in enumerate(folds)], settings)


def result_of(parts: Sequence[Judged], settings: Mapping[str, str]) -> Result:
    """Sum up."""
    value = figures([part.measured for part in parts])
    return Result(value, sum(part.by_chance for part in parts) / max(value.events, 1), settings)
