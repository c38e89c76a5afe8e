"""What the event detector is told: time scales, limits, memory. Frozen values; `suites.py` holds the ready ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from types import MappingProxyType


class ScaleKind(StrEnum):
    """What a time scale looks at; formulas: docs/algorithms/events.md."""

    CHANGE = "change"
    """Mean |difference| of the last readings: a jump when there are few, a burst of noise when there are many."""
    SPIKE = "spike"
    """How far the newest readings left the line between their ends and came back: no flood does that."""
    LEVEL = "level"
    """Distance of the newest readings from the median of the accepted window."""
    ENVELOPE = "envelope"
    """How far the newest readings lie outside everything the window has seen: slow ramps."""
    FLAT = "flat"
    """For how long the value has not moved at all."""
    RESIDUAL = "residual"
    """Distance of the running mean from what the other parameters predict (trained on the warm-up)."""


@dataclass(frozen=True, slots=True)
class TimeScale:
    """One way of looking at every parameter.

    name: as shown in explanations. window_s: length of the reference window, s. smooth: newest readings taken
    together. limit: deviation in learned scales at which the score is 1, before the parameter's `tail`.
    confirm_k, confirm_n: the k-th largest of the last n deviations counts. every_s: thinning of the window, s.
    lag_s: the window ends so long ago, so that a ramp does not pull its own reference along.
    memory: readings over which the learned scale forgets;
    0: no scale is learned, deviations are counted in steps of the sensor.
    """

    name: str
    kind: ScaleKind
    limit: float
    window_s: float = 0.0
    smooth: int = 1
    confirm_k: int = 1
    confirm_n: int = 1
    every_s: float = 0.0
    lag_s: float = 0.0
    memory: int = 200


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """What is known of a parameter beforehand; the defaults know nothing.

    tail: multiplier of every limit (heavy-tailed parameters need more). minimum, maximum: range in the parameter's
    unit outside of which a reading cannot be true. step: resolution of the sensor, 0: learned. floor: smallest credible
    scale, parameter's unit; the step is a floor too. relative_floor: the same as a share of the value. log: judged as
    ratio, not as difference. explains: moves by itself in operation or weather, is no event alone. natural: sign of the
    change that rain and melt bring (0: either, None: rain does not move it). daily: a course of the day is learned.
    """

    tail: float = 1.0
    minimum: float = -inf
    maximum: float = inf
    step: float = 0.0
    floor: float = 0.0
    relative_floor: float = 0.0
    log: bool = False
    matter: float = 0.0
    matter_share: float = 0.0
    explains: bool = False
    natural: int | None = None
    daily: bool = False


@dataclass(frozen=True, slots=True)
class NaturalRule:
    """When a flood or a melt is seen, and how much it excuses.

    levels: parameters whose rise means water coming, each with its smallest credible scale in its own unit.
    rise_score: rise against the window's low end, in learned scales. rain: parameters that are amounts per step, mm;
    rain_mm: sum over rain_window_s that counts. hold_s: how long the excuse lasts after the last sign. damping:
    factor on scores that move the natural way; caution: on the others of parameters that weather moves. renew_s:
    what is excused so long becomes the new normal.
    """

    levels: tuple[tuple[str, float], ...] = ()
    rise_score: float = 6.0
    rise_window_s: float = 12 * 3600.0
    rain: tuple[str, ...] = ()
    rain_mm: float = 2.0
    rain_window_s: float = 6 * 3600.0
    hold_s: float = 24 * 3600.0
    damping: float = 0.1
    caution: float = 0.6
    renew_s: float = 3 * 86400.0


@dataclass(frozen=True, slots=True)
class EventConfig:
    """One configuration of the detector.

    cadence_s: usual distance of readings. warm_up_s: no alarm before this age. gap_s: a longer silence breaks the
    chain of differences; reset_s: a longer one makes the old windows worthless. block_s, blocks, headroom: the
    station's own false-alarm budget – no limit lies below headroom x the median over `blocks` of the block maximum.
    accept: a parameter scoring below this enters its windows; timeout_s: after this the rejected level is the new
    normal; keep_usual: then it joins what was usual before instead of replacing it (water that goes to and fro between
    operating levels; a window of the few rejected readings alone would be too narrow). pool: exponent of the norm that
    joins parameters. confirm_k, confirm_n: joint alarm. release: score under which an alarm ends. join_s: alarms closer
    than this are one episode. impossible: score of a value outside its range (0: ignored, an instrument's matter).
    ridge: penalty of the residual model, per row. warm_up_rows: train on so many rows instead of warm_up_s.
    """

    name: str
    cadence_s: float
    warm_up_s: float
    scales: tuple[TimeScale, ...]
    parameters: Mapping[str, ParameterRule] = field(default_factory=lambda: MappingProxyType({}))
    default: ParameterRule | None = ParameterRule()
    natural: NaturalRule | None = None
    gap_s: float = 7200.0
    reset_s: float = 2 * 86400.0
    block_s: float = 86400.0
    blocks: int = 30
    headroom: float = 0.0
    accept: float = 1.0
    timeout_s: float = 12 * 3600.0
    keep_usual: bool = False
    pool: float = 4.0
    confirm_k: int = 1
    confirm_n: int = 1
    release: float = 1.0
    join_s: float = 7200.0
    impossible: float = 0.0
    ridge: float = 0.0
    warm_up_rows: int = 0

    def rule(self, parameter: str) -> ParameterRule | None:
        """Rule of a parameter; None when this configuration does not look at it."""
        return self.parameters.get(parameter, self.default)
