"""Readings of one batch as columns, gross-range check applied."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.storage.intake.directory import Directory

FLAG_PASS, FLAG_FAIL = 1, 4
MODE_BITS = {"normal": 0, "service": 16, "calibration": 32}


@dataclass(slots=True)
class ReadingList:
    """Grows while messages are decoded: one entry a packet, and flat lists of places and values."""

    places: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    special_flags: dict[int, int] = field(default_factory=dict)
    special_states: dict[int, int] = field(default_factory=dict)

    def add(self, owner: int, time_us: int, places: Sequence[int], values: Sequence[float]) -> int:
        """Append one packet of message number `owner`; returns the position of its first reading."""
        first = len(self.values)
        self.places.extend(places)
        self.values.extend(values)
        self.times_us.append(time_us)
        self.owners.append(owner)
        self.counts.append(len(places))
        return first


class Readings(NamedTuple):
    """Columns of equal length, sorted by (series, time, arrival)."""

    place: NDArray[np.int32]
    series_id: NDArray[np.int32]
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.int16]
    state: NDArray[np.int16]
    owner: NDArray[np.int64]

    def take(self, where: NDArray[np.bool_] | NDArray[np.intp]) -> "Readings":
        """The rows selected by a mask or by positions."""
        place, series_id, time_us, value, flag, state, owner = self
        return Readings(
            place[where], series_id[where], time_us[where], value[where], flag[where], state[where], owner[where]
        )

    def __bool__(self) -> bool:
        return len(self.series_id) > 0


def sorted_readings(listed: ReadingList, directory: Directory) -> Readings:
    """Columns of the batch with the gross-range check applied: outside the physical range the flag is 4."""
    counts = np.array(listed.counts, np.int64)
    place = np.array(listed.places, np.int32)
    value = np.array(listed.values, np.float64)
    time_us = np.repeat(np.array(listed.times_us, np.int64), counts)
    owner = np.repeat(np.array(listed.owners, np.int64), counts)
    flag = np.full(len(value), FLAG_PASS, np.int16)
    state = np.zeros(len(value), np.int16)
    for position, special in listed.special_flags.items():
        flag[position] = special
    for position, special in listed.special_states.items():
        state[position] = special
    outside = (value < directory.lowest[place]) | (value > directory.highest[place])
    flag[outside] = (flag[outside] & ~0xF) | FLAG_FAIL
    series_id = directory.series_id[place]
    order = np.lexsort((time_us, series_id))
    return Readings(place, series_id, time_us, value, flag, state, owner).take(order)


def same_as_previous(readings: Readings) -> NDArray[np.bool_]:
    """True where a reading has the series and time of the one before it."""
    repeated = np.zeros(len(readings.series_id), bool)
    repeated[1:] = (readings.series_id[1:] == readings.series_id[:-1]) & (readings.time_us[1:] == readings.time_us[:-1])
    return repeated
