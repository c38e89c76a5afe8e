"""Emissions of a blast by the coal-industry method: dust, CO, NOx, NO2, NO (`blasting/norms.md` §4.1, §4.4).

M_j = K_j·(1 − η)·Σ q_ij·A_i, A in tonnes of explosive. For each pollutant three numbers: by the product's own factor,
and the lowest and highest factor that any published calculation by the method uses. A product without an official
factor is named with its mass and a comparison; it is never counted as zero (trap 12). NO2 = 0.8·NOx and NO = 0.13·NOx
do not add to one, since NO is given as mass of NO (trap 11).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from uskat.blast.emission.factors import EmissionFactors
from uskat.blast.explosive.register import Register
from uskat.blast.passport.model import ExplosiveLoad, Suppression, SuppressionMethod
from uskat.blast.provenance import LEVEL_RU, Level, weakest

PRIMARY = ("dust", "CO", "NOx")
NO_FACTOR_RU = "нет официального коэффициента"


@dataclass(frozen=True, slots=True)
class Amount:
    """Tonnes: by the product's own factor, by the lowest and by the highest published one; level of the weakest."""

    own_t: float
    low_t: float
    high_t: float
    level: Level

    def times(self, factor: float, level: Level) -> "Amount":
        """The amount scaled by a sourced factor."""
        return Amount(self.own_t * factor, self.low_t * factor, self.high_t * factor, weakest([self.level, level]))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "own_t": self.own_t, "low_t": self.low_t, "high_t": self.high_t,
            "level": self.level.value, "level_ru": LEVEL_RU[self.level],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoFactor:
    """A product that the method does not know. comparison: tonnes by a foreign document, None without one."""

    product: str
    mass_t: float
    comparison_id: str | None
    comparison: Mapping[str, float] | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "product": self.product, "mass_t": self.mass_t, "word": NO_FACTOR_RU,
            "comparison_id": self.comparison_id, "comparison_t": dict(self.comparison) if self.comparison else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Emission:
    """Emission of one blast. amounts: by pollutant; None where no product has an official factor.

    covered_t of total_t tonnes of explosive have one; below that the amounts are incomplete, not small.
    """

    method: str
    amounts: Mapping[str, Amount | None]
    covered_t: float
    total_t: float
    without_factor: tuple[NoFactor, ...]
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """True when every product has an official factor."""
        return not self.without_factor

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "method": self.method,
            "amounts": {name: amount.to_json() if amount else None for name, amount in self.amounts.items()},
            "covered_t": self.covered_t,
            "total_t": self.total_t,
            "complete": self.complete,
            "without_factor": [item.to_json() for item in self.without_factor],
            "notes": list(self.notes),
        }


def blast_emission(
    loads: Sequence[ExplosiveLoad],
    suppression: Suppression | None = None,
    *,
    factors: EmissionFactors,
    register: Register,
    with_later_gas: bool = False,
) -> Emission:
    """Emission of the products of a blast. with_later_gas: annual form, with the gas that leaves the muck later."""
    masses = _masses(loads, register)
    known = {code: mass for code, mass in masses.items() if code in factors.products}
    amounts: dict[str, Amount | None] = {}
    for pollutant in PRIMARY:
        amount = _amount(pollutant, known, factors=factors) if known else None
        if amount is not None:
            transfer = factors.transfer[pollutant]
            passed = 1 - _efficiency(pollutant, suppression)
            amount = amount.times(transfer.value * passed, transfer.level)
            if with_later_gas:
                amount = amount.times(factors.later_gas[pollutant].value, factors.later_gas[pollutant].level)
        amounts[pollutant] = amount
    nitrogen = amounts["NOx"]
    for pollutant, share in factors.split.items():
        amounts[pollutant] = nitrogen.times(share.value, share.level) if nitrogen else None
    missing = {code: mass for code, mass in masses.items() if code not in factors.products}
    without = [_no_factor(code, mass, factors=factors, register=register) for code, mass in missing.items()]
    return Emission(
        method=factors.id,
        amounts=amounts,
        covered_t=sum(known.values()),
        total_t=sum(masses.values()),
        without_factor=tuple(without),
        notes=tuple(_notes(suppression, factors, missing=missing)),
    )


