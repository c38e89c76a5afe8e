"""Warnings of adverse weather (НМУ): entered, called off, listed; what was entered is never changed otherwise."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.blast.restriction.nmu import NmuWarning

_COLUMNS = """id, zone, degree, valid_from, valid_to, issued_at, source, withdrawn_at, withdrawn_by, entered_by,
    entered_at"""
_LIST = text(
    f"""SELECT {_COLUMNS} FROM nmu_warning
    WHERE (CAST(:zone AS text) IS NULL OR zone = :zone) AND id < :before
    AND valid_from < :until AND least(valid_to, coalesce(withdrawn_at, valid_to)) > :since
    ORDER BY id DESC LIMIT :limit"""
)
_ENTER = text(
    f"""INSERT INTO nmu_warning
        (zone, degree, valid_from, valid_to, issued_at, source, withdrawn_at, withdrawn_by, entered_by)
    VALUES (:zone, :degree, :valid_from, :valid_to, :issued_at, :source, CAST(:withdrawn_at AS timestamptz),
        CASE WHEN CAST(:withdrawn_at AS timestamptz) IS NOT NULL THEN :by END, :by)
    ON CONFLICT ON CONSTRAINT uq_nmu_warning_zone DO NOTHING RETURNING {_COLUMNS}"""
)
_WITHDRAW = text(
    f"""UPDATE nmu_warning SET withdrawn_at = :at, withdrawn_by = :by
    WHERE id = :id AND withdrawn_at IS NULL AND :at >= issued_at AND :at < valid_to RETURNING {_COLUMNS}"""
)
_EXISTS = text("SELECT 1 FROM nmu_warning WHERE id = :id")
_BETWEEN = text(
    """SELECT zone, degree, valid_from, valid_to, issued_at, source, withdrawn_at FROM nmu_warning
    WHERE valid_from <= :until AND valid_to > :since ORDER BY id"""
)


class NmuRow(Struct):
    """A warning of one zone over [valid_from, valid_to); withdrawn_at: it was called off then. degree: 1 to 3."""

    id: int
    zone: str
    degree: int
    valid_from: datetime
    valid_to: datetime
    issued_at: datetime
    source: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    entered_by: str
    entered_at: datetime


class NotToWithdraw(Exception):
    """The warning is called off already, is over, or was not issued by then."""


async def list_warnings(
    connection: AsyncConnection, *, zone: str | None, since: datetime, until: datetime, before: int, limit: int
) -> list[NmuRow]:
    """Warnings that hold at some moment of [since, until), the newest entry first, ids below `before`."""
    bound = {"zone": zone, "since": since, "until": until, "before": before, "limit": limit}
    return [NmuRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def enter_warnings(connection: AsyncConnection, warnings: Sequence[NmuWarning], *, by: str) -> list[NmuRow]:
    """Those that were not known yet, as stored; one that is known already is left as it is."""
    made = []
    for warning in warnings:
        found = (await connection.execute(_ENTER, warning.model_dump() | {"by": by})).first()
        made += [NmuRow(*row_values(found))] if found is not None else []
    return made


async def withdraw_warning(connection: AsyncConnection, warning_id: int, *, at: datetime, by: str) -> NmuRow | None:
    """Call a warning off at a moment; None when there is none of that id. Raises NotToWithdraw."""
    row = (await connection.execute(_WITHDRAW, {"id": warning_id, "at": at, "by": by})).first()
    if row is not None:
        return NmuRow(*row_values(row))
    if (await connection.execute(_EXISTS, {"id": warning_id})).first() is None:
        return None
    raise NotToWithdraw(f"warning {warning_id} is called off already, or does not hold then")


async def warnings_between(connection: AsyncConnection, *, since: datetime, until: datetime) -> list[NmuWarning]:
    """Warnings of all zones that touch [since, until], as the domain has them."""
    rows = await connection.execute(_BETWEEN, {"since": since, "until": until})
    return [NmuWarning.model_validate(dict(row)) for row in rows.mappings()]
