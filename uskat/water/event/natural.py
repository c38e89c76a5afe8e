"""Rain and melt: a rise of the water or a sum of rain excuses what they bring (shared norms sheet §6.1)."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from uskat.water.event.config import NaturalRule
from uskat.water.event.scale import SensorStep, TypicalDeviation
from uskat.water.event.window import Window

LEAST = 5
MEMORY = 300


class _Rise:
    """One level or discharge: how far it is above the low end of the window, in typical deviations."""

    __slots__ = ("floor", "last", "step", "typical", "window")

    def __init__(self, window_s: float, floor: float) -> None:
        self.floor = floor
        self.window = Window(window_s, least=LEAST)
        self.typical = TypicalDeviation(MEMORY)
        self.step = SensorStep()
        self.last: float | None = None

    def score(self, time: float, value: float) -> float:
        """Rise above the second lowest value of the window; 0 while little is known."""
        self.window.forget(time)
        if self.last is not None:
            self.step.learn(value - self.last)
        self.last = value
        scale_floor = max(self.step.value, self.floor)
        rise = 0.0
        if len(self.window) >= LEAST and scale_floor > 0:
            above = max(value - self.window.ordered[1], 0.0)
            rise = above / max(self.typical.value, scale_floor)
            self.typical.learn(abs(value - self.window.median()), scale_floor)
        self.window.push(time, value)
        return rise

    def dump(self) -> list[Any]:
        return [self.window.dump(), self.typical.dump(), self.step.dump(), self.last]

    def load(self, state: list[Any]) -> None:
        self.window.load(state[0])
        self.typical.load(state[1])
        self.step.load(state[2])
        self.last = state[3]


class NaturalCause:
    """Whether rain or melt explains what comes now."""

    __slots__ = ("_rises", "_rule", "_wet", "until")

    def __init__(self, rule: NaturalRule) -> None:
        self._rule = rule
        self._rises = {name: _Rise(rule.rise_window_s, floor) for name, floor in rule.levels}
        self._wet: deque[list[float]] = deque()
        self.until = -1e300

    def look(self, time: float, values: Mapping[str, float]) -> bool:
        """Take the known values of one step; True while the excuse holds."""
        rule = self._rule
        for name, rise in self._rises.items():
            value = values.get(name)
            if value is not None and rise.score(time, value) >= rule.rise_score:
                self.until = time + rule.hold_s
        for name in rule.rain:
            amount = values.get(name)
            if amount is not None and amount > 0:
                self._wet.append([time, amount])
        while self._wet and self._wet[0][0] <= time - rule.rain_window_s:
            self._wet.popleft()
        if sum(amount for _, amount in self._wet) >= rule.rain_mm:
            self.until = time + rule.hold_s
        return time <= self.until

    def dump(self) -> list[Any]:
        """State for `load`."""
        return [[rise.dump() for rise in self._rises.values()], list(self._wet), self.until]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        for rise, saved in zip(self._rises.values(), state[0], strict=True):
            rise.load(saved)
        self._wet = deque(state[1])
        self.until = state[2]
