"""How fast a river carries a pulse and how the pulse spreads: Jobson's velocity, advection and dispersion.

Velocity: Jobson, USGS WRIR 96-4013 and J. Hydraul. Eng. 123(11), 1997; coefficients as in the norms sheet §5.2
(from memory there, unverified). Dispersion: Fischer et al., Mixing in Inland and Coastal Waters (1979), eq. 5.19.
Step response: Ogata and Banks, USGS PP 411-A (1961).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, erfcx

GRAVITY = 9.81
FloatArray = NDArray[np.float64]


def jobson_velocity(*, basin_m2: float, mean_discharge_m3_s: float, discharge_m3_s: float, slope: float) -> float:
    """Velocity of a pulse's peak in m/s, slope known (m/m)."""
    relative_area = basin_m2**1.25 * math.sqrt(GRAVITY) / mean_discharge_m3_s
    relative_discharge = discharge_m3_s / mean_discharge_m3_s
    scale = math.pow(relative_area, 0.919) * math.pow(relative_discharge, -0.469) * math.pow(slope, 0.159)
    return 0.094 + 0.0143 * scale * discharge_m3_s / basin_m2


def fischer_dispersion(*, velocity_m_s: float, width_m: float, depth_m: float, slope: float) -> float:
    """Longitudinal dispersion coefficient in m²/s."""
    shear_velocity = math.sqrt(GRAVITY * depth_m * slope)
    return 0.011 * velocity_m_s**2 * width_m**2 / (depth_m * shear_velocity)


@dataclass(frozen=True, slots=True)
class Passage:
    """The way from a source to a point: length, mean travel time and variance of travel time (s, s²)."""

    length_m: float
    time_s: float
    variance_s2: float

    def then(self, other: "Passage") -> "Passage":
        """This way followed by another; times and variances add."""
        return Passage(self.length_m + other.length_m, self.time_s + other.time_s, self.variance_s2 + other.variance_s2)


def passage(*, length_m: float, velocity_m_s: float, dispersion_m2_s: float) -> Passage:
    """One uniform reach: τ = L/u, σ² = 2EL/u³."""
    return Passage(length_m, length_m / velocity_m_s, 2 * dispersion_m2_s * length_m / velocity_m_s**3)


def step_response(since_s: FloatArray, way: Passage) -> FloatArray:
    """Share of a lasting source's concentration that has arrived `since_s` seconds after it began (Ogata–Banks).

    The way is replaced by a uniform reach of the same mean travel time and variance.
    """
    if way.length_m <= 0 or way.variance_s2 <= 0:
        return (since_s >= way.time_s).astype(np.float64)
    velocity = way.length_m / way.time_s
    dispersion = way.variance_s2 * velocity**3 / (2 * way.length_m)
    time = np.maximum(since_s, 1e-9)
    spread = 2 * np.sqrt(dispersion * time)
    front = (way.length_m - velocity * time) / spread
    mirror = (way.length_m + velocity * time) / spread
    response = 0.5 * (erfc(front) + np.exp(-(front**2)) * erfcx(mirror))
    return np.where(since_s > 0, response, 0.0)


def pulse_response(since_s: FloatArray, way: Passage, *, duration_s: float) -> FloatArray:
    """Share of the source's concentration seen after a discharge of `duration_s`; its time integral is `duration_s`."""
    return step_response(since_s, way) - step_response(since_s - duration_s, way)
