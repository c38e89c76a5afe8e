"""From the rows of somebody's table to water packets: a YAML map of columns, and a reason for each cell not used.

    time: {column: Time, format: iso, zone: Asia/Novokuznetsk}   # format: iso | epoch | a strptime pattern
    separator: ";"                                               # CSV only, default a comma
    missing: ["", NA, "-9999"]
    columns:
      Tp:   {parameter: temp}
      Leit: {parameter: ec25, factor: 10, offset: 0, decimals: 3}

value = cell × factor + offset, rounded to `decimals` when given. `zone` is taken for times that carry none.
"""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from uskat.water.parameters import parameters
from uskat.wire.water import WaterPacket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = dict[str, object]


class ColumnMapError(ValueError):
    """A column map, or a table, that cannot be replayed; the text says why."""


class TimeColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the time stands and how it is written."""

    column: str
    format: str = "iso"
    zone: str = "UTC"


class ValueColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of readings and how they become the parameter's unit."""

    parameter: str
    factor: float = 1.0
    offset: float = 0.0
    decimals: Annotated[int, msgspec.Meta(ge=0, le=12)] | None = None


class ColumnMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table's columns mean."""

    time: TimeColumn
    columns: dict[str, ValueColumn]
    separator: str = ","
    missing: tuple[str, ...] = ("", "NA", "NaN", "nan", "NULL", "null", "-")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameter codes that come out."""
        return tuple(column.parameter for column in self.columns.values())


@dataclass(frozen=True, slots=True)
class Refused:
    """A row, or a cell of it, that could not be used. row counts from 1, without the heading."""

    row: int
    why: str
    column: str | None = None


def parse_column_map(text: str) -> ColumnMap:
    """Column map from YAML; raises ColumnMapError."""
    try:
        found = msgspec.convert(yaml.safe_load(text), ColumnMap)
        ZoneInfo(found.time.zone)
    except yaml.YAMLError as error:
        raise ColumnMapError(f"the column map is not YAML: {error}") from None
    except msgspec.ValidationError as error:
        raise ColumnMapError(f"not a column map: {error}") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise ColumnMapError("the column map names a time zone that does not exist") from None
    unknown = [code for code in found.parameters if code not in parameters()]
    if unknown:
        raise ColumnMapError(f"unknown parameters: {', '.join(unknown)}; known: {', '.join(parameters())}")
    if len(set(found.parameters)) < len(found.parameters) or not found.columns:
        raise ColumnMapError("each parameter comes from one column, and there is at least one")
    if len(found.separator) != 1:
        raise ColumnMapError("the separator is one character")
    return found


def read_rows(path: Path, columns: ColumnMap) -> Iterator[Row]:
    """Rows of a CSV file, or of a parquet file when pyarrow is installed; raises ColumnMapError."""
    wanted = {columns.time.column, *columns.columns}
    if path.suffix == ".parquet":
        yield from _parquet_rows(path, wanted)
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=columns.separator)
        _check_columns(path, wanted, reader.fieldnames or ())
        yield from reader


def scans(rows: Iterable[Row], columns: ColumnMap) -> Iterator[WaterPacket | Refused]:
    """A packet for every row with at least one value, and what had to be left out, in the order of the rows."""
    zone = ZoneInfo(columns.time.zone)
    missing = set(columns.missing)
    for number, row in enumerate(rows, start=1):
        moment = _moment(row.get(columns.time.column), columns.time.format, zone)
        if moment is None:
            yield Refused(number, f"no time in {row.get(columns.time.column)!r}", columns.time.column)
            continue
        values: dict[str, float] = {}
        for name, column in columns.columns.items():
            cell = row.get(name)
            if cell is None or (isinstance(cell, str) and cell.strip() in missing):
                continue
            value = _number(cell)
            if value is None:
                if not isinstance(cell, float):  # a table's own NaN is just a missing cell
                    yield Refused(number, f"no number in {str(cell)[:40]!r}", name)
                continue
            converted = value * column.factor + column.offset
            values[column.parameter] = converted if column.decimals is None else round(converted, column.decimals)
        if values:
            yield WaterPacket(t=moment, v=values)


def _moment(cell: object, form: str, zone: tzinfo) -> datetime | None:
    try:
        if isinstance(cell, datetime):
            moment = cell
        elif form == "epoch":
            return EPOCH + timedelta(seconds=float(str(cell)))
        elif form == "iso":
            moment = datetime.fromisoformat(str(cell).strip())
        else:
            moment = datetime.strptime(str(cell).strip(), form)  # noqa: DTZ007 - the map's zone is added below
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(cell: object) -> float | None:
    try:
        value = float(cell.strip().replace(",", ".")) if isinstance(cell, str) else float(cell)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
    return value if math.isfinite(value) else None


def _parquet_rows(path: Path, wanted: set[str]) -> Iterator[Row]:
    try:
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - optional
    except ImportError:
        raise ColumnMapError("reading parquet needs pyarrow: pip install pyarrow, or give a CSV file") from None
    file = ParquetFile(path)
    _check_columns(path, wanted, file.schema_arrow.names)
    for batch in file.iter_batches(columns=sorted(wanted)):
        yield from batch.to_pylist()


def _check_columns(path: Path, wanted: set[str], present: Iterable[str]) -> None:
    absent = sorted(wanted - set(present))
    if absent:
        raise ColumnMapError(f"{path} has no column {', '.join(absent)}; it has {', '.join(present)}")
