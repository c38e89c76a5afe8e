"""Versions of the norms of reaction that an agency entered; none is ever changed, a later one takes over."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from uskat.supervision.notice.norms import ReactionNorms, norms_at, packaged_versions, parse_norms

PROJECT = "project"
_ALL = text("SELECT id, document::text AS document, entered_by, entered_at FROM reaction_norm ORDER BY entered_at, id")
_ENTER = text(
    """INSERT INTO reaction_norm (id, valid_from, document, entered_by, entered_at)
    VALUES (:id, :valid_from, CAST(:document AS jsonb), :by, :now) ON CONFLICT (id) DO NOTHING RETURNING id"""
)


class NormsRow(Struct):
    """A version as it is told. in_force: what happens now is told by it."""

    id: str
    valid_from: datetime
    verified: bool
    source: str
    entered_by: str
    entered_at: datetime | None
    in_force: bool
    document: dict[str, Any]


class NormsKnown(Exception):
    """There is a version of this id already; a change is a new version."""


async def norms_in_force(connection: AsyncConnection, moment: datetime) -> ReactionNorms:
    """The version in force at a moment; the project's before an agency's own begins."""
    rows = await connection.execute(_ALL)
    return norms_at((parse_norms(msgspec.json.decode(row.document)) for row in rows), moment)


async def list_norms(connection: AsyncConnection, *, now: datetime) -> list[NormsRow]:
    """The project's versions and the agency's, in the order in which they were entered."""
    current = (await norms_in_force(connection, now)).id
    found = [_told(one, PROJECT, None, one.id == current) for one in packaged_versions()]
    for row in await connection.execute(_ALL):
        norms = parse_norms(msgspec.json.decode(row.document))
        found.append(_told(norms, row.entered_by, row.entered_at, norms.id == current))
    return found


async def enter_norms(connection: AsyncConnection, norms: ReactionNorms, *, by: str, now: datetime) -> NormsRow:
    """Keep a version; it tells what happens from its beginning on. Raises NormsKnown."""
    if norms.id in {one.id for one in packaged_versions()}:
        raise NormsKnown(f"{norms.id} is the project's")
    document = norms.model_dump_json(by_alias=True)
    bound = {"id": norms.id, "valid_from": norms.valid_from, "document": document, "by": by, "now": now}
    if await connection.scalar(_ENTER, bound) is None:
        raise NormsKnown(f"{norms.id} is entered already")
    return _told(norms, by, now, (await norms_in_force(connection, now)).id == norms.id)


def _told(norms: ReactionNorms, by: str, at: datetime | None, in_force: bool) -> NormsRow:  # noqa: FBT001
    document = norms.model_dump(mode="json", by_alias=True)
    return NormsRow(norms.id, norms.valid_from, norms.verified, norms.source, by, at, in_force, document)
