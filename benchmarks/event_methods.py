"""Event detectors to compare the product's with, written from their descriptions; causal, one score a row, no labels.

A method yields candidates: a name of its setting and a score. An alarm is score >= limit for a limit of `LIMITS`, or
>= 1 where the limit changes what is learned and is part of the setting (linear prediction, CUSUM).
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import solve_toeplitz
from scipy.stats import binom, chi2
from sklearn.ensemble import HistGradientBoostingRegressor, IsolationForest

from benchmarks.event_rows import MAD_TO_SIGMA, Floats, Memory, Rows, bounded, confirmed, robust_deviation

Candidates = Iterator[tuple[str, Floats]]
CONFIRM = (1, 5)
MOST_ROWS = 4000
"""Rows a robust covariance or a boosting model is fitted to at most: evenly spaced ones of the training span."""


@dataclass(frozen=True, slots=True)
class Method:
    """A detector. limits: what is tried as the alarm limit of its scores."""

    name: str
    candidates: Callable[[Rows, Memory], Candidates]
    limits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Settings of the linear prediction filter and its binomial event discriminator, in rows and standard deviations.

    history: accepted rows the filter is fitted to. limit: outlier threshold. window, event: length of the discriminator
    and probability at which it speaks. timeout: rows of alarm after which the new level is the baseline.
    """

    history: int
    limit: float
    window: int
    event: float
    timeout: int

    def __str__(self) -> str:
        return f"history {self.history}, outlier {self.limit}, window {self.window}, event {self.event}"


ORDER = 12
REFIT_PARTS = 24
PUBLISHED = Prediction(history=144, limit=0.8, window=6, event=0.85, timeout=12)
"""Shipped with the tutorial of station B: USEPA/CANARY java/canaryeds-0.0/examples/v4config.yml (there with MVNN)."""


