"""What a parameter usually does, learned from its own past: typical deviation, extremes of a day, sensor step."""

from bisect import insort
from collections import deque
from math import exp
from typing import Any

from uskat.water.event.window import median_of

STEP_SAMPLES = 256
STEP_QUANTILE = 0.1
TINY = 1e-9
FIRST_BLOCKS = 5


class TypicalDeviation:
    """Running median of |deviation|: moves up or down by a constant ratio, so one outlier counts as one vote.

    Stochastic approximation of a quantile (Robbins and Monro 1951) in the logarithm; starts fast, then forgets over
    `memory` readings. Never below the floor it is given.
    """

    __slots__ = ("count", "rate", "value")

    def __init__(self, memory: int) -> None:
        self.rate = 1.0 / max(memory, 1)
        self.value = 0.0
        self.count = 0

    def learn(self, magnitude: float, floor: float) -> None:
        """Take one |deviation|."""
        if self.count == 0:
            self.value = max(magnitude, floor)
        else:
            rate = max(self.rate, 2.0 / (self.count + 8))
            self.value = max(self.value * exp(rate if magnitude > self.value else -rate), floor)
        self.count += 1

    def dump(self) -> list[Any]:
        """State for `load`."""
        return [self.value, self.count]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        self.value, self.count = state


class BlockMaxima:
    """Median over the last blocks (days) of the largest deviation of each: the station's own false-alarm budget.

    A block with an event has one large maximum; the median does not care unless every second block has one.
    """

    __slots__ = ("block_s", "current", "maxima", "median", "start")

    def __init__(self, block_s: float, blocks: int) -> None:
        self.block_s = block_s
        self.maxima: deque[float] = deque(maxlen=blocks)
        self.start: float | None = None
        self.current = 0.0
        self.median = 0.0

    def observe(self, time: float, deviation: float) -> None:
        """Take one deviation; a block closes with the first reading after its end."""
        if self.start is None:
            self.start = time - time % self.block_s
        if time - self.start >= self.block_s:
            # stored with four digits: exact in the state, and short
            self.maxima.append(float(f"{self.current:.4g}"))
            self.median = median_of(list(self.maxima)) if len(self.maxima) >= FIRST_BLOCKS else 0.0
            self.start, self.current = time - time % self.block_s, 0.0
        self.current = max(self.current, deviation)

    def dump(self) -> list[Any]:
        """State for `load`."""
        return [self.start, self.current, list(self.maxima)]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        self.start, self.current = state[0], state[1]
        self.maxima.extend(state[2])
        self.median = median_of(list(self.maxima)) if len(self.maxima) >= FIRST_BLOCKS else 0.0


class SensorStep:
    """The step of a sensor: lower decile of its first changes that are not zero."""

    __slots__ = ("changes", "value")

    def __init__(self) -> None:
        self.changes: list[float] = []
        self.value = 0.0

    def learn(self, change: float) -> None:
        """Take one difference of neighbouring readings."""
        if len(self.changes) < STEP_SAMPLES and abs(change) > TINY:
            insort(self.changes, float(f"{abs(change):.6g}"))
            self.value = self.changes[int(STEP_QUANTILE * (len(self.changes) - 1))]

    def dump(self) -> list[Any]:
        """State for `load`; once enough changes were seen only the result is kept."""
        done = len(self.changes) >= STEP_SAMPLES
        return [self.value, [] if done else self.changes, int(done)]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        self.value = state[0]
        self.changes = [self.value] * STEP_SAMPLES if state[2] else list(state[1])


class DailyCourse:
    """Mean deviation of each UTC hour from the running daily mean, learned over about a week."""

    __slots__ = ("hours", "mean", "seen")

    RATE = 0.06
    MEAN_S = 86400.0

    def __init__(self) -> None:
        self.hours = [0.0] * 24
        self.seen = [0] * 24
        self.mean: list[float] = []

    def at(self, time: float) -> float:
        """Expected deviation at a time of day, between the centres of the hours linearly."""
        place = (time % 86400.0) / 3600.0 - 0.5
        hour = int(place // 1)
        share = place - hour
        return self.hours[hour % 24] * (1 - share) + self.hours[(hour + 1) % 24] * share

    def learn(self, time: float, value: float) -> None:
        """Take an accepted value."""
        if not self.mean:
            self.mean = [value, time]
            return
        before, then = self.mean
        mean = before + (1.0 - exp(-max(time - then, 0.0) / self.MEAN_S)) * (value - before)
        self.mean = [mean, time]
        hour = int((time % 86400.0) // 3600)
        self.seen[hour] += 1
        rate = max(self.RATE, 1.0 / (self.seen[hour] + 6))
        self.hours[hour] += rate * (value - mean - self.hours[hour])

    def dump(self) -> list[Any]:
        """State for `load`."""
        return [self.hours, self.seen, self.mean]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        self.hours, self.seen, self.mean = list(state[0]), list(state[1]), list(state[2])
