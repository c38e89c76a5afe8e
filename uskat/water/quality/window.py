"""Maintenance windows: while people are at the instruments, what these show is not the river."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uskat.water.quality.readings import BoolArray, Readings


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A visit, calibration or maintenance over [start_us, end_us), microseconds UTC; series_id None: the station."""

    series_id: int | None
    start_us: int
    end_us: int


def excused_readings(
    readings: Readings, windows: Sequence[MaintenanceWindow], *, ids: Sequence[int]
) -> BoolArray | None:
    """Readings inside a maintenance window of their series or their station; None for none at all."""
    if not windows:
        return None
    excused = np.zeros(len(readings), bool)
    for window in windows:
        inside = (readings.time_us >= window.start_us) & (readings.time_us < window.end_us)
        if window.series_id is not None:
            inside &= readings.series == (ids.index(window.series_id) if window.series_id in ids else -1)
        excused |= inside
    return excused
