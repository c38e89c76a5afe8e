"""Fixtures shared by all tests: real databases and real brokers.

Servers are expensive and live for the session, a database is a fresh copy of a migrated template for every test. Brokers
start in a moment and are fresh for every test, because sessions and retained messages outlive clients.
A part that is missing skips the test with the reason, and fails it where USKAT_REQUIRE_PARTS=1 (root and CI).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

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
    server = made(TimescaleServer)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[TemporaryEmbeddedPostgres]:
    """The plain PostgreSQL of the wheel, running."""
    server = made(TemporaryEmbeddedPostgres)
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


def fresh_database(server: PostgresServer, *, migrated: bool = True) -> Iterator[str]:
    """Yield the URL of a new database and drop it afterwards, whoever is connected."""
    name = f"test_{secrets.token_hex(6)}"
    url = server.create_database(name, template=migrated_template(server) if migrated else None)
    yield url
    server.drop_database(name)


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh migrated database, on TimescaleDB and on plain PostgreSQL."""
    yield from fresh_database(postgres_server)


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
