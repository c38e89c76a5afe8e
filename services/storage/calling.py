"""Who is called when nobody acted in time: the person on duty in a role, else the role's contacts, else the duty.

A person is reached at the contacts that bear their login. An agency's roster speaks for its own territories.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.contact_store import contacts_for
from uskat.supervision.case.roster import Shift, on_duty
from uskat.supervision.notice.norms import DUTY

_OF_PERSON = text(
    """SELECT id, channel FROM contact WHERE removed_at IS NULL AND person = :person AND channel = ANY(:channels)
    AND (territory IS NULL OR territory = CAST(:territory AS text)) ORDER BY id"""
)
_SHIFTS = text(
    """SELECT s.agency, s.person, s.duty, s.territory, s.since, s.until FROM duty_shift s
    WHERE s.duty = :duty AND s.struck_at IS NULL AND s.since <= :at AND s.until > :at AND s.agency IN (
        SELECT o.code FROM agency_territory t JOIN organisation o ON o.id = t.organisation_id
        WHERE t.territory = :territory)
    ORDER BY s.id"""
)


async def on_duty_at(connection: AsyncConnection, role: str, *, territory: str | None, at: datetime) -> list[str]:
    """Whoever has the role on the rosters of the agencies that supervise a territory, one person of each agency."""
    rows = (await connection.execute(_SHIFTS, {"duty": role, "at": at, "territory": territory})).all()
    found = []
    for agency in dict.fromkeys(row.agency for row in rows):
        shifts = [Shift(*row[1:]) for row in rows if row.agency == agency]
        found.append(on_duty(shifts, territory=territory, duty=role, at=at))
    return sorted({person for person in found if person is not None})


async def called(
    connection: AsyncConnection, role: str, *, persons: Sequence[str], channels: Sequence[str], territory: str | None
) -> list[tuple[str, str]]:
    """(recipient, channel) of the people; of the role where none of them can be reached; of the duty after that."""
    found: list[tuple[str, str]] = []
    for person in persons:
        bound = {"person": person, "channels": list(channels), "territory": territory}
        rows = await connection.execute(_OF_PERSON, bound)
        found += [(f"contact:{row.id}", row.channel) for row in rows]
    for audience in (role, DUTY):
        if found:
            break
        found = await contacts_for(
            connection, audience, channels=channels, organisation_id=None, territory=territory
        )  # fmt: skip
    return found
