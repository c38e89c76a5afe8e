"""A filled form read back: the document, or what is wrong in which cell.

A bad cell takes nothing with it: all cells are read, all complaints come at once, in Russian, each with its sheet and
address. Times without an offset are local times of the zone that the caller names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from pydantic import ValidationError

from uskat.blast.passport.form import (
    FIRST_ITEM_ROW,
    FIRST_VALUE_ROW,
    NO,
    VALUE_COLUMN,
    YES,
    FieldKind,
    Form,
    FormField,
    FormTable,
)
from uskat.blast.passport.schema import MODELS
from uskat.blast.provenance import Frozen

Grid = Sequence[Sequence[Any]]
"""Cells of a sheet, row by row; None for an empty one."""
Place = tuple[str | int, ...]
MOMENT_FORMS = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
PROBLEMS_RU = {
    "missing": "не заполнено",
    "string_too_short": "не заполнено",
    "string_too_long": "длиннее {max_length} знаков",
    "string_pattern_mismatch": "не того вида, допустимо: {pattern}",
    "greater_than": "должно быть больше {gt}",
    "greater_than_equal": "должно быть не меньше {ge}",
    "less_than": "должно быть меньше {lt}",
    "less_than_equal": "должно быть не больше {le}",
    "too_short": "нужно строк: не меньше {min_length}",
    "too_long": "нужно строк: не больше {max_length}",
    "int_from_float": "должно быть целым числом",
    "int_type": "должно быть целым числом",
    "int_parsing": "должно быть целым числом",
    "float_type": "должно быть числом",
    "float_parsing": "должно быть числом",
    "finite_number": "должно быть конечным числом",
    "string_type": "должно быть текстом",
    "bool_type": "должно быть true или false",
    "tuple_type": "должен быть список",
    "model_type": "должен быть объект",
    "model_attributes_type": "должен быть объект",
    "enum": "допустимо: {expected}",
    "literal_error": "допустимо: {expected}",
    "timezone_aware": "нужно время со смещением от UTC",
    "datetime_type": "не дата и время",
    "datetime_parsing": "не дата и время",
    "datetime_from_date_parsing": "не дата и время",
    "extra_forbidden": "такого поля нет",
    "json_invalid": "это не JSON",
    "window_backwards": "конец раньше начала",
    "block_crosses_itself": "контур блока пересекает сам себя",
    "block_without_area": "контур блока не охватывает площади",
}


@dataclass(frozen=True, slots=True)
class CellError:
    """A complaint: sheet and cell (A1), title of the field, what is wrong, what was typed."""

    sheet: str
    cell: str
    title: str
    problem: str
    value: str | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "sheet": self.sheet, "cell": self.cell, "title": self.title, "problem": self.problem, "value": self.value,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormResult:
    """document None when anything is wrong."""

    document: Frozen | None
    errors: tuple[CellError, ...]


class _BadCellError(ValueError):
    pass


@dataclass(slots=True)
class _Reading:
    """What was read so far: the document as JSON, complaints, and where each place of the document was typed."""

    zone: tzinfo
    data: dict[str, Any] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    cells: dict[Place, tuple[str, str, str]] = field(default_factory=dict)
    spoiled: set[Place] = field(default_factory=set)

    def take(self, target: dict[str, Any], item: FormField, *, value: Any, root: Place, sheet: str, cell: str) -> None:
        """Put one cell's value at its place below `root`; an empty cell is left out."""
        place = (*root, *item.path)
        self.cells[place] = (sheet, cell, item.title)
        if _is_empty(value):
            return
        try:
            typed = _typed(value, item, self.zone)
        except _BadCellError as error:
            self.errors.append(CellError(sheet, cell, item.title, str(error), str(value)))
            self.spoiled.add(place)
            return
        for key in item.path[:-1]:
            target = target.setdefault(key, {})
        target[item.path[-1]] = typed


def read_form(form: Form, sheets: Mapping[str, Grid], *, zone: tzinfo) -> FormResult:
    """The document of a filled form, or every complaint. sheets: cells by title of the sheet; zone: of local times."""
    reading = _Reading(zone)
    missing = [title for title in (form.sheet, *(t.title for t in form.tables if t.required)) if title not in sheets]
    if missing:
        return FormResult(None, tuple(CellError(title, "A1", title, "нет такого листа", None) for title in missing))
    _read_single_values(form, sheets[form.sheet], reading)
    for table in form.tables:
        _read_table(table, sheets.get(table.title, ()), reading)
    document = None
    try:
        document = MODELS[form.kind].model_validate({"schema": 1} | reading.data)
    except ValidationError as error:
        _tell(error, form, reading)
    return FormResult(None if reading.errors else document, tuple(reading.errors))


