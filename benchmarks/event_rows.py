"""What a competing event method is given: the same columns and the same knowledge of a suite as the product has.

Columns that only explain (flows, water temperature of a plant) are left out, columns the product judges as ratios are
logarithms here too, and a sensor's step is the documented one or is learned from the warm-up.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from services.cli.backtest_series import Series
from uskat.water.event import SUITES
from uskat.water.event.protocol import PROTOCOLS

Floats = NDArray[np.float64]
STEP_QUANTILE = 0.1
UNKNOWN_STEP = 0.01
"""Step of a sensor that stood still through the warm-up: what CANARY's tutorial states for most of its sensors."""
TINY = 1e-6
MAD_TO_SIGMA = 1.4826
CLIP = 1e6


@dataclass(frozen=True, slots=True)
class Memory:
    """How far a method may look back in a suite, in rows: windows to choose from (0: the warm-up, frozen), training.

    short: about an hour, for differences. train: rows a model is fitted to, refit: rows until it is fitted again.
    timeout: rows after which a lasting change is the new baseline.
    """

    windows: tuple[int, ...]
    short: int
    train: int
    refit: int
    timeout: int


MEMORY = {
    "gecco": Memory(windows=(360, 1440), short=10, train=14 * 1440, refit=7 * 1440, timeout=300),
    "lro": Memory(windows=(12, 96), short=4, train=60 * 96, refit=14 * 96, timeout=48),
    "gbr": Memory(windows=(16, 48), short=2, train=60 * 16, refit=14 * 16, timeout=32),
    "canary": Memory(windows=(12, 72), short=3, train=14 * 72, refit=7 * 72, timeout=12),
    "skab": Memory(windows=(100, 0), short=20, train=400, refit=100_000, timeout=600),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """One file in time order: values (rows, parameters) with NaN for what was not measured, sensor step a parameter.

    order: place of each row in the file. warm: rows of warm-up, in which nothing is alarmed.
    """

    values: Floats
    step: Floats
    warm: int
    order: NDArray[np.int64]

    def in_file_order(self, score: Floats) -> Floats:
        """A score of these rows as a score of the file's rows; 0 in the warm-up."""
        quiet = np.where(np.arange(len(score)) < self.warm, 0.0, score)
        back = np.empty_like(quiet)
        back[self.order] = quiet
        return back


def rows_of(series: Series, suite: str) -> Rows:
    """The rows a competing method sees."""
    config = SUITES[suite]
    order = np.argsort(series.times, kind="stable")
    columns, given = [], []
    for name, values in series.values.items():
        rule = config.rule(name)
        if rule is None or rule.explains:
            continue
        taken = values[order]
        columns.append(np.log(np.maximum(taken, 0.0) + max(rule.floor, TINY)) if rule.log else taken)
        given.append(rule.step)
    table = np.where(np.isfinite(columns), columns, np.nan).T
    warm = PROTOCOLS[suite].warm_up_rows
    learned = [_learned_step(table[:warm, j]) for j in range(table.shape[1])]
    step = np.array([known or own for known, own in zip(given, learned, strict=True)])
    return Rows(table, step, warm, order)


def _learned_step(values: Floats) -> float:
    changes = np.abs(np.diff(values))
    changes = changes[np.isfinite(changes) & (changes > 1e-9)]
    return float(np.quantile(changes, STEP_QUANTILE)) if len(changes) else UNKNOWN_STEP


def robust_deviation(rows: Rows, window: int) -> tuple[Floats, Floats]:
    """Distance from the median of the `window` rows before, and its usual size: 1.4826 MAD, no less than a step.

    window 0 compares with the warm-up for good. Both arrays are (rows, parameters); nothing known is NaN.
    """
    if window == 0:
        head = rows.values[: rows.warm]
        middle = np.nanmedian(head, axis=0)
        size = MAD_TO_SIGMA * np.nanmedian(np.abs(head - middle), axis=0)
        return rows.values - middle, np.broadcast_to(np.maximum(size, rows.step), rows.values.shape)
    frame = pd.DataFrame(rows.values)
    fewest = max(window // 4, 2)
    deviation = frame - frame.rolling(window, min_periods=fewest).median().shift(1)
    usual = MAD_TO_SIGMA * deviation.abs().rolling(window, min_periods=fewest).median().shift(1)
    return deviation.to_numpy(), np.maximum(usual.to_numpy(), rows.step)


def confirmed(score: Floats, n: int) -> Floats:
    """Trailing median of n rows: most of the last n must be high."""
    return score if n <= 1 else pd.Series(score).rolling(n, min_periods=1).median().to_numpy()


def bounded(values: Floats) -> Floats:
    """Nothing known is no deviation."""
    return np.nan_to_num(np.clip(values, -CLIP, CLIP), nan=0.0)
