"""Forms of passport and report as workbooks: an empty one to fill, a filled one as cells."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from uskat.blast.passport.form import FIRST_ITEM_ROW, FIRST_VALUE_ROW, NO, YES, FieldKind
from uskat.blast.passport.model import MOST_HOLES

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from uskat.blast.passport.form import Form, FormField, FormTable

HEADER = PatternFill("solid", start_color="DDE7EE")
NEEDED = PatternFill("solid", start_color="FFF6D6")
CODE_FONT = Font(color="808080", size=8)
MOMENT_FORMAT = "DD.MM.YYYY HH:MM"
LAST_ITEM_ROW = 2000
"""Choices and formats of a list are prepared down to this row."""
LARGEST_FILE = 20_000_000
LARGEST_UNPACKED = 200_000_000
"""A small file that unpacks to more is a bomb, not a form."""
MOST_ROWS, MOST_COLUMNS = MOST_HOLES + 1000, 64
"""Cells beyond are not read; a list so long is refused for its length."""


class WorkbookError(ValueError):
    """A file that is no workbook, or too large to be a form."""


def write_template(form: Form, target: Path | IO[bytes]) -> None:
    """An empty form; required fields are yellow, choices are lists, units and explanations stand beside."""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise WorkbookError("a new workbook has no sheet")
    sheet.title = form.sheet
    _write_single_values(sheet, form)
    for table in form.tables:
        _write_table(book.create_sheet(table.title), table)
    book.properties.title = form.title
    book.save(target)


def read_cells(source: IO[bytes], *, name: str) -> dict[str, list[list[Any]]]:
    """Values of all cells by sheet; name: of the file, for complaints. Raises WorkbookError when it is no workbook."""
    if source.seek(0, 2) > LARGEST_FILE:
        raise WorkbookError(f"{name} is larger than {LARGEST_FILE} bytes")
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
                raise WorkbookError(f"{name} unpacks to more than {LARGEST_UNPACKED} bytes")
        book = load_workbook(source, read_only=True, data_only=True)
    except WorkbookError:
        raise
    except Exception as error:  # openpyxl raises many types for a damaged file; all mean the same here
        raise WorkbookError(f"{name} is not an XLSX workbook") from error
    try:
        return {sheet.title: _cells(sheet) for sheet in book.worksheets}
    except Exception as error:  # sheets are parsed only now
        raise WorkbookError(f"{name} is damaged") from error
    finally:
        book.close()


def _cells(sheet: Any) -> list[list[Any]]:
    rows = sheet.iter_rows(values_only=True, max_row=MOST_ROWS, max_col=MOST_COLUMNS)
    return [list(row) for row in rows]


def _write_single_values(sheet: Worksheet, form: Form) -> None:
    _header(sheet, ("код", "Поле", "Значение", "Единица", "Пояснение"), row=1)
    for row, item in enumerate(form.fields, FIRST_VALUE_ROW):
        title = item.title if item.group in {None, item.title} else f"{item.group}: {item.title}"
        sheet.cell(row, 1, item.code).font = CODE_FONT
        sheet.cell(row, 2, title).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(row, 4, item.unit)
        sheet.cell(row, 5, _explanation(item)).alignment = Alignment(wrap_text=True, vertical="top")
        _prepare(sheet, item, column=3, rows=(row, row))
    for letter, width in zip("ABCDE", (24, 46, 32, 10, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "C2"


def _write_table(sheet: Worksheet, table: FormTable) -> None:
    for column, item in enumerate(table.columns, 1):
        sheet.cell(1, column, item.code).font = CODE_FONT
        _prepare(sheet, item, column=column, rows=(FIRST_ITEM_ROW, LAST_ITEM_ROW))
        sheet.column_dimensions[get_column_letter(column)].width = max(14, min(34, len(item.heading) + 2))
    _header(sheet, [item.heading for item in table.columns], row=2)
    sheet.freeze_panes = f"A{FIRST_ITEM_ROW}"


def _header(sheet: Worksheet, titles: tuple[str, ...] | list[str], *, row: int) -> None:
    for column, title in enumerate(titles, 1):
        cell = sheet.cell(row, column, title)
        cell.font, cell.fill = Font(bold=True), HEADER
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _prepare(sheet: Worksheet, item: FormField, *, column: int, rows: tuple[int, int]) -> None:
    """Colour, format and choices of the cells of one field."""
    letter = get_column_letter(column)
    single = rows[0] == rows[1]
    for row in range(rows[0], rows[0] + 1 if not single else rows[1] + 1):
        if item.required:
            sheet.cell(row, column).fill = NEEDED
    if item.kind is FieldKind.MOMENT:
        for row in range(rows[0], rows[1] + 1 if single else rows[0] + 50):
            sheet.cell(row, column).number_format = MOMENT_FORMAT
    words = _words(item)
    if words:
        rule = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
        rule.add(f"{letter}{rows[0]}:{letter}{rows[1]}")
        sheet.add_data_validation(rule)


def _words(item: FormField) -> tuple[str, ...]:
    if item.kind is FieldKind.FLAG:
        return (YES, NO)
    return tuple((item.choices or {}).values())


def _explanation(item: FormField) -> str:
    parts = [item.explanation or ""]
    words = _words(item)
    if words:
        parts.append("одно из: " + ", ".join(words))
    if item.kind is FieldKind.MOMENT:
        parts.append("местное время, ДД.ММ.ГГГГ ЧЧ:ММ")
    if not item.required:
        parts.append("можно не заполнять")
    return "; ".join(part for part in parts if part)
