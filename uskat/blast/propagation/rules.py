"""The numbers of site laws, as data (`propagation.json`, `airblast_law.json`) with their sources."""

from functools import cache

from uskat.blast.provenance import Act, Frozen, Number, Sourced, Span, parse_data


class PriorNumbers(Frozen):
    """What is taken for a site without records: log10 v = log10 K + β·log10 SD with the spreads of both."""

    k_mm_s: Number
    beta: Number
    pivot_scaled_distance: Number
    site_spread_log10: Number
    beta_spread: Number
    scatter_log10: Number


class PropagationRules(Act):
    """When records carry a law, and what stands in for it until then."""

    least_records: Number
    good_records: Number
    least_span_decades: Number
    least_r2: Number
    good_r2: Number
    slope_p_below: Number
    cube_root_delta_aic: Number
    free_p_below: Number
    direction_p_below: Number
    direction_least_in_quadrant: Number
    outlier_p_below: Number
    notable_residual: Number
    prior: PriorNumbers
    frequency_prior_low: Number
    frequency_prior_high: Number
    frequency_least_records: Number


class AirLaw(Sourced):
    """P kPa = K·(R/Q^⅓)^exponent, K between low and high."""

    id: str
    k_low_kpa: float
    k_high_kpa: float
    exponent: float
    confined: bool


class AirblastRules(Act):
    """Attenuation of airblast and what wind adds."""

    laws: tuple[AirLaw, ...]
    ground_pa_per_mm_s: Number
    wind_addition_db: Span
    wind_towards_deg: Number


@cache
def propagation_rules() -> PropagationRules:
    """The rules in use."""
    return parse_data("propagation.json", PropagationRules)


@cache
def airblast_rules() -> AirblastRules:
    """The rules in use."""
    return parse_data("airblast_law.json", AirblastRules)
