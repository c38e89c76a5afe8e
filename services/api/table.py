"""CSV that spreadsheets and programs read alike: RFC 4180, UTF-8, decimal point, UTC, units in the header.

A text cell that a spreadsheet would take for a formula gets a leading apostrophe (OWASP: CSV injection); numbers are
written as numbers.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")

Cell = str | int | float | bool | datetime | None


def written(value: Cell) -> str | int | float:
    """A value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerows([written(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode()


def download_name(*parts: object, ending: str) -> dict[str, str]:
    """Header that names a download: letters, digits, dots, dashes only."""
    name = "_".join(_UNSAFE_NAME.sub("-", str(part)).strip("-") or "x" for part in parts)
    return {"Content-Disposition": f'attachment; filename="{name[:150]}.{ending}"'}
