"""The audit log read: what an organisation's people and keys did."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.reading import json_value

_LIST = text(
    """SELECT id, at, who, organisation, action, kind, object_id, detail FROM audit_log
    WHERE organisation = :organisation AND id < :before AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    AND (CAST(:object_id AS text) IS NULL OR object_id = :object_id) ORDER BY id DESC LIMIT :limit"""
)


class AuditRow(Struct):
    """One deed: when, who for which organisation, what, to which thing."""

    id: int
    at: datetime
    who: str
    organisation: str | None
    action: str
    kind: str
    object_id: str
    detail: dict[str, Any]


async def list_audit(
    connection: AsyncConnection, *, organisation: str, kind: str | None, object_id: str | None, before: int, limit: int
) -> list[AuditRow]:
    """Deeds of one organisation, the newest first, ids below `before`."""
    bound = {"organisation": organisation, "kind": kind, "object_id": object_id, "before": before, "limit": limit}
    rows = await connection.execute(_LIST, bound)
    return [AuditRow(**(dict(row) | {"detail": json_value(row["detail"])})) for row in rows.mappings()]
