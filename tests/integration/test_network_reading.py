"""The network of the registry against the file it was loaded from."""

import msgspec
import pytest
from sqlalchemy import text

from services.storage.engine import make_engine, unit_of_work
from services.storage.network_reading import read_network
from services.storage.registry import load_network
from uskat.water.network import demo_network


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=2)
    yield made
    await made.dispose()


def by_code(items):
    rows = [msgspec.to_builtins(item) for item in items]
    for row in rows:
        row["channels"] = sorted(row.get("channels", ()), key=lambda channel: channel["code"])
    return sorted(rows, key=lambda row: row.get("code") or row["device"])


async def test_the_network_of_the_registry_is_the_one_that_was_loaded(engine):
    async with unit_of_work(engine) as connection:
        await load_network(connection, demo_network())
        found = await read_network(connection)
    asked = demo_network()
    for name in ("organisations", "rivers", "stations", "devices", "seismographs", "outlets", "pits", "settlements"):
        assert by_code(getattr(found, name)) == by_code(getattr(asked, name)), name
    assert found.schematic
    assert found.demo


async def test_the_network_is_rebuilt_only_when_the_registry_changed(engine):
    async with unit_of_work(engine) as connection:
        await load_network(connection, demo_network())
    async with unit_of_work(engine) as connection:
        first = await read_network(connection)
    async with unit_of_work(engine) as connection:
        assert await read_network(connection) is first

        await connection.execute(text("UPDATE station SET river_km = 41 WHERE code = 'U-43'"))
    async with unit_of_work(engine) as connection:
        assert (await read_network(connection)).station_of["U-43"].km == 41


async def test_a_registry_without_rivers_is_an_empty_network(engine):
    async with unit_of_work(engine) as connection:
        assert (await read_network(connection)).rivers == ()