def linear_prediction(rows: Rows, setting: Prediction) -> Floats:
    """Linear prediction filter and binomial event discriminator (Hart, McKenna et al. 2007, CANARY).

    Each parameter is predicted from its own last accepted values; a row whose largest residual reaches the limit is an
    outlier and is kept out of the history. Score: probability of fewer outliers in the window by chance (p = 0.5).
    """
    needed = int(np.argmax(binom.cdf(np.arange(setting.window + 1) - 1, setting.window, 0.5) >= setting.event))
    total, width = rows.values.shape
    # every time-out adds once more what it accepts, and comes once in `timeout` rows at most
    history = np.zeros((2 * total + setting.timeout, width))
    score = np.zeros(total)
    newest: deque[bool] = deque(maxlen=setting.window)
    kept = since = alarmed = 0
    filters = base = bound = np.zeros(width)
    values = pd.DataFrame(rows.values).ffill().fillna(0.0).to_numpy()
    for t in np.flatnonzero(np.isfinite(rows.values).any(axis=1)).tolist():
        row = values[t]
        if kept < setting.history:
            history[kept] = row
            kept += 1
            continue
        if since == 0:
            filters, base, spread = _fitted(history[kept - setting.history : kept], rows.step)
            bound = setting.limit * spread
            since = max(setting.history // REFIT_PARTS, 1)
        since -= 1
        expected = np.einsum("ij,ij->j", history[kept - ORDER : kept], filters) + base
        outlier = bool((np.abs(row - expected) >= bound).any())
        newest.append(outlier)
        if not outlier:
            history[kept] = row
            kept += 1
        score[t] = sum(newest) / needed
        alarmed = alarmed + 1 if score[t] >= 1.0 else 0
        if alarmed >= setting.timeout:
            history[kept : kept + setting.timeout] = values[t - setting.timeout + 1 : t + 1]
            kept += setting.timeout
            newest.clear()
            alarmed = since = 0
    return score


def _fitted(history: Floats, step: Floats) -> tuple[Floats, Floats, Floats]:
    """Filters by the Yule-Walker equations (order, parameters; oldest first), their constant, standard deviation.

    The standard deviation has the sensor's step as floor.
    """
    middle = history.mean(axis=0)
    centred = history - middle
    lags = np.array([np.einsum("ij,ij->j", centred[k:], centred[: len(centred) - k]) for k in range(ORDER + 1)])
    lags /= len(centred)
    filters = np.zeros((ORDER, history.shape[1]))
    for j in range(history.shape[1]):
        if lags[0, j] > step[j] ** 2 / 12:
            column = lags[:ORDER, j].copy()
            column[0] *= 1.001
            filters[::-1, j] = solve_toeplitz(column, lags[1:, j])
    return filters, middle * (1.0 - filters.sum(axis=0)), np.maximum(np.sqrt(lags[0]), step)


def _predictions(rows: Rows, memory: Memory) -> Candidates:
    history = max(memory.windows)
    for limit, (window, event) in product(
        (0.8, 1.5, 3.0, 5.0, 8.0, 12.0, 20.0), ((1, 0.5), (3, 0.5), (6, 0.85), (12, 0.85))
    ):
        setting = Prediction(max(history, 100), limit, window, event, memory.timeout)
        yield str(setting), linear_prediction(rows, setting)


def _published(rows: Rows, memory: Memory) -> Candidates:  # noqa: ARG001 - the published setting knows no suite
    yield str(PUBLISHED), linear_prediction(rows, PUBLISHED)


def robust_distance(rows: Rows, window: int, memory: Memory) -> Floats:
    """Mahalanobis distance of deviations and differences by a robust scatter, fitted again on rows already seen."""
    deviation, size = robust_deviation(rows, window)
    change = np.diff(rows.values, axis=0, prepend=rows.values[:1])
    features = bounded(np.hstack([deviation / size, change / rows.step]))
    score = np.zeros(len(features))
    for first, after in blocks(len(features), rows.warm, memory.refit):
        seen = thinned(features[max(0, first - memory.train) : first])
        middle = np.median(seen, axis=0)
        scale = np.maximum(MAD_TO_SIGMA * np.median(np.abs(seen - middle), axis=0), 0.5)
        scatter = m_scatter((seen - middle) / scale)
        standard = (features[first:after] - middle) / scale
        score[first:after] = np.sqrt(np.einsum("ij,ij->i", standard @ np.linalg.inv(scatter), standard))
    return score


def m_scatter(standard: Floats) -> Floats:
    """M-estimate of scatter with Huber's weights (Maronna 1976), shrunk a little towards the diagonal."""
    width = standard.shape[1]
    cut = chi2.ppf(0.95, width)
    scatter = np.eye(width)
    for _ in range(8):
        distance = np.einsum("ij,ij->i", standard @ np.linalg.inv(scatter), standard)
        weight = np.minimum(1.0, cut / np.maximum(distance, 1e-12))
        raw = (standard * weight[:, None]).T @ standard / len(standard)
        scatter = 0.95 * raw + 0.05 * np.diag(np.maximum(np.diag(raw), 1e-3))
    return scatter


def _distances(rows: Rows, memory: Memory) -> Candidates:
    for window in memory.windows:
        score = robust_distance(rows, window, memory)
        for n in CONFIRM:
            yield f"window {window}, median of {n}", confirmed(score, n)


def isolation(rows: Rows, window: int, memory: Memory) -> Floats:
    """Isolation forest (Liu 2008: 100 trees, 256 rows each) on deviations, differences and roughness."""
    deviation, size = robust_deviation(rows, window)
    change = np.diff(rows.values, axis=0, prepend=rows.values[:1])
    jumps = bounded(change / rows.step)
    rough = trailing_mean(np.abs(jumps), memory.short)
    features = np.hstack([bounded(deviation / rows.step), jumps, rough, bounded(size / rows.step)])
    score = np.zeros(len(features))
    for first, after in blocks(len(features), rows.warm, memory.refit):
        seen = features[max(0, first - memory.train) : first]
        forest = IsolationForest(n_estimators=100, max_samples=min(256, len(seen)), random_state=0, n_jobs=1)
        forest.fit(seen)
        score[first:after] = -forest.score_samples(features[first:after])
    return score


def _isolations(rows: Rows, memory: Memory) -> Candidates:
    for window in memory.windows:
        score = isolation(rows, window, memory)
        for n in CONFIRM:
            yield f"window {window}, median of {n}", confirmed(score, n)


def boosted_residual(rows: Rows, window: int, memory: Memory) -> Floats:
    """What gradient boosting did not expect of each parameter, in robust deviations of rows it was not trained on.

    Expected from the parameter's value a short while ago and from how far the others are from their usual.
    """
    deviation, _ = robust_deviation(rows, window)
    total, width = deviation.shape
    before = np.vstack([np.full((memory.short, width), np.nan), deviation[: total - memory.short]])
    score = np.zeros(total)
    for first, after in blocks(total, rows.warm, memory.refit):
        start = max(0, first - memory.train)
        cut = start + 3 * (first - start) // 4
        for j in range(width):
            inputs = np.hstack([before[:, j : j + 1], np.delete(deviation, j, axis=1)])
            known = np.flatnonzero(np.isfinite(deviation[start:cut, j])) + start
            if len(known) < 50:
                continue
            chosen = thinned(known)
            # the bins of a column that never reported cannot be made
            inputs = inputs[:, np.isfinite(inputs[chosen]).any(axis=0)]
            if inputs.shape[1] == 0:
                continue
            model = HistGradientBoostingRegressor(max_iter=40, max_leaf_nodes=15, early_stopping=False, random_state=0)
            model.fit(inputs[chosen], deviation[chosen, j])
            residual = deviation[cut:after, j] - model.predict(inputs[cut:after])
            usual = np.nanmedian(np.abs(residual[: first - cut])) if np.isfinite(residual[: first - cut]).any() else 0.0
            own = np.abs(bounded(residual[first - cut :])) / max(MAD_TO_SIGMA * usual, rows.step[j])
            score[first:after] = np.maximum(score[first:after], own)
    return score


def _boosted(rows: Rows, memory: Memory) -> Candidates:
    window = max(memory.windows) if 0 not in memory.windows else 0
    score = boosted_residual(rows, window, memory)
    for n in CONFIRM:
        yield f"window {window}, median of {n}", confirmed(score, n)


WINSOR = 8.0
DRIFTS = (1.0, 2.0)
DECISIONS = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)


