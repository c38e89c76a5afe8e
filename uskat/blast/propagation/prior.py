"""What is predicted before a site has a law of its own: the published law with the spread of sites around it.

A Bayesian line with known scatter: (level at the pivot, β) are normal around the published values with the spread that
sites have among themselves; the few records a site has move it there by the conjugate update. With none the bounds are
wide, with twenty they are near those of the site's own fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uskat.blast.propagation.law import LawForm, PpvRecord, design
from uskat.blast.propagation.rules import propagation_rules
from uskat.blast.propagation.spread import Spread, Values


@dataclass(frozen=True, slots=True)
class PriorLaw:
    """Normal distribution of (log10 v at the pivot, β), and the scatter of single blasts. n: records it has seen."""

    pivot_log10: float
    mean: Values
    covariance: Values
    scatter: float
    n: int

    def spread(self, distance_m: Values, charge_kg: Values, *, azimuth_deg: Values | None = None) -> Spread:  # noqa: ARG002 - the laws are asked alike
        """Prediction of future blasts; the same in every direction."""
        rows = self._rows(distance_m, charge_kg)
        unsure = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        return Spread(rows @ self.mean, np.sqrt(self.scatter**2 + unsure), float("inf"))

    def outside(self, distance_m: float, charge_kg: float) -> bool:  # noqa: ARG002 - the laws are asked alike
        """Never: its spread grows with the distance from the pivot."""
        return False

    def updated(self, records: Sequence[PpvRecord]) -> "PriorLaw":
        """The law after the records of the site."""
        if not records:
            return self
        rows = self._rows(np.array([r.distance_m for r in records]), np.array([r.charge_kg for r in records]))
        measured = np.log10([record.ppv_mm_s for record in records])
        before = np.linalg.inv(self.covariance)
        covariance = np.asarray(np.linalg.inv(before + rows.T @ rows / self.scatter**2), dtype=np.float64)
        mean = covariance @ (before @ self.mean + rows.T @ measured / self.scatter**2)
        return PriorLaw(self.pivot_log10, mean, covariance, self.scatter, self.n + len(records))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "form": "prior",
            "pivot_log10": self.pivot_log10,
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
            "scatter": self.scatter,
            "n": self.n,
            "level": propagation_rules().prior.site_spread_log10.level.value,
        }

    def _rows(self, distance_m: Values, charge_kg: Values) -> Values:
        rows = design(LawForm.SQUARE_ROOT, np.asarray(distance_m), charge_kg=np.asarray(charge_kg))
        return np.asarray(rows - np.array([0.0, self.pivot_log10]), dtype=np.float64)


def prior_law() -> PriorLaw:
    """The law of a site of which nothing is known."""
    numbers = propagation_rules().prior
    pivot = float(np.log10(numbers.pivot_scaled_distance.value))
    level = float(np.log10(numbers.k_mm_s.value)) + numbers.beta.value * pivot
    spreads = np.array([numbers.site_spread_log10.value, numbers.beta_spread.value])
    return PriorLaw(pivot, np.array([level, numbers.beta.value]), np.diag(spreads**2), numbers.scatter_log10.value, 0)
