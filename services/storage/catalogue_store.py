"""A regional catalogue in the database: files as they were imported, events by version, the newest speaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.network_hub import tell_catalogue
from services.storage.reading import json_value, row_values
from uskat.blast.catalogue.event import BLASTS, CatalogueEvent, CatalogueImport

_FIELDS = """at, latitude, longitude, depth_km, magnitude, magnitude_type, type, certainty, agency,
    uncertainty_km"""
_IMPORT = text(
    """INSERT INTO catalogue_import (name, digest, added, revised, known, refused, imported_at)
    VALUES (:name, :digest, 0, 0, 0, CAST(:refused AS jsonb), :at) RETURNING id"""
)
_COUNT = text("UPDATE catalogue_import SET added = :added, revised = :revised, known = :known WHERE id = :id")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('uskat:catalogue'))")
_NEWEST = text(f"SELECT id, version, event_id, {_FIELDS} FROM catalogue_event WHERE newest AND event_id = ANY(:ids)")
_OLDER = text("UPDATE catalogue_event SET newest = false WHERE id = ANY(:ids)")
_ENTER = text(
    f"""INSERT INTO catalogue_event (event_id, version, import_id, newest, {_FIELDS})
    VALUES (:id, :version, :import_id, true, :at, :latitude, :longitude, :depth_km, :magnitude, :magnitude_type, :type,
        :certainty, :agency, :uncertainty_km)"""
)
_WHERE = """newest AND at >= :since AND at < :until AND (CAST(:type AS text) IS NULL OR type = :type)
    AND (CAST(:least AS float8) IS NULL OR magnitude >= :least)"""
_LIST = text(
    f"""SELECT id, event_id, version, {_FIELDS} FROM catalogue_event WHERE {_WHERE} AND id < :before
    ORDER BY id DESC LIMIT :limit"""
)
_BLASTS = text(
    f"SELECT event_id, {_FIELDS} FROM catalogue_event WHERE newest AND type = ANY(:types) ORDER BY at, event_id"
)
_IMPORTS = text(
    """SELECT id, name, encode(digest, 'hex'), added, revised, known, refused, imported_at FROM catalogue_import
    ORDER BY id DESC LIMIT 100"""
)


class CatalogueRow(Struct):
    """An event of a regional catalogue. version: how often it was told otherwise; event_id: the catalogue's own."""

    id: int
    event_id: str
    version: int
    at: datetime
    latitude: float
    longitude: float
    depth_km: float | None
    magnitude: float | None
    magnitude_type: str | None
    type: str
    certainty: str | None
    agency: str | None
    uncertainty_km: float | None


class ImportRow(Struct):
    """A file as it was imported. revised: events told otherwise than before; known: as before."""

    id: int
    name: str
    sha256: str
    added: int
    revised: int
    known: int
    refused: list[dict[str, Any]]
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class StoredImport:
    """What an import did."""

    added: int
    revised: int
    known: int


async def store_catalogue(
    connection: AsyncConnection, found: CatalogueImport, *, name: str, digest: bytes, at: datetime
) -> StoredImport:
    """Keep a file's events in the caller's transaction: new ones, new versions; what is known stays as it is."""
    await connection.execute(_LOCK)
    refused = msgspec.json.encode([row.to_json() for row in found.refused]).decode()
    bound = {"name": name, "digest": digest, "refused": refused, "at": at}
    import_id = (await connection.execute(_IMPORT, bound)).scalar_one()
    rows = await connection.execute(_NEWEST, {"ids": [event.id for event in found.events]})
    newest = {row.event_id: row for row in rows}
    revised = [event for event in found.events if event.id in newest and event != _event(newest[event.id], first=2)]
    added = [event for event in found.events if event.id not in newest]
    if revised:
        await connection.execute(_OLDER, {"ids": [newest[event.id].id for event in revised]})
    if added or revised:
        await connection.execute(_ENTER, [
            {name: getattr(event, name) for name in CatalogueEvent.__slots__}
            | {"import_id": import_id, "version": newest[event.id].version + 1 if event.id in newest else 1}
            for event in (*added, *revised)
        ])  # fmt: skip
        times = [event.at for event in (*added, *revised)]
        await tell_catalogue(connection, low=min(times), high=max(times))
    done = StoredImport(len(added), len(revised), len(found.events) - len(added) - len(revised))
    await connection.execute(_COUNT, {"id": import_id, "added": done.added, "revised": done.revised,
                                      "known": done.known})  # fmt: skip
    return done


async def list_catalogue(
    connection: AsyncConnection,
    *,
    since: datetime,
    until: datetime,
    type_name: str | None,
    least_magnitude: float | None,
    before: int,
    limit: int,
) -> list[CatalogueRow]:
    """Newest versions of events in [since, until), last entered first, ids below `before`."""
    bound = {"since": since, "until": until, "type": type_name, "least": least_magnitude, "before": before,
             "limit": limit}  # fmt: skip
    return [CatalogueRow(*row_values(row)) for row in await connection.execute(_LIST, bound)]


async def catalogue_blasts(connection: AsyncConnection) -> list[CatalogueEvent]:
    """Every industrial explosion of the catalogue, by time."""
    return [_event(row, first=0) for row in await connection.execute(_BLASTS, {"types": sorted(BLASTS)})]


async def list_imports(connection: AsyncConnection) -> list[ImportRow]:
    """The last hundred files, the newest first."""
    rows = [row_values(row) for row in await connection.execute(_IMPORTS)]
    return [ImportRow(*[*values[:6], json_value(values[6]), *values[7:]]) for values in rows]


def _event(row: Row[Any] | Sequence[Any], *, first: int) -> CatalogueEvent:
    """first: the column of the event's id; the others follow in order."""
    return CatalogueEvent(*tuple(row)[first:])
