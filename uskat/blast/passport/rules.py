"""Tolerances and conventions by which passports and reports are checked (`uskat/data/blast/passport_rules.json`)."""

from functools import cache

from pydantic import Field

from uskat.blast.provenance import Act, Number, Sourced, Span, parse_data


class DelayWindow(Sourced):
    """Charges that fire within this window count as one; closed: both ends belong to it, else [t, t + window)."""

    window_ms: float = Field(gt=0)
    closed: bool


class PassportRules(Act):
    """All rules of the checks."""

    delay_window: DelayWindow
    powder_factor_kg_m3: Span
    sum_tolerance: Number
    column_tolerance: Number
    volume_tolerance: Number
    depth_tolerance_m: Number
    report_charge_tolerance: Number
    record_time_tolerance_s: Number
    residual_limit_s: Number
    duration_margin_s: Number
    report_due_h: Number
    window_longest_h: Number


@cache
def passport_rules() -> PassportRules:
    """The package's rules."""
    return parse_data("passport_rules.json", PassportRules)
