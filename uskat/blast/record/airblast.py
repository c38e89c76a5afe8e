"""Airblast level: unweighted peak in decibels re 20 µPa (norms.md 1.1.8). Peak, never rms; linear, never A-weighted."""

import math

REFERENCE_PRESSURE_PA = 20e-6


def airblast_level_dbl(peak_pa: float) -> float | None:
    """Level of a peak overpressure: 20 Pa → 120 dB(L); None for no overpressure."""
    return 20 * math.log10(peak_pa / REFERENCE_PRESSURE_PA) if peak_pa > 0 else None


def airblast_pressure_pa(level_dbl: float) -> float:
    """Peak overpressure in Pa of a level in dB(L): 134 dB(L) → 100.2374 Pa."""
    return float(REFERENCE_PRESSURE_PA * 10.0 ** (level_dbl / 20))
