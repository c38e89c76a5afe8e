"""A record from a file: miniSEED with or without StationXML, or CSV with named columns."""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from uskat.blast.record.calibration import (
    AIR_UNITS,
    AXIS_OF_ORIENTATION,
    GROUND,
    MICROPHONE,
    UNIT_FACTOR,
    CalibrationError,
    calibration_of_stationxml,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

AXES = (*GROUND, MICROPHONE)
TIME = "t"
PREAMBLE_LINES = 200
"""Exports of instruments begin with lines about the instrument; the titles stand somewhere below them."""
IRREGULAR = 0.01
UNKNOWN_START = datetime(1970, 1, 1, tzinfo=UTC)


class RecordFileError(ValueError):
    """A file or an option that cannot be used; the text says what and where."""


@dataclass(frozen=True, slots=True)
class FileChannel:
    """A gap-free piece of one channel."""

    nslc: str
    start: datetime
    rate_hz: float
    counts: NDArray[Any]

    @property
    def code(self) -> str:
        """SEED channel code, or the axis of a CSV column."""
        return self.nslc.rsplit(".", 1)[-1]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Channels of one instrument with their calibration. start_known False: the file does not say when."""

    name: str
    channels: list[FileChannel]
    calibration: dict[str, Any]
    start_known: bool = True
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts per mm/s and per Pa, for miniSEED without StationXML."""

    ground: float | None
    air: float | None


def read_miniseed(content: bytes, stationxml: bytes | None, scale: Scale) -> list[FileRecord]:
    """Records of a miniSEED file, one for each instrument (NET.STA.LOC). Raises RecordFileError."""
    from obspy import read

    notes: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as doubts:
            warnings.simplefilter("always")
            stream = read(io.BytesIO(content), format="MSEED")
    except Exception as error:
        raise RecordFileError(f"не miniSEED: {str(error)[:160]}") from error
    notes += sorted({str(doubt.message).splitlines()[0][:160] for doubt in doubts})
    instruments: dict[str, list[FileChannel]] = {}
    for trace in stream:
        if not trace.stats.npts or trace.data.dtype.kind not in "if" or not trace.stats.sampling_rate > 0:
            notes.append(f"{trace.id}: не числовые отсчёты, пропущен")
            continue
        if not np.isfinite(trace.data).all():
            notes.append(f"{trace.id}: отсчёты не конечны, пропущен")
            continue
        start = trace.stats.starttime.datetime.replace(tzinfo=UTC)
        channel = FileChannel(trace.id, start, float(trace.stats.sampling_rate), trace.data)
        instruments.setdefault(trace.id.rsplit(".", 1)[0], []).append(channel)
    if not instruments:
        raise RecordFileError("в файле нет ни одного канала с отсчётами; " + "; ".join(notes))
    return [_calibrated(name, channels, stationxml, scale, notes) for name, channels in sorted(instruments.items())]


def _calibrated(
    name: str, channels: list[FileChannel], stationxml: bytes | None, scale: Scale, notes: list[str]
) -> FileRecord:
    if stationxml is None:
        return FileRecord(name, channels, _scaled(channels, scale), notes=list(notes))
    try:
        station = calibration_of_stationxml(stationxml, moment=min(channel.start for channel in channels))
    except CalibrationError as error:
        raise RecordFileError(str(error)) from error
    own = {channel.nslc for channel in channels}
    said = [note for note in station.notes if note.split(":", 1)[0] in own]
    return FileRecord(name, channels, station.by_code(sorted(own)), notes=[*notes, *said])


def _scaled(channels: Sequence[FileChannel], scale: Scale) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for code in {channel.code for channel in channels}:
        axis = MICROPHONE if code.endswith("F") else AXIS_OF_ORIENTATION.get(code[-1:])
        factor = scale.air if axis == MICROPHONE else scale.ground
        if axis is not None and factor is not None:
            unit = "Pa" if axis == MICROPHONE else "mm/s"
            entries[code] = {"component": axis, "unit": unit, "counts_per_unit": factor}
    return entries


def read_columns(text: str) -> dict[str, str]:
    """Column of each axis from "V=Vert,L=Long,MIC=MicL,t=Time", by title or number. Raises RecordFileError."""
    pairs = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    columns = {axis.strip(): title.strip() for axis, title in pairs.items()}
    unknown = sorted(set(columns) - {*AXES, TIME})
    if unknown or not set(columns) & set(AXES) or len(pairs) != len([part for part in text.split(",") if part]):
        known = ", ".join((*AXES, TIME))
        raise RecordFileError(f"--columns {text!r}: нужно ОСЬ=СТОЛБЕЦ через запятую, оси {known}")
    return columns


def read_units(text: str) -> tuple[str, str]:
    """Units of the ground axes and of the microphone from "mm/s,Pa". Raises RecordFileError."""
    ground, _, air = (part.strip() for part in text.partition(","))
    air = air or "Pa"
    if ground not in UNIT_FACTOR or ground in AIR_UNITS or air not in AIR_UNITS:
        speeds = ", ".join(unit for unit in UNIT_FACTOR if unit not in AIR_UNITS)
        raise RecordFileError(f"--units {text!r}: скорость в {speeds}, давление в {', '.join(AIR_UNITS)}")
    return ground, air


def read_csv(
    content: bytes,
    columns: Mapping[str, str],
    *,
    rate_hz: float | None,
    units: tuple[str, str],
    start: datetime | None,
) -> FileRecord:
    """A record from text: titles or numbers of columns, after whatever lines an instrument writes before them.

    The rate comes from `rate_hz` or from the column `t` in seconds. A comma may be the decimal sign when semicolons or
    tabs divide. Raises RecordFileError that names row and column.
    """
    rows = _rows(content)
    first, places = _places(rows, columns)
    table = _numbers(rows, first, places)
    rate = rate_hz if rate_hz is not None else _rate(table.get(TIME))
    if not rate > 0 or not math.isfinite(rate):
        raise RecordFileError(f"частота опроса {rate} Гц невозможна")
    ground, air = units
    calibration = {
        axis: {"component": axis, "unit": air if axis == MICROPHONE else ground, "counts_per_unit": 1.0}
        for axis in table
        if axis != TIME
    }
    begun = start or UNKNOWN_START
    channels = [FileChannel(f"..{axis}", begun, rate, table[axis]) for axis in calibration]
    return FileRecord("CSV", channels, calibration, start_known=start is not None)


def _rows(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1251", errors="replace")
    lines = text.splitlines()
    if "\0" in text or not lines:
        raise RecordFileError("не текст: для CSV нужен файл со столбцами чисел")
    divider = next((sign for sign in ";\t" if sum(sign in line for line in lines) > len(lines) / 2), ",")
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=divider)]
    return rows if divider == "," else [[cell.replace(",", ".") for cell in row] for row in rows]


