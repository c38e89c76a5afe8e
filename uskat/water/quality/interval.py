"""Judged readings as 20-minute intervals: what is stored beside the exact sums, and what norms are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from uskat.water.interval import INTERVAL_S
from uskat.water.quality.flag import PLACE, Flag, QualityTest
from uskat.water.quality.judge import MODE_BITS, Judgement
from uskat.water.quality.readings import MICROS, BoolArray, QualitySeries, Readings

INTERVAL_US = INTERVAL_S * MICROS
FAILED_SHARE = 0.75
"""An interval fails when fewer than this share of its readings in normal mode count."""


@dataclass(frozen=True, slots=True)
class QualityInterval:
    """Quality of one series over [start, start + 20 min); start_us in microseconds since 1970, UTC.

    rollup: fail when less than 75 % of the readings in normal mode count; else suspect when any is suspect, failed or
    undecided; else not evaluated when a required test is missing for one, or all were in service; else pass.
    flags: worst flag of each test among its readings. mean, minimum, maximum: of the readings that count.
    """

    series_id: int
    start_us: int
    rollup: int
    flags: tuple[int, ...]
    n: int
    n_pass: int
    mean: float | None
    minimum: float | None
    maximum: float | None


def quality_intervals(
    readings: Readings,
    judgement: Judgement,
    *,
    series: Sequence[QualitySeries],
    excused: BoolArray | None,
    since_us: int,
    until_us: int,
) -> list[QualityInterval]:
    """Intervals that start in [since_us, until_us) and hold a reading, by series and time.

    Means are those of `uskat.water.interval.exact_mean` over value·10^scale rounded, so they do not depend on order and
    equal those of the aggregates where every reading counts.
    """
    wanted = (readings.time_us >= since_us) & (readings.time_us < until_us)
    if not wanted.any():
        return []
    own, place = readings.take(wanted), readings.series[wanted]
    start = own.time_us - own.time_us % INTERVAL_US
    change = np.ones(len(own), bool)
    change[1:] = (place[1:] != place[:-1]) | (start[1:] != start[:-1])
    first = np.flatnonzero(change)
    counts, rollup = judgement.counts[wanted], judgement.rollup[wanted]
    normal = own.flag < MODE_BITS
    if excused is not None:
        normal = normal & ~excused[wanted]
    factor = 10.0 ** np.array([one.scale for one in series], np.float64)
    scaled = np.rint(np.where(counts, own.value, 0.0) * factor[place]).astype(np.int64)
    n, n_normal, n_pass, total = (
        np.add.reduceat(column, first)
        for column in (np.ones(len(own), np.int64), normal.astype(np.int64), counts.astype(np.int64), scaled)
    )
    low = np.minimum.reduceat(np.where(counts, own.value, np.inf), first)
    high = np.maximum.reduceat(np.where(counts, own.value, -np.inf), first)
    doubt = np.where(~counts & normal | (rollup == Flag.FAIL), int(Flag.SUSPECT), rollup)
    worst = np.maximum.reduceat(np.where(normal, doubt, int(Flag.PASS)), first)
    worst = np.where(n_normal > 0, worst, int(Flag.NOT_EVALUATED))
    rolled = np.where((n_normal > 0) & (n_pass < FAILED_SHARE * n_normal), int(Flag.FAIL), worst)
    flags = _worst_of_each_test(judgement, wanted, first)
    mean = total / (np.maximum(n_pass, 1) * factor[place[first]])
    columns = (place[first], start[first], rolled, n, n_pass, mean, low, high)
    rows = zip(*(column.tolist() for column in columns), flags, strict=True)
    return [
        QualityInterval(
            series[at].id, begin, rolled_up, own_flags, count, passed,
            middle if passed else None, lowest if passed else None, highest if passed else None,
        )
        for at, begin, rolled_up, count, passed, middle, lowest, highest, own_flags in rows
    ]  # fmt: skip


def with_drift(interval: QualityInterval, level: int) -> QualityInterval:
    """The interval on a day of drift: the flag of `neighbour`, and the roll-up where that is worse.

    What passed otherwise stays told (n_pass, mean), so that the drift itself can be followed; a failed roll-up keeps
    norms and detectors from using it.
    """
    if level not in {Flag.SUSPECT, Flag.FAIL} or not interval.n_pass:
        return interval
    place = PLACE[QualityTest.NEIGHBOUR]
    flags = (*interval.flags[:place], max(level, interval.flags[place]), *interval.flags[place + 1 :])
    return replace(interval, flags=flags, rollup=max(interval.rollup, level))


_SEVERITY = np.array([0, 1, 0, 2, 3, 0, 0, 0, 0, 0])
_BACK = np.array([Flag.NOT_EVALUATED, Flag.PASS, Flag.SUSPECT, Flag.FAIL])


def _worst_of_each_test(
    judgement: Judgement, wanted: BoolArray, first: np.typing.NDArray[np.intp]
) -> list[tuple[int, ...]]:
    """A test that was done for some readings only is shown by those: fail, suspect, pass, else not evaluated."""
    severity = np.maximum.reduceat(_SEVERITY[judgement.flags[:, wanted]], first, axis=1)
    return list(map(tuple, _BACK[severity].T.tolist()))
