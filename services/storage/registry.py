"""The registry: load a network file, add devices, rotate their credentials, issue machine tokens."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage import tables as t
from services.storage.credential import mosquitto_hash, new_secret, token_hash
from services.storage.territory_store import load_territories
from uskat.water.network import Network
from uskat.water.parameters import parameters

INSTRUMENT_OF_KIND = {"logger": "многопараметрический зонд", "seismograph": "сейсмограф", "enterprise": "САК"}


async def load_parameters(connection: AsyncConnection) -> dict[str, int]:
    """Write the vocabulary of parameters; returns their ids by code."""
    rows = [asdict(parameter) for parameter in parameters().values()]
    return await _upsert(connection, t.parameter, rows, key="code")


async def load_network(connection: AsyncConnection, network: Network) -> dict[str, str]:
    """Bring the registry to the state of a network file; nothing is removed.

    Returns {device: password} for devices that had no credentials yet: the only moment they can be seen.
    """
    parameter_ids = await load_parameters(connection)
    organisations = await _upsert(
        connection, t.organisation,
        [{"code": o.code, "name": o.name, "kind": o.kind, "demo": network.demo} for o in network.organisations],
        key="code",
    )  # fmt: skip
    await load_territories(connection, network, organisations)
    rivers = await _upsert(connection, t.river, [_river_row(network, code) for code in network.river_of], key="code")
    stations = await _upsert(
        connection, t.station, _station_rows(network, rivers=rivers, organisations=organisations), key="code"
    )
    await _load_places(connection, network, rivers=rivers, organisations=organisations)
    owner = {station.code: organisations[station.organisation] for station in network.stations}
    devices = await _upsert(
        connection, t.device,
        [
            {"code": d.code, "station_id": stations[d.station], "organisation_id": owner[d.station], "kind": d.kind,
             "properties": network.device_properties(d.code)}
            for d in network.devices
        ],
        key="code",
    )  # fmt: skip
    instruments = await _load_instruments(connection, network, devices)
    series = [
        {"device_id": devices[s.device], "station_id": stations[s.station], "parameter_id": parameter_ids[s.parameter],
         "expected_interval_s": s.expected_interval_s, "instrument_id": instruments[s.device]}
        for s in network.series
    ]  # fmt: skip
    await _insert_missing(connection, t.series, series, ("device_id", "parameter_id"))
    await _insert_missing(
        connection, t.station_work, [{"station_id": key} for key in stations.values()], ("station_id",)
    )
    return await give_credentials(connection, [device.code for device in network.devices])


async def give_credentials(
    connection: AsyncConnection, codes: Iterable[str], *, rotate: bool = False
) -> dict[str, str]:
    """New passwords for devices without one (or for all of `codes` when rotating); returns {device: password}."""
    wanted = select(t.device.c.code).where(t.device.c.code.in_(list(codes)))
    if not rotate:
        wanted = wanted.where(t.device.c.password_hash.is_(None))
    given = {code: new_secret() for code in (await connection.execute(wanted)).scalars()}
    for code, password in given.items():
        change = update(t.device).where(t.device.c.code == code).values(password_hash=mosquitto_hash(password))
        await connection.execute(change)
    return given


async def password_file(connection: AsyncConnection) -> str:
    """Mosquitto's password file of all enabled devices: one line `code:hash` each."""
    rows = await connection.execute(
        select(t.device.c.code, t.device.c.password_hash)
        .where(t.device.c.enabled, t.device.c.password_hash.is_not(None))
        .order_by(t.device.c.code)
    )
    return "".join(f"{code}:{password_hash}\n" for code, password_hash in rows)


async def add_device(
    connection: AsyncConnection, *, code: str, station: str, kind: str, names: Iterable[str], expected_interval_s: int
) -> str:
    """Register a device with its series; returns its password. Raises LookupError for an unknown station or name."""
    station_id = await connection.scalar(select(t.station.c.id).where(t.station.c.code == station))
    if station_id is None:
        raise LookupError(f"station {station!r} is not registered")
    ids = await load_parameters(connection)
    unknown = sorted(set(names) - set(ids))
    if unknown:
        raise LookupError(f"unknown parameters: {', '.join(unknown)}; known: {', '.join(sorted(ids))}")
    devices = await _upsert(connection, t.device, [{"code": code, "station_id": station_id, "kind": kind}], key="code")
    series = [
        {"device_id": devices[code], "station_id": station_id, "parameter_id": ids[name],
         "expected_interval_s": expected_interval_s}
        for name in names
    ]  # fmt: skip
    await _insert_missing(connection, t.series, series, ("device_id", "parameter_id"))
    await _insert_missing(connection, t.station_work, [{"station_id": station_id}], ("station_id",))
    return (await give_credentials(connection, [code], rotate=True))[code]


