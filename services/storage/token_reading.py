"""Who holds a token of the API: a machine key, or a person who signed in.

Only its SHA-256 is stored: a token is 256 random bits and needs no salt.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.credential import token_hash

_TERRITORIES = "ARRAY(SELECT g.territory FROM agency_territory g WHERE g.organisation_id = o.id)"
_HOLDER = text(
    f"""SELECT t.id, t.name, t.scopes, d.code, o.code, {_TERRITORIES}, NULL::bigint, NULL::integer
    FROM api_token t LEFT JOIN device d ON d.id = t.device_id LEFT JOIN organisation o ON o.id = t.organisation_id
    WHERE t.token_hash = :hash AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > :at)
    UNION ALL
    SELECT a.id, a.login, a.roles, NULL, o.code, {_TERRITORIES}, f.id, a.id
    FROM access_token x JOIN session_family f ON f.id = x.family_id JOIN account a ON a.id = f.account_id
        JOIN organisation o ON o.id = a.organisation_id
    WHERE x.token_hash = :hash AND x.expires_at > :at AND f.revoked_at IS NULL AND a.disabled_at IS NULL"""
)


class TokenHolder(Struct, frozen=True):
    """A valid token's name, scopes, and the device and the organisation it is bound to, if any.

    territories: those that organisation supervises. session and account: of a person's token; a machine key has none.
    """

    id: int
    name: str
    scopes: frozenset[str]
    device: str | None
    organisation: str | None = None
    territories: frozenset[str] = frozenset()
    session: int | None = None
    account: int | None = None


async def token_holder(connection: AsyncConnection, token: str, *, at: datetime) -> TokenHolder | None:
    """Holder of a token that at this moment is neither revoked nor expired, else None."""
    row = (await connection.execute(_HOLDER, {"hash": token_hash(token), "at": at})).first()
    if row is None:
        return None
    identifier, name, scopes, device, organisation, territories, session, account = row
    return TokenHolder(
        identifier, name, frozenset(scopes), device, organisation, frozenset(territories), session, account
    )
