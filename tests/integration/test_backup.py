"""Backup and restore: nothing lost that was committed before the point, nothing there that was not; damage is told."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from services.cli.backup import DUMP, MANIFEST, make_backup, restore_backup
from services.cli.main import app
from services.parts.postgres import PostgresServer
from services.parts.postgres_tools import PostgresTools
from services.parts.process import PartError
from services.storage import registry
from services.storage.backup.target import NotATarget
from services.storage.caller import Caller, act_as
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Incoming, Intake
from tests.conftest import fresh_database
from uskat.water.network import demo_network
from uskat.wire.water import WaterPacket, encode_water

T0 = datetime(2026, 6, 1, tzinfo=UTC)
RECEIVED = T0 + timedelta(days=1)


@pytest.fixture
def target(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database on the same server."""
    yield from fresh_database(postgres_server, migrated=False)


def batch(first: int, count: int) -> Incoming:
    packets = [WaterPacket(t=T0 + timedelta(minutes=first + n), v={"ph": 7.5}, seq=first + n) for n in range(count)]
    return Incoming("uskat/v1/U-43/water", encode_water(packets), round(RECEIVED.timestamp() * 1e6))


async def under_load(url: str, folder: Path) -> tuple[int, int, int]:
    """Back up while readings are stored; returns how many were committed before, after, and in all."""
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
    await engine.dispose()
    intake = await Intake.open(url, worker="test", clock=lambda: RECEIVED)
    committed, stop, flowing = SimpleNamespace(n=0), asyncio.Event(), asyncio.Event()

    async def store() -> None:
        while not stop.is_set():
            await intake.store([batch(committed.n, 10)])
            committed.n += 10
            if committed.n >= 50:
                flowing.set()

    storing = asyncio.create_task(store())
    await flowing.wait()
    before = committed.n
    await make_backup(url, folder)
    after = committed.n
    stop.set()
    await storing
    await intake.close()
    return before, after, committed.n


