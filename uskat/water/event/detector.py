"""The event detector: multivariate, causal, online. One step a row of readings; maths: docs/algorithms/events.md."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp
from typing import Any, Self

import msgspec

from uskat.water.event.channel import Channel, Excuse, Look, known
from uskat.water.event.config import EventConfig, ParameterRule, ScaleKind
from uskat.water.event.cross import CrossModel
from uskat.water.event.natural import NaturalCause

VERSION = 2
SHOWN = 0.5
"""Parameters scoring at least this share of a limit are told in the explanation."""
RANGE = "range"


@dataclass(frozen=True, slots=True)
class Contribution:
    """Why one parameter speaks for an event; observed, expected, deviation and scale in its own unit.

    deviation: signed, from what was expected on the named time scale; for a parameter judged as a ratio it is
    observed minus expected and scale is the typical difference at that level. score: 1 is the limit.
    """

    parameter: str
    time_scale: str
    observed: float
    expected: float
    deviation: float
    scale: float
    score: float

    @property
    def direction(self) -> int:
        """1 up, -1 down, 0 neither."""
        return (self.deviation > 0) - (self.deviation < 0)


@dataclass(frozen=True, slots=True)
class EventStep:
    """What one row of readings said.

    score: joint deviation of all parameters, 1 is the limit. alarm: confirmed. natural: rain or melt is under way, and
    what it brings was excused. contributions: the parameters that moved, the strongest first.
    """

    time: datetime
    score: float
    alarm: bool
    natural: bool
    contributions: tuple[Contribution, ...]


class EventDetector:
    """Detector of one station. Results depend on the rows alone, not on batching or restarts."""

    def __init__(self, config: EventConfig, parameters: Sequence[str]) -> None:
        self.config = config
        self.parameters = tuple(parameters)
        rules = {name: config.rule(name) for name in self.parameters}
        self._rules: dict[str, ParameterRule] = {name: rule for name, rule in rules.items() if rule is not None}
        self._channels = {name: Channel(rule, config) for name, rule in self._rules.items() if not rule.explains}
        self._natural = NaturalCause(config.natural) if config.natural is not None else None
        trained = [scale for scale in config.scales if scale.kind is ScaleKind.RESIDUAL]
        self._cross = CrossModel(trained[0], tuple(self._channels), ridge=config.ridge) if trained else None
        self._recent: deque[int] = deque(maxlen=config.confirm_n)
        self._first: float | None = None
        self._newest: float | None = None
        self._rows = 0
        self._alarm = False

    def step(self, time: datetime, values: Mapping[str, float | None]) -> EventStep:
        """Take the row of one moment; rows come in time order. NaN, None and absent parameters mean not measured."""
        now = time.timestamp()
        if self._newest is not None and now <= self._newest:
            raise ValueError(f"rows must come in time order: {time.isoformat()} is not after the newest row")
        self._newest = now
        if self._first is None:
            self._first = now
        present = {
            name: float(value) for name in self._rules if (value := values.get(name)) is not None and known(value)
        }
        natural = self._natural is not None and self._natural.look(now, present)
        contributions = self._contributions(now, present, natural=natural)
        warm = not self._warming(now)
        self._rows += 1
        score = self._joined(contributions) if warm else 0.0
        alarm = self._confirmed(score, any_value=bool(present))
        shown = sorted((item for item in contributions if item.score >= SHOWN), key=lambda item: -item.score)
        return EventStep(time, score, alarm, natural, tuple(shown))

    def _warming(self, now: float) -> bool:
        if self.config.warm_up_rows:
            return self._rows < self.config.warm_up_rows
        return self._first is None or now - self._first < self.config.warm_up_s

    def _contributions(self, now: float, present: Mapping[str, float], *, natural: bool) -> list[Contribution]:
        weather = self.config.natural if natural else None
        found = []
        sound = {}
        for name, channel in self._channels.items():
            value = present.get(name)
            if value is None:
                continue
            rule = channel.rule
            if not rule.minimum <= value <= rule.maximum:
                found.append(self._impossible(name, value, rule))
                continue
            sound[name] = value
            excuse = None
            if weather is not None and rule.natural is not None:
                excuse = Excuse(rule.natural, weather.damping, weather.caution, weather.renew_s)
            look = channel.look(now, value, excuse=excuse)
            if look is not None:
                found.append(_told(name, look, rule, value))
        if self._cross is not None:
            found.extend(
                Contribution(
                    name, look.scale_name, look.observed, look.expected, look.deviation, look.scale, look.score
                )
                for name, look in self._cross.look(sound, training=self._warming(now))
            )
        return found

    def _impossible(self, name: str, value: float, rule: ParameterRule) -> Contribution:
        bound = rule.maximum if value > rule.maximum else rule.minimum
        return Contribution(name, RANGE, value, bound, value - bound, 0.0, self.config.impossible)

    def _joined(self, contributions: Sequence[Contribution]) -> float:
        pool = self.config.pool
        total = sum(min(item.score, 1e3) ** pool for item in contributions)
        return float(total ** (1.0 / pool))

    def _confirmed(self, score: float, *, any_value: bool) -> bool:
        """The joint alarm; a row without any value confirms nothing and ends nothing."""
        if not any_value:
            return self._alarm
        self._recent.append(int(score >= 1.0))
        if self._alarm:
            self._alarm = score >= self.config.release or sum(self._recent) >= self.config.confirm_k
        else:
            self._alarm = sum(self._recent) >= self.config.confirm_k
        return self._alarm

    def to_json(self) -> bytes:
        """The whole state, exact: a detector restored from it continues bit for bit."""
        state = {
            "version": VERSION,
            "config": self.config.name,
            "parameters": self.parameters,
            "channels": [channel.dump() for channel in self._channels.values()],
            "natural": self._natural.dump() if self._natural is not None else None,
            "cross": self._cross.dump() if self._cross is not None else None,
            "recent": list(self._recent),
            "first": self._first,
            "newest": self._newest,
            "rows": self._rows,
            "alarm": self._alarm,
        }
        return msgspec.json.encode(state)

    @classmethod
    def from_json(cls, state: bytes | str, config: EventConfig) -> Self:
        """Restore a detector; ValueError when the state was written with another configuration or version."""
        saved: dict[str, Any] = msgspec.json.decode(state)
        if saved["version"] != VERSION or saved["config"] != config.name:
            raise ValueError(f"state of {saved['config']} version {saved['version']}, not {config.name} {VERSION}")
        detector = cls(config, saved["parameters"])
        for channel, channel_state in zip(detector._channels.values(), saved["channels"], strict=True):
            channel.load(channel_state)
        if detector._natural is not None:
            detector._natural.load(saved["natural"])
        if detector._cross is not None:
            detector._cross.load(saved["cross"])
        detector._recent.extend(saved["recent"])
        detector._first, detector._newest = saved["first"], saved["newest"]
        detector._rows, detector._alarm = saved["rows"], saved["alarm"]
        return detector


def _told(name: str, look: Look, rule: ParameterRule, value: float) -> Contribution:
    """The look in the parameter's own unit."""
    if not rule.log or look.scale_name == ScaleKind.FLAT:
        return Contribution(name, look.scale_name, look.observed, look.expected, look.deviation, look.scale, look.score)
    offset = max(rule.floor, 1e-6)
    expected = exp(look.expected) - offset
    deviation = exp(look.observed) - exp(look.expected)
    return Contribution(name, look.scale_name, value, expected, deviation, look.scale * (expected + offset), look.score)
