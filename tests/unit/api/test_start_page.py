"""Numbers and moments as people in Novokuznetsk read them."""

from datetime import UTC, datetime

import pytest

from services.api.routers.start_page import first_sentence, iso, number
from services.api.state_word import local_time


@pytest.mark.parametrize(
    ("value", "text"),
    [(7.5, "7,5"), (0.0, "0"), (-0.3, "-0,3"), (1234.5678, "1235"), (0.00012345, "0,000123"), (12000.0, "12000")],
)
def test_numbers_have_a_decimal_comma_and_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


def test_moments_are_local_on_screens_and_utc_for_machines() -> None:
    moment = datetime(2026, 6, 2, 20, 30, tzinfo=UTC)
    assert local_time(moment) == "03.06.2026 03:30"
    assert iso(moment) == "2026-06-02T20:30:00Z"


def test_no_stations_is_a_sentence_too() -> None:
    assert first_sentence([]) == "Постов пока нет."
