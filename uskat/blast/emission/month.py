"""Emissions of reported blasts by local month: the yearly form of the method, summed, with what it does not cover.

Source: `blasting/norms.md` §4.1, yearly form: CO counts 1.5 times, for the gas that leaves the muck later. Amounts are
sums over the blasts that have an official factor; the tonnes without one stand beside them (trap 12).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from uskat.blast.emission.factors import EmissionFactors
from uskat.blast.emission.mass import Amount, Emission, blast_emission
from uskat.blast.explosive.register import Register
from uskat.blast.passport.report import Report
from uskat.blast.provenance import weakest


@dataclass(frozen=True, slots=True)
class MonthOfEmission:
    """Blasts of one enterprise in one local month. amounts: by pollutant; None where no blast has a factor."""

    enterprise: str
    month: date
    blasts: int
    amounts: dict[str, Amount | None]
    covered_t: float
    total_t: float
    without_factor: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; month as YYYY-MM."""
        return {
            "enterprise": self.enterprise,
            "month": f"{self.month:%Y-%m}",
            "blasts": self.blasts,
            "amounts": {name: amount.to_json() if amount else None for name, amount in self.amounts.items()},
            "covered_t": self.covered_t,
            "total_t": self.total_t,
            "complete": not self.without_factor,
            "without_factor": list(self.without_factor),
        }


def emission_months(
    reports: Iterable[Report], zone: tzinfo, *, factors: EmissionFactors, register: Register
) -> list[MonthOfEmission]:
    """Months with reported blasts, by enterprise and month; zone: of the local month."""
    groups: dict[tuple[str, date], list[Emission]] = {}
    for report in reports:
        month = report.fired_at.astimezone(zone).date().replace(day=1)
        emission = blast_emission(
            report.explosives, report.suppression, factors=factors, register=register, with_later_gas=True
        )
        groups.setdefault((report.enterprise, month), []).append(emission)
    return [_month(*key, emissions) for key, emissions in sorted(groups.items())]


def _month(enterprise: str, month: date, emissions: Sequence[Emission]) -> MonthOfEmission:
    names = {name: None for emission in emissions for name in emission.amounts}
    return MonthOfEmission(
        enterprise=enterprise,
        month=month,
        blasts=len(emissions),
        amounts={name: _sum(emission.amounts.get(name) for emission in emissions) for name in names},
        covered_t=sum(emission.covered_t for emission in emissions),
        total_t=sum(emission.total_t for emission in emissions),
        without_factor=tuple(sorted({item.product for emission in emissions for item in emission.without_factor})),
    )


def _sum(amounts: Iterable[Amount | None]) -> Amount | None:
    known = [amount for amount in amounts if amount is not None]
    if not known:
        return None
    return Amount(
        sum(amount.own_t for amount in known),
        sum(amount.low_t for amount in known),
        sum(amount.high_t for amount in known),
        weakest(amount.level for amount in known),
    )
