"""How far away a source is by the shape of what arrives: the farther, the flatter its front and its tail.

A release of constant strength is carried down with the spread that travel from a candidate gives (Ogata and Banks as in
`uskat.water.travel`), averaged over 20-minute intervals and fitted to the observed excess. The dispersion is known to a
factor only, so the likelihood is averaged over it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from uskat.water.interval import INTERVAL_S
from uskat.water.travel import Passage, pulse_response
from uskat.water.travel_time import Travel

FloatArray = NDArray[np.float64]
Course = NDArray[np.floating[Any]]

DISPERSION_SD = 0.4
"""Of the logarithm of the dispersion factor: Fischer's formula is good to a factor of two."""
DISPERSION_STEPS = (-1.5, -0.75, 0.0, 0.75, 1.5)
MODEL_ERROR = 0.03
"""Noise beside the instrument's, as a share of the peak: river water is not evenly mixed, releases are not even."""
CORRELATED = 3.0
"""Neighbouring intervals err alike: so many of them count as one."""
SUB_STEPS = np.array([-400.0, 0.0, 400.0])


def shape_log_likelihood(course: Course, ways: Sequence[Travel], *, noise: float) -> list[float]:
    """Log-likelihood of an excess course (a value an interval, NaN where missing) for a source at each of the ways.

    A course that never rises tells nothing: 0 for all.
    """
    known = np.isfinite(course)
    if not known.any() or np.max(course[known]) <= 0:
        return [0.0] * len(ways)
    time_s = (np.arange(len(course)) + 0.5) * INTERVAL_S
    values = course[known]
    error = math.hypot(noise, MODEL_ERROR * float(np.max(np.abs(values))))
    moments = time_s[known]
    return [_likelihood(values, moments, way, noise=error) for way in ways]


def _likelihood(values: Course, time_s: Course, way: Travel, *, noise: float) -> float:
    terms = []
    for step in DISPERSION_STEPS:
        carried = Passage(way.length_km * 1000, way.probable_h * 3600, way.variance_s2 * math.exp(step * DISPERSION_SD))
        error = _best_fit(values, time_s, carried)
        terms.append(-error / (2 * noise**2 * CORRELATED) - step**2 / 2)
    top = max(terms)
    return top + math.log(sum(math.exp(term - top) for term in terms))


def _best_fit(values: Course, time_s: Course, way: Passage) -> float:
    """Smallest sum of squares over the start and length of the release; its strength follows linearly."""
    peak = float(np.max(values))
    beyond = time_s[values >= 0.5 * peak]
    first, last = float(beyond[0]), float(beyond[-1])

    def misfit(point: FloatArray) -> float:
        duration_s = math.exp(point[1]) * 3600
        moments = time_s[:, None] + SUB_STEPS - (point[0] * 3600 - way.time_s)
        shape = pulse_response(moments, way, duration_s=duration_s).mean(axis=1)
        power = float(shape @ shape)
        strength = max(float(shape @ values) / power, 0.0) if power > 0 else 0.0
        residual = values - strength * shape
        return float(residual @ residual)

    guess = np.array([first / 3600, math.log(max(last - first, INTERVAL_S) / 3600)])
    found = minimize(
        misfit, guess, method="Nelder-Mead", options={"maxiter": 80, "xatol": 0.02, "fatol": 1e-6 * peak**2}
    )
    return float(found.fun)
