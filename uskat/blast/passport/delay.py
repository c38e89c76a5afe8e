"""Charge per delay: the largest mass that fires within one window of 8 ms.

Source: `blasting/norms.md` §5.4 and §2.1.1. Whether the window is closed decides the result (300 kg against 200 kg in
the example of §5.4), so the convention is data with the norm, never an accident of a comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from uskat.blast.passport.model import Hole
from uskat.blast.passport.rules import DelayWindow

TICKS_PER_MS = 1000
"""Times are compared in whole microseconds, so that 17 + 8 is 25 also for floating-point numbers."""
LEAST_STEPS, ALIKE, REGULAR = 2, 0.1, 0.7
"""Steps from which delays are a row; how far one of them may be off; share of those that must agree."""


@dataclass(frozen=True, slots=True)
class DelayCharge:
    """The heaviest window: its mass in kg, first and last firing time in ms, number of charges, the convention."""

    charge_kg: float
    from_ms: float
    to_ms: float
    charges: int
    convention: DelayWindow

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "charge_kg": self.charge_kg,
            "from_ms": self.from_ms,
            "to_ms": self.to_ms,
            "charges": self.charges,
            "convention": self.convention.to_json(),
        }


def charge_per_delay(times_ms: Sequence[float], charges_kg: Sequence[float], *, convention: DelayWindow) -> DelayCharge:
    """Largest sum of kg in a window that begins at a firing time; raises ValueError for none or unequal lengths."""
    if len(times_ms) != len(charges_kg) or not times_ms:
        raise ValueError(f"{len(times_ms)} times for {len(charges_kg)} charges")
    fired = sorted((round(time * TICKS_PER_MS), mass) for time, mass in zip(times_ms, charges_kg, strict=True))
    window = round(convention.window_ms * TICKS_PER_MS) + (1 if convention.closed else 0)
    best, first, total = (0.0, 0, 0), 0, 0.0
    for last, (time, mass) in enumerate(fired):
        total += mass
        while time - fired[first][0] >= window:
            total -= fired[first][1]
            first += 1
        if total > best[0]:
            best = (total, first, last)
    _, first, last = best
    inside = fired[first : last + 1]
    return DelayCharge(
        charge_kg=sum(mass for _, mass in inside),
        from_ms=inside[0][0] / TICKS_PER_MS,
        to_ms=inside[-1][0] / TICKS_PER_MS,
        charges=len(inside),
        convention=convention,
    )


def charge_per_delay_of(holes: Sequence[Hole], convention: DelayWindow) -> DelayCharge:
    """Charge per delay of the charges of a passport or report; raises ValueError for none."""
    return charge_per_delay(
        [hole.delay_ms for hole in holes], [hole.charge_kg for hole in holes], convention=convention
    )


def regular_delay_ms(times_ms: Sequence[float], *, convention: DelayWindow) -> float | None:
    """Delay between the groups of charges that fire within one window each, ms; None unless most are equally far apart.

    What a row of holes at one step makes: lines in the spectrum of the ground (§3.6).
    """
    groups: list[float] = []
    for time in sorted(times_ms):
        if not groups or time - groups[-1] > convention.window_ms:
            groups.append(time)
    steps = sorted(later - earlier for earlier, later in pairwise(groups))
    if len(steps) < LEAST_STEPS:
        return None
    middle = steps[len(steps) // 2]
    alike = [step for step in steps if abs(step - middle) <= ALIKE * middle]
    return sum(alike) / len(alike) if len(alike) >= REGULAR * len(steps) else None
