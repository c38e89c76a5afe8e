"""Oxygen balance and gas of an explosive from its composition.

Source: `blasting/norms.md` §5.1 (definition: Tema 2 of the Vigo course; values computed). Complete oxidation: carbon to
CO2, hydrogen to H2O, aluminium to Al2O3, sodium to Na2O; nitrogen leaves as N2, free oxygen as O2. Below zero oxygen
balance the products depend on the conditions, and no gas volume is given.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

ATOMIC_MASS_G: Mapping[str, float] = MappingProxyType(
    {"C": 12.011, "H": 1.008, "N": 14.007, "O": 15.999, "Al": 26.982, "Na": 22.990}
)
OXYGEN_NEED: Mapping[str, float] = MappingProxyType({"C": 2.0, "H": 0.5, "N": 0.0, "O": -1.0, "Al": 1.5, "Na": 0.5})
"""Atoms of oxygen that one atom takes; oxygen itself gives one."""
MOLAR_VOLUME_0C_L = 22.414
LEAST_BALANCE_FOR_GAS_PERCENT = -0.05
SHARES_SUM_TO = 0.001
FORMULA = re.compile(r"(?:(?:Al|Na|[CHNO])\d*)+")
ATOM = re.compile(r"(Al|Na|[CHNO])(\d*)")


class CompositionError(ValueError):
    """A formula of unknown atoms, or shares that do not make a whole."""


def atoms(formula: str) -> dict[str, float]:
    """Atoms of a formula without brackets, for example C7H5N3O6; raises CompositionError."""
    if not FORMULA.fullmatch(formula):
        raise CompositionError(f"{formula!r} is not a formula of C, H, N, O, Al, Na")
    counted: dict[str, float] = {}
    for symbol, count in ATOM.findall(formula):
        counted[symbol] = counted.get(symbol, 0.0) + float(count or 1)
    return counted


def molar_mass_g(formula: str) -> float:
    """Molar mass in g/mol; raises CompositionError."""
    return sum(ATOMIC_MASS_G[symbol] * count for symbol, count in atoms(formula).items())


def oxygen_balance_percent(formula: str) -> float:
    """Oxygen left after complete oxidation, per cent of the mass (§5.1); raises CompositionError."""
    missing = sum(OXYGEN_NEED[symbol] * count for symbol, count in atoms(formula).items())
    return -100 * ATOMIC_MASS_G["O"] * missing / molar_mass_g(formula)


def mixture_balance_percent(shares: Mapping[str, float]) -> float:
    """Oxygen balance of a mixture {formula: share of mass}; raises CompositionError when shares do not sum to 1."""
    _check_shares(shares)
    return sum(share * oxygen_balance_percent(formula) for formula, share in shares.items())


def gas_mol_kg(shares: Mapping[str, float]) -> float | None:
    """Mol of gas (N2, H2O, CO2, free O2) per kg of a mixture; None when it lacks oxygen, or shares are refused."""
    if mixture_balance_percent(shares) < LEAST_BALANCE_FOR_GAS_PERCENT:
        return None
    per_kg: dict[str, float] = {}
    for formula, share in shares.items():
        moles = 1000 * share / molar_mass_g(formula)
        for symbol, count in atoms(formula).items():
            per_kg[symbol] = per_kg.get(symbol, 0.0) + moles * count
    free_oxygen = -sum(OXYGEN_NEED[symbol] * count for symbol, count in per_kg.items())
    return per_kg.get("C", 0.0) + (per_kg.get("H", 0.0) + per_kg.get("N", 0.0) + max(0.0, free_oxygen)) / 2


def gas_l_kg(shares: Mapping[str, float]) -> float | None:
    """Litres of gas at 0 °C and 101.3 kPa per kg, water as vapour; None as in `gas_mol_kg`."""
    moles = gas_mol_kg(shares)
    return None if moles is None else moles * MOLAR_VOLUME_0C_L


def zero_balance_share(fuel: str, oxidiser: str) -> float:
    """Share of fuel that makes a mixture with an oxidiser of zero balance; raises CompositionError if none does."""
    lacks, gives = oxygen_balance_percent(fuel), oxygen_balance_percent(oxidiser)
    if lacks >= 0 or gives <= 0:
        raise CompositionError(f"{fuel} and {oxidiser} are not a fuel and an oxidiser")
    return gives / (gives - lacks)


def _check_shares(shares: Mapping[str, float]) -> None:
    total = sum(shares.values())
    if abs(total - 1) > SHARES_SUM_TO or any(share < 0 for share in shares.values()):
        raise CompositionError(f"shares sum to {total:.4f}, not to 1")
