"""Who is on duty: shifts entered and struck out by the agency's people; nothing is deleted."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.supervision.case.roster import Shift

_COLUMNS = "id, person, duty, territory, since, until, entered_by, entered_at"
_LIST = text(
    f"""SELECT {_COLUMNS} FROM duty_shift WHERE agency = :agency AND struck_at IS NULL
    AND since < :until AND until > :since ORDER BY since, id LIMIT :limit"""
)
_NOW = text(
    """SELECT person, duty, territory, since, until FROM duty_shift
    WHERE agency = :agency AND struck_at IS NULL AND since <= :at AND until > :at ORDER BY id"""
)
_ENTER = text(
    f"""INSERT INTO duty_shift (agency, territory, person, duty, since, until, entered_by, entered_at)
    VALUES (:agency, :territory, :person, :duty, :since, :until, :by, :now) RETURNING {_COLUMNS}"""
)
_STRIKE = text(
    f"""UPDATE duty_shift SET struck_by = :by, struck_at = :now
    WHERE id = :id AND agency = :agency AND struck_at IS NULL RETURNING {_COLUMNS}"""
)


class ShiftRow(Struct):
    """A shift as it is told: person (login) on duty over [since, until). territory null: in all of the agency's."""

    id: int
    person: str
    duty: str
    territory: str | None
    since: datetime
    until: datetime
    entered_by: str
    entered_at: datetime


async def list_shifts(
    connection: AsyncConnection, *, agency: str, since: datetime, until: datetime, limit: int
) -> list[ShiftRow]:
    """Shifts of an agency that touch [since, until), in order of their beginning."""
    bound = {"agency": agency, "since": since, "until": until, "limit": limit}
    return [ShiftRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def shifts_of(connection: AsyncConnection, *, agency: str, at: datetime) -> list[Shift]:
    """Shifts of an agency that hold at a moment."""
    rows = await connection.execute(_NOW, {"agency": agency, "at": at})
    return [Shift(row.person, row.duty, row.territory, row.since, row.until) for row in rows]


async def enter_shift(connection: AsyncConnection, shift: Shift, *, agency: str, by: str, now: datetime) -> ShiftRow:
    """Enter a shift."""
    bound = {
        "agency": agency, "territory": shift.territory, "person": shift.person, "duty": shift.duty,
        "since": shift.since, "until": shift.until, "by": by, "now": now,
    }  # fmt: skip
    return ShiftRow(*row_values((await connection.execute(_ENTER, bound)).one()))


async def strike_shift(
    connection: AsyncConnection, shift_id: int, *, agency: str, by: str, now: datetime
) -> ShiftRow | None:
    """Strike a shift out; None when the agency has none of that number that stands."""
    row = (await connection.execute(_STRIKE, {"id": shift_id, "agency": agency, "by": by, "now": now})).first()
    return None if row is None else ShiftRow(*row_values(row))
