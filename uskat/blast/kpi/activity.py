"""How often and how much was blasted, by pit and local month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any


@dataclass(frozen=True, slots=True)
class FiredBlast:
    """One blast that happened. charge_kg None: not reported. declared False: found by instruments only."""

    enterprise: str
    pit: str
    fired_at: datetime
    charge_kg: float | None
    declared: bool = True


@dataclass(frozen=True, slots=True)
class MonthOfPit:
    """Blasts of one pit in one local month. charge_t: of the blasts that told it, `without_charge` did not."""

    enterprise: str
    pit: str
    month: date
    blasts: int
    undeclared: int
    charge_t: float
    without_charge: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; month as YYYY-MM."""
        return {
            "enterprise": self.enterprise, "pit": self.pit, "month": f"{self.month:%Y-%m}", "blasts": self.blasts,
            "undeclared": self.undeclared, "charge_t": self.charge_t, "without_charge": self.without_charge,
        }  # fmt: skip


def blasts_by_pit_and_month(blasts: Iterable[FiredBlast], zone: tzinfo) -> list[MonthOfPit]:
    """Months with blasts, by enterprise, pit and month; zone: of the local month."""
    groups: dict[tuple[str, str, date], list[FiredBlast]] = {}
    for blast in blasts:
        month = blast.fired_at.astimezone(zone).date().replace(day=1)
        groups.setdefault((blast.enterprise, blast.pit, month), []).append(blast)
    return [
        MonthOfPit(
            enterprise=enterprise,
            pit=pit,
            month=month,
            blasts=len(members),
            undeclared=sum(not blast.declared for blast in members),
            charge_t=sum(blast.charge_kg or 0.0 for blast in members) / 1000,
            without_charge=sum(blast.charge_kg is None for blast in members),
        )
        for (enterprise, pit, month), members in sorted(groups.items())
    ]
