"""Small synthetic stations: noise, one pulse, and where it is."""

import numpy as np

from benchmarks.event_rows import Memory, Rows
from services.cli.backtest_series import Series

WARM = 600
TOTAL = 1600
PULSE = slice(1200, 1230)
MEMORY = Memory(windows=(60, 240), short=4, train=600, refit=300, timeout=40)


def station(height=12.0, seed=1):
    """Rows of three parameters that share some of their noise; all move by `height` deviations during PULSE."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.5, (TOTAL, 1))
    values = shared + rng.normal(0, 1.0, (TOTAL, 3))
    values[PULSE] += height
    return Rows(values, np.full(3, 0.2), WARM, np.arange(TOTAL))


def series(name="a", rows=1000, event=(600, 800), seed=0, height=8.0):
    """A file of the skab layout, one row a second, labelled where it is moved."""
    rng = np.random.default_rng(seed)
    label = np.zeros(rows, dtype=bool)
    label[slice(*event)] = True
    values = {key: rng.normal(0, 1, rows) + height * label for key in ("Current", "Pressure", "Voltage")}
    times = 1_700_000_000 + np.arange(rows, dtype=np.int64)
    return Series(name, times, values, label, np.zeros(rows, dtype=bool), None)