def _read_single_values(form: Form, grid: Grid, reading: _Reading) -> None:
    by_code = {item.code: item for item in form.fields}
    seen: set[str] = set()
    for row, cells in enumerate(grid[FIRST_VALUE_ROW - 1 :], FIRST_VALUE_ROW):
        item = by_code.get(str(cells[0]).strip()) if cells and cells[0] is not None else None
        if item is not None and item.code not in seen:
            seen.add(item.code)
            value = cells[VALUE_COLUMN] if len(cells) > VALUE_COLUMN else None
            cell = f"{column_name(VALUE_COLUMN)}{row}"
            reading.take(reading.data, item, value=value, root=(), sheet=form.sheet, cell=cell)


def _read_table(table: FormTable, grid: Grid, reading: _Reading) -> None:
    items: list[dict[str, Any]] = []
    by_code = {column.code: column for column in table.columns}
    codes = [str(code).strip() if code is not None else "" for code in grid[0]] if grid else []
    for row, cells in enumerate(grid[FIRST_ITEM_ROW - 1 :], FIRST_ITEM_ROW):
        if all(_is_empty(cell) for cell in cells):
            continue
        item: dict[str, Any] = {}
        for column, code in enumerate(codes):
            if code in by_code:
                value = cells[column] if column < len(cells) else None
                cell = f"{column_name(column)}{row}"
                root = (table.key, len(items))
                reading.take(item, by_code[code], value=value, root=root, sheet=table.title, cell=cell)
        items.append(item)
    if items or table.required:
        reading.data[table.key] = items
    reading.cells[table.key,] = (table.title, f"A{FIRST_ITEM_ROW}", table.title)


def problem_words(problem: Mapping[str, Any]) -> str:
    """What is wrong, in Russian, from one of pydantic's `errors()`."""
    kind = problem["type"]
    return PROBLEMS_RU[kind].format(**problem.get("ctx", {})) if kind in PROBLEMS_RU else f"не принято ({kind})"


def _tell(error: ValidationError, form: Form, reading: _Reading) -> None:
    for problem in error.errors(include_url=False, include_context=True):
        place = tuple(problem["loc"])
        if place in reading.spoiled:
            continue
        kind = problem["type"]
        words = problem_words(problem)
        typed = None if kind == "missing" or isinstance(problem["input"], dict | list | tuple) else problem["input"]
        for sheet, cell, title in _cells_of(place, kind, form, reading):
            reading.errors.append(CellError(sheet, cell, title, words, None if typed is None else str(typed)))


def _cells_of(place: Place, kind: str, form: Form, reading: _Reading) -> list[tuple[str, str, str]]:
    """The cell of a place; for a missing part the cells of its required fields; for the whole the first cell."""
    if place in reading.cells:
        return [reading.cells[place]]
    if kind == "missing":
        needed = [item for item in form.fields if item.required and item.path[: len(place)] == place]
        found = [reading.cells[item.path] for item in needed if item.path in reading.cells]
        if found:
            return found
    inside = [cell for known, cell in reading.cells.items() if known[: len(place)] == place]
    if place and inside:
        return inside[:1]
    if kind.startswith("block_"):
        return [reading.cells["block_polygon",]]
    title = ".".join(str(key) for key in place) or form.title
    return [(form.sheet, "A1", title)]


def _typed(value: Any, item: FormField, zone: tzinfo) -> Any:
    kind = item.kind
    if kind is FieldKind.MOMENT:
        return _moment(value, zone).isoformat()
    if kind in {FieldKind.NUMBER, FieldKind.INTEGER}:
        return _number(value)
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if kind is FieldKind.CHOICE:
        return _choice(text, item)
    if kind is FieldKind.FLAG:
        return _flag(value, text)
    return text


def _choice(text: str, item: FormField) -> str:
    words = {word.casefold(): code for code, word in (item.choices or {}).items()}
    folded = text.casefold()
    if folded not in words and text not in (item.choices or {}):
        raise _BadCellError(f"нет такого варианта, есть: {', '.join((item.choices or {}).values())}")
    return words.get(folded, text)


def _flag(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return value
    if text.casefold() not in {YES, NO}:
        raise _BadCellError(f"нужно «{YES}» или «{NO}»")
    return text.casefold() == YES


def _number(value: Any) -> float | int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = re.sub(r"[\s\u00a0\u202f]", "", str(value)).replace(",", ".").replace("−", "-")
    if not re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        raise _BadCellError("не число")
    return float(text)


def _moment(value: Any, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        raise _BadCellError("нужно время, не только дата")
    text = str(value).strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _local_moment(text)
    if "T" not in text and ":" not in text:
        raise _BadCellError("нужно время, не только дата")
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _local_moment(text: str) -> datetime:
    for pattern in MOMENT_FORMS:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added by the caller
        except ValueError:
            continue
    raise _BadCellError("не дата и время, нужно ДД.ММ.ГГГГ ЧЧ:ММ")


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def column_name(column: int) -> str:
    """Letters of a column counted from 0: 0 → A, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
