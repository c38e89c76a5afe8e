"""A filled form read back: the document, or what is wrong in which cell.

A bad cell takes nothing with it: all cells are read, all complaints come at once, in Russian, each with its sheet and
address. Times without an offset are local times of the zone that the caller names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from pydantic import ValidationError

from uskat.blast.passport.cell_value import BadCellError, cell_value, is_empty
from uskat.blast.passport.form import FIRST_ITEM_ROW, FIRST_VALUE_ROW, VALUE_COLUMN, Form, FormField, FormTable
from uskat.blast.passport.problem_words import problem_words
from uskat.blast.passport.schema import MODELS
from uskat.blast.provenance import Frozen

Grid = Sequence[Sequence[Any]]
"""Cells of a sheet, row by row; None for an empty one."""
Place = tuple[str | int, ...]
MOST_ROWS_ABOVE = 20
"""So many lines may have been put in above the codes of a list."""
TOTALS = frozenset({"итого", "итого:", "всего", "всего:"})
TOTAL_RU = "строка итогов не нужна: удалите её"
NO_COLUMN_RU = "нет столбца с кодом {code}: верните его в строку кодов, как в пустой форме"
MERGED_RU = "{problem}; если ячейки объединены, разъедините их: читается только первая"
"""Said of an empty cell below a filled one."""


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
        if is_empty(value):
            return
        try:
            typed = cell_value(value, item, zone=self.zone)
        except BadCellError as error:
            self.errors.append(CellError(sheet, cell, item.title, str(error), str(value)))
            self.spoiled.add(place)
            return
        for key in item.path[:-1]:
            target = target.setdefault(key, {})
        target[item.path[-1]] = typed


def read_form(form: Form, sheets: Mapping[str, Grid], *, zone: tzinfo) -> FormResult:
    """The document of a filled form, or every complaint. sheets: cells by title of the sheet; zone: of local times."""
    reading = _Reading(zone)
    sheets = {title.strip(): grid for title, grid in sheets.items()}
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
    by_code = {column.code: column for column in table.columns}
    head = _row_of_codes(grid, by_code)
    codes = [_code(cell) for cell in grid[head]] if head is not None else []
    absent = [column for column in table.columns if column.required and column.code not in codes]
    first = FIRST_ITEM_ROW if head is None else head + FIRST_ITEM_ROW
    items: list[dict[str, Any]] = []
    for row, cells in enumerate(grid[first - 1 :], first):
        if all(is_empty(cell) for cell in cells):
            continue
        if _code(next(cell for cell in cells if not is_empty(cell))).casefold() in TOTALS:
            reading.errors.append(CellError(table.title, f"A{row}", table.title, TOTAL_RU, None))
            continue
        root, item = (table.key, len(items)), dict[str, Any]()
        for column, code in enumerate(codes):
            if code in by_code:
                value = cells[column] if column < len(cells) else None
                cell = f"{column_name(column)}{row}"
                reading.take(item, by_code[code], value=value, root=root, sheet=table.title, cell=cell)
        reading.spoiled |= {(*root, *column.path) for column in absent}
        items.append(item)
    if items:
        reading.errors += [
            CellError(table.title, f"A{(head or 0) + 1}", column.title, NO_COLUMN_RU.format(code=column.code), None)
            for column in absent
        ]
    if items or table.required:
        reading.data[table.key] = items
    reading.cells[table.key,] = (table.title, f"A{first}", table.title)


def _row_of_codes(grid: Grid, known: Mapping[str, FormField]) -> int | None:
    """Place of the row that names the columns: the first, unless lines were put in above it."""
    for place, cells in enumerate(grid[:MOST_ROWS_ABOVE]):
        if any(_code(cell) in known for cell in cells):
            return place
    return None


def _code(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _tell(error: ValidationError, form: Form, reading: _Reading) -> None:
    for problem in error.errors(include_url=False, include_context=True):
        place = tuple(problem["loc"])
        kind = problem["type"]
        if place in reading.spoiled or (kind == "too_short" and _is_long_enough(problem, reading)):
            continue
        words = problem_words(problem)
        typed = None if kind == "missing" or isinstance(problem["input"], dict | list | tuple) else problem["input"]
        if kind == "missing" and _filled_above(place, reading):
            words = MERGED_RU.format(problem=words)
        for sheet, cell, title in _cells_of(place, kind, form, reading):
            reading.errors.append(CellError(sheet, cell, title, words, None if typed is None else str(typed)))


def _is_long_enough(problem: Mapping[str, Any], reading: _Reading) -> bool:
    """True for a list that is short only because the items in it were refused: those are told by themselves."""
    rows = reading.data.get(str(problem["loc"][0]), []) if len(problem["loc"]) == 1 else []
    return len(rows) >= int(problem["ctx"]["min_length"])


def _filled_above(place: Place, reading: _Reading) -> bool:
    """True when a row above has something in the same column: merged cells look so."""
    if len(place) < 3 or not isinstance(place[1], int):
        return False

    def at(item: Any) -> Any:
        for key in place[2:]:
            item = item.get(key) if isinstance(item, dict) else None
        return item

    return any(at(item) is not None for item in reading.data.get(str(place[0]), [])[: place[1]])


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


def column_name(column: int) -> str:
    """Letters of a column counted from 0: 0 → A, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
