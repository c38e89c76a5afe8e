"""`uskat import`: a file's rows through the same decoder, checks and ledger as everything else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from pathlib import Path
from time import time_ns
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from services.ingest.table_file import Row, Table, is_missing, moment_of, number_of, open_table
from services.storage.intake import Incoming, Outcome
from uskat.water.parameters import parameters
from uskat.water.units import Conversion, UnitError, conversion
from uskat.wire.topic import MessageKind

ROWS_A_BATCH = 1000
LOCAL_ZONE = ZoneInfo("Asia/Novokuznetsk")
TIME_TITLES = ("time", "t", "datetime", "timestamp", "время", "дата и время", "дата")
DEVICE_TITLES = ("device", "прибор", "устройство")


class Store(Protocol):
    """What the importer needs of the intake."""

    async def store(self, messages: list[Incoming]) -> list[Outcome]:
        """Store a batch."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read the table. `zone` is for times that do not say their offset; `pattern` as for strptime."""

    device: str | None = None
    time_title: str | None = None
    zone: ZoneInfo = LOCAL_ZONE
    pattern: str | None = None
    columns: dict[str, str] = field(default_factory=dict)  # title → parameter code


@dataclass(frozen=True, slots=True)
class RefusedCell:
    """One line of the report."""

    row: int
    column: str
    reason: str
    detail: str


@dataclass(slots=True)
class Report:
    """What became of the file."""

    rows: int = 0
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    refused: list[RefusedCell] = field(default_factory=list)


class LayoutError(ValueError):
    """The table's titles do not say what is needed; the text says what to do."""


async def import_file(
    path: Path, layout: Layout, store: Store, *, progress: Callable[[int, int | None], None] = lambda _done, _of: None
) -> Report:
    """Import a CSV or XLSX file row by row; a bad row or cell is reported and takes nothing with it.

    Raises TableFileError or LayoutError before anything is stored.
    """
    table = open_table(path)
    plan = _Plan.of(table, layout, path.name)
    report = Report()
    while batch := list(islice(table.rows, ROWS_A_BATCH)):
        outcomes = await store.store([plan.message(row) for row in batch])
        for row, outcome in zip(batch, outcomes, strict=True):
            _add(report, row, outcome)
        progress(report.rows, table.length)
    return report


def _add(report: Report, row: Row, outcome: Outcome) -> None:
    report.rows += 1
    for name in ("received", "stored", "duplicate", "conflict", "rejected"):
        setattr(report, name, getattr(report, name) + getattr(outcome, name))
    for refusal in outcome.refusals:
        column = refusal.parameter or ""
        report.refused.append(RefusedCell(row.number, column, refusal.reason.value, refusal.detail))


@dataclass(frozen=True, slots=True)
class _Plan:
    layout: Layout
    time_title: str
    device_title: str | None
    names: dict[str, str]
    conversions: dict[str, Conversion]
    file: str

    @classmethod
    def of(cls, table: Table, layout: Layout, file: str) -> "_Plan":
        time_title = layout.time_title or _found(table.titles, TIME_TITLES)
        if time_title not in table.titles:
            raise LayoutError(f"no column of time; titles: {', '.join(table.titles)}; name it with --time")
        device_title = _found(table.titles, DEVICE_TITLES)
        if layout.device is None and device_title is None:
            raise LayoutError("no column `device`; name the device with --device")
        names = dict(_names(table.titles, layout, {time_title, device_title}))
        if not names:
            known = ", ".join(parameters())
            raise LayoutError(f"no column of a parameter; titles: {', '.join(table.titles)}; parameters: {known}")
        conversions = {title: found for title in names if (found := _conversion(title)) is not None}
        return cls(layout, time_title, device_title, names, conversions, file)

    def message(self, row: Row) -> Incoming:
        """The row as a native packet; what is no number or no time goes along, for the decoder to refuse and keep.

        A value that was converted stands under `given` as the file had it, so that the raw message keeps it.
        """
        cell = row.cells.get(self.time_title)
        moment = moment_of(cell, pattern=self.layout.pattern)
        if moment is not None:
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=self.layout.zone)
            cell = zoned.astimezone(UTC).isoformat()
        values, given = {}, {}
        for title, name in self.names.items():
            if is_missing(row.cells.get(title)):
                continue
            value = number_of(row.cells.get(title))
            convert = self.conversions.get(title)
            if convert is not None and isinstance(value, float):
                given[title], value = value, convert(value)
            values[name] = value
        payload = msgspec.json.encode({"t": cell, "v": values} | ({"given": given} if given else {}), enc_hook=str)
        device = self.layout.device or str(row.cells.get(self.device_title or "") or "").strip()
        return Incoming(
            f"import:{device}/{self.file}#{row.number}", payload, time_ns() // 1000, device, MessageKind.WATER
        )


def _found(titles: list[str], wanted: tuple[str, ...]) -> str | None:
    return next((title for title in titles if title.lower() in wanted), None)


def _names(titles: list[str], layout: Layout, others: set[str | None]) -> Iterator[tuple[str, str]]:
    """(title, wire name) of value columns: mapped ones, and titles `code` or `code [unit]`.

    A unit that does not convert stays in the name, so that the decoder refuses the values as wrong_unit.
    """
    for title in titles:
        if title in layout.columns:
            yield title, layout.columns[title]
            continue
        code, _, rest = title.partition("[")
        parameter = parameters().get(code.strip().lower())
        if parameter is None or title in others:
            continue
        unit = rest.rstrip("] ").strip()
        fits = unit in {"", parameter.unit, parameter.unit_ru} or _conversion(title) is not None
        yield title, parameter.code if fits else f"{parameter.code} [{unit}]"


def _conversion(title: str) -> Conversion | None:
    """How values of a column `code [unit]` become the parameter's; None when they are, or when they cannot."""
    code, _, rest = title.partition("[")
    unit, name = rest.rstrip("] ").strip(), code.strip().lower()
    known = parameters().get(name)
    if known is None or unit in {"", known.unit, known.unit_ru}:
        return None
    try:
        return conversion(name, unit)
    except UnitError:
        return None
