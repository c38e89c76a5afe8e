"""Emission factors as a versioned act (`uskat/data/blast/emission_factors.json`); source: `blasting/norms.md` §4."""

from functools import cache

from uskat.blast.passport.model import SuppressionMethod
from uskat.blast.provenance import Act, Frozen, Number, Span, parse_data


class Comparison(Frozen):
    """Factors of a foreign document, shown beside and never summed into the official total."""

    id: str
    title: str
    families: tuple[str, ...]
    factors: dict[str, Number]


class Efficiency(Frozen):
    """Published efficiency of a suppression method; None: nothing is published."""

    dust: Span | None
    gas: Span | None


class EmissionFactors(Act):
    """Method of §4.5: tonnes of pollutant per tonne of explosive, by product; numbers of other documents beside it."""

    transfer: dict[str, Number]
    split: dict[str, Number]
    later_gas: dict[str, Number]
    products: dict[str, dict[str, Number]]
    other_calculations: tuple[dict[str, Number], ...]
    comparisons: tuple[Comparison, ...]
    suppression: dict[SuppressionMethod, Efficiency]
    averaging_s: Number
    volume_transfer: Number
    cloud_volume_m3: Number
    cloud_volume_power: Number
    cloud_height_m: Number
    cloud_height_per_t: Number
    cloud_deep_factor: Number
    cloud_deep_from_m: Number


@cache
def emission_factors() -> EmissionFactors:
    """The packaged method."""
    return parse_data("emission_factors.json", EmissionFactors)
