"""Safe distances of ФНП 494, one function a formula (`blasting/norms.md` §1.5.7, letters a–l). Metres.

Masses are in kg in every formula but the gas zone, whose charge is in TONNES (trap 7). The seismic formula takes the
total charge and the number of groups, not the charge per delay (trap 5). Fly-rock is rounded up, never down (trap 6).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from uskat.blast.distance.norms import DistanceNorms, Multipliers
from uskat.blast.passport.model import Ground
from uskat.blast.provenance import LEVEL_RU, Level, weakest

ROUNDING_SLACK_M = 1e-6
"""A result this little above a multiple is that multiple: floating point, not rock."""


@dataclass(frozen=True, slots=True)
class Distance:
    """One safe distance: as used, as computed, by which formula of which act, from what, how far verified."""

    kind: str
    metres: float
    exact_m: float
    formula: str
    act: str
    level: Level
    inputs: dict[str, float]
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kind": self.kind, "metres": self.metres, "exact_m": self.exact_m, "formula": self.formula,
            "act": self.act, "level": self.level.value, "level_ru": LEVEL_RU[self.level],
            "inputs": dict(self.inputs), "note": self.note,
        }  # fmt: skip


def seismic(
    norms: DistanceNorms,
    *,
    charge_kg: float,
    ground: Ground,
    building: str,
    action: str = "loosening",
    groups: int = 1,
    saturated: bool = False,
) -> Distance:
    """(a), (b): r = K_г·K_с·α·N^(−1/4)·Q^(1/3), Q total in kg, N delayed groups; raises KeyError for unknown codes."""
    k_ground, k_building, alpha = norms.ground[ground], norms.building[building], norms.action[action]
    metres = k_ground.value * k_building.value * alpha.value * groups**-0.25 * math.cbrt(charge_kg)
    used = [norms.seismic_formula.level, k_ground.level, k_building.level, alpha.level]
    if saturated:
        metres *= norms.saturated_factor.value
        used.append(norms.saturated_factor.level)
    inputs = {"charge_kg": charge_kg, "groups": groups, "k_ground": k_ground.value, "k_building": k_building.value,
              "alpha": alpha.value}  # fmt: skip
    return _distance(
        "seismic", metres, norms, formula="r = Kг·Kс·α·N^(−1/4)·Q^(1/3)", level=weakest(used), inputs=inputs
    )


def equivalent_seismic_charge_kg(
    charges_kg: Sequence[float], distances_m: Sequence[float], *, seismic_m: float
) -> float:
    """(c): Q_э = Σ q_i·(r_c/r_i)³ for charges at unequal distances from the object; unverified formula."""
    return sum(charge * (seismic_m / distance) ** 3 for charge, distance in zip(charges_kg, distances_m, strict=True))


def flyrock(
    norms: DistanceNorms,
    *,
    filled: float,
    stemmed: float,
    hardness_f: float,
    diameter_m: float,
    spacing_m: float,
    drop_m: float = 0.0,
) -> Distance:
    """(d), (e): fly-rock, rounded up to 50 m after the downhill factor.

    filled: charge length / hole length; stemmed: stemming / length free of charge; drop_m: how far the protected
    place lies below the block.
    """
    level_m = norms.flyrock_constant.value * filled * math.sqrt(hardness_f / (1 + stemmed) * diameter_m / spacing_m)
    exact = downhill_m(norms, level_m, drop_m=drop_m)
    used = [norms.flyrock_constant.level, norms.flyrock_step_m.level, *([norms.downhill.level] if drop_m > 0 else [])]
    inputs = {"filled": filled, "stemmed": stemmed, "hardness_f": hardness_f, "diameter_m": diameter_m,
              "spacing_m": spacing_m, "drop_m": drop_m}  # fmt: skip
    return Distance(
        kind="flyrock",
        metres=round_up_m(exact, norms.flyrock_step_m.value),
        exact_m=exact,
        formula="r = 1250·η_з·√(f/(1+η_заб)·d/a); R = r·0,5·(1+√(1+4H/r))",
        act=norms.id,
        level=weakest(used),
        inputs=inputs,
    )


def downhill_m(norms: DistanceNorms, level_m: float, *, drop_m: float) -> float:
    """(e): fly-rock distance towards a place that lies lower; 0 m of drop changes nothing."""
    if drop_m <= 0 or level_m == 0:
        return level_m
    return level_m * 0.5 * (1 + math.sqrt(1 + norms.downhill.value * drop_m / level_m))


def round_up_m(metres: float, step_m: float) -> float:
    """The next multiple of a step, never a smaller one."""
    return math.ceil((metres - ROUNDING_SLACK_M) / step_m) * step_m


def hole_equivalent_kg(
    norms: DistanceNorms,
    *,
    linear_kg_m: float,
    diameter_m: float,
    stemming_m: float,
    holes: int,
    charge_length_m: float | None = None,
) -> float:
    """(h): equivalent air charge of a group of holes, Q_э = 12·P·d·K_з·N; a charge shorter than 12 d counts whole."""
    length = norms.hole_lengths.value * diameter_m
    if charge_length_m is not None:
        length = min(length, charge_length_m)
    return linear_kg_m * length * stemming_factor(norms, stemming_m / diameter_m) * holes


def stemming_factor(norms: DistanceNorms, ratio: float) -> float:
    """K_з by stemming in diameters, linear between the rows (above the true falling curve), constant beyond them."""
    rows = norms.stemming_factor
    if ratio >= rows[-1].ratio:
        return rows[-1].factor
    upper = next(place for place, row in enumerate(rows) if row.ratio > ratio)
    a, b = rows[upper - 1], rows[upper]
    return a.factor + (b.factor - a.factor) * (ratio - a.ratio) / (b.ratio - a.ratio)


def glazing(norms: DistanceNorms, *, equivalent_kg: float, multipliers: Multipliers) -> Distance:
    """(g), (i): distance at which panes stay whole, by the equivalent air charge."""
    tier = next(row for row in norms.glazing if row.below_kg is None or equivalent_kg < row.below_kg)
    factors = {
        "hard_rock": (multipliers.hard_rock, norms.hard_rock_factor),
        "short_delay": (multipliers.short_delay, norms.short_delay_factor),
        "frost": (multipliers.frost, norms.frost_factor),
    }
    applied = {name: factor for name, (applies, factor) in factors.items() if applies}
    metres = tier.k * equivalent_kg**tier.exponent * math.prod(factor.value for factor in applied.values())
    level = weakest([tier.level, *(factor.level for factor in applied.values())])
    inputs = {"equivalent_kg": equivalent_kg, **{name: factor.value for name, factor in applied.items()}}
    return _distance("glazing", metres, norms, formula=f"r = {tier.k:g}·Q^({tier.power})", level=level, inputs=inputs)


def air_building(
    norms: DistanceNorms, *, charge_kg: float, k: float, power: float, level: Level = Level.MEMORY
) -> Distance:
    """(f): r = k·Q^power without damage to buildings; k and power (1/3 or 1/2) by the row that the caller chose."""
    return _distance("air_building", k * charge_kg**power, norms, formula="r = k·Q^p", level=level,
                     inputs={"charge_kg": charge_kg, "k": k, "power": power})  # fmt: skip


def people_air(norms: DistanceNorms, *, charge_kg: float) -> Distance:
    """(j): least distance of people from the shock wave of an open charge, r = 15·Q^(1/3)."""
    return _distance("people_air", norms.people_air.value * math.cbrt(charge_kg), norms, formula="r = 15·Q^(1/3)",
                     level=norms.people_air.level, inputs={"charge_kg": charge_kg})  # fmt: skip


def gas_zone(norms: DistanceNorms, *, charge_t: float, wind_m_s: float = 0.0) -> Distance:
    """(l): gas zone of a mass blast, r = 160·Q^(1/3)·(1 + 0.5·V) down the wind; Q in TONNES, V in m/s."""
    metres = norms.gas.value * math.cbrt(charge_t) * (1 + norms.gas_wind.value * wind_m_s)
    level = weakest([norms.gas.level, norms.gas_wind.level])
    return _distance("gas", metres, norms, formula="r = 160·Q^(1/3)·(1 + 0,5·V)", level=level,
                     inputs={"charge_t": charge_t, "wind_m_s": wind_m_s})  # fmt: skip


def _distance(
    kind: str, metres: float, norms: DistanceNorms, *, formula: str, level: Level, inputs: dict[str, float]
) -> Distance:
    return Distance(kind=kind, metres=metres, exact_m=metres, formula=formula, act=norms.id, level=level, inputs=inputs)
