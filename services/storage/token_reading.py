"""Who holds a token of the API. Only its SHA-256 is stored: a token is 256 random bits and needs no salt."""

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.credential import token_hash

_HOLDER = text(
    """SELECT t.id, t.name, t.scopes, d.code, o.code,
        ARRAY(SELECT a.territory FROM agency_territory a WHERE a.organisation_id = o.id)
    FROM api_token t LEFT JOIN device d ON d.id = t.device_id LEFT JOIN organisation o ON o.id = t.organisation_id
    WHERE t.token_hash = :hash AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())"""
)


class TokenHolder(Struct, frozen=True):
    """A valid token's name, scopes, and the device and the organisation it is bound to, if any.

    territories: those that organisation supervises.
    """

    id: int
    name: str
    scopes: frozenset[str]
    device: str | None
    organisation: str | None = None
    territories: frozenset[str] = frozenset()


async def token_holder(connection: AsyncConnection, token: str) -> TokenHolder | None:
    """Holder of a token that is neither revoked nor expired, else None."""
    row = (await connection.execute(_HOLDER, {"hash": token_hash(token)})).first()
    return None if row is None else TokenHolder(row[0], row[1], frozenset(row[2]), row[3], row[4], frozenset(row[5]))
