"""Rows of a CSV or XLSX file as an enterprise's laboratory writes it: encodings, separators, decimal commas, dates."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

ENCODINGS = ("utf-8-sig", "cp1251")
SNIFFED_BYTES = 65_536
DELIMITERS = ";,\t|"
MISSING = {"", "-", "–", "н/д", "nan", "null", "none"}


class TableFileError(ValueError):
    """A file that cannot be read as a table; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A data row: its line or row number in the file and its cells by column title."""

    number: int
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file: column titles, number of data rows if known without reading all, and the rows."""

    titles: list[str]
    length: int | None
    rows: Iterator[Row]


def open_table(path: Path) -> Table:
    """Open a .csv, .txt, .tsv or .xlsx file; the first row holds the titles. Raises TableFileError."""
    if not path.is_file():
        raise TableFileError(f"{path}: no such file")
    if path.suffix.lower() == ".xlsx":
        return _open_xlsx(path)
    if path.suffix.lower() in {".csv", ".txt", ".tsv"}:
        return _open_csv(path)
    raise TableFileError(f"{path}: expected .csv, .tsv, .txt or .xlsx; save an .xls file as .xlsx")


def _open_csv(path: Path) -> Table:
    raw = path.read_bytes()
    text = _decoded(raw, path)
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:SNIFFED_BYTES], DELIMITERS)
    except csv.Error:
        dialect = "excel"
    reader = csv.reader(io.StringIO(text, newline=""), dialect)
    titles = _titles(next(reader, []), path)

    def rows() -> Iterator[Row]:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(reader.line_num, dict(zip(titles, cells, strict=False)))

    return Table(titles, max(0, text.count("\n") - 1), rows())


def _decoded(raw: bytes, path: Path) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableFileError(f"{path}: neither UTF-8 nor Windows-1251; save it as UTF-8")


def _open_xlsx(path: Path) -> Table:
    try:
        sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).active
    except Exception as error:  # noqa: BLE001 - openpyxl raises many types for a damaged file; all mean the same here
        raise TableFileError(f"{path}: not an XLSX file ({type(error).__name__})") from None
    if sheet is None:
        raise TableFileError(f"{path}: the workbook has no sheet")
    lines = sheet.iter_rows(values_only=True)
    titles = _titles(["" if cell is None else str(cell) for cell in next(lines, ())], path)

    def rows() -> Iterator[Row]:
        for number, cells in enumerate(lines, 2):
            if any(cell is not None for cell in cells):
                yield Row(number, dict(zip(titles, cells, strict=False)))

    return Table(titles, max(0, (sheet.max_row or 1) - 1) or None, rows())


def _titles(cells: list[str], path: Path) -> list[str]:
    titles = [cell.strip() for cell in cells]
    if not any(titles):
        raise TableFileError(f"{path}: the first row must hold column titles")
    doubled = sorted({title for title in titles if title and titles.count(title) > 1})
    if doubled:
        raise TableFileError(f"{path}: column {doubled[0]!r} stands there twice")
    return titles


def number_of(cell: object) -> object:
    """The cell as a float when it is a number (decimal comma and spaces allowed), else as it is."""
    if isinstance(cell, bool) or not isinstance(cell, str):
        return float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell
    text = cell.strip().replace("\u00a0", "").replace(" ", "")
    try:
        return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return cell.strip()


def is_missing(cell: object) -> bool:
    """True for an empty cell and the usual ways to write «no data»."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING)


def moment_of(cell: object, *, pattern: str | None) -> datetime | None:
    """The cell as a datetime (naive or aware), None when it is none. `pattern` as for strptime."""
    if isinstance(cell, datetime):
        return cell
    if not isinstance(cell, str):
        return None
    try:
        text = cell.strip()
        return datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007 - zone follows
    except ValueError:
        return None
