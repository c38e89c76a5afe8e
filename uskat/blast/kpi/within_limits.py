"""Share of blasts within limits at each receptor: the 95 % rule over a period (`blasting/norms.md` §1.5.4, trap 15).

The rule itself – how many may exceed, none above the ceiling – is `uskat.blast.norm.verdict.judge_year`. A receptor
without records is not measured, which is not «within limits».
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uskat.blast.norm.pack import AnnualRule
from uskat.blast.norm.verdict import AnnualVerdict, judge_year


@dataclass(frozen=True, slots=True)
class ReceptorPeak:
    """Largest value that one blast gave at one receptor, in the unit of the rule."""

    receptor: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class ReceptorShare:
    """One receptor in one period; verdict None: not measured."""

    receptor: str
    verdict: AnnualVerdict | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"receptor": self.receptor, "verdict": self.verdict.to_json() if self.verdict else None}


@dataclass(frozen=True, slots=True)
class SharesOfReceptors:
    """All receptors of a period, in the order they were asked for."""

    receptors: tuple[ReceptorShare, ...]

    @property
    def records(self) -> int:
        """How many records were judged."""
        return sum(item.verdict.blasts for item in self.receptors if item.verdict)

    @property
    def record_share(self) -> float | None:
        """Share of all records within the usual limit; None without records."""
        above = sum(item.verdict.above_usual for item in self.receptors if item.verdict)
        return 1 - above / self.records if self.records else None

    @property
    def receptor_share(self) -> float | None:
        """Share of the measured receptors where the rule is kept; None when none was measured."""
        measured = [item.verdict for item in self.receptors if item.verdict]
        return sum(verdict.kept for verdict in measured) / len(measured) if measured else None

    @property
    def not_measured(self) -> tuple[str, ...]:
        """Receptors without records."""
        return tuple(item.receptor for item in self.receptors if item.verdict is None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "records": self.records,
            "record_share": self.record_share,
            "receptor_share": self.receptor_share,
            "not_measured": list(self.not_measured),
            "receptors": [item.to_json() for item in self.receptors],
        }


def within_limits(
    peaks: Iterable[ReceptorPeak], receptors: Sequence[str], *, rule: AnnualRule, since: datetime, until: datetime
) -> SharesOfReceptors:
    """Every receptor over [since, until), the period that the rule names; peaks of other receptors are left out."""
    values: dict[str, list[float]] = {receptor: [] for receptor in receptors}
    for peak in peaks:
        if since <= peak.at < until and peak.receptor in values:
            values[peak.receptor].append(peak.value)
    return SharesOfReceptors(
        tuple(ReceptorShare(receptor, judge_year(found, rule) if found else None) for receptor, found in values.items())
    )
