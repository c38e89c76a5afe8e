"""Windows over time whose order statistics are kept as values come and go."""

from bisect import bisect_left, insort
from collections import deque
from typing import Any


class Window:
    """Accepted values of the last `span_s` seconds, thinned to one every `every_s`; always keeps `least` values."""

    __slots__ = ("every_s", "least", "ordered", "span_s", "times", "values")

    def __init__(self, span_s: float, *, every_s: float = 0.0, least: int = 3) -> None:
        self.span_s = span_s
        self.every_s = every_s
        self.least = least
        self.times: deque[float] = deque()
        self.values: deque[float] = deque()
        self.ordered: list[float] = []

    def __len__(self) -> int:
        return len(self.ordered)

    def push(self, time: float, value: float) -> None:
        """Take a value, if the newest one is old enough."""
        if self.every_s and self.times and time - self.times[-1] < self.every_s:
            return
        self.times.append(time)
        self.values.append(value)
        insort(self.ordered, value)

    def forget(self, time: float) -> None:
        """Drop what is older than the span at `time`, s."""
        oldest = time - self.span_s
        while len(self.times) > self.least and self.times[0] < oldest:
            self.times.popleft()
            del self.ordered[bisect_left(self.ordered, self.values.popleft())]

    def clear(self) -> None:
        """Drop everything."""
        self.times.clear()
        self.values.clear()
        self.ordered.clear()

    def median(self) -> float:
        """Median of a window that is not empty."""
        ordered = self.ordered
        middle = len(ordered) // 2
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2

    def outside(self, value: float) -> tuple[float, float]:
        """Signed distance beyond the second smallest and second largest value, and the end that was crossed."""
        low, high = self.ordered[1], self.ordered[-2]
        if value > high:
            return value - high, high
        if value < low:
            return value - low, low
        return 0.0, value

    def dump(self) -> list[Any]:
        """State for `load`."""
        return [list(self.times), list(self.values)]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        self.times = deque(state[0])
        self.values = deque(state[1])
        self.ordered = sorted(state[1])


def median_of(values: list[float]) -> float:
    """Median of a short list that is not empty."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
