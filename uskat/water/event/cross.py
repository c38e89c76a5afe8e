"""What each parameter should be, given the others: ridge regressions trained on the warm-up rows, then frozen."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from uskat.water.event.channel import Look
from uskat.water.event.config import TimeScale

FEWEST = 30
TINY = 1e-9
PERCENTILE = 99.0


class CrossModel:
    """Residual of each parameter against all others and its running mean, in units of what the training rows showed.

    The running mean (EWMA; Roberts 1959) sees small lasting shifts. Its typical size is the 99th percentile over the
    training rows, so that limit 1 is a false-alarm budget of 1 % of these.
    """

    def __init__(self, scale: TimeScale, names: tuple[str, ...], *, ridge: float) -> None:
        self._scale = scale
        self._names = names
        self._ridge = ridge
        self._rows: list[list[float]] = []
        self._weights: np.ndarray | None = None
        self._centre = np.zeros(len(names))
        self._spread = np.ones(len(names))
        self._typical = np.ones(len(names))
        self._running = np.zeros(len(names))

    def look(self, values: Mapping[str, float], *, training: bool) -> list[tuple[str, Look]]:
        """Take one row; nothing is said while training, or when a parameter is missing."""
        if len(values) < len(self._names):
            return []
        row = [values[name] for name in self._names]
        if training:
            self._rows.append(row)
            return []
        if self._weights is None:
            if len(self._rows) < FEWEST:
                return []
            self._fit()
        standard = (np.array(row) - self._centre) / self._spread
        residual = standard - self._predicted(standard)
        self._running += (residual - self._running) / self._scale.smooth
        ratio = np.abs(self._running) / self._typical / self._scale.limit
        return [
            (
                name,
                Look(
                    float(ratio[i]),
                    self._scale.name,
                    row[i],
                    float(row[i] - residual[i] * self._spread[i]),
                    float(self._running[i] * self._spread[i]),
                    float(self._typical[i] * self._spread[i]),
                ),
            )
            for i, name in enumerate(self._names)
        ]

    def _predicted(self, standard: np.ndarray) -> np.ndarray:
        weights = self._weights
        return standard * 0.0 if weights is None else standard @ weights

    def _fit(self) -> None:
        rows = np.array(self._rows)
        self._centre = rows.mean(axis=0)
        self._spread = np.maximum(rows.std(axis=0), TINY)
        standard = (rows - self._centre) / self._spread
        size = len(self._names)
        weights = np.zeros((size, size))
        for i in range(size):
            others = [j for j in range(size) if j != i]
            A = standard[:, others]
            gram = A.T @ A + self._ridge * len(rows) * np.eye(size - 1)
            weights[others, i] = np.linalg.solve(gram, A.T @ standard[:, i])
        self._weights = weights
        residual = standard - standard @ weights
        running = np.zeros(size)
        seen = []
        for row in residual:
            running = running + (row - running) / self._scale.smooth
            seen.append(np.abs(running))
        self._typical = np.maximum(np.percentile(np.array(seen), PERCENTILE, axis=0), TINY)
        self._running = running
        self._rows = []

    def dump(self) -> dict[str, Any]:
        """State for `load`."""
        return {
            "rows": self._rows,
            "weights": self._weights.tolist() if self._weights is not None else None,
            "centre": self._centre.tolist(),
            "spread": self._spread.tolist(),
            "typical": self._typical.tolist(),
            "running": self._running.tolist(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take back a state of `dump`."""
        self._rows = state["rows"]
        self._weights = np.array(state["weights"]) if state["weights"] is not None else None
        self._centre, self._spread = np.array(state["centre"]), np.array(state["spread"])
        self._typical, self._running = np.array(state["typical"]), np.array(state["running"])
