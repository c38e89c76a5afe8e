"""A small synthetic river at 20 minutes: daily courses, noise, and what happens to it."""

from datetime import UTC, datetime, timedelta

import numpy as np

from uskat.water.event import RIVER_20MIN, EventDetector, EventStep

START = datetime(2026, 6, 1, tzinfo=UTC)
STEP = timedelta(minutes=20)
DAY = 72

Series = dict[str, np.ndarray]


def river(days: int = 16, seed: int = 0) -> Series:
    """An uneventful river; level in cm, everything else in the product's units."""
    rng = np.random.default_rng(seed)
    n = days * DAY
    wave = np.sin(2 * np.pi * np.arange(n) / DAY)
    later = np.sin(2 * np.pi * np.arange(n) / DAY + 1.0)
    return {
        "temp": 15 + 2 * wave + rng.normal(0, 0.1, n),
        "ph": 8 + 0.2 * later + rng.normal(0, 0.02, n),
        "ec25": 450 + 5 * wave + rng.normal(0, 3, n),
        "do": 9 + 1.5 * later + rng.normal(0, 0.1, n),
        "turb": 8 * np.exp(rng.normal(0, 0.1, n)),
        "nh4": 0.2 * np.exp(rng.normal(0, 0.1, n)),
        "no3": 4 * np.exp(rng.normal(0, 0.05, n)),
        "no2": 0.03 * np.exp(rng.normal(0, 0.1, n)),
        "orp": 350 + rng.normal(0, 5, n),
        "level": 50 + rng.normal(0, 0.3, n),
        "precip": np.zeros(n),
    }


def rows(series: Series):
    """(time, values) in time order; NaN means not measured."""
    n = len(next(iter(series.values())))
    for i in range(n):
        yield START + i * STEP, {name: float(values[i]) for name, values in series.items()}


def run(series: Series, config=RIVER_20MIN, detector: EventDetector | None = None) -> list[EventStep]:
    detector = detector or EventDetector(config, list(series))
    return [detector.step(time, values) for time, values in rows(series)]


def alarmed(steps: list[EventStep], first: int, last: int) -> bool:
    """Any alarm in rows first..last-1."""
    return any(step.alarm for step in steps[first:last])
