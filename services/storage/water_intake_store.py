"""The list of water intakes: append-only, so that what was known of them at any moment can still be said."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.water.water_intake import IntakeError, WaterIntake, WaterUse, check_intake

_FIELDS = "code, name, river, km, use, valid_from, valid_until, source, demo"
_NEWEST = text(
    f"""SELECT DISTINCT ON (code) {_FIELDS}, entered_by, entered_at FROM water_intake
    WHERE CAST(:known_at AS timestamptz) IS NULL OR entered_at <= :known_at ORDER BY code, id DESC"""
)
_LAST = text(f"SELECT {_FIELDS} FROM water_intake WHERE code = :code ORDER BY id DESC LIMIT 1")
_RIVER = text("SELECT length_km FROM river WHERE code = :river")
_ENTER = text(
    f"""INSERT INTO water_intake ({_FIELDS}, entered_by)
    VALUES (:code, :name, :river, :km, :use, :valid_from, :valid_until, :source, :demo, :by)"""
)


class IntakeRow(Struct):
    """What speaks of an intake. valid_until: the last day of use, null: to this day; demo: invented."""

    code: str
    name: str
    river: str
    km: float
    use: str
    valid_from: date
    valid_until: date | None
    source: str
    demo: bool
    entered_by: str
    entered_at: datetime


async def list_intakes(connection: AsyncConnection, *, known_at: datetime | None = None) -> list[IntakeRow]:
    """The newest entry of every intake, by code. known_at: as the list stood at that moment; None: now."""
    return [IntakeRow(*row_values(row)) for row in await connection.execute(_NEWEST, {"known_at": known_at})]


async def read_intakes(connection: AsyncConnection) -> tuple[WaterIntake, ...]:
    """The list as the domain reckons with it."""
    return tuple(
        WaterIntake(
            code=one.code, name=one.name, river=one.river, km=one.km, use=WaterUse(one.use), source=one.source,
            valid_from=one.valid_from, valid_until=one.valid_until, demo=one.demo,
        )
        for one in await list_intakes(connection)
    )  # fmt: skip


async def enter_intakes(connection: AsyncConnection, intakes: Sequence[WaterIntake], *, by: str) -> int:
    """Enter those of which the list does not say the same already; how many that were.

    Raises IntakeError for an intake at no kilometre of a river of the registry; then nothing is to be kept.
    """
    entered = 0
    for one in intakes:
        check_intake(one)
        length = await connection.scalar(_RIVER, {"river": one.river})
        if length is None or one.km > length:
            raise IntakeError(f"{one.code}: the registry has no kilometre {one.km:g} of a river {one.river!r}")
        told = {
            "code": one.code, "name": one.name, "river": one.river, "km": one.km, "use": one.use.value,
            "valid_from": one.valid_from, "valid_until": one.valid_until, "source": one.source, "demo": one.demo,
        }  # fmt: skip
        last = (await connection.execute(_LAST, {"code": one.code})).first()
        if last is None or row_values(last) != tuple(told.values()):
            await connection.execute(_ENTER, told | {"by": by})
            entered += 1
    return entered
