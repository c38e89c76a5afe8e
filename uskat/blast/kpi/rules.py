"""Rules of the indicators (`uskat/data/blast/kpi_rules.json`); the 95 % rule is a norm: `uskat.blast.norm.pack`."""

from functools import cache

from uskat.blast.provenance import Act, Number, parse_data


class KpiRules(Act):
    """Base year, what a comparison of two years needs, and how near an event must be to belong to a pit."""

    base_year: Number
    least_events: Number
    mc_bin: Number
    mc_correction: Number
    pit_radius_km: Number
    match_min: Number


@cache
def kpi_rules() -> KpiRules:
    """The packaged rules."""
    return parse_data("kpi_rules.json", KpiRules)