async def minutes(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT time FROM observation ORDER BY time")
    await connection.close()
    return [round((row["time"] - T0) / timedelta(minutes=1)) for row in rows]


async def test_a_backup_under_load_holds_everything_committed_before_it_and_damage_is_told(database, target, tmp_path):
    before, after, _ = await under_load(database, tmp_path)
    assert after > before, "nothing was stored while the backup was made: the test proves nothing"
    assert await restore_backup(tmp_path, target) == []
    found = await minutes(target)
    assert len(found) >= before
    assert found == list(range(len(found))), "a prefix: no batch is torn and none is missing"
    assert len(found) % 10 == 0
    assert len(found) <= after + 10

    # What was restored goes on: the next reading is stored, and row numbers are not used again.
    intake = await Intake.open(target, worker="test", clock=lambda: RECEIVED + timedelta(hours=1))
    await intake.store([batch(len(found), 1)])
    await intake.close()
    assert len(await minutes(target)) == len(found) + 1
    with pytest.raises(NotATarget, match="not empty"):
        await restore_backup(tmp_path, target)

    dump = (tmp_path / DUMP).read_bytes()
    (tmp_path / DUMP).write_bytes(dump[:-1] + bytes([dump[-1] ^ 1]))
    with pytest.raises(LookupError, match="damaged"):
        await restore_backup(tmp_path, target)


async def test_a_restored_database_that_is_another_is_told_table_by_table(embedded_server, embedded_database, tmp_path):
    engine = make_engine(embedded_database)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
    await engine.dispose()
    manifest = await make_backup(embedded_database, tmp_path)
    assert manifest["tables"]["river"]["rows"] == len(demo_network().rivers)
    manifest["tables"]["river"]["digest"] = "0" * 64
    manifest["tables"]["station"]["rows"] += 1
    manifest["tables"]["lost"] = {"rows": 1, "digest": "0" * 64}
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    for empty in fresh_database(embedded_server, migrated=False):
        wrong = await restore_backup(tmp_path, empty)
        stations = manifest["tables"]["station"]["rows"]
        rivers = manifest["tables"]["river"]["rows"]
        assert wrong == [
            "lost: is missing",
            f"river: {rivers} rows, but not the same",
            f"station: {stations - 1} rows instead of {stations}",
        ]


async def test_a_database_that_is_not_ours_is_not_backed_up(embedded_server, tmp_path):
    for empty in fresh_database(embedded_server, migrated=False):
        with pytest.raises(LookupError, match="never migrated"):
            await make_backup(empty, tmp_path)
    assert not (tmp_path / MANIFEST).exists()


async def test_a_backup_is_restored_by_another_owner_on_another_server(embedded_server, embedded_database, tmp_path):
    """The owner of the old tables is not there, and whoever restores is no superuser and may make no roles."""
    engine = make_engine(embedded_database)
    async with unit_of_work(engine) as connection:  # a server where the old owner never was
        await connection.execute(text("CREATE ROLE gone SUPERUSER"))
        await connection.execute(text("ALTER DEFAULT PRIVILEGES FOR ROLE gone GRANT SELECT ON TABLES TO uskat_api"))
    await make_backup(embedded_database, tmp_path)
    async with unit_of_work(engine) as connection:
        await connection.execute(text("DROP OWNED BY gone"))
        await connection.execute(text("DROP ROLE gone"))
        await connection.execute(text("CREATE ROLE keeper LOGIN"))
    try:
        for empty in fresh_database(embedded_server, migrated=False):
            url = make_url(empty)
            embedded_server.execute(f'ALTER DATABASE "{url.database}" OWNER TO keeper')
            mine = url.set(username="keeper").render_as_string(hide_password=False)
            with pytest.raises(NotATarget, match="GRANT uskat_api TO keeper;"):
                await restore_backup(tmp_path, mine)
            embedded_server.execute("GRANT uskat_api TO keeper")
            assert await restore_backup(tmp_path, mine) == []
            own = make_engine(mine)
            async with unit_of_work(own) as connection:  # what a later migration makes is the API's to use too
                await connection.execute(text("CREATE TABLE made_later (n int)"))
                await act_as(connection, Caller("ivanova"))
                assert await connection.scalar(text("SELECT count(*) FROM made_later")) == 0
            await own.dispose()
            embedded_server.execute(f'ALTER DATABASE "{url.database}" OWNER TO {url.username}')
    finally:
        async with unit_of_work(engine) as connection:
            await connection.execute(text("DROP ROLE keeper"))
        await engine.dispose()


def test_only_the_setting_that_an_older_server_does_not_know_is_forgiven(tmp_path):
    """Programs of version 18 and a server of version 15: what pg_restore says first there, and one error more."""
    unknown = 'pg_restore: error: ERROR:  unrecognized configuration parameter "transaction_timeout"'
    for errors, refused in (([unknown], False), ([unknown, "pg_restore: error: no disk space"], True)):
        said = tmp_path / "said"
        said.write_text("\n".join([*errors, "pg_restore: warning: errors ignored on restore: 1"]))
        program = tmp_path / "pg_restore"
        program.write_text(f'#!/bin/sh\n[ "$1" = --list ] && exit 0\ncat {said} >&2\nexit 1\n')
        program.chmod(0o700)
        tools = PostgresTools(program, program, 18)
        with pytest.raises(PartError) if refused else nullcontext():
            tools.restore(tmp_path / DUMP, "postgresql://uskat@127.0.0.1/new", server_major=15)
        with pytest.raises(PartError):
            tools.restore(tmp_path / DUMP, "postgresql://uskat@127.0.0.1/new", server_major=18)


@pytest.mark.parametrize(
    ("url", "words"), [("nonsense", "none of a database"), ("postgresql://u@127.0.0.1:1/x", "Connect call failed")]
)
def test_an_address_where_nothing_is_is_told_in_a_sentence(url, words, tmp_path):
    manifest = {"format": 1, "timescale": None, "roles": [], "pg_dump": 15, "tables": {}}
    (tmp_path / DUMP).write_bytes(b"")
    digest = hashlib.sha256(b"").hexdigest()
    (tmp_path / MANIFEST).write_text(json.dumps(manifest | {"dump": {"sha256": digest}}))
    done = CliRunner().invoke(app, ["restore", str(tmp_path), "--database-url", url])
    assert (done.exit_code, words in done.output, "Traceback" in done.output) == (1, True, False), done.output
