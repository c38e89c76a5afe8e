"""Chemistry of what instruments measure: conductivity at 25 °C, saturation with oxygen, un-ionised ammonia.

Formulas and worked numbers: shared sheet `water/norms.md` §6.2 (from memory there, computed). Oxygen: Benson and Krause
(1984), fresh water, as USGS Techniques and Methods 9-A6.2 prints it; its altitude correction here is the sheet's
proportional one. Ammonia: Emerson et al. (1975). Maths and limits: docs/algorithms/chemistry.md.
"""

import math

KELVIN = 273.15
STANDARD_PRESSURE_KPA = 101.325
CONDUCTIVITY_SLOPE = 0.0191
BENSON_KRAUSE = (-139.34411, 1.575701e5, -6.642308e7, 1.243800e10, -8.621949e11)
FISH_RISK_NH3_MG_L = 0.05
"""Un-ionised ammonia above which fish are at risk (norms.md §6.1, unverified)."""


def conductivity_25(conductivity: float, temperature_c: float) -> float:
    """Conductivity at 25 °C from one at the water's temperature, in the same unit: EC / (1 + 0.0191 (T − 25))."""
    return conductivity / (1 + CONDUCTIVITY_SLOPE * (temperature_c - 25.0))


def oxygen_saturation_mg_l(temperature_c: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Oxygen in mg/L of fresh water in equilibrium with air at a pressure (kPa)."""
    kelvin = temperature_c + KELVIN
    exponent = sum(factor / kelvin**power for power, factor in enumerate(BENSON_KRAUSE))
    return math.exp(exponent) * pressure_kpa / STANDARD_PRESSURE_KPA


def oxygen_saturation_percent(
    oxygen_mg_l: float, temperature_c: float, *, pressure_kpa: float = STANDARD_PRESSURE_KPA
) -> float:
    """Oxygen as a share of saturation, in per cent."""
    return 100.0 * oxygen_mg_l / oxygen_saturation_mg_l(temperature_c, pressure_kpa)


def ammonia_fraction(temperature_c: float, ph: float) -> float:
    """Share of ammonia among ammonia and ammonium: 1 / (1 + 10^(pKa − pH)), pKa = 0.09018 + 2729.92 / T(K)."""
    constant = 0.09018 + 2729.92 / (temperature_c + KELVIN)
    return float(1.0 / (1.0 + math.pow(10.0, constant - ph)))


def ammonia_mg_l(ammonium_mg_l: float, temperature_c: float, *, ph: float) -> float:
    """Un-ionised ammonia as mg/L NH3 where a reading gives the sum of both forms as mg/L NH4."""
    return ammonium_mg_l * 17.031 / 18.039 * ammonia_fraction(temperature_c, ph)
