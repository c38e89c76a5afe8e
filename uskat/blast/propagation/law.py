"""A law of one site from its own records: log10 v = a + b·x, x the logarithm of scaled distance (norms.md §2.2)."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy import stats

from uskat.blast.propagation.coefficients import CUBE_ROOT, SQUARE_ROOT
from uskat.blast.propagation.spread import Spread, Values


class LawRefusedError(ValueError):
    """The records do not carry a law: nothing may be predicted from it. The text says why, in Russian."""


class LawForm(StrEnum):
    """How charge and distance enter: R/√Q, R/Q^⅓, or each with its own exponent."""

    SQUARE_ROOT = "square_root"
    CUBE_ROOT = "cube_root"
    FREE = "free"


ROOT = {LawForm.SQUARE_ROOT: SQUARE_ROOT, LawForm.CUBE_ROOT: CUBE_ROOT}


@dataclass(frozen=True, slots=True)
class PpvRecord:
    """One measured blast at one place: metres, kg within 8 ms, mm/s; azimuth blast → place in degrees from north."""

    distance_m: float
    charge_kg: float
    ppv_mm_s: float
    azimuth_deg: float | None = None
    frequency_hz: float | None = None
    label: str = ""


def design(form: LawForm, distance_m: Values, *, charge_kg: Values, azimuth_deg: Values | None = None) -> Values:
    """Rows of the regression, shape (n, p): 1, the logarithms, and cos and sin of the azimuth when it is given."""
    distance, charge = np.log10(distance_m), np.log10(charge_kg)
    columns = [np.ones_like(distance)]
    columns += [distance, charge] if form is LawForm.FREE else [distance - ROOT[form] * charge]
    if azimuth_deg is not None:
        columns += [np.cos(np.radians(azimuth_deg)), np.sin(np.radians(azimuth_deg))]
    return np.column_stack(columns)


@dataclass(frozen=True, slots=True)
class SiteLaw:
    """Least squares of a site.

    coefficients: of `design`. covariance: (XᵀX)⁻¹. s: √(SSE/(n−p)). ranges: of log10 distance, log10 charge and log10
    scaled distance (square root for the free form) under the law. refused: why it must not be used, in Russian.
    warnings: what to know though it may.
    """

    form: LawForm
    directional: bool
    coefficients: Values
    covariance: Values
    s: float
    r2: float
    n: int
    p_values: Values
    ranges: dict[str, tuple[float, float]]
    refused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def k(self) -> float:
        """K in mm/s."""
        return float(10.0 ** self.coefficients[0])

    @property
    def beta(self) -> float:
        """Exponent of the (scaled) distance."""
        return float(self.coefficients[1])

    @property
    def charge_exponent(self) -> float:
        """Exponent of the charge: −β·root, or its own."""
        return float(self.coefficients[2]) if self.form is LawForm.FREE else -self.beta * ROOT[self.form]

    @property
    def correlation(self) -> float:
        """r with the sign of β."""
        return math.copysign(math.sqrt(self.r2), self.beta)

    @property
    def dof(self) -> int:
        """Degrees of freedom."""
        return self.n - len(self.coefficients)

    def k_parallel(self, confidence: float = 0.95) -> float:
        """K of the line parallel to the fit, K·10^(z·s), z the exact normal quantile (norms.md §2.2, trap 9)."""
        return float(self.k * 10.0 ** (stats.norm.ppf(confidence) * self.s))

    def charge_parallel_kg(self, limit_mm_s: float, distance_m: float, *, confidence: float = 0.95) -> float:
        """Largest charge by the parallel line: SD = (v/K95)^(1/β), Q = (R/SD)^(1/root).

        Raises LawRefusedError when the records carry no law, ValueError for a directional one.
        """
        self.ensure_usable()
        if self.directional:
            raise ValueError("a directional law has no single parallel line")
        start = math.log10(self.k_parallel(confidence))
        room = math.log10(limit_mm_s) - start - self.beta * math.log10(distance_m)
        return float(10.0 ** (room / self.charge_exponent))

    def ensure_usable(self) -> None:
        """Raise LawRefusedError when the records do not carry the law."""
        if self.refused:
            raise LawRefusedError(" ".join(self.refused))

    def spread(self, distance_m: Values, charge_kg: Values, *, azimuth_deg: Values | None = None) -> Spread:
        """Prediction of future blasts; raises LawRefusedError, and ValueError when a directional law lacks azimuths."""
        self.ensure_usable()
        return self.spread_unchecked(distance_m, charge_kg, azimuth_deg=azimuth_deg)

    def spread_unchecked(self, distance_m: Values, charge_kg: Values, *, azimuth_deg: Values | None = None) -> Spread:
        """The same for a law that was not found fit: for figures and for measuring how well bounds cover."""
        if self.directional and azimuth_deg is None:
            raise ValueError("a directional law needs azimuths")
        rows = design(self.form, distance_m, charge_kg=charge_kg, azimuth_deg=azimuth_deg if self.directional else None)
        leverage = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        return Spread(rows @ self.coefficients, self.s * np.sqrt(1 + leverage), float(self.dof))

    def outside(self, distance_m: float, charge_kg: float) -> bool:
        """True outside the (scaled) distances, for the free form also outside the charges, of the records."""
        distance, charge = math.log10(distance_m), math.log10(charge_kg)
        if self.form is LawForm.FREE:
            return not (_within(distance, self.ranges["distance"]) and _within(charge, self.ranges["charge"]))
        return not _within(distance - ROOT[self.form] * charge, self.ranges["scaled"])

    def to_json(self) -> dict[str, Any]:
        """Plain values, enough to show and to restore (`law_of_json`)."""
        return {
            "form": self.form.value,
            "directional": self.directional,
            "coefficients": self.coefficients.tolist(),
            "covariance": self.covariance.tolist(),
            "k_mm_s": self.k,
            "beta": self.beta,
            "charge_exponent": self.charge_exponent,
            "s": self.s,
            "r2": self.r2,
            "n": self.n,
            "p_values": self.p_values.tolist(),
            "k95_mm_s": self.k_parallel(),
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "usable": not self.refused,
            "refused": list(self.refused),
            "warnings": list(self.warnings),
        }


def law_of_json(stored: dict[str, Any]) -> SiteLaw:
    """A law from what `to_json` gave; raises KeyError or ValueError for anything else."""
    return SiteLaw(
        form=LawForm(stored["form"]),
        directional=bool(stored["directional"]),
        coefficients=np.array(stored["coefficients"], dtype=np.float64),
        covariance=np.array(stored["covariance"], dtype=np.float64),
        s=float(stored["s"]),
        r2=float(stored["r2"]),
        n=int(stored["n"]),
        p_values=np.array(stored["p_values"], dtype=np.float64),
        ranges={name: (float(low), float(high)) for name, (low, high) in stored["ranges"].items()},
        refused=tuple(stored["refused"]),
        warnings=tuple(stored["warnings"]),
    )


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] - 1e-9 <= value <= bounds[1] + 1e-9
