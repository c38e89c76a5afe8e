"""A catalogue as a table: columns of PNW-ML's comcat file, of the FDSN event text format, or mapped by hand."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from uskat.blast.catalogue.event import (
    BadRow,
    CatalogueError,
    CatalogueEvent,
    CatalogueImport,
    EntryRefusedError,
    RowFault,
    check_entry,
    event_type,
)

WRITTEN_TIMES = ("%d.%m.%Y %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")
"""As times are written in Russia."""
MISSING = frozenset({"", "nan", "none", "null", "na", "-"})


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Names of the columns. time: ISO 8601 or Unix seconds; utc_offset_h: of times that do not say their zone."""

    id: str
    time: str
    latitude: str
    longitude: str
    depth_km: str | None = None
    magnitude: str | None = None
    magnitude_type: str | None = None
    type: str | None = None
    agency: str | None = None
    uncertainty_km: str | None = None
    utc_offset_h: float = 0.0
    delimiter: str = ","

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns without which the file is no catalogue."""
        return (self.id, self.time, self.latitude, self.longitude)


COMCAT = ColumnMap(
    id="source_id", time="timestamp", latitude="latitude", longitude="longitude", depth_km="depth",
    magnitude="magnitude", magnitude_type="magnitude_type", type="event_type", agency="contributor",
)  # fmt: skip
"""pnsn_comcat_2018-2022.csv of PNW-ML (MIT licence)."""
FDSN_TEXT = ColumnMap(
    id="#EventID", time="Time", latitude="Latitude", longitude="Longitude", depth_km="Depth/km",
    magnitude="Magnitude", magnitude_type="MagType", type="EventType", agency="Author", delimiter="|",
)  # fmt: skip
"""`format=text` of an FDSN event web service."""


def read_table(text: str, columns: ColumnMap = COMCAT) -> CatalogueImport:
    """Events of a table with a header; a bad row is refused alone.

    Raises CatalogueError when the needed columns are not there.
    """
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=columns.delimiter)
        names = [name.strip() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise CatalogueError(f"not a table: {error}") from None
    missing = [name for name in columns.needed if name not in names]
    if missing:
        raise CatalogueError(f"columns missing: {', '.join(missing)}")
    reader.fieldnames = names
    events: list[CatalogueEvent] = []
    refused: list[BadRow] = []
    seen: set[str] = set()
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            refused.append(BadRow(reader.line_num, RowFault.UNREADABLE, str(error)[:120]))
            continue
        if row is None:
            return CatalogueImport(tuple(events), tuple(refused))
        try:
            event = _event(row, columns)
            if event.id in seen:
                raise EntryRefusedError(RowFault.DUPLICATE_ID, f"id {event.id[:60]!r} came before")
        except EntryRefusedError as error:
            refused.append(BadRow(reader.line_num, error.fault, str(error)))
            continue
        seen.add(event.id)
        events.append(event)


def _event(row: Mapping[str, str | None], columns: ColumnMap) -> CatalogueEvent:
    identity = _text(row, columns.id)
    if identity is None:
        raise EntryRefusedError(RowFault.NO_ID, "no id")
    latitude, longitude = _number(row, columns.latitude), _number(row, columns.longitude)
    if latitude is None or longitude is None:
        raise EntryRefusedError(RowFault.NO_PLACE, "no latitude or longitude")
    return check_entry(
        CatalogueEvent(
            id=identity,
            at=_time(row, columns),
            latitude=latitude,
            longitude=longitude,
            depth_km=_number(row, columns.depth_km),
            magnitude=_number(row, columns.magnitude),
            magnitude_type=_text(row, columns.magnitude_type),
            type=event_type(_text(row, columns.type) or ""),
            agency=_text(row, columns.agency),
            uncertainty_km=_number(row, columns.uncertainty_km),
        )
    )


def _text(row: Mapping[str, str | None], column: str | None) -> str | None:
    value = row.get(column) if column else None
    if not isinstance(value, str) or value.strip().lower() in MISSING:
        return None
    return value.strip()


def _number(row: Mapping[str, str | None], column: str | None) -> float | None:
    text = _text(row, column)
    if text is None:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise EntryRefusedError(RowFault.BAD_NUMBER, f"{column}: {text[:40]!r} is no number") from None
    if not math.isfinite(number):
        raise EntryRefusedError(RowFault.BAD_NUMBER, f"{column}: {text[:40]!r} is not finite")
    return number


def _time(row: Mapping[str, str | None], columns: ColumnMap) -> datetime:
    text = _text(row, columns.time)
    if text is None:
        raise EntryRefusedError(RowFault.NO_TIME, "no time")
    zone = timezone(timedelta(hours=columns.utc_offset_h))
    try:
        seconds = float(text)
    except ValueError:
        seconds = None
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        moment = _written(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise EntryRefusedError(RowFault.BAD_TIME, f"{text[:40]!r} is no time") from None


def _written(text: str) -> datetime:
    for pattern in WRITTEN_TIMES:
        try:
            return datetime.strptime(text.replace(",", "."), pattern)  # noqa: DTZ007 - the zone is added by the caller
        except ValueError:
            continue
    return datetime.fromisoformat(text)