def _places(rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """First row of numbers and the place of each column."""
    if all(title.isdigit() and int(title) > 0 for title in columns.values()):
        places = {axis: int(title) - 1 for axis, title in columns.items()}
        for number, row in enumerate(rows[:PREAMBLE_LINES]):
            if all(at < len(row) and _is_number(row[at]) for at in places.values()):
                return number, places
        raise RecordFileError(f"в первых {PREAMBLE_LINES} строках нет чисел в столбцах {', '.join(columns.values())}")
    for number, row in enumerate(rows[:PREAMBLE_LINES]):
        if all(title in row for title in columns.values()):
            return number + 1, {axis: row.index(title) for axis, title in columns.items()}
    best = max(
        rows[:PREAMBLE_LINES],
        key=lambda row: (sum(title in row for title in columns.values()), sum(not _is_number(cell) for cell in row)),
    )
    missing = ", ".join(title for title in columns.values() if title not in best)
    raise RecordFileError(f"нет столбца {missing}; заголовки: {', '.join(best)[:200]}")


def _numbers(rows: Sequence[Sequence[str]], first: int, places: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    values: dict[str, list[float]] = {axis: [] for axis in places}
    for number, row in enumerate(rows[first:], start=first + 1):
        if not any(row):
            continue
        for axis, at in places.items():
            cell = row[at] if at < len(row) else ""
            if not _is_number(cell):
                raise RecordFileError(f"строка {number}, столбец {at + 1} ({axis}): «{cell[:40]}» – не число")
            values[axis].append(float(cell))
    if not all(values.values()):
        raise RecordFileError("под заголовками нет ни одной строки чисел")
    return {axis: np.array(column, dtype=np.float64) for axis, column in values.items()}


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _rate(times: NDArray[np.float64] | None) -> float:
    if times is None or times.size < 2:
        raise RecordFileError("нужна частота опроса: --rate ГЦ, или столбец времени t=… в --columns")
    steps = np.diff(times)
    step = float(steps.mean())
    if step <= 0 or float(np.abs(steps - step).max()) > max(IRREGULAR * step, 0.5 * 10.0**-3):
        raise RecordFileError("столбец времени идёт неровно: укажите --rate")
    return 1 / step


def looks_like_text(content: bytes) -> bool:
    """True for what cannot be a record of samples: records have bytes of zero in their headers."""
    return b"\0" not in content


def read_content(path: Path) -> bytes:
    """The bytes of a file. Raises RecordFileError when it is missing, a folder, or empty."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordFileError(f"{path}: {error.strerror or error}") from error
    if not content:
        raise RecordFileError(f"{path}: пустой файл")
    return content
