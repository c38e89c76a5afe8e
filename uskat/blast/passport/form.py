"""The form of a document: which cells a spreadsheet has, derived from the JSON Schema, so that it cannot fall behind.

Single values stand on one sheet, a row each; every list has a sheet of its own, a row an item. What to type is told by
`FieldKind`; how a workbook is drawn is the business of whoever writes files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from uskat.blast.passport.schema import TITLES, DocumentKind, document_schema

YES, NO = "да", "нет"
CODE_COLUMN, TITLE_COLUMN, VALUE_COLUMN, UNIT_COLUMN, HELP_COLUMN = range(5)
FIRST_VALUE_ROW = 2
"""Row of the first value on the main sheet (row 1: titles of the columns)."""
FIRST_ITEM_ROW = 3
"""Row of the first item of a list (row 1: codes, row 2: titles)."""
CHOICE_WORDS: Mapping[str, str] = {
    "cuttings": "буровая мелочь",
    "crushed_rock": "щебень",
    "sand": "песок",
    "water": "вода",
    "gel": "гель",
    "none": "нет",
    "electronic": "электронное",
    "nonelectric": "неэлектрическое",
    "detonating_cord": "детонирующий шнур",
    "electric": "электрическое",
    "water_stemming": "гидрозабойка",
    "irrigation": "орошение",
    "gel_stemming": "гелевая забойка",
}


class FieldKind(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    MOMENT = "moment"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class FormField:
    """One cell to fill. path: keys from the document or from the item; choices: {code: word}.

    group: title of the optional part the field belongs to, None for a field of the document itself.
    """

    path: tuple[str, ...]
    title: str
    kind: FieldKind
    required: bool
    unit: str | None = None
    explanation: str | None = None
    choices: Mapping[str, str] | None = None
    group: str | None = None

    @property
    def code(self) -> str:
        """Dotted path, the first column of its row or the first row of its column."""
        return ".".join(self.path)

    @property
    def heading(self) -> str:
        """Title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class FormTable:
    """A list: its key in the document, the sheet's title and its columns."""

    key: str
    title: str
    columns: tuple[FormField, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Form:
    """All cells of a document."""

    kind: DocumentKind
    title: str
    sheet: str
    fields: tuple[FormField, ...]
    tables: tuple[FormTable, ...]


def form_of(kind: DocumentKind) -> Form:
    """The form of passport or report."""
    schema = document_schema(kind)
    definitions = schema.get("$defs", {})
    fields: list[FormField] = []
    tables: list[FormTable] = []
    required = set(schema.get("required", ()))
    for key, raw in schema["properties"].items():
        resolved = _resolve(raw, definitions)
        if resolved.get("type") == "array":
            item = _resolve(resolved["items"], definitions)
            columns = tuple(_fields(item, definitions, (), needed=True))
            tables.append(FormTable(key, raw["title"], columns, key in required))
        else:
            fields += _field(key, raw, definitions, prefix=(), needed=key in required)
    return Form(
        kind, TITLES[kind], "Паспорт" if kind is DocumentKind.PASSPORT else "Отчёт", tuple(fields), tuple(tables)
    )


def _fields(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: tuple[str, ...], *, needed: bool
) -> Iterator[FormField]:
    required = set(schema.get("required", ()))
    for key, raw in schema["properties"].items():
        yield from _field(key, raw, definitions, prefix=prefix, needed=needed and key in required)


def _field(
    key: str, raw: Mapping[str, Any], definitions: Mapping[str, Any], *, prefix: tuple[str, ...], needed: bool
) -> Iterator[FormField]:
    resolved = _resolve(raw, definitions)
    if "const" in resolved:
        return
    if "properties" in resolved:
        for field in _fields(resolved, definitions, (*prefix, key), needed=needed):
            yield FormField(**{**_slots(field), "group": raw.get("title", field.group)})
        return
    choices = (
        {code: CHOICE_WORDS[code] for code in resolved["enum"] if code in CHOICE_WORDS} if "enum" in resolved else None
    )
    if choices is not None and len(choices) < len(resolved["enum"]):
        choices = {code: code for code in resolved["enum"]}
    yield FormField(
        path=(*prefix, key),
        title=raw.get("title", key),
        kind=_kind(resolved),
        required=needed,
        unit=resolved.get("unit"),
        explanation=raw.get("description"),
        choices=choices,
    )


def _slots(field: FormField) -> dict[str, Any]:
    return {name: getattr(field, name) for name in FormField.__slots__}


def _kind(schema: Mapping[str, Any]) -> FieldKind:
    if "enum" in schema:
        return FieldKind.CHOICE
    if schema.get("format") == "date-time":
        return FieldKind.MOMENT
    return {"integer": FieldKind.INTEGER, "number": FieldKind.NUMBER, "boolean": FieldKind.FLAG}.get(
        schema["type"], FieldKind.TEXT
    )


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference and drop «or null»; what the property itself says (title) stays with the property."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        return {**_resolve(options[0], definitions), **{key: schema[key] for key in ("unit",) if key in schema}}
    if "$ref" in schema:
        return definitions[schema["$ref"].rsplit("/", 1)[-1]]  # type: ignore[no-any-return]
    return schema
