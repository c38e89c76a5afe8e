"""Readings of one station as flat columns, and how far apart two readings may influence one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MICROS = 1_000_000
FAST_UP_TO_S = 300
SERIES_STRIDE = np.int64(1) << np.int64(52)
"""Added to a time in microseconds per series, so that one sorted key orders all readings."""


class QualitySeries(NamedTuple):
    """A series as quality control sees it. parameter: its code; scale: decimals of its exact sums."""

    id: int
    device_id: int
    parameter: str
    expected_interval_s: int
    scale: int = 6


@dataclass(frozen=True, slots=True)
class Reach:
    """Bounds of the tests in seconds, which make re-evaluation local.

    reach_s: a reading influences no flag farther away than this, in either direction. gap_s: readings farther apart
    are not compared with each other. scale_s: how far back the noise of a series is looked at.
    """

    reach_s: float
    gap_s: float
    scale_s: float


FAST = Reach(3 * 3600.0, 1500.0, 2 * 3600.0)
SLOW = Reach(6 * 3600.0, 5400.0, 3 * 3600.0)


def reach_of(series: Sequence[QualitySeries]) -> Reach:
    """Three hours where every series reports at least every five minutes, else six (up to hourly readings)."""
    return FAST if all(one.expected_interval_s <= FAST_UP_TO_S for one in series) else SLOW


@dataclass(frozen=True, slots=True)
class Readings:
    """Columns of equal length, sorted by (series, time), each moment of a series once.

    series: place in the list of series. time_us: microseconds since 1970, UTC. flag: as stored by ingest – 1, 3 or 4
    of the sender, +16 in service and +32 in calibration mode.
    """

    series: IntArray
    time_us: IntArray
    value: FloatArray
    flag: IntArray

    def __len__(self) -> int:
        return len(self.time_us)

    @property
    def key(self) -> IntArray:
        """Strictly ascending over all series."""
        return self.series * SERIES_STRIDE + self.time_us

    def take(self, where: BoolArray) -> "Readings":
        """The readings of a mask."""
        return Readings(self.series[where], self.time_us[where], self.value[where], self.flag[where])


def empty_readings() -> Readings:
    """None at all."""
    nothing = np.zeros(0, np.int64)
    return Readings(nothing, nothing, np.zeros(0), nothing)


def blocks(readings: Readings, gap_s: float) -> IntArray:
    """Number of the unbroken stretch each reading belongs to: one series, no gap longer than gap_s."""
    breaks = np.ones(len(readings), np.int64)
    series, time = readings.series, readings.time_us
    breaks[1:] = (series[1:] != series[:-1]) | (time[1:] - time[:-1] > gap_s * MICROS)
    return np.cumsum(breaks)
