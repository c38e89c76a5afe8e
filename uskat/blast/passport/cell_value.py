"""What a person typed into one cell of a form, as the value of its field.

Numbers with a decimal comma, spaces between thousands and the field's own unit are taken; so are dates as they are
written in Russia and the number that a spreadsheet shows for a moment once the format of the cell is lost.
"""

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from uskat.blast.passport.form import NO, YES, FieldKind, FormField

MOMENT_FORMS = tuple(
    f"{day} {time}" for day in ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d") for time in ("%H:%M", "%H:%M:%S", "%H.%M", "%H-%M")
)
BEFORE_DAY_ONE = datetime(1899, 12, 30)  # noqa: DTZ001 - local, the zone is added where it is known
"""Spreadsheets count days from here (ECMA-376 part 1, §18.17.4.1)."""
SERIAL_DAYS = (36526, 73050)
"""Numbers of the days 2000–2099: others are no forgotten moment."""


class BadCellError(ValueError):
    """What was typed is no value of the field; the text says what is, in Russian."""


def cell_value(value: Any, item: FormField, *, zone: tzinfo) -> Any:
    """The value of a cell that is not empty, as JSON has it; moments with the offset of `zone`. Raises BadCellError."""
    kind = item.kind
    if kind is FieldKind.MOMENT:
        return _moment(value, zone).isoformat()
    if kind in {FieldKind.NUMBER, FieldKind.INTEGER}:
        return _number(value, item.unit)
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if kind is FieldKind.CHOICE:
        return _choice(text, item)
    if kind is FieldKind.FLAG:
        return _flag(value, text)
    return text


def is_empty(value: Any) -> bool:
    """True for a cell in which nothing can be seen."""
    return value is None or (isinstance(value, str) and not value.strip())


def _choice(text: str, item: FormField) -> str:
    words = {word.casefold(): code for code, word in (item.choices or {}).items()}
    folded = text.casefold()
    if folded not in words and text not in (item.choices or {}):
        raise BadCellError(f"нет такого варианта, есть: {', '.join((item.choices or {}).values())}")
    return words.get(folded, text)


def _flag(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return value
    if text.casefold() not in {YES, NO}:
        raise BadCellError(f"нужно «{YES}» или «{NO}»")
    return text.casefold() == YES


def _number(value: Any, unit: str | None) -> float | int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = re.sub(r"[\s\u00a0\u202f]", "", str(value))
    if text.startswith("#"):
        raise BadCellError("формула дала ошибку: впишите число")
    bare = text.casefold().removesuffix((unit or "").replace(" ", "").casefold()).removesuffix(".")
    plain = bare.replace(",", ".").replace("−", "-")
    if not re.fullmatch(r"[-+]?\d+(\.\d+)?", plain):
        raise BadCellError("не число" if unit is None else f"не число: нужны только цифры, в единицах «{unit}»")
    return float(plain)


def _moment(value: Any, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, int | float) and not isinstance(value, bool) and SERIAL_DAYS[0] <= value < SERIAL_DAYS[1]:
        seconds = round(86400 * value)
        if seconds % 86400:
            return (BEFORE_DAY_ONE + timedelta(seconds=seconds)).replace(tzinfo=zone)
        raise BadCellError("нужно время, не только дата")
    if isinstance(value, date):
        raise BadCellError("нужно время, не только дата")
    found = _written_moment(re.sub(r",?\s+(в\s+)?", " ", str(value).strip()))
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _written_moment(text: str) -> datetime:
    for pattern in MOMENT_FORMS:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added by the caller
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadCellError("не дата и время, нужно ДД.ММ.ГГГГ ЧЧ:ММ") from None
    if "T" not in text and ":" not in text:
        raise BadCellError("нужно время, не только дата")
    return found
