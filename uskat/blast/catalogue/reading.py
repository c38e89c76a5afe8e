"""A catalogue file of any kind we read, told apart by its first bytes: QuakeML, FDSN event text, or a table."""

from collections.abc import Mapping
from dataclasses import fields, replace

from uskat.blast.catalogue.event import CatalogueError, CatalogueImport
from uskat.blast.catalogue.quakeml import read_quakeml
from uskat.blast.catalogue.table import COMCAT, FDSN_TEXT, ColumnMap, read_table

NAMED = tuple(field.name for field in fields(ColumnMap) if field.name != "utc_offset_h")
DELIMITERS = (",", ";", "\t", "|")
NO_COLUMNS: Mapping[str, str] = {}


def read_catalogue(
    payload: bytes, *, columns: Mapping[str, str] = NO_COLUMNS, utc_offset_h: float = 0.0
) -> CatalogueImport:
    """Events of a file. columns: {field of `ColumnMap`: title} where a table has titles of its own.

    utc_offset_h: of times of a table that do not say their zone. Raises CatalogueError for a file that is no catalogue.
    """
    if payload.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return read_quakeml(payload)
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CatalogueError("neither XML nor text in UTF-8") from None
    unknown = sorted(set(columns) - set(NAMED))
    if unknown:
        raise CatalogueError(f"no field {', '.join(unknown)}; there are {', '.join(NAMED)}")
    usual = FDSN_TEXT if text.startswith("#") else replace(COMCAT, delimiter=_delimiter(text))
    return read_table(text, replace(usual, utc_offset_h=utc_offset_h, **columns))


def _delimiter(text: str) -> str:
    """What divides the titles: a spreadsheet in Russian writes semicolons, since its numbers have commas."""
    titles = text.partition("\n")[0]
    return max(DELIMITERS, key=titles.count)
