"""All tests over the readings of one station, and the roll-up of each reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from uskat.water.quality.flag import PLACE, TESTS, Flag, QualityTest
from uskat.water.quality.limits import limit_table, test_set
from uskat.water.quality.readings import BoolArray, IntArray, QualitySeries, Readings, blocks, reach_of
from uskat.water.quality.single import gross_range, rate_of_change, seasonal_range, time_gap
from uskat.water.quality.spike import spike
from uskat.water.quality.steady import attenuated_signal, flat_line
from uskat.water.quality.together import multi_variate, neighbour

MODE_BITS = 16
SENDER_BITS = 15
_KNOWN_FLAGS = np.array(list(Flag), np.int64)
_NOT_EVALUATED, _PASS, _FAIL = int(Flag.NOT_EVALUATED), int(Flag.PASS), int(Flag.FAIL)
(_INSTRUMENT, _GROSS_RANGE, _SEASONAL_RANGE, _SPIKE, _RATE_OF_CHANGE, _FLAT_LINE, _ATTENUATED_SIGNAL, _TIME_GAP,
 _MULTI_VARIATE, _NEIGHBOUR) = (PLACE[test] for test in TESTS)  # fmt: skip
"""Looked up once: members of an enumeration cost more than the arithmetic of a small array."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """flags: one row a test, one column a reading. rollup: by the worst. counts: the reading may be judged by norms.

    A reading counts in normal mode and outside maintenance, when no test failed, when the sender did not doubt it, and
    when it is not an undecided spike. Suspect readings count.
    """

    flags: IntArray
    rollup: IntArray
    counts: BoolArray


def judge(readings: Readings, series: Sequence[QualitySeries], *, excused: BoolArray | None = None) -> Judgement:
    """Judge readings of one station with the test set in force.

    excused: readings inside a maintenance window; like those in service or calibration mode they are not evaluated, do
    not count, and are no neighbours of others. The judgement of a reading depends on readings within `Reach.reach_s`
    of it only.
    """
    n, reach = len(readings), reach_of(series)
    limits = limit_table(tuple(one.parameter for one in series))
    flags = np.full((len(TESTS), n), _NOT_EVALUATED, np.int64)
    normal = readings.flag < MODE_BITS
    if excused is not None:
        normal = normal & ~excused
    sender = readings.flag & SENDER_BITS
    sender = np.where(np.isin(sender, _KNOWN_FLAGS), sender, _NOT_EVALUATED)
    flags[_INSTRUMENT] = sender
    flags[_GROSS_RANGE] = gross_range(readings, limits)
    flags[_SEASONAL_RANGE] = seasonal_range(readings, limits)
    expected = np.array([one.expected_interval_s for one in series], np.float64)
    flags[_TIME_GAP] = time_gap(readings, expected, reach_s=reach.reach_s)
    usable = normal & (sender != _FAIL) & (flags[_GROSS_RANGE] != _FAIL)
    kept = readings if usable.all() else readings.take(usable)
    block = blocks(kept, reach.gap_s)
    device = np.array([one.device_id for one in series], np.int64)
    spikes = spike(kept, limits, block=block, scale_s=reach.scale_s, device=device)
    undecided = np.zeros(n, bool)
    undecided[usable] = spikes.undecided
    flags[_SPIKE, usable] = spikes.flag
    flags[_RATE_OF_CHANGE, usable] = rate_of_change(kept, limits, block=block)
    flags[_FLAT_LINE, usable] = flat_line(kept, limits, block=block, reach_s=reach.reach_s)
    flags[_ATTENUATED_SIGNAL, usable] = attenuated_signal(kept, limits, reach_s=reach.reach_s)
    flags[_MULTI_VARIATE, usable] = multi_variate(kept, series)
    flags[_NEIGHBOUR, usable] = neighbour(kept, series, limits=limits)
    flags[:, ~normal] = _NOT_EVALUATED
    has_spike_test = np.isfinite(limits.spike_floor)[readings.series]
    rollup = _rollup(flags, has_spike_test)
    return Judgement(flags, rollup, normal & (rollup != _FAIL) & (sender == _PASS) & ~undecided)


def drifted(judgement: Judgement, where: BoolArray, *, level: int) -> Judgement:
    """The judgement with the flag of a drift on some readings, as intervals have it (`interval.with_drift`)."""
    if level not in {Flag.SUSPECT, Flag.FAIL}:
        return judgement
    place = PLACE[QualityTest.NEIGHBOUR]
    where = where & judgement.counts
    flags, rollup = judgement.flags.copy(), judgement.rollup.copy()
    flags[place, where] = np.maximum(flags[place, where], level)
    rollup[where] = np.maximum(rollup[where], level)
    return Judgement(flags, rollup, judgement.counts & (rollup != Flag.FAIL))


def _rollup(flags: IntArray, has_spike_test: BoolArray) -> IntArray:
    """Worst flag: fail over suspect over not evaluated (of a required test) over pass."""
    counted, required = _rollup_places()
    known = flags[counted]
    known[known == _NOT_EVALUATED] = _PASS
    bad = known.max(axis=0)
    missing = np.zeros(flags.shape[1], bool)
    for place in required:
        lacking = flags[place] == _NOT_EVALUATED
        missing |= lacking & has_spike_test if place == _SPIKE else lacking
    rollup: IntArray = np.where((bad == _PASS) & missing, _NOT_EVALUATED, bad)
    return rollup


@cache
def _rollup_places() -> tuple[list[int], list[int]]:
    """Rows of the tests that enter the roll-up, and of the required ones."""
    rules = test_set()
    counted = [place for test, place in PLACE.items() if test not in rules.advisory]
    return counted, [PLACE[test] for test in rules.required]
