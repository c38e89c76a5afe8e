"""Instrument faults as episodes over judged intervals: what broke, from when to when.

A fault is a left fold over the quality intervals of one subject in time order and looks no farther back than its rule's
`within`, so it may be resumed anywhere from the episode that was open there (docs/algorithms/faults.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from uskat.water.interval import INTERVAL
from uskat.water.quality.flag import PLACE, Flag, QualityTest

COLD_C = 0.15
"""Water so cold may carry frazil, and its jumps are ice, not the instrument."""
TOUCHED_BY_ICE = frozenset({"ec25", "turb", "level", "discharge", "tss"})


class Fault(StrEnum):
    """What is wrong with an instrument."""

    STUCK = "stuck"
    DEAD = "dead"
    SPIKE = "spike"
    ICE = "ice"
    OUT_OF_WATER = "out_of_water"
    RANGE = "range"
    DRIFT = "drift"
    FOULING = "fouling"


@dataclass(frozen=True, slots=True)
class JudgedInterval:
    """A quality interval as faults see it.

    flags: worst of each test, in the order of `TESTS`. low, high: of the readings as measured, whether they count or
    not; None where unknown. cold: the water of the station was near freezing.
    """

    start: datetime
    flags: tuple[int, ...]
    low: float | None
    high: float | None
    cold: bool = False

    def fails(self, test: QualityTest) -> bool:
        """True when the test failed for some reading."""
        return self.flags[PLACE[test]] == Flag.FAIL


@dataclass(frozen=True, slots=True)
class FaultRule:
    """How intervals make a fault: `hits` of them within `within` begin it, none for `quiet` ends it.

    proof: how long after the start of its first interval it can be known at the earliest.
    """

    fault: Fault
    hits: int
    within: timedelta
    quiet: timedelta
    proof: timedelta
    hit: Callable[[JudgedInterval], bool]


def _is_stuck(interval: JudgedInterval) -> bool:
    flat = interval.fails(QualityTest.FLAT_LINE) and not interval.fails(QualityTest.MULTI_VARIATE)
    return flat and not _is_zero(interval)


def _is_dead(interval: JudgedInterval) -> bool:
    flat = interval.fails(QualityTest.FLAT_LINE) and not interval.fails(QualityTest.MULTI_VARIATE)
    return flat and _is_zero(interval)


def _has_drifted(interval: JudgedInterval) -> bool:
    return interval.flags[PLACE[QualityTest.NEIGHBOUR]] in {Flag.SUSPECT, Flag.FAIL}


def _is_zero(interval: JudgedInterval) -> bool:
    return interval.low == 0 and interval.high == 0


SEVERAL = {"hits": 3, "within": timedelta(hours=12), "quiet": timedelta(hours=12), "proof": INTERVAL}
AT_ONCE = {"hits": 1, "within": INTERVAL, "quiet": INTERVAL}
LONGEST_MEMORY = timedelta(hours=12)
"""The longest `within` or `quiet` of any rule."""

SERIES_RULES = (
    FaultRule(Fault.STUCK, **AT_ONCE, proof=timedelta(hours=2), hit=_is_stuck),  # type: ignore[arg-type]
    FaultRule(Fault.DEAD, **AT_ONCE, proof=timedelta(hours=2), hit=_is_dead),  # type: ignore[arg-type]
    FaultRule(Fault.SPIKE, **SEVERAL, hit=lambda one: one.fails(QualityTest.SPIKE) and not one.cold),  # type: ignore[arg-type]
    FaultRule(
        Fault.DRIFT, hits=1, within=INTERVAL, quiet=timedelta(hours=12), proof=timedelta(days=1), hit=_has_drifted
    ),
    FaultRule(Fault.RANGE, **SEVERAL, hit=lambda one: one.fails(QualityTest.GROSS_RANGE)),  # type: ignore[arg-type]
)
DEVICE_RULES = (
    FaultRule(
        Fault.OUT_OF_WATER, **AT_ONCE, proof=INTERVAL, hit=lambda one: one.fails(QualityTest.MULTI_VARIATE)  # type: ignore[arg-type]
    ),
    FaultRule(Fault.ICE, **SEVERAL, hit=lambda one: one.fails(QualityTest.SPIKE) and one.cold),  # type: ignore[arg-type]
)  # fmt: skip
"""Of a whole probe: any of its series makes the hit (ice: one that ice touches, the caller sees to it)."""


@dataclass(frozen=True, slots=True)
class FaultEpisode:
    """One fault, UTC. started_at, last: starts of its first and of its last interval so far.

    certain_at: start of the interval that made it certain. value: at which the instrument is stuck, when it is.
    settled_at: end of the interval that made its end certain.
    """

    fault: Fault
    started_at: datetime
    last: datetime
    proof: timedelta
    certain_at: datetime
    value: float | None = None
    settled_at: datetime | None = None

    @property
    def knowable_at(self) -> datetime:
        """When the fault could have been known."""
        return max(self.started_at + self.proof, self.certain_at + INTERVAL)

    @property
    def ended_at(self) -> datetime | None:
        """End of the half-open period; None while the fault lasts."""
        return self.last + INTERVAL if self.settled_at is not None else None


def fold_fault(
    intervals: Iterable[JudgedInterval], rule: FaultRule, *, low: datetime, start: FaultEpisode | None = None
) -> list[FaultEpisode]:
    """Episodes that are open at `low` or become certain later. intervals: in order, from low − rule.within at least.

    start: the episode that was open just before `low`.
    """
    found: list[FaultEpisode] = []
    recent: list[datetime] = []
    episode = start
    for interval in intervals:
        hit = rule.hit(interval)
        if hit:
            recent = [*(moment for moment in recent if interval.start - moment < rule.within), interval.start]
        if interval.start < low:
            if hit and episode is not None:
                episode = replace(episode, last=interval.start)
            continue
        if episode is None:
            if hit and len(recent) >= rule.hits:
                episode = _begun(rule, recent[0], interval)
        elif hit:
            episode = replace(episode, last=interval.start)
        elif interval.start - episode.last >= rule.quiet:
            found.append(replace(episode, settled_at=interval.start + INTERVAL))
            episode = None
    return [*found, episode] if episode is not None else found


def _begun(rule: FaultRule, first: datetime, interval: JudgedInterval) -> FaultEpisode:
    """A fault that became certain with this interval; stuck at what the interval repeats."""
    value = interval.high if rule.fault is Fault.STUCK and interval.low == interval.high else None
    return FaultEpisode(rule.fault, first, interval.start, rule.proof, interval.start, value)
