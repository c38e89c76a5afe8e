"""The audit log: who did what to which thing. Written inside the transaction of what it tells of, never changed."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_RECORD = text(
    """INSERT INTO audit_log (who, organisation, action, kind, object_id, detail)
    VALUES (:who, :organisation, :action, :kind, :object_id, CAST(:detail AS jsonb)) RETURNING id"""
)


class Doer(Protocol):
    """Who acts: a principal of the API has these names."""

    @property
    def name(self) -> str:
        """Name of the account or machine key."""
        ...

    @property
    def organisation(self) -> str | None:
        """Code of the organisation it acts for."""
        ...


async def record(
    connection: AsyncConnection,
    *,
    who: "str | Doer",
    action: str,
    kind: str,
    object_id: object,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Append one row in the caller's transaction and return its id: what is rolled back leaves no trace of having been.

    who: a principal, or a plain name (`cli`, `machine`) that acts for no organisation. action: `<thing>.<verb>`, such
    as `case.assign` or, for a read of personal or confidential data, `complaint.read`. kind and object_id: what it was
    done to. detail: anything JSON can hold, never a secret, never personal data.
    """
    row = {
        "who": who if isinstance(who, str) else who.name,
        "organisation": None if isinstance(who, str) else who.organisation,
        "action": action,
        "kind": kind,
        "object_id": str(object_id),
        "detail": msgspec.json.encode(dict(detail or {})).decode(),
    }
    return int((await connection.execute(_RECORD, row)).scalar_one())
