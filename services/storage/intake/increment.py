"""What readings add to 20-minute intervals: exact sums that add up to the same bits in any order and any batching.

See docs/algorithms/intervals.md. Increments of one batch are kept as one byte string until they are folded in.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.storage.intake.columns import FLAG_PASS, Readings
from services.storage.intake.directory import Directory

INTERVAL_US = 1_200_000_000
LIMB_BITS = 31
"""|scaled value| < 2^31 (Parameter.__post_init__), so a square fits 62 bits and is summed as two limbs."""
FORM = np.dtype(
    [
        ("series_id", "<i4"), ("n_service", "<i4"), ("start_us", "<i8"), ("n", "<i4"), ("n_valid", "<i4"),
        ("total", "<i8"), ("upper", "<i8"), ("lower", "<i8"), ("minimum", "<f8"), ("maximum", "<f8"), ("states", "<i2"),
    ]
)  # fmt: skip
"""One increment as stored, 66 bytes. upper, lower: limbs of the sum of squares; minimum +inf, maximum -inf: none."""
SUMMED = ("n", "n_valid", "total", "upper", "lower", "n_service")
Increments = NDArray[np.void]


class IntervalRow(NamedTuple):
    """What is added to one 20-minute interval of one series."""

    series_id: int
    start_us: int
    n: int
    n_valid: int
    total: int
    total_squares: int
    minimum: float | None
    maximum: float | None
    n_service: int
    states: int


def increments_of(readings: Readings, directory: Directory) -> Increments:
    """Aggregates of new readings by (series, interval), ascending. Only flag 1 counts as valid.

    Sums are integers of value·10^scale.
    """
    valid = readings.flag == FLAG_PASS
    scaled = np.rint(np.where(valid, readings.value, 0.0) * directory.factor[readings.place]).astype(np.int64)
    square = scaled * scaled
    single = np.empty(len(valid), FORM)
    single["series_id"] = readings.series_id
    single["start_us"] = readings.time_us - readings.time_us % INTERVAL_US
    single["n"] = 1
    single["n_valid"] = valid
    single["total"] = scaled
    single["upper"] = square >> LIMB_BITS
    single["lower"] = square & ((1 << LIMB_BITS) - 1)
    single["minimum"] = np.where(valid, readings.value, np.inf)
    single["maximum"] = np.where(valid, readings.value, -np.inf)
    single["n_service"] = readings.flag >= 16
    single["states"] = readings.state
    return _grouped(single)


def merged(parts: Sequence[bytes]) -> Increments:
    """Increments of several batches, as they were kept, added up."""
    together = np.frombuffer(b"".join(parts), FORM)
    return _grouped(together[np.lexsort((together["start_us"], together["series_id"]))])


def rows_of(increments: Increments) -> list[IntervalRow]:
    """Increments as rows for the database, in the same order."""
    columns = [increments[name].tolist() for name in FORM.names or ()]
    return [
        IntervalRow(
            series, start, n, n_valid, total, (upper << LIMB_BITS) + lower,
            low if n_valid else None, high if n_valid else None, n_service, states,
        )
        for series, n_service, start, n, n_valid, total, upper, lower, low, high, states in zip(*columns, strict=True)
    ]  # fmt: skip


def _grouped(sorted_ones: Increments) -> Increments:
    series, start = sorted_ones["series_id"], sorted_ones["start_us"]
    if not len(series):
        return sorted_ones
    change = np.ones(len(series), bool)
    change[1:] = (series[1:] != series[:-1]) | (start[1:] != start[:-1])
    first = np.flatnonzero(change)
    if len(first) == len(series):
        return sorted_ones
    groups = sorted_ones[first]
    for name in SUMMED:
        groups[name] = np.add.reduceat(sorted_ones[name], first)
    groups["minimum"] = np.minimum.reduceat(sorted_ones["minimum"], first)
    groups["maximum"] = np.maximum.reduceat(sorted_ones["maximum"], first)
    groups["states"] = np.bitwise_or.reduceat(sorted_ones["states"], first)
    return groups
