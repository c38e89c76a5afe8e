"""Cursors go around unharmed, and anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.errors import InvalidRequest
from services.api.paging import cut, read_cursor, write_cursor

QUESTION = ("observations", 7, "raw")
numbers = st.integers(0, 2**63 - 1)


@given(numbers, st.text(max_size=30))
def test_a_cursor_comes_back(number: int, word: str) -> None:
    assert read_cursor(write_cursor(QUESTION, (number, word)), QUESTION, (int, str)) == (number, word)


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_nothing_else_is_taken_for_a_cursor(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_cursor(text, QUESTION, (int, int))


@pytest.mark.parametrize(
    "cursor",
    [
        write_cursor(("observations", 8, "raw"), (1, 2)),
        write_cursor(QUESTION, (1,)),
        write_cursor(QUESTION, (1, "2")),
        write_cursor(QUESTION, (1, -2)),
        write_cursor(QUESTION, (1, 2**63)),
        write_cursor(QUESTION, (1, True)),
    ],
)
def test_a_cursor_of_another_question_or_shape_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        read_cursor(cursor, QUESTION, (int, int))


def test_a_page_is_cut_where_it_ends() -> None:
    assert cut([1, 2, 3], 2) == ([1, 2], True)
    assert cut([1, 2], 2) == ([1, 2], False)
