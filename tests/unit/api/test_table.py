"""CSV cells that no spreadsheet takes for a formula."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.table import FORMULA_STARTS, csv_lines, download_name, written

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@given(st.lists(st.lists(text, min_size=2, max_size=5), min_size=1, max_size=5))
def test_no_text_cell_begins_like_a_formula_and_none_is_lost(rows: list[list[str]]) -> None:
    found = list(csv.reader(io.StringIO(csv_lines(rows).decode(), newline="")))
    assert len(found) == len(rows)
    for before, after in zip(rows, found, strict=True):
        for sent, read in zip(before, after, strict=True):
            assert not read.startswith(FORMULA_STARTS)
            assert read.removeprefix("'") == sent.removeprefix("'")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_to_the_bit(value: float) -> None:
    assert float(csv_lines([[value, 1]]).decode().split(",")[0]) == value


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""), (True, 1), (-1.5, -1.5), ("-1.5", "'-1.5"), ("=1+1", "'=1+1"), ("ok", "ok"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
    ],
)  # fmt: skip
def test_cells_are_written_as(value: object, cell: object) -> None:
    assert written(value) == cell  # type: ignore[arg-type]


@given(st.lists(text, min_size=1, max_size=3))
def test_a_download_name_cannot_break_its_header(parts: list[str]) -> None:
    [value] = download_name(*parts, ending="csv").values()
    name = value.removeprefix('attachment; filename="').removesuffix('"')
    assert all(character.isascii() and (character.isalnum() or character in "._-") for character in name)
