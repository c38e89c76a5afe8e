"""When a record begins: level trigger and STA/LTA (norms.md 1.2.1, 1.2.3, 1.2.4).

Values are arrays of shape (n,) with the offset removed, mm/s on ground axes and Pa on the microphone; places are
sample indices. The STA/LTA sums are those of obspy, loaded when first asked for: `obspy.signal` brings matplotlib with
it, 40 MB that an intake which only compares levels would carry for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from uskat.blast.record.calibration import MICROPHONE
from uskat.blast.record.motion import Samples

HOLD_S = 1.0
"""An event lasts until it has been quiet for so long (norms.md 1.2.1: blast duration + 1 s)."""


@dataclass(frozen=True, slots=True)
class LevelTrigger:
    """Levels at which an instrument starts: any ground axis in mm/s, the microphone in Pa; None: not used."""

    ground_mm_s: float | None
    air_pa: float | None

    def of_axis(self, axis: str) -> float | None:
        """The level of V, L, T or MIC."""
        return self.air_pa if axis == MICROPHONE else self.ground_mm_s

    def reached(self, peaks: Mapping[str, float]) -> tuple[str, ...]:
        """Axes of {axis: peak} that reach their level."""
        levels = {axis: self.of_axis(axis) for axis in peaks}
        return tuple(axis for axis, level in levels.items() if level is not None and peaks[axis] >= level)


def level_trigger(properties: Mapping[str, Any]) -> LevelTrigger | None:
    """Levels of a device of the registry {"trigger_mm_s", "trigger_pa"}; None when it has neither."""
    ground, air = (_level(properties.get(name)) for name in ("trigger_mm_s", "trigger_pa"))
    return LevelTrigger(ground, air) if ground is not None or air is not None else None


def _level(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Onset:
    """One triggered stretch: first and last sample, both inside."""

    first: int
    last: int


def level_onsets(
    axes: Mapping[str, Samples], trigger: LevelTrigger, *, rate_hz: float, hold_s: float = HOLD_S
) -> list[Onset]:
    """Stretches in which any axis reaches its level, joined over pauses of at most `hold_s`; armed again after it.

    axes: {axis: values} on one sample grid, all of one length; raises ValueError when they are not.
    """
    if len({values.shape for values in axes.values()}) > 1:
        raise ValueError("axes of different lengths have no common grid")
    over: NDArray[np.bool_] | None = None
    for axis, values in axes.items():
        level = trigger.of_axis(axis)
        if level is not None:
            reached = np.abs(values) >= level
            over = reached if over is None else over | reached
    places = np.flatnonzero(over) if over is not None else np.empty(0, dtype=np.int64)
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > hold_s * rate_hz)
    firsts = [places[0], *places[breaks + 1]]
    lasts = [*places[breaks], places[-1]]
    return [Onset(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]


def sta_lta(values: Samples, *, short: int, long: int, method: Literal["classic", "recursive"] = "classic") -> Samples:
    """Ratio of short- to long-term mean of the squares, shape (n,); windows in samples, 0 until the long one is full.

    The recursive ratio starts with an empty long-term mean and is too high for about 3·long samples. Raises
    ValueError for windows that do not fit 1 ≤ short < long ≤ n.
    """
    if not 1 <= short < long <= values.size:
        raise ValueError(f"windows of {short} and {long} samples do not fit a record of {values.size}")
    from obspy.signal.trigger import classic_sta_lta, recursive_sta_lta  # noqa: PLC0415 - see above

    ratio = {"classic": classic_sta_lta, "recursive": recursive_sta_lta}[method]
    return np.asarray(ratio(np.ascontiguousarray(values, dtype=np.float64), short, long), dtype=np.float64)


def ratio_onsets(ratio: Samples, *, on: float, off: float) -> list[Onset]:
    """Stretches that begin where the ratio reaches `on` and end where it falls below `off`."""
    from obspy.signal.trigger import trigger_onset  # noqa: PLC0415 - see above

    return [Onset(int(first), int(last)) for first, last in trigger_onset(ratio, on, off)]
