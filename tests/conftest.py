"""Fixtures shared by all tests: real databases and real brokers.

Servers are expensive and live for the session, a database is a fresh copy of a migrated template for every test. Brokers
start in a moment and are fresh for every test, because sessions and retained messages outlive clients.
A part that is missing skips the test with the reason, and fails it where USKAT_REQUIRE_PARTS=1 (root and CI).
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import hypothesis
import pytest

from services.parts.broker import AmqttProcess, Broker
from services.parts.postgres import PostgresServer
from services.parts.process import PartNotFound
from tests.parts.embedded import TemporaryEmbeddedPostgres
from tests.parts.mosquitto import MosquittoProcess
from tests.parts.timescale import TimescaleServer

# A loaded machine is no failure of the code: pytest's own timeout bounds every test.
hypothesis.settings.register_profile("uskat", deadline=None)
hypothesis.settings.load_profile("uskat")

T = TypeVar("T")
TEMPLATE = "uskat_template"
# Every test makes and drops a database, and each of the two writes the whole server to the disk: seconds a test. What
# the session's servers hold may be lost with the machine; a process that is killed (test_restart) loses nothing by it.
# Servers that a test makes for itself, to kill them, keep the product's own settings.
SESSION_SETTINGS = {"fsync": "off"}


def missing_part(reason: str) -> NoReturn:
    """Skip the running test, or fail it where every part must be there."""
    if os.environ.get("USKAT_REQUIRE_PARTS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def made(make: Callable[[], T]) -> T:
    """Make a part, or skip for the reason why it cannot be made."""
    try:
        return make()
    except PartNotFound as missing:
        missing_part(str(missing))


@pytest.fixture(scope="session")
def timescale_server() -> Iterator[TimescaleServer]:
    """PostgreSQL 17 with TimescaleDB, running."""
    server = made(lambda: TimescaleServer(settings=SESSION_SETTINGS))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[TemporaryEmbeddedPostgres]:
    """The plain PostgreSQL of the wheel, running."""
    server = made(lambda: TemporaryEmbeddedPostgres(settings=SESSION_SETTINGS))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(
    scope="session", params=[pytest.param("timescale", marks=pytest.mark.timescale), pytest.param("embedded")]
)
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """Each of the two database servers in turn."""
    server: PostgresServer = request.getfixturevalue(f"{request.param}_server")
    return server


def migrated_template(server: PostgresServer) -> str:
    """Return the name of a migrated database of the server, made once."""
    if not server.has_database(TEMPLATE):
        from services.storage.migrate import upgrade

        making = f"{TEMPLATE}_making"
        server.drop_database(making)
        upgrade(server.create_database(making))
        server.execute(f"ALTER DATABASE {making} RENAME TO {TEMPLATE}")
    return TEMPLATE


_told: dict[tuple[int, str], Any] = {}


def filled_template(server: PostgresServer, name: str, fill: Callable[[str], T]) -> tuple[str, T]:
    """Return the name of a migrated database that `fill` filled, and what it told of it; made once."""
    template = f"{TEMPLATE}_{name}"
    if not server.has_database(template):
        making = f"{template}_making"
        server.drop_database(making)
        _told[server.port, name] = fill(server.create_database(making, template=migrated_template(server)))
        server.execute(f"ALTER DATABASE {making} RENAME TO {template}")
    return template, _told[server.port, name]


def copied_database(server: PostgresServer, template: str | None) -> Iterator[str]:
    """Yield the URL of a new database, a copy of `template` if any, and drop it afterwards, whoever is connected."""
    name = f"test_{secrets.token_hex(6)}"
    yield server.create_database(name, template=template)
    server.drop_database(name)


def fresh_database(server: PostgresServer, *, migrated: bool = True) -> Iterator[str]:
    """Yield the URL of a new database and drop it afterwards, whoever is connected."""
    yield from copied_database(server, migrated_template(server) if migrated else None)


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh migrated database, on TimescaleDB and on plain PostgreSQL."""
    yield from fresh_database(postgres_server)


def network_template(server: PostgresServer) -> str:
    """Return the name of a migrated database that knows the demo network, made once."""
    from services.storage.engine import make_engine, unit_of_work
    from services.storage.registry import load_network
    from uskat.water.network import demo_network

    async def register(url: str) -> None:
        engine = make_engine(url, pool_size=1)
        async with unit_of_work(engine) as connection:
            await load_network(connection, demo_network())
        await engine.dispose()

    return filled_template(server, "network", lambda url: asyncio.run(register(url)))[0]


@pytest.fixture
def network_database(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh database that knows the demo network, on TimescaleDB and on plain PostgreSQL."""
    yield from copied_database(postgres_server, network_template(postgres_server))


@pytest.fixture
def embedded_network_database(embedded_server: TemporaryEmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh database that knows the demo network on plain PostgreSQL only."""
    yield from copied_database(embedded_server, network_template(embedded_server))


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh database without tables, on TimescaleDB and on plain PostgreSQL."""
    yield from fresh_database(postgres_server, migrated=False)


@pytest.fixture
def timescale_database(timescale_server: TimescaleServer) -> Iterator[str]:
    """URL of a fresh migrated database on TimescaleDB only."""
    yield from fresh_database(timescale_server)


@pytest.fixture
def embedded_database(embedded_server: TemporaryEmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh migrated database on plain PostgreSQL only."""
    yield from fresh_database(embedded_server)


@pytest.fixture(params=[pytest.param("timescale", marks=pytest.mark.timescale), pytest.param("embedded")])
def killable_postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A running server of the test's own, of each kind in turn, to kill and restart."""
    kinds: dict[str, Callable[[], TimescaleServer | TemporaryEmbeddedPostgres]] = {
        "timescale": TimescaleServer,
        "embedded": TemporaryEmbeddedPostgres,
    }
    server = made(kinds[request.param])
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def mosquitto_broker() -> Iterator[MosquittoProcess]:
    """A fresh Mosquitto that accepts everybody, running."""
    broker = made(MosquittoProcess)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture
def amqtt_broker(tmp_path: Path) -> Iterator[AmqttProcess]:
    """A fresh amqtt, running."""
    broker = AmqttProcess(tmp_path / "amqtt.log")
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), pytest.param("amqtt")])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each of the two brokers in turn."""
    process: Broker = request.getfixturevalue(f"{request.param}_broker")
    return process
