"""How a river carries a pulse and how the pulse spreads: advection, dispersion, mixing over the width.

Velocity: `uskat.water.jobson`. Dispersion: Fischer et al., Mixing in Inland and Coastal Waters (1979), eq. 5.19, and
mixing length there; coefficients in `uskat/data/travel.json`, from memory, unverified. Step response: Ogata and Banks,
USGS PP 411-A (1961).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, erfcx

from uskat.water.jobson import GRAVITY, RiverFlow, probable_velocity
from uskat.water.travel_coefficient import travel_coefficients

FloatArray = NDArray[np.float64]


def jobson_velocity(*, basin_m2: float, mean_discharge_m3_s: float, discharge_m3_s: float, slope: float) -> float:
    """Most probable velocity of a pulse's peak in m/s, slope known (m/m)."""
    return probable_velocity(RiverFlow(basin_m2, mean_discharge_m3_s, discharge_m3_s, slope))


def shear_velocity(*, depth_m: float, slope: float) -> float:
    """u* = √(g·h·S) in m/s."""
    return math.sqrt(GRAVITY * depth_m * slope)


def fischer_dispersion(*, velocity_m_s: float, width_m: float, depth_m: float, slope: float) -> float:
    """Longitudinal dispersion coefficient in m²/s."""
    shear = shear_velocity(depth_m=depth_m, slope=slope)
    return travel_coefficients().mixing.dispersion * velocity_m_s**2 * width_m**2 / (depth_m * shear)


def mixing_length(
    *, velocity_m_s: float, width_m: float, depth_m: float, slope: float, from_bank: bool = True
) -> float:
    """How far below an outlet, in m, the water is mixed over the width: k·u·W²/Ey with Ey = 0.6·h·u*."""
    mixing = travel_coefficients().mixing
    transverse = mixing.transverse * depth_m * shear_velocity(depth_m=depth_m, slope=slope)
    factor = mixing.length_from_bank if from_bank else mixing.length_from_middle
    return factor * velocity_m_s * width_m**2 / transverse


def channel(flow_m3_s: float, velocity_m_s: float) -> tuple[float, float]:
    """Depth and width in m of a river that nobody surveyed: depth from the flow, width from continuity."""
    geometry = travel_coefficients().geometry
    depth_m = geometry.depth_factor * math.pow(flow_m3_s, geometry.depth_exponent)
    return depth_m, flow_m3_s / (velocity_m_s * depth_m)


def advected_peak_mg_l(
    *, mass_kg: float, area_m2: float, velocity_m_s: float, dispersion_m2_s: float, length_m: float, since_s: float
) -> float:
    """Concentration in mg/L of a mass let in at once: M / (A·√(4πEt)) · exp(−(x − ut)² / (4Et)).

    Without dead zones its peak is higher than what rivers show; for warnings use Jobson's.
    """
    spread = 4 * dispersion_m2_s * since_s
    shape = math.exp(-((length_m - velocity_m_s * since_s) ** 2) / spread)
    return mass_kg * 1000.0 / (area_m2 * math.sqrt(math.pi * spread)) * shape


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