def cusum(standard: Floats, drift: float, decisions: tuple[float, ...]) -> Floats:
    """Two-sided CUSUM (Page 1954) of every parameter, for several decision limits at once: (limits, rows), 1 alarms.

    Deviations are cut at WINSOR; a sum beyond its limit starts anew as soon as its parameter is within the drift.
    """
    limits = np.array(decisions)[:, None]
    both = np.hstack([standard, -standard])
    both = np.clip(both, -WINSOR, WINSOR) - drift
    total, width = both.shape
    sums = np.zeros((len(decisions), width))
    largest = np.zeros((len(decisions), total))
    for t in range(total):
        row = both[t]
        sums = np.maximum(sums + row, 0.0)
        sums[(sums >= limits) & (row < 0.0)] = 0.0
        largest[:, t] = sums.max(axis=1)
    return largest / limits


def _cusums(rows: Rows, memory: Memory) -> Candidates:
    for window, drift in product(memory.windows, DRIFTS):
        deviation, size = robust_deviation(rows, window)
        for decision, score in zip(DECISIONS, cusum(bounded(deviation / size), drift, DECISIONS), strict=True):
            yield f"window {window}, drift {drift}, decision {decision}", score


def blocks(total: int, warm: int, refit: int) -> Iterator[tuple[int, int]]:
    """[first, after) of the rows that one fit judges; it is trained on rows before `first` only."""
    for first in range(warm, total, refit):
        yield first, min(first + refit, total)


def thinned(rows: Floats) -> Floats:
    """Evenly spaced rows, MOST_ROWS at most."""
    return rows[:: -(-len(rows) // MOST_ROWS)] if len(rows) > MOST_ROWS else rows


def trailing_mean(values: Floats, n: int) -> Floats:
    """Mean of the last n rows; of fewer at the beginning."""
    padded = np.vstack([np.repeat(values[:1], n - 1, axis=0), values])
    return sliding_window_view(padded, n, axis=0).mean(axis=2)


GEOMETRIC = tuple(1.5 * 2 ** (i / 2) for i in range(20))
METHODS = (
    Method("linear prediction + BED, published", _published, (1.0,)),
    Method("linear prediction + BED", _predictions, (1.0,)),
    Method("robust Mahalanobis", _distances, GEOMETRIC),
    Method("isolation forest", _isolations, tuple(0.42 + 0.02 * i for i in range(20))),
    Method("boosting residual", _boosted, GEOMETRIC),
    Method("CUSUM", _cusums, (1.0,)),
)
