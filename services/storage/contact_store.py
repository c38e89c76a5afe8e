"""Where a duty, a service, a company is reached. A contact that is removed keeps its number and loses its address."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import row_values
from uskat.supervision.notice.norms import ENTERPRISE

_FOR = text(
    f"""SELECT id, channel FROM contact
    WHERE removed_at IS NULL AND role = :role AND channel = ANY(:channels)
    AND (territory IS NULL OR territory = CAST(:territory AS text))
    AND (role <> '{ENTERPRISE}' OR organisation_id = CAST(:organisation AS integer))
    ORDER BY id"""
)
_OWN = """(CAST(:agency AS text) IS NULL OR c.territory IN (SELECT t.territory FROM agency_territory t
        JOIN organisation g ON g.id = t.organisation_id WHERE g.code = :agency))"""
_COLUMNS = """c.id, c.role, o.code, c.territory, c.name, c.channel, c.address, c.language, c.created_at, c.created_by,
    c.person"""
_LIST = text(
    f"""SELECT {_COLUMNS} FROM contact c LEFT JOIN organisation o ON o.id = c.organisation_id
    WHERE c.removed_at IS NULL AND c.id > :after AND {_OWN} ORDER BY c.id LIMIT :limit"""
)
_ADD = text(
    """INSERT INTO contact (role, organisation_id, territory, name, channel, address, language, created_by, person)
    SELECT :role, (SELECT id FROM organisation WHERE code = :organisation), :territory, :name, :channel, :address,
        :language, :by, :person
    WHERE CAST(:organisation AS text) IS NULL OR EXISTS (SELECT 1 FROM organisation WHERE code = :organisation)
    RETURNING id"""
)
_ONE = text(f"SELECT {_COLUMNS} FROM contact c LEFT JOIN organisation o ON o.id = c.organisation_id WHERE c.id = :id")
_REMOVE = text(
    f"""UPDATE contact c SET removed_at = :now, address = '', name = '', person = NULL
    WHERE id = :id AND removed_at IS NULL AND {_OWN} RETURNING id"""
)
_COLLEAGUE = text(
    """SELECT EXISTS (SELECT 1 FROM account a JOIN organisation o ON o.id = a.organisation_id
    WHERE a.login = :person AND o.code = :agency)"""
)
_MAY = text(
    """SELECT EXISTS (SELECT 1 FROM agency_territory t JOIN organisation o ON o.id = t.organisation_id
    WHERE o.code = :agency AND t.territory = :territory)"""
)


class ContactRow(Struct):
    """A contact. address: mail address, chat, telephone, or address of a receiver; seen by admins only.

    person: login of whoever is reached there, if it is one person's: called when the roster has them on duty.
    """

    id: int
    role: str
    organisation: str | None
    territory: str | None
    name: str
    channel: str
    address: str
    language: str
    created_at: datetime
    created_by: str
    person: str | None


class NoSuchOrganisation(Exception):
    """There is no organisation of this code."""


class NotOfAgency(Exception):
    """The person is not of the agency: nobody has another agency's messages sent to an address of theirs."""


class NotInTerritory(Exception):
    """The agency does not supervise the territory that the contact would hear of."""


async def contacts_for(
    connection: AsyncConnection, role: str, *, channels: Sequence[str], organisation_id: int | None,
    territory: str | None,
) -> list[tuple[str, str]]:  # fmt: skip
    """(recipient, channel) of whoever has the role: of the territory or of all; of a company only the alert's own."""
    bound = {"role": role, "channels": list(channels), "organisation": organisation_id, "territory": territory}
    return [(f"contact:{row.id}", row.channel) for row in await connection.execute(_FOR, bound)]


async def list_contacts(connection: AsyncConnection, *, agency: str | None, after: int, limit: int) -> list[ContactRow]:
    """Contacts that are not removed, by number; agency: of its territories."""
    rows = await connection.execute(_LIST, {"agency": agency, "after": after, "limit": limit})
    return [ContactRow(*row_values(row)) for row in rows]


async def add_contact(
    connection: AsyncConnection, *, role: str, organisation: str | None, territory: str | None, name: str,
    channel: str, address: str, language: str, by: str, agency: str | None, person: str | None = None,
) -> ContactRow:  # fmt: skip
    """A new contact; agency: whose admin enters it. Raises NoSuchOrganisation, NotInTerritory, NotOfAgency."""
    if agency is not None and not await connection.scalar(_MAY, {"agency": agency, "territory": territory}):
        raise NotInTerritory("name a territory of your agency")
    known = agency is None or person is None
    if not known and not await connection.scalar(_COLLEAGUE, {"agency": agency, "person": person}):
        raise NotOfAgency("a person is somebody of your agency")
    bound = {
        "role": role, "organisation": organisation, "territory": territory, "name": name, "channel": channel,
        "address": address, "language": language, "by": by, "person": person,
    }  # fmt: skip
    made = await connection.scalar(_ADD, bound)
    if made is None:
        raise NoSuchOrganisation(f"there is no organisation {organisation!r}")
    return ContactRow(*row_values((await connection.execute(_ONE, {"id": made})).one()))


async def remove_contact(connection: AsyncConnection, contact_id: int, *, agency: str | None, now: datetime) -> bool:
    """Forget address and name; False: there is none, it is removed already, or it is another agency's."""
    return await connection.scalar(_REMOVE, {"id": contact_id, "agency": agency, "now": now}) is not None
