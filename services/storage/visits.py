"""Visits to stations: entered by people, append-only; what they cover is judged again."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values

_COLUMNS = """v.id, st.code, v.series_id, p.code, v.kind, v.starts_at, v.ends_at, v.note, v.entered_by, v.entered_at
    FROM station_visit v JOIN station st ON st.id = v.station_id
    LEFT JOIN series s ON s.id = v.series_id LEFT JOIN parameter p ON p.id = s.parameter_id"""
_LIST = text(
    f"""SELECT {_COLUMNS} WHERE st.code = :station AND v.id < :before AND v.ends_at > :since AND v.starts_at < :until
    ORDER BY v.id DESC LIMIT :limit"""
)
_ONE = text(f"SELECT {_COLUMNS} WHERE v.id = :id")
_ENTER = text(
    """INSERT INTO station_visit (station_id, series_id, kind, starts_at, ends_at, note, entered_by)
    SELECT st.id, :series, :kind, :starts_at, :ends_at, :note, :by FROM station st WHERE st.code = :station
    AND (CAST(:series AS integer) IS NULL
         OR EXISTS (SELECT 1 FROM series s WHERE s.id = :series AND s.station_id = st.id))
    RETURNING id, station_id"""
)
_JOURNAL = text(
    """INSERT INTO journal (station_id, kind, time_min, time_max, entries)
    VALUES (:station, 'visit', :low, :high, 1)"""
)
_WAKE = text("SELECT pg_notify('uskat_journal', '')")


class Visit(Struct):
    """A visit, calibration or maintenance window over [starts_at, ends_at); parameter null: the whole station."""

    id: int
    station: str
    series: int | None
    parameter: str | None
    kind: str
    starts_at: datetime
    ends_at: datetime
    note: str
    entered_by: str
    entered_at: datetime


class NoSuchPlace(Exception):
    """There is no such station, or the series does not belong to it."""


async def list_visits(
    connection: AsyncConnection, *, station: str, since: datetime, until: datetime, before: int, limit: int
) -> list[Visit]:
    """Visits that touch [since, until), the newest entry first, ids below `before`."""
    bound = {"station": station, "since": since, "until": until, "before": before, "limit": limit}
    return [Visit(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def enter_visit(
    connection: AsyncConnection,
    *,
    station: str,
    series_id: int | None,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    note: str,
    by: str,
) -> Visit:
    """Record a visit and have what it covers judged again, in the caller's transaction. Raises NoSuchPlace."""
    bound = {
        "station": station, "series": series_id, "kind": kind, "starts_at": starts_at, "ends_at": ends_at,
        "note": note, "by": by,
    }  # fmt: skip
    made = (await connection.execute(_ENTER, bound)).first()
    if made is None:
        raise NoSuchPlace(f"there is no station {station!r} with series {series_id}")
    await connection.execute(_JOURNAL, {"station": made.station_id, "low": starts_at, "high": ends_at})
    await connection.execute(_WAKE)
    return Visit(*row_values((await connection.execute(_ONE, {"id": made.id})).one()))
