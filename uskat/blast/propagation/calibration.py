"""How well the bound covers: fit one half of a site's records, count in the other half what stays below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uskat.blast.propagation.fit import FitError, fit_form
from uskat.blast.propagation.law import LawForm, PpvRecord
from uskat.blast.propagation.prior import prior_law
from uskat.blast.propagation.spread import GroundLaw, Spread


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of held-out records below the one-sided bound. halves: splits; spread: 5 and 95 % quantile of a split."""

    confidence: float
    halves: int
    judged: int
    below: int
    split_low: float
    split_high: float

    @property
    def share(self) -> float:
        """Of all held-out records."""
        return self.below / self.judged

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "confidence": self.confidence,
            "halves": self.halves,
            "judged": self.judged,
            "share": self.share,
            "split_low": self.split_low,
            "split_high": self.split_high,
        }


def held_out_coverage(
    records: Sequence[PpvRecord],
    *,
    confidence: float = 0.95,
    halves: int = 500,
    seed: int = 1,
    form: LawForm = LawForm.SQUARE_ROOT,
) -> Coverage:
    """Coverage over random halves; both halves take their turn. The rule of the least number of records is waived.

    Raises FitError when a half determines no line.
    """
    if len(records) < 6:
        raise FitError(f"{len(records)} записей не разделить на две половины")
    random = np.random.default_rng(seed)
    shares: list[tuple[int, int]] = []
    for _ in range(halves):
        order = random.permutation(len(records))
        middle = len(records) // 2
        for own, other in ((order[:middle], order[middle:]), (order[middle:], order[:middle])):
            law = fit_form([records[int(place)] for place in own], form)
            held = [records[int(place)] for place in other]
            shares.append((_below(law.spread_unchecked(*_places(held)), held, confidence), len(held)))
    return _coverage(shares, confidence)


def prior_coverage(
    records: Sequence[PpvRecord], *, seen: int, confidence: float = 0.95, draws: int = 500, seed: int = 1
) -> Coverage:
    """Coverage of the prior law after `seen` random records of the site, in all its others."""
    random = np.random.default_rng(seed)
    shares: list[tuple[int, int]] = []
    for _ in range(draws):
        order = random.permutation(len(records))
        law: GroundLaw = prior_law().updated([records[int(place)] for place in order[:seen]])
        held = [records[int(place)] for place in order[seen:]]
        shares.append((_below(law.spread(*_places(held)), held, confidence), len(held)))
    return _coverage(shares, confidence)


def _places(records: Sequence[PpvRecord]) -> tuple[Any, Any]:
    return np.array([record.distance_m for record in records]), np.array([record.charge_kg for record in records])


def _below(spread: Spread, held: Sequence[PpvRecord], confidence: float) -> int:
    bound = spread.bound_mm_s(confidence)
    return int(sum(record.ppv_mm_s <= limit for record, limit in zip(held, bound, strict=True)))


def _coverage(shares: Sequence[tuple[int, int]], confidence: float) -> Coverage:
    each = [below / judged for below, judged in shares]
    low, high = np.quantile(each, [0.05, 0.95])
    return Coverage(
        confidence=confidence,
        halves=len(shares),
        judged=sum(judged for _, judged in shares),
        below=sum(below for below, _ in shares),
        split_low=float(low),
        split_high=float(high),
    )
