"""The columns of a batch and their exact aggregates, against a slow twin in fractions."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.storage.intake.columns import ReadingList, same_as_previous, sorted_readings
from services.storage.intake.directory import Directory
from services.storage.intake.increment import INTERVAL_US, IntervalRow, increments_of, merged, rows_of

SCALES = (0, 3, 6)
LOWEST, HIGHEST = -2000.0, 2000.0
DIRECTORY = Directory(
    devices={},
    series_id=np.array([30, 10, 20], np.int32),
    station_id=np.array([1, 1, 2], np.int32),
    lowest=np.full(3, LOWEST),
    highest=np.full(3, HIGHEST),
    factor=np.array([10.0**scale for scale in SCALES]),
    place_of_series={30: 0, 10: 1, 20: 2},
)

readings = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(-3 * INTERVAL_US, 3 * INTERVAL_US),
        st.decimals(-2100, 2100, places=6).map(float),
        st.sampled_from([1, 1, 1, 3, 4, 17, 36]),
        st.sampled_from([0, 0, 1, 2, 4, 7]),
    ),
    max_size=60,
)


def listed(rows):
    """One packet a reading; the packet's number is its message's."""
    result = ReadingList()
    for owner, (place, time_us, value, flag, state) in enumerate(rows):
        position = result.add(owner, time_us, [place], [value])
        if flag != 1:
            result.special_flags[position] = flag
        if state:
            result.special_states[position] = state
    return result


def increments(rows):
    return increments_of(sorted_readings(listed(rows), DIRECTORY), DIRECTORY)


def slow_rows(rows):
    """The definition (docs/algorithms/intervals.md) without arrays: exact integers, half to even."""
    groups = {}
    for place, time_us, value, flag, state in rows:
        judged = flag if LOWEST <= value <= HIGHEST else (flag & ~0xF) | 4
        key = (int(DIRECTORY.series_id[place]), time_us // INTERVAL_US * INTERVAL_US)
        groups.setdefault(key, []).append((SCALES[place], value, judged, state))
    result = []
    for (series, start), group in sorted(groups.items()):
        valid = [value for _, value, flag, _ in group if flag == 1]
        scaled = [round(Fraction(value * 10.0**scale)) for scale, value, flag, _ in group if flag == 1]
        states = 0
        for *_, state in group:
            states |= state
        result.append(
            IntervalRow(
                series, start, len(group), len(valid), sum(scaled), sum(number * number for number in scaled),
                min(valid, default=None), max(valid, default=None), sum(flag >= 16 for _, _, flag, _ in group), states,
            )
        )  # fmt: skip
    return result


@given(rows=readings)
def test_intervals_equal_the_slow_twin_to_the_last_digit(rows):
    assert rows_of(increments(rows)) == slow_rows(rows)


@given(rows=readings, cuts=st.lists(st.integers(0, 60), max_size=4))
def test_parts_that_were_kept_add_up_to_the_whole(rows, cuts):
    edges = [0, *sorted(cuts), len(rows)]
    parts = [rows[low:high] for low, high in pairwise(edges)]
    kept = [increments(part).tobytes() for part in parts]
    assert rows_of(merged(kept)) == slow_rows(rows)


def test_squares_near_the_limit_are_summed_exactly():
    """Values just under 2^31 units each: squares pass 2^62, and their sum passes 64 bits."""
    value, count = 2000.0 - 1e-6, 500
    rows = [(2, second, value, 1, 0) for second in range(count)]
    (row,) = rows_of(increments(rows))
    assert row.total_squares == 1_999_999_999**2 * count > 2**64


@given(rows=readings)
def test_readings_are_sorted_by_series_and_time_and_keep_their_order_of_arrival(rows):
    columns = sorted_readings(listed(rows), DIRECTORY)
    found = list(zip(columns.series_id.tolist(), columns.time_us.tolist(), columns.owner.tolist(), strict=True))
    assert found == sorted(found)
    arrived = [(int(DIRECTORY.series_id[place]), time_us, number) for number, (place, time_us, *_) in enumerate(rows)]
    assert found == sorted(arrived)
    keys = [key[:2] for key in found]
    expected = [place > 0 and keys[place - 1] == key for place, key in enumerate(keys)]
    assert same_as_previous(columns).tolist() == expected


def test_a_value_outside_the_physical_range_keeps_its_mode_and_gets_flag_4():
    columns = sorted_readings(listed([(0, 0, 2001.0, 17, 0), (0, 1, -2000.0, 1, 0)]), DIRECTORY)
    assert columns.flag.tolist() == [16 + 4, 1]
