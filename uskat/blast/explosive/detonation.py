"""Ideal detonation of an explosive by Kamlet and Jacobs, and geometry of a charge column.

Source: `blasting/norms.md` §5.2 (Tema 3 of the Vigo course, secondary) and §5.4. Ideal values: in a hole, ANFO reaches
2500–4500 m/s where the formula gives above 5000.
"""

import math
from dataclasses import dataclass

CONSTANT_PRESSURE = 7.614e-4
CONSTANT_VELOCITY = 22.328
DENSITY_TERM = 1.3


@dataclass(frozen=True, slots=True)
class Detonation:
    """phi: n·√M·√Q; velocity in m/s; pressure in GPa."""

    phi: float
    velocity_m_s: float
    pressure_gpa: float


def kamlet_jacobs(*, gas_mol_kg: float, gas_molar_mass_g: float, heat_kj_kg: float, density_g_cm3: float) -> Detonation:
    """Ideal detonation; mol of gas per kg, its mean molar mass in g/mol, heat in kJ/kg, density in g/cm³."""
    phi = gas_mol_kg * math.sqrt(gas_molar_mass_g) * math.sqrt(heat_kj_kg)
    return Detonation(
        phi=phi,
        velocity_m_s=CONSTANT_VELOCITY * math.sqrt(phi) * (1 + DENSITY_TERM * density_g_cm3),
        pressure_gpa=CONSTANT_PRESSURE * density_g_cm3**2 * phi,
    )


def linear_charge_kg_m(*, diameter_mm: float, density_g_cm3: float) -> float:
    """Mass of one metre of charge column, kg/m (§5.4: 0.215 m at 0.85 → 30.86)."""
    return math.pi / 4 * (diameter_mm / 1000) ** 2 * density_g_cm3 * 1000


def column_density_g_cm3(*, charge_kg: float, diameter_mm: float, length_m: float) -> float:
    """Mean density that a charge of this mass has in a column of this size, g/cm³."""
    return charge_kg / (math.pi / 4 * (diameter_mm / 1000) ** 2 * length_m * 1000)