async def list_devices(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Devices with station, kind, state and number of series."""
    query = (
        select(
            t.device.c.code, t.station.c.code.label("station"), t.device.c.kind, t.device.c.enabled,
            func.count(t.series.c.id).label("series"),
        )
        .join(t.station, t.station.c.id == t.device.c.station_id)
        .outerjoin(t.series, t.series.c.device_id == t.device.c.id)
        .group_by(t.device.c.id, t.station.c.code)
        .order_by(t.device.c.code)
    )  # fmt: skip
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def issue_token(
    connection: AsyncConnection,
    *,
    name: str,
    scopes: list[str],
    device: str | None = None,
    enterprise: str | None = None,
) -> str:
    """New machine token; only its hash is stored.

    Raises LookupError for an unknown device or enterprise, and for scope enterprise without one.
    """
    device_id = None
    if device is not None:
        device_id = await connection.scalar(select(t.device.c.id).where(t.device.c.code == device))
        if device_id is None:
            raise LookupError(f"device {device!r} is not registered")
    organisation_id = None
    if enterprise is not None:
        organisation_id = await connection.scalar(
            select(t.organisation.c.id).where(t.organisation.c.code == enterprise)
        )
        if organisation_id is None:
            raise LookupError(f"enterprise {enterprise!r} is not registered")
    elif "enterprise" in scopes:
        raise LookupError("a token of scope enterprise belongs to one: name it")
    token = new_secret()
    row = {"name": name, "token_hash": token_hash(token), "scopes": scopes, "device_id": device_id,
           "organisation_id": organisation_id}  # fmt: skip
    await connection.execute(insert(t.api_token).values(row))
    return token


async def _load_instruments(connection: AsyncConnection, network: Network, devices: dict[str, int]) -> dict[str, int]:
    """One instrument a device: a network file does not tell sensors apart."""
    suffix = " (демо)" if network.demo else ""
    rows = [
        {"code": d.code, "device_id": devices[d.code], "type_name": f"{INSTRUMENT_OF_KIND.get(d.kind, d.kind)}{suffix}"}
        for d in network.devices
    ]
    return await _upsert(connection, t.instrument, rows, key="code")


def _river_row(network: Network, code: str) -> dict[str, Any]:
    river = network.river_of[code]
    properties = msgspec.to_builtins(river)
    geometry = {"type": "LineString", "coordinates": properties.pop("geometry")}
    return {
        "code": river.code, "name": river.name, "flows_to": river.flows_to, "mouth_km": river.mouth_km,
        "length_km": river.length_km, "geometry": geometry, "schematic": network.schematic, "properties": properties,
    }  # fmt: skip


def _station_rows(network: Network, *, rivers: dict[str, int], organisations: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "code": s.code, "name": s.name, "kind": s.kind, "river_id": rivers.get(s.river or ""), "river_km": s.km,
            "downstream": s.downstream, "latitude": s.latitude, "longitude": s.longitude, "accuracy_m": s.accuracy_m,
            "water_use": s.water_use or "none", "organisation_id": organisations[s.organisation], "demo": network.demo,
            "territory": network.territory_of.get(("station", s.code)),
            "properties": {"role": s.role, "flag": s.flag, "proposed": s.proposed, "source": s.source}
            | ({"flood": msgspec.to_builtins(s.flood)} if s.flood is not None else {})
            | ({"receptor": s.receptor} if s.receptor is not None else {}),
        }
        for s in network.stations
    ]  # fmt: skip


async def _load_places(
    connection: AsyncConnection, network: Network, *, rivers: dict[str, int], organisations: dict[str, int]
) -> None:
    rows = []
    for kind, items in (("outlet", network.outlets), ("pit", network.pits), ("settlement", network.settlements)):
        for item in items:
            properties = msgspec.to_builtins(item)
            rows.append(
                {
                    "kind": kind, "code": item.code, "name": item.name, "latitude": item.latitude,
                    "longitude": item.longitude, "river_id": rivers.get(properties.get("river", "")),
                    "river_km": properties.get("km"), "demo": kind != "settlement" and network.demo,
                    "organisation_id": organisations.get(properties.get("organisation", "")), "properties": properties,
                    "territory": network.territory_of.get((kind, item.code)),
                }
            )  # fmt: skip
    if rows:
        statement = insert(t.place).values(rows)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in {"kind", "code"}}
        await connection.execute(statement.on_conflict_do_update(index_elements=["kind", "code"], set_=changed))


async def _upsert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]], *, key: str) -> dict[str, int]:
    if rows:
        statement = insert(table).values(rows)
        changed = {name: statement.excluded[name] for name in rows[0] if name != key}
        await connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed))
    found = await connection.execute(select(table.c[key].label("code"), table.c.id))
    return {row.code: row.id for row in found}


async def _insert_missing(
    connection: AsyncConnection, table: Table, rows: list[dict[str, Any]], key: tuple[str, ...]
) -> None:
    if rows:
        await connection.execute(insert(table).values(rows).on_conflict_do_nothing(index_elements=list(key)))
