"""Mean magnitude of a year's blasts, three ways, and when two years must not be compared (norms.md §3.5).

The arithmetic mean falls when more small events are catalogued; the energy mean does not. Only events from a
completeness threshold on, the same for both years, may be compared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

import numpy as np

from uskat.blast.catalogue.event import CatalogueEvent

ENERGY_EXPONENT = 1.5
"""log10 of energy per unit of magnitude (norms.md §3.2, Gutenberg–Richter)."""


@dataclass(frozen=True, slots=True)
class MagnitudeYear:
    """Magnitudes of one local year; None where there are none. p95: 95th percentile. unsized: events without one."""

    year: int
    n: int
    unsized: int
    arithmetic: float | None
    energy: float | None
    median: float | None
    p95: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "year": self.year,
            "n": self.n,
            "unsized": self.unsized,
            "arithmetic": self.arithmetic,
            "energy": self.energy,
            "median": self.median,
            "p95": self.p95,
        }


def energy_mean(magnitudes: Sequence[float], *, exponent: float = ENERGY_EXPONENT) -> float:
    """Magnitude of the mean energy, log10(mean 10^(e·M)) / e; raises ValueError without magnitudes."""
    if not len(magnitudes):
        raise ValueError("no magnitudes")
    largest = max(magnitudes)
    mean = float(np.mean([10 ** (exponent * (value - largest)) for value in magnitudes]))
    return largest + math.log10(mean) / exponent


def magnitude_years(
    events: Sequence[CatalogueEvent], *, utc_offset_h: float, completeness: float | None = None
) -> list[MagnitudeYear]:
    """Years of the given events, in order. completeness: only magnitudes from this one on count."""
    zone = timezone(timedelta(hours=utc_offset_h))
    years: dict[int, list[float | None]] = {}
    for event in events:
        years.setdefault(event.at.astimezone(zone).year, []).append(event.magnitude)
    return [_year(year, values, completeness) for year, values in sorted(years.items())]


def comparison_trap(base: MagnitudeYear, year: MagnitudeYear) -> str | None:
    """Why the change of the mean from `base` to `year` misleads, in Russian; None when nothing speaks against it.

    The sign differs between the two means: then the number of small events changed, not the blasts.
    """
    if base.arithmetic is None or base.energy is None or year.arithmetic is None or year.energy is None:
        return "В одном из годов нет событий с магнитудой выше порога: сравнивать не с чем."
    arithmetic, energy = year.arithmetic - base.arithmetic, year.energy - base.energy
    if arithmetic * energy < 0:
        return (
            f"Среднее арифметическое изменилось на {arithmetic:+.3f}, среднее по энергии на {energy:+.3f}: "
            "меняется полнота каталога, а не сила взрывов. Нужен общий порог."
        ).replace(".", ",", 2)
    return None


def _year(year: int, values: Sequence[float | None], completeness: float | None) -> MagnitudeYear:
    sized = [value for value in values if value is not None]
    counted = [value for value in sized if completeness is None or value >= completeness]
    unsized = len(values) - len(sized)
    if not counted:
        return MagnitudeYear(year, 0, unsized, None, None, None, None)
    return MagnitudeYear(
        year=year,
        n=len(counted),
        unsized=unsized,
        arithmetic=float(np.mean(counted)),
        energy=energy_mean(counted),
        median=float(np.median(counted)),
        p95=float(np.percentile(counted, 95)),
    )
