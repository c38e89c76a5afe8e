"""Pits and receptors: load a file of surroundings, read them back."""

from typing import Any

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage import tables as t
from services.storage.blast_tables import pit, receptor
from services.storage.reading import json_value
from uskat.blast.geometry import Point, polygon_feature
from uskat.blast.norm.curve import Receptor
from uskat.blast.passport.model import Ground
from uskat.blast.shape import Shape, shape_of_geojson
from uskat.blast.surroundings import PitOutline, ReceptorKind, ReceptorSite, Surroundings

_PITS = text(
    """SELECT p.id, p.code, p.name, o.code AS enterprise, o.name AS enterprise_name, p.outline, p.longitude, p.latitude,
        p.demo
    FROM pit p JOIN organisation o ON o.id = p.organisation_id ORDER BY p.code"""
)
_MAY_LOOK = text("SELECT uskat_is_own(id) OR uskat_oversees(id) FROM organisation WHERE code = :enterprise")
_RECEPTORS = text(
    """SELECT code, name, kind, "class" AS receptor, geometry, longitude, latitude, demo, properties
    FROM receptor ORDER BY code"""
)


class PitView(Struct):
    """A pit; outline: GeoJSON Polygon."""

    code: str
    name: str
    enterprise: str
    enterprise_name: str
    longitude: float
    latitude: float
    demo: bool
    outline: dict[str, Any]


class ReceptorView(Struct):
    """What a blast may hurt; receptor: its class in the limits, geometry: GeoJSON."""

    code: str
    name: str
    kind: str
    receptor: str
    longitude: float
    latitude: float
    demo: bool
    ground: str
    source: str
    geometry: dict[str, Any]


async def load_surroundings(connection: AsyncConnection, surroundings: Surroundings) -> None:
    """Bring pits and receptors to the state of a file; nothing is removed.

    Raises LookupError for an enterprise or settlement that the registry does not know.
    """
    owners = {row.code: row.id for row in await connection.execute(select(t.organisation.c.code, t.organisation.c.id))}
    unknown = sorted({one.enterprise for one in surroundings.pits} - set(owners))
    if unknown:
        raise LookupError(f"enterprises not registered: {', '.join(unknown)}")
    shapes = await _shapes(connection, surroundings.receptors)
    pits = [_pit_row(one, owners[one.enterprise], demo=surroundings.demo) for one in surroundings.pits]
    receptors = [_receptor_row(one, shapes[one.code], demo=surroundings.demo) for one in surroundings.receptors]
    for table, rows in ((pit, pits), (receptor, receptors)):
        if rows:
            statement = insert(table).values(rows)
            changed = {name: statement.excluded[name] for name in rows[0] if name != "code"}
            await connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))


async def list_pits(connection: AsyncConnection) -> list[PitView]:
    """All pits by code."""
    return [
        PitView(row.code, row.name, row.enterprise, row.enterprise_name, row.longitude, row.latitude, row.demo,
                json_value(row.outline))
        for row in await connection.execute(_PITS)
    ]  # fmt: skip


async def pit_outline(connection: AsyncConnection, code: str) -> list[Point] | None:
    """Outline of a pit as (longitude, latitude), not closed; None when there is no such pit."""
    outline = await connection.scalar(select(pit.c.outline).where(pit.c.code == code))
    return None if outline is None else list(shape_of_geojson(json_value(outline)).points)


async def may_look_into(connection: AsyncConnection, enterprise: str) -> bool:
    """True when row-level security shows the caller the books of an enterprise."""
    return bool(await connection.scalar(_MAY_LOOK, {"enterprise": enterprise}))


async def list_receptors(connection: AsyncConnection) -> list[ReceptorView]:
    """All receptors by code."""
    found = []
    for row in await connection.execute(_RECEPTORS):
        more = json_value(row.properties)
        found.append(
            ReceptorView(row.code, row.name, row.kind, row.receptor, row.longitude, row.latitude, row.demo,
                         more.get("ground", Ground.SOIL_WET.value), more.get("source", ""), json_value(row.geometry))
        )  # fmt: skip
    return found


async def receptor_sites(connection: AsyncConnection) -> list[ReceptorSite]:
    """All receptors as the domain has them, by code."""
    return [
        ReceptorSite(
            code=row.code,
            name=row.name,
            kind=ReceptorKind(row.kind),
            receptor=Receptor(row.receptor),
            shape=shape_of_geojson(json_value(row.geometry)),
            **json_value(row.properties),
        )
        for row in await connection.execute(_RECEPTORS)
    ]


def _pit_row(one: PitOutline, owner: int, *, demo: bool) -> dict[str, Any]:
    longitude, latitude = one.middle
    return {
        "code": one.code, "name": one.name, "organisation_id": owner, "longitude": longitude, "latitude": latitude,
        "outline": polygon_feature([*one.outline, one.outline[0]], {})["geometry"], "demo": demo,
    }  # fmt: skip


def _receptor_row(one: ReceptorSite, shape: Shape, *, demo: bool) -> dict[str, Any]:
    longitude, latitude = shape.middle
    return {
        "code": one.code, "name": one.name, "kind": one.kind.value, "class": one.receptor.value,
        "geometry": shape.to_geojson(), "longitude": longitude, "latitude": latitude,
        "demo": demo and one.place is None,
        "properties": {"ground": one.ground.value, "nmu_zone": one.nmu_zone, "source": one.source},
    }  # fmt: skip


async def _shapes(connection: AsyncConnection, receptors: tuple[ReceptorSite, ...]) -> dict[str, Shape]:
    """Shape of each receptor by code; settlements of the network lend theirs."""
    query = select(t.place.c.code, t.place.c.longitude, t.place.c.latitude).where(t.place.c.kind == "settlement")
    known = {row.code: (row.longitude, row.latitude) for row in await connection.execute(query)}
    missing = sorted({one.place for one in receptors if one.place is not None and one.place not in known})
    if missing:
        raise LookupError(f"settlements not registered: {', '.join(missing)}")
    return {
        one.code: one.shape if one.shape is not None else Shape(kind="Point", points=(known[one.place or ""],))
        for one in receptors
    }
