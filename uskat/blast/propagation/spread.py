"""What a law says of one future blast: a distribution of log10 of the velocity, and what follows from it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]
CHARGE_DECADES = (-3.0, 7.0)
"""Charges are looked for between a gram and ten thousand tonnes."""
HALVINGS = 48


@dataclass(frozen=True, slots=True)
class Spread:
    """log10 v of future blasts: Student's t around `mean` with `scale` and `dof` (inf: normal). Arrays of one shape."""

    mean: Values
    scale: Values
    dof: float

    def median_mm_s(self) -> Values:
        """Half of the blasts stay below."""
        return np.asarray(10.0**self.mean, dtype=np.float64)

    def bound_mm_s(self, confidence: float) -> Values:
        """One-sided: the share `confidence` of future blasts stays below."""
        return np.asarray(10.0 ** (self.mean + self._quantile(confidence) * self.scale), dtype=np.float64)

    def exceedance(self, limit_mm_s: Values | float) -> Values:
        """Probability that a future blast is above the limit."""
        place = (np.log10(limit_mm_s) - self.mean) / self.scale
        tail = stats.norm.sf(place) if np.isinf(self.dof) else stats.t.sf(place, self.dof)
        return np.asarray(tail, dtype=np.float64)

    def _quantile(self, confidence: float) -> float:
        return float(stats.norm.ppf(confidence) if np.isinf(self.dof) else stats.t.ppf(confidence, self.dof))


class GroundLaw(Protocol):
    """A site law, or the prior one."""

    def spread(self, distance_m: Values, charge_kg: Values, *, azimuth_deg: Values | None = None) -> Spread:
        """Distribution at distances (m), charges within 8 ms (kg) and azimuths blast → receptor."""

    def outside(self, distance_m: float, charge_kg: float) -> bool:
        """True where the law has no data under it."""


def largest_charges_kg(
    law: GroundLaw,
    distances_m: Values,
    *,
    limits_mm_s: Values,
    confidence: float = 0.95,
    azimuths_deg: Values | None = None,
) -> Values:
    """Largest charge within 8 ms whose prediction bound at each distance stays below its limit, shape of `distances_m`.

    NaN where no charge of a gram to ten thousand tonnes meets the limit, and where there is none. By halving the
    interval for all places at once: the bound rises with the charge as long as the slope is significant, which the
    rules ask of a law.
    """
    goal = np.log10(limits_mm_s)

    def over(log_charge: Values) -> Values:
        """How far the bound is above the limit, log10."""
        spread = law.spread(distances_m, 10.0**log_charge, azimuth_deg=azimuths_deg)
        return np.asarray(np.log10(spread.bound_mm_s(confidence)) - goal, dtype=np.float64)

    low, high = (np.full_like(distances_m, edge) for edge in CHARGE_DECADES)
    met = (over(low) <= 0) & (over(high) >= 0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = over(middle) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(np.where(met, 10.0**low, np.nan), dtype=np.float64)


def largest_charge_kg(
    law: GroundLaw, distance_m: float, *, limit_mm_s: float, confidence: float = 0.95, azimuth_deg: float | None = None
) -> float | None:
    """The same for one place; None instead of NaN."""
    (charge,) = largest_charges_kg(
        law,
        np.array([distance_m]),
        limits_mm_s=np.array([limit_mm_s]),
        confidence=confidence,
        azimuths_deg=None if azimuth_deg is None else np.array([azimuth_deg]),
    )
    return None if np.isnan(charge) else float(charge)
