"""Reduction of the mean magnitude of blasts against 2020, or why it cannot be told (`blasting/norms.md` §3.5, trap 10).

The strategy does not say which mean, so the arithmetic and the energy mean stand side by side with n, median and 95th
percentile. Both years are taken of one network, one kind of magnitude and from one completeness threshold on; where the
base year has no such data, the threshold lies below the completeness of a year, or there are too few events, there is
no indicator but the reasons. A year whose two means move in opposite directions carries a warning.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import numpy as np

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.catalogue.mean_magnitude import MagnitudeYear, comparison_trap, magnitude_years
from uskat.blast.kpi.rules import KpiRules
from uskat.blast.provenance import LEVEL_RU, Level, weakest
from uskat.finding import number_ru

THRESHOLD_SLACK = 1e-9
"""Magnitudes are written with one or two decimals; binary fractions must not move one across the threshold."""


@dataclass(frozen=True, slots=True)
class MagnitudeBasis:
    """What is compared. network: agency of the catalogue; magnitude_type as it writes it; completeness None: not set.

    utc_offset_h: of the local year.
    """

    network: str
    magnitude_type: str
    completeness: float | None
    utc_offset_h: float = 7.0


@dataclass(frozen=True, slots=True)
class MagnitudeKpi:
    """The indicator or its refusal.

    reduction_percent, change_ml: by mean («arithmetic», «energy»), positive and negative as the strategy counts:
    reduction is positive when magnitudes fell. None when refused, with reasons. completeness: estimate by year.
    """

    basis: MagnitudeBasis
    base: MagnitudeYear
    year: MagnitudeYear
    completeness: dict[int, float | None]
    reduction_percent: dict[str, float] | None
    change_ml: dict[str, float] | None
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    level: Level

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "network": self.basis.network,
            "magnitude_type": self.basis.magnitude_type,
            "threshold": self.basis.completeness,
            "base": self.base.to_json(),
            "year": self.year.to_json(),
            "completeness_estimate": {str(year): value for year, value in self.completeness.items()},
            "reduction_percent": self.reduction_percent,
            "change_ml": self.change_ml,
            "refusals": list(self.refusals),
            "warnings": list(self.warnings),
            "level": self.level.value,
            "level_ru": LEVEL_RU[self.level],
        }


def magnitude_kpi(
    events: Sequence[CatalogueEvent], year: int, *, basis: MagnitudeBasis, rules: KpiRules
) -> MagnitudeKpi:
    """Mean magnitude of the blasts of a local year against the base year, or a refusal with reasons."""
    base_year = int(rules.base_year.value)
    blasts = [event for event in events if event.is_blast]
    comparable = [event for event in blasts if _fits(event, basis)]
    counted = _years(comparable, basis)
    base, told = (counted.get(number, _empty(number)) for number in (base_year, year))
    completeness = {
        number: completeness_estimate(_magnitudes(comparable, number, basis=basis), rules=rules)
        for number in (base_year, year)
    }
    refusals = [
        *_foreign_base(blasts, base_year, basis=basis),
        *_threshold(basis, completeness),
        *_few((base, told), rules),
    ]
    reduction, change = _compare(base, told) if not refusals else (None, None)
    trap = comparison_trap(base, told) if not refusals and base_year != year else None
    return MagnitudeKpi(
        basis=basis,
        base=base,
        year=told,
        completeness=completeness,
        reduction_percent=reduction,
        change_ml=change,
        refusals=tuple(refusals),
        warnings=(trap,) if trap else (),
        level=weakest([rules.base_year.level, rules.mc_correction.level]),
    )


def completeness_estimate(magnitudes: Sequence[float], *, rules: KpiRules) -> float | None:
    """Magnitude of completeness by maximum curvature with its correction; None for too few magnitudes.

    The bin with most events (the largest of several), plus 0.2; bins of 0.1 (unverified numbers, published method).
    """
    if len(magnitudes) < rules.least_events.value:
        return None
    width = rules.mc_bin.value
    bins = Counter(int(np.floor(magnitude / width + 0.5 + THRESHOLD_SLACK)) for magnitude in magnitudes)
    fullest = max(bins, key=lambda place: (bins[place], place))
    return round(fullest * width + rules.mc_correction.value, 6)


def _fits(event: CatalogueEvent, basis: MagnitudeBasis) -> bool:
    kind = (event.magnitude_type or "").casefold()
    return event.agency == basis.network and kind == basis.magnitude_type.casefold()


def _years(events: Sequence[CatalogueEvent], basis: MagnitudeBasis) -> dict[int, MagnitudeYear]:
    least = None if basis.completeness is None else basis.completeness - THRESHOLD_SLACK
    found = magnitude_years(events, utc_offset_h=basis.utc_offset_h, completeness=least)
    return {item.year: item for item in found}


def _local_year(event: CatalogueEvent, basis: MagnitudeBasis) -> int:
    return (event.at.astimezone(UTC) + timedelta(hours=basis.utc_offset_h)).year


def _magnitudes(events: Sequence[CatalogueEvent], year: int, *, basis: MagnitudeBasis) -> list[float]:
    return [event.magnitude for event in events if event.magnitude is not None and _local_year(event, basis) == year]


def _empty(year: int) -> MagnitudeYear:
    return MagnitudeYear(year, 0, 0, None, None, None, None)


def _foreign_base(blasts: Sequence[CatalogueEvent], base_year: int, *, basis: MagnitudeBasis) -> list[str]:
    """The base year is known, but of another network or in another magnitude."""
    in_base = [event for event in blasts if _local_year(event, basis) == base_year]
    if not in_base or any(_fits(event, basis) for event in in_base):
        return []
    others = sorted({f"{event.agency or '?'} {event.magnitude_type or '?'}" for event in in_base})
    wanted = f"{basis.network} {basis.magnitude_type}"
    return [f"За {base_year} год есть только {', '.join(others)}, а нужно {wanted}: сети не сравнимы."]


def _threshold(basis: MagnitudeBasis, completeness: dict[int, float | None]) -> list[str]:
    if basis.completeness is None:
        return ["Не задан общий порог полноты каталога."]
    return [
        f"Порог {number_ru(basis.completeness)} ниже полноты каталога за {year} год ({number_ru(estimate)})."
        for year, estimate in completeness.items()
        if estimate is not None and basis.completeness < estimate - THRESHOLD_SLACK
    ]


def _few(years: tuple[MagnitudeYear, MagnitudeYear], rules: KpiRules) -> list[str]:
    return [
        f"За {item.year} год выше порога {item.n} взрывов, нужно не меньше {rules.least_events.value:.0f}."
        for item in {item.year: item for item in years}.values()
        if item.n < rules.least_events.value
    ]


def _compare(base: MagnitudeYear, year: MagnitudeYear) -> tuple[dict[str, float], dict[str, float]]:
    reduction, change = {}, {}
    pairs = {"arithmetic": (base.arithmetic, year.arithmetic), "energy": (base.energy, year.energy)}
    for name, (before, after) in pairs.items():
        if before is not None and after is not None:
            change[name] = after - before
            if before > 0:
                reduction[name] = 100 * (before - after) / before
    return reduction, change
