"""How often a detector is right, by what people found: the verdicts on its alerts.

Precision is confirmed / (confirmed + rejected). A duplicate says nothing of the detector and is left out; so is what
data withdrew before anybody decided, which is counted apart. The interval is Wilson's score interval (E. B. Wilson,
J. Am. Stat. Assoc. 1927, 22, 209–212), which holds for few verdicts too.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from uskat.supervision.handling.machine import Review
from uskat.supervision.handling.step import RejectionReason
from uskat.supervision.reconcile import AlertState

Z_95 = 1.959963984540054
"""Quantile of the normal distribution for a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """So many alerts of a detector and kind with the same outcome."""

    detector: str
    kind: str
    state: AlertState
    review: Review
    reason: RejectionReason | None
    count: int


@dataclass(frozen=True, slots=True)
class Precision:
    """Of one detector and kind. judged: confirmed and rejected; undecided: nobody said yet; withdrawn: by data, before.

    value, low, high: precision with its 95 % interval; None while nothing was judged.
    """

    detector: str
    kind: str
    judged: int
    confirmed: int
    rejected: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    undecided: int = 0
    withdrawn: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None


def wilson(successes: int, n: int, *, z: float = Z_95) -> tuple[float, float]:
    """Wilson's interval of a share. Raises ValueError unless 0 <= successes <= n and n > 0."""
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"no share of {successes} in {n}")
    share, square = successes / n, z * z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low = 0.0 if successes == 0 else max(middle - half, 0.0)
    return low, 1.0 if successes == n else min(middle + half, 1.0)


def precisions(reviewed: Iterable[Reviewed]) -> list[Precision]:
    """Of every detector and kind that raised an alert, in order of their names."""
    found: dict[tuple[str, str], Counter[str]] = {}
    reasons: dict[tuple[str, str], Counter[str]] = {}
    for one in reviewed:
        key = (one.detector, one.kind)
        found.setdefault(key, Counter())[_outcome(one)] += one.count
        if _outcome(one) == "rejected" and one.reason is not None:
            reasons.setdefault(key, Counter())[one.reason.value] += one.count
    return [_precision(key, found[key], dict(sorted(reasons.get(key, Counter()).items()))) for key in sorted(found)]


def _outcome(one: Reviewed) -> str:
    if one.review in {Review.CONFIRMED, Review.RESOLVED}:
        return "confirmed"
    if one.review is Review.REJECTED:
        return "duplicate" if one.reason is RejectionReason.DUPLICATE else "rejected"
    return "withdrawn" if one.state is AlertState.WITHDRAWN else "undecided"


def _precision(key: tuple[str, str], outcomes: Counter[str], rejected: dict[str, int]) -> Precision:
    confirmed, judged = outcomes["confirmed"], outcomes["confirmed"] + outcomes["rejected"]
    low, high = wilson(confirmed, judged) if judged else (None, None)
    return Precision(
        key[0], key[1], judged, confirmed, rejected, outcomes["duplicate"], outcomes["undecided"],
        outcomes["withdrawn"], confirmed / judged if judged else None, low, high,
    )  # fmt: skip