def rate_g_s(mass_t: float, duration_s: float) -> float:
    """Mean rate over the emission's own duration, g/s (§4.1); raises ValueError for no duration."""
    if duration_s <= 0:
        raise ValueError("an emission lasts some time")
    return mass_t * 1e6 / duration_s


def rate_20min_g_s(mass_t: float, duration_s: float, *, factors: EmissionFactors) -> float:
    """Rate to compare with a 20-minute maximum: a shorter emission is averaged over 1200 s (unverified rule)."""
    return rate_g_s(mass_t, max(duration_s, factors.averaging_s.value))


def dust_by_volume_t(
    volume_m3: float, dust_kg_m3: float, *, factors: EmissionFactors, efficiency: float = 0.0
) -> float:
    """Dust by the method per volume of rock (§4.2, unverified); dust_kg_m3 comes from the official annex by hand."""
    return factors.volume_transfer.value * dust_kg_m3 * volume_m3 * (1 - efficiency) / 1000


def cloud_volume_m3(charge_t: float, factors: EmissionFactors) -> float:
    """Volume of the dust and gas cloud, m³ (§4.3, unverified)."""
    return factors.cloud_volume_m3.value * math.pow(charge_t, factors.cloud_volume_power.value)


def cloud_height_m(charge_t: float, hole_depth_m: float, *, factors: EmissionFactors) -> float:
    """Height of the cloud, m (§4.3, unverified)."""
    height = factors.cloud_height_m.value + factors.cloud_height_per_t.value * charge_t
    return height * (factors.cloud_deep_factor.value if hole_depth_m > factors.cloud_deep_from_m.value else 1.0)


def _masses(loads: Iterable[ExplosiveLoad], register: Register) -> dict[str, float]:
    masses: dict[str, float] = {}
    for load in loads:
        product = register.product(load.product)
        code = product.code if product else load.product
        masses[code] = masses.get(code, 0.0) + load.mass_kg / 1000
    return masses


def _amount(pollutant: str, known: Mapping[str, float], *, factors: EmissionFactors) -> Amount:
    own = low = high = 0.0
    levels = []
    others = [row[pollutant] for row in factors.other_calculations if pollutant in row]
    for code, mass in known.items():
        factor = factors.products[code][pollutant]
        values = [factor.value, *(other.value for other in others)]
        own, low, high = own + factor.value * mass, low + min(values) * mass, high + max(values) * mass
        levels.append(factor.level)
    return Amount(own, low, high, weakest(levels))


def _efficiency(pollutant: str, suppression: Suppression | None) -> float:
    if suppression is None:
        return 0.0
    return suppression.dust_efficiency if pollutant == "dust" else suppression.gas_efficiency


def _no_factor(code: str, mass_t: float, *, factors: EmissionFactors, register: Register) -> NoFactor:
    product = register.product(code)
    family = product.family if product else None
    match = next((item for item in factors.comparisons if family in item.families), None)
    if match is None:
        return NoFactor(code, mass_t, None, None)
    return NoFactor(code, mass_t, match.id, {name: factor.value * mass_t for name, factor in match.factors.items()})


def _notes(suppression: Suppression | None, factors: EmissionFactors, *, missing: Mapping[str, float]) -> Iterable[str]:
    if missing:
        yield f"Для {', '.join(sorted(missing))} {NO_FACTOR_RU}: в сумму не входят, это не ноль."
    if suppression is None or suppression.method is SuppressionMethod.NONE:
        return
    known = factors.suppression.get(suppression.method)
    pairs = (("пыли", suppression.dust_efficiency, known.dust if known else None),
             ("газам", suppression.gas_efficiency, known.gas if known else None))  # fmt: skip
    for name, declared, span in pairs:
        if declared > 0 and (span is None or declared > span.high):
            limit = f"опубликовано не больше {span.high:g}" if span else "опубликованных значений нет"
            yield f"Заявленная эффективность по {name} {declared:g}: {limit}."
