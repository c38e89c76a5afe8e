"""One parameter of a station on all its time scales: what is expected, what is seen, how unusual that is."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite, log
from typing import Any

from uskat.water.event.config import EventConfig, ParameterRule, ScaleKind, TimeScale
from uskat.water.event.scale import BlockMaxima, DailyCourse, SensorStep, TypicalDeviation
from uskat.water.event.window import Window, median_of

LEAST = 5
"""Accepted values a window needs before it is compared with."""
RECENT = 48
"""Newest raw readings kept."""
NEVER = -1e300


@dataclass(frozen=True, slots=True)
class Look:
    """What one time scale sees in one reading, on the scale the parameter is judged on (logarithm or value)."""

    score: float
    scale_name: str
    observed: float
    expected: float
    deviation: float
    scale: float


@dataclass(frozen=True, slots=True)
class Excuse:
    """What weather explains now: deviations of this sign (0: both) count `damping` times, others `caution` times."""

    sign: int
    damping: float
    caution: float
    renew_s: float


class Lens:
    """A time scale at work on one parameter."""

    __slots__ = ("blocks", "headroom", "limit", "queue", "recent", "rule", "typical", "window")

    def __init__(self, rule: TimeScale, parameter: ParameterRule, config: EventConfig) -> None:
        self.rule = rule
        self.limit = rule.limit * parameter.tail
        self.headroom = config.headroom
        self.typical = TypicalDeviation(rule.memory)
        self.blocks = BlockMaxima(config.block_s, config.blocks)
        self.recent: deque[float] = deque(maxlen=rule.confirm_n)
        self.queue: deque[tuple[float, float]] = deque()
        windowed = rule.kind in {ScaleKind.LEVEL, ScaleKind.ENVELOPE}
        self.window = Window(rule.window_s, every_s=rule.every_s, least=LEAST) if windowed else None

    def look(self, time: float, raw: list[float], *, flat_s: float, floor: float) -> Look | None:
        """Compare the newest raw readings (the last is now) with what is usual; None while nothing is known."""
        rule = self.rule
        if rule.kind is ScaleKind.FLAT:
            return self._judge(time, flat_s, raw[-1], flat_s, 1.0)
        if rule.kind is ScaleKind.CHANGE:
            count = min(rule.smooth, len(raw) - 1)
            if count < 1 or (rule.smooth > 2 and count < rule.smooth):
                return None
            last = raw[-count - 1 :]
            change = sum(abs(b - a) for a, b in pairwise(last)) / count
            direction = -1.0 if last[-1] < last[0] else 1.0
            if rule.memory:
                self.typical.learn(change, floor)
            return self._judge(time, direction * change, last[0], last[-1], max(self.typical.value, floor))
        if rule.kind is ScaleKind.SPIKE:
            return self._look_at_spike(time, raw, floor)
        return self._look_back(time, raw, floor)

    def _look_at_spike(self, time: float, raw: list[float], floor: float) -> Look | None:
        """Top-hat of the newest readings: what stands above, or below, both ends."""
        smooth = self.rule.smooth
        if len(raw) < smooth + 2:
            return None
        before, now, inside = raw[-smooth - 2], raw[-1], raw[-smooth - 1 : -1]
        high, low = max(before, now), min(before, now)
        above, below = max(inside) - high, low - min(inside)
        if self.rule.memory:
            self.typical.learn(abs(now - raw[-2]), floor)
        scale = max(self.typical.value, floor)
        if above >= below:
            return self._judge(time, max(above, 0.0), high, max(inside), scale)
        return self._judge(time, -below, low, min(inside), scale)

    def _look_back(self, time: float, raw: list[float], floor: float) -> Look | None:
        window, rule = self.window, self.rule
        if window is None:
            return None
        while self.queue and self.queue[0][0] <= time - rule.lag_s:
            window.push(*self.queue.popleft())
        window.forget(time)
        if len(window) < LEAST:
            return None
        observed = median_of(raw[-rule.smooth :]) if rule.smooth > 1 else raw[-1]
        middle = window.median()
        if rule.memory:
            self.typical.learn(abs(observed - middle), floor)
        scale = max(self.typical.value, floor)
        if rule.kind is ScaleKind.LEVEL:
            return self._judge(time, observed - middle, middle, observed, scale)
        deviation, end = window.outside(observed)
        return self._judge(time, deviation, end, observed, scale)

    def _judge(self, time: float, deviation: float, expected: float, observed: float, scale: float) -> Look:
        ratio = abs(deviation) / scale
        self.recent.append(ratio)
        if self.rule.confirm_n > 1:
            recent = sorted(self.recent)
            ratio = recent[-self.rule.confirm_k] if len(recent) >= self.rule.confirm_k else 0.0
        limit = max(self.limit, self.headroom * self.blocks.median)
        self.blocks.observe(time, ratio)
        return Look(ratio / limit, self.rule.name, observed, expected, deviation, scale)

    def accept(self, time: float, reading: float) -> None:
        """Take a reading as usual; it enters the window when it is old enough."""
        if self.window is not None:
            if self.rule.lag_s:
                self.queue.append((time, reading))
            else:
                self.window.push(time, reading)

    def forget(self) -> None:
        """Drop what was usual."""
        if self.window is not None:
            self.window.clear()
            self.queue.clear()

    def dump(self) -> list[Any]:
        """State for `load`."""
        window = self.window.dump() if self.window is not None else None
        return [window, self.typical.dump(), self.blocks.dump(), list(self.recent), list(self.queue)]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        if self.window is not None:
            self.window.load(state[0])
        self.typical.load(state[1])
        self.blocks.load(state[2])
        self.recent.extend(state[3])
        self.queue.extend((time, reading) for time, reading in state[4])


class Channel:
    """State of one parameter."""

    __slots__ = ("_config", "course", "excused_since", "flat_since", "lenses", "pending", "raw", "rule", "step", "then")

    def __init__(self, rule: ParameterRule, config: EventConfig) -> None:
        self.rule = rule
        self._config = config
        self.lenses = [Lens(scale, rule, config) for scale in config.scales if scale.kind is not ScaleKind.RESIDUAL]
        self.course = DailyCourse() if rule.daily else None
        self.step = SensorStep()
        self.raw: list[float] = []
        self.then = NEVER
        self.flat_since = NEVER
        self.pending: list[list[float]] = []
        self.excused_since: float | None = None

    def judged(self, value: float) -> float:
        """The value on the scale it is judged on."""
        return log(max(value, 0.0) + max(self.rule.floor, 1e-6)) if self.rule.log else value

    def look(self, time: float, value: float, *, excuse: Excuse | None) -> Look | None:
        """Judge one reading and learn from it; the most unusual time scale speaks for the parameter."""
        course = self.course.at(time) if self.course is not None else 0.0
        judged = self.judged(value)
        reading = round(judged - course, 7)
        self._remember(time, reading)
        self._renew(time, excuse)
        floor = self._floor(judged)
        if floor <= 0.0:
            self._accept(time, reading, judged)
            return None
        best: Look | None = None
        worst = strongest = 0.0
        for lens in self.lenses:
            look = lens.look(time, self.raw, flat_s=time - self.flat_since, floor=floor)
            if look is None:
                continue
            worst = max(worst, look.score)
            if excuse is not None and lens.rule.kind is not ScaleKind.FLAT:
                factor = excuse.damping if look.deviation * excuse.sign >= 0 else excuse.caution
                look = replace(look, score=look.score * factor)
            strongest = max(strongest, look.score)
            look = self._weighed(look, course)
            if best is None or look.score > best.score:
                best = look
        self._learn(time, reading, judged, score=strongest, undamped=worst)
        if best is None or course == 0.0:
            return best
        return replace(best, observed=best.observed + course, expected=best.expected + course)

    def _remember(self, time: float, reading: float) -> None:
        gap = time - self.then
        if gap > self._config.gap_s:
            self.raw.clear()
            self.flat_since = time
        if gap > self._config.reset_s and self.then != NEVER:
            self._forget_windows()
        if self.raw:
            self.step.learn(reading - self.raw[-1])
            if reading != self.raw[-1]:
                self.flat_since = time
        self.raw.append(reading)
        if len(self.raw) > RECENT:
            del self.raw[0]
        self.then = time

    def _floor(self, judged: float) -> float:
        rule = self.rule
        step = rule.step or self.step.value
        if rule.log:
            return max(step, rule.relative_floor)
        return max(step, rule.floor, rule.relative_floor * abs(judged))

    def _weighed(self, look: Look, course: float) -> Look:
        """The score of a change that is too small to matter is no more than its part of what would."""
        rule = self.rule
        least = max(rule.matter, rule.matter_share * abs(look.expected + course))
        change = abs(look.observed - look.expected)
        return look if least <= 0.0 or change >= least * look.score else replace(look, score=change / least)

    def _renew(self, time: float, excuse: Excuse | None) -> None:
        """What weather brought and has left in place is the new normal, without an alarm."""
        since = self.excused_since
        if since is not None and (excuse is None or time - since > excuse.renew_s):
            self._forget_windows()
            self.excused_since = None

    def _learn(self, time: float, reading: float, judged: float, *, score: float, undamped: float) -> None:
        accept = self._config.accept
        if undamped < accept:
            self.pending.clear()
            self.excused_since = None
            self._accept(time, reading, judged)
            return
        if score < accept:
            # excused: the windows keep what was before the flood, so that its recession is a return, not an event
            self.pending.clear()
            self.excused_since = time if self.excused_since is None else self.excused_since
            return
        self.pending.append([time, reading, judged])
        if time - self.pending[0][0] > self._config.timeout_s:
            # a new normal: start from what was refused, or, where levels come and go, know it beside the old one
            if not self._config.keep_usual:
                self._forget_windows()
            refused, self.pending = self.pending, []
            for then, old, unjudged in refused:
                self._accept(then, old, unjudged)

    def _accept(self, time: float, reading: float, judged: float) -> None:
        for lens in self.lenses:
            lens.accept(time, reading)
        if self.course is not None:
            self.course.learn(time, judged)

    def _forget_windows(self) -> None:
        for lens in self.lenses:
            lens.forget()

    def dump(self) -> list[Any]:
        """State for `load`."""
        course = self.course.dump() if self.course is not None else None
        lenses = [lens.dump() for lens in self.lenses]
        return [
            lenses,
            course,
            self.step.dump(),
            self.raw,
            self.then,
            self.flat_since,
            self.pending,
            self.excused_since,
        ]

    def load(self, state: list[Any]) -> None:
        """Take back a state of `dump`."""
        for lens, saved in zip(self.lenses, state[0], strict=True):
            lens.load(saved)
        if self.course is not None:
            self.course.load(state[1])
        self.step.load(state[2])
        self.raw, self.then, self.flat_since, self.pending, self.excused_since = state[3:8]


def known(value: float | None) -> bool:
    """Whether a value was measured at all."""
    return value is not None and isfinite(value)
