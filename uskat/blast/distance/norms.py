"""Coefficients of the safe distances of ФНП 494 as a versioned act (`uskat/data/blast/fnp-494.json`).

The act ends on 01.01.2027; after that day `distance_norms_on` still gives the newest act, marked as ended, so that a
distance is never silently missing and never silently outdated. Source and levels: `blasting/norms.md` §1.5.7.
"""

from datetime import date
from fractions import Fraction
from functools import cache

from pydantic import Field

from uskat.blast.passport.model import Ground
from uskat.blast.provenance import Act, Choice, Frozen, Number, Sourced, act_on, parse_data

FILES = ("fnp-494.json",)


class _Power(Sourced):
    power: str = Field(pattern=r"^\d/\d$")

    @property
    def exponent(self) -> float:
        """The power as a number."""
        return float(Fraction(self.power))


class GlazingTier(_Power):
    """r = k · Q^power for an equivalent charge below `below_kg` (None: any)."""

    below_kg: float | None
    k: float


class AirTier(_Power):
    """r = k · Q^power for buildings; range of k; Q in kg, the bound in tonnes."""

    charge: str
    below_t: float | None
    k_low: float
    k_high: float


class StemmingFactor(Sourced):
    """Share of a hole's charge that makes air blast, by length of stemming in diameters."""

    ratio: float
    factor: float


class Signal(Sourced):
    """A siren and its meaning."""

    name: str
    name_en: str
    sound: str


class DistanceNorms(Act):
    """All coefficients of an act."""

    ground: dict[Ground, Number]
    building: dict[str, Number]
    action: dict[str, Number]
    seismic_formula: Sourced
    saturated_factor: Number
    flyrock_constant: Number
    flyrock_step_m: Number
    downhill: Number
    glazing: tuple[GlazingTier, ...]
    hole_lengths: Number
    stemming_factor: tuple[StemmingFactor, ...]
    hard_rock_from_group: Number
    hard_rock_factor: Number
    short_delay_below_ms: Number
    short_delay_factor: Number
    frost_factor: Number
    people_air: Number
    gas: Number
    gas_wind: Number
    air_building: tuple[AirTier, ...]
    signals: tuple[Signal, ...]


class Multipliers(Frozen):
    """Conditions that enlarge the glazing distance; each applies on its own."""

    hard_rock: bool = False
    short_delay: bool = False
    frost: bool = False


@cache
def distance_acts() -> tuple[DistanceNorms, ...]:
    """Every packaged act."""
    return tuple(parse_data(name, DistanceNorms) for name in FILES)


def distance_norms_on(day: date) -> Choice[DistanceNorms]:
    """The act of a local date, or the newest ended one, marked; raises NoActError before the first."""
    return act_on(distance_acts(), day)
