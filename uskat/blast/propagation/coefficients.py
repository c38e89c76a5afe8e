"""A law with given coefficients, always in mm/s, metres and kilograms; other units of measure enter only here.

v = K·(R/Q^root)^β, β < 0, Q the largest charge within 8 ms (norms.md 2.1.1, traps 3 and 5). Sadovsky's K is for cm/s
and the American one for in/s, ft, lb: they are converted at the edge and kept in one system inside.
"""

import math
from dataclasses import dataclass

CM_S = 10.0
INCH_MM = 25.4
FOOT_M, POUND_KG = 0.3048, 0.45359237
SQUARE_ROOT, CUBE_ROOT = 1 / 2, 1 / 3


@dataclass(frozen=True, slots=True)
class Coefficients:
    """k in mm/s at a scaled distance of 1 m/kg^root. Raises ValueError for values that are no law of attenuation."""

    k: float
    beta: float
    root: float = SQUARE_ROOT

    def __post_init__(self) -> None:
        if not (self.k > 0 and self.beta < 0 and self.root > 0):
            raise ValueError(f"K = {self.k}, β = {self.beta}, root {self.root}: K > 0 and β < 0 are needed")

    def ppv_mm_s(self, distance_m: float, charge_kg: float) -> float:
        """K 1140, β −1.6: 1000 kg at 500 m → 13.758 mm/s."""
        return float(self.k * (distance_m / charge_kg**self.root) ** self.beta)

    def distance_m(self, ppv_mm_s: float, charge_kg: float) -> float:
        """Where a velocity is reached."""
        return float((ppv_mm_s / self.k) ** (1 / self.beta) * charge_kg**self.root)

    def charge_kg(self, ppv_mm_s: float, distance_m: float) -> float:
        """Which charge reaches a velocity: K 1140, β −1.6, 5 mm/s at 1000 m → 1128.7 kg."""
        scaled = (ppv_mm_s / self.k) ** (1 / self.beta)
        return float((distance_m / scaled) ** (1 / self.root))


def of_sadovsky(k_cm_s: float, n: float) -> Coefficients:
    """Sadovsky's v = K·(Q^⅓/R)^n with v in **cm/s** (norms.md 2.1.2): K 200, n 1.5, 1000 kg, 500 m → 5.657 mm/s."""
    return Coefficients(k_cm_s * CM_S, -n, CUBE_ROOT)


def of_us_units(k_in_s: float, beta: float) -> Coefficients:
    """K for in/s and ft/√lb (norms.md §2.1): with β −1.6 K is 7.1437 times larger in mm/s and m/√kg."""
    return Coefficients(k_in_s * INCH_MM * (FOOT_M / math.sqrt(POUND_KG)) ** -beta, beta)
