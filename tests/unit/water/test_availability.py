from datetime import UTC, datetime, timedelta

import pytest

from uskat.water.availability import Availability, expected_intervals, month_of

JUNE = month_of(datetime(2026, 6, 15, tzinfo=UTC))


def test_a_month_is_local():
    assert (JUNE.code, JUNE.start) == ("2026-06", datetime(2026, 5, 31, 17, tzinfo=UTC))
    assert JUNE.end == datetime(2026, 6, 30, 17, tzinfo=UTC)
    assert month_of(JUNE.end).code == "2026-07"
    assert month_of(JUNE.end - timedelta(seconds=1)).code == "2026-06"
    assert month_of(datetime(2026, 12, 31, 17, tzinfo=UTC)).code == "2027-01"


@pytest.mark.parametrize(
    ("since", "now", "expected"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), 2160),
        (JUNE.start + timedelta(days=10), datetime(2027, 1, 1, tzinfo=UTC), 1440),
        (JUNE.start, JUNE.start + timedelta(minutes=59), 2),
        (JUNE.start, JUNE.start - timedelta(days=1), 0),
        (JUNE.end, datetime(2027, 1, 1, tzinfo=UTC), 0),
    ],
)
def test_expected_is_what_could_have_been_measured(since, now, expected):
    assert expected_intervals(JUNE, since=since, now=now) == expected


@pytest.mark.parametrize(("valid", "enough"), [(90, True), (89, False), (0, False)])
def test_nine_tenths_are_enough(valid, enough):
    assert Availability("2026-06", 100, valid, 0, 0).enough is enough


def test_without_anything_expected_there_is_no_share():
    assert Availability("2026-06", 0, 0, 0, 0).share is None
    assert Availability("2026-06", 0, 0, 0, 0).enough is None
