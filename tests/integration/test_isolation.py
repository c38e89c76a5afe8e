"""Row-level security on both databases: even a bare SELECT in a caller's transaction gives only what is theirs."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from alembic import command
from sqlalchemy import text

from services.storage import caller as caller_module
from services.storage.caller import ActingDatabase, Caller, IsolationMissing, NotYours, act_as
from services.storage.fume_store import keep_photograph
from services.storage.isolation import CLOSED, UNBOUND
from services.storage.migrate import config
from services.storage.reading import Database, make_reading_engine
from services.storage.tables import metadata
from tests.conftest import fresh_database
from tests.integration.isolation_world import (
    AT,
    BY_TERRITORY,
    CONFIDENTIAL,
    EVERYTHING,
    NOBODY,
    NORTH_ADMIN,
    OF_ADMINS,
    OF_NORTH,
    OF_OTHER,
    OF_OWN,
    OF_SOUTH,
    ONLY_ADDED,
    OTHER,
    OWN,
    SOUTH_ADMIN,
    fill,
    picture,
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(postgres_server):
    """One database for all tests here: what they change they undo."""
    for url in fresh_database(postgres_server):
        asyncio.run(fill(url))
        yield url


@pytest.fixture
async def world(filled: str):
    pool = Database(make_reading_engine(filled, pool_size=2))
    yield pool
    await pool.close()


@asynccontextmanager
async def undone(world: Database):
    """A transaction that leaves nothing behind."""
    async with world.engine.execution_options(isolation_level="READ COMMITTED").connect() as connection:
        yield connection
        await connection.rollback()


async def rows(connection, query: str):
    return [tuple(row) for row in await connection.execute(text(query))]


async def seen(world: Database, caller: Caller, query: str):
    return await ActingDatabase(world, caller).ask(rows, query)


async def refused(world: Database, caller: Caller, statement: str) -> None:
    async def do(connection):
        await connection.execute(text(statement.replace(":", r"\:")))

    with pytest.raises(NotYours):
        await ActingDatabase(world, caller).change(do)


async def changed(connection, caller: Caller, statement: str) -> int:
    """Rows that a statement touches when the caller runs it."""
    await act_as(connection, caller)
    return (await connection.execute(text(statement))).rowcount


async def owners(world: Database, caller: Caller) -> set[str]:
    found = await seen(world, caller, "SELECT o.code FROM blast b JOIN organisation o ON o.id = b.organisation_id")
    return {code for (code,) in found}


async def test_a_bare_select_gives_only_ones_own(world):
    for table in CONFIDENTIAL:
        counts = [
            len(await seen(world, caller, f"SELECT * FROM {table}"))
            for caller in (EVERYTHING, OF_OWN, OF_OTHER, OF_NORTH, OF_SOUTH, NOBODY)
        ]
        assert counts == [2, 1, 1, 1, 1, 0], (table, counts)
    assert await owners(world, OF_OWN) == await owners(world, OF_NORTH) == {OWN}
    assert await owners(world, OF_OTHER) == await owners(world, OF_SOUTH) == {OTHER}


async def test_what_belongs_to_a_territory_is_seen_in_it_and_by_the_installation(world):
    for table in BY_TERRITORY:
        counts = [
            len(await seen(world, caller, f"SELECT * FROM {table}"))
            for caller in (EVERYTHING, OF_NORTH, OF_SOUTH, OF_OWN, NOBODY)
        ]
        assert counts == [4 if table == "rejected" else 3, 1, 1, 0, 0], (table, counts)
    for caller, code in ((OF_NORTH, "U-43"), (OF_SOUTH, "U-36")):
        query = "SELECT a.title FROM alert_step s JOIN alert a ON a.id = s.alert_id"
        assert await seen(world, caller, query) == [(code,)]


async def test_unpublished_stations_series_and_alerts_of_another_territory_are_not_there(world):
    mine = "code IN ('U-43', 'U-36', 'U-25') ORDER BY code"
    of_series = "SELECT DISTINCT st.code FROM series s JOIN station st ON st.id = s.station_id WHERE st.code = 'U-36'"
    async with undone(world) as connection:
        await connection.execute(text("UPDATE station SET published = false WHERE code IN ('U-43', 'U-36')"))
        await connection.execute(text("UPDATE alert SET published = false WHERE title IN ('U-43', 'U-36')"))
        await act_as(connection, NOBODY)
        assert await rows(connection, f"SELECT code FROM station WHERE {mine}") == [("U-25",)]
        await act_as(connection, OF_NORTH)
        assert await rows(connection, f"SELECT code FROM station WHERE {mine}") == [("U-25",), ("U-43",)]
        assert await rows(connection, "SELECT title FROM alert ORDER BY 1") == [("U-25",), ("U-43",)]
        assert await rows(connection, of_series) == []
        await act_as(connection, OF_SOUTH)
        assert await rows(connection, of_series) == [("U-36",)]


async def test_nobody_writes_into_what_is_anothers(world):
    step = """INSERT INTO alert_step (alert_id, seq, at, action, by, body)
        SELECT id, 2, now(), 'reject', 'me', '{}' FROM alert WHERE title = 'U-36'"""
    await refused(world, OF_NORTH, step)
    stolen = """INSERT INTO explosive_acceptance (organisation_id, product, measured_at, entered_by)
        SELECT id, 'anfo', now(), 'me' FROM organisation WHERE code = 'sukhoy-log-demo'"""
    await refused(world, OF_OWN, stolen)
    given = "UPDATE blast SET organisation_id = (SELECT id FROM organisation WHERE code = 'sukhoy-log-demo')"
    await refused(world, OF_OWN, given)
    async with undone(world) as connection:
        assert await changed(connection, OF_SOUTH, step) == 1
        assert await changed(connection, OF_NORTH, "UPDATE blast SET status = 'cancelled'") == 0
        assert await changed(connection, OF_OWN, "UPDATE blast SET status = 'cancelled'") == 1
        await act_as(connection, OF_OTHER)
        assert await rows(connection, "SELECT status FROM blast") == [("planned",)]


async def test_people_keys_contacts_and_deeds_are_known_to_those_who_manage_them(world):
    for table in OF_ADMINS:
        mine = "" if table != "session_family" else " JOIN account a ON a.id = account_id"
        column = {"audit_log": "organisation", "contact": "territory", "api_token": "name"}.get(table, "login")
        query = f"SELECT {column} FROM {table}{mine} ORDER BY 1"
        north, south = [await seen(world, admin, query) for admin in (NORTH_ADMIN, SOUTH_ADMIN)]
        assert (len(north), len(south)) == (1, 1), table
        assert not set(north) & set(south), table
        for nobody in (OF_NORTH, OF_OWN, NOBODY):
            assert await seen(world, nobody, query) == [], (table, nobody)


async def test_whoever_signed_in_sees_and_changes_their_own_account_only(world):
    [(number,)] = await world.ask(rows, f"SELECT id FROM account WHERE login = 'of-{OWN}'")
    person = replace(OF_OWN, account=number)
    assert await seen(world, person, "SELECT id FROM account") == [(number,)]
    async with undone(world) as connection:
        assert await changed(connection, person, "UPDATE account SET password_hash = 'new'") == 1
        assert await changed(connection, person, "UPDATE session_family SET revoked_at = now()") == 1
        assert await changed(connection, NORTH_ADMIN, f"UPDATE account SET name = 'y' WHERE login = 'of-{OTHER}'") == 0


async def test_no_admin_gives_keys_or_accounts_of_another_territory(world):
    other = f"(SELECT id FROM organisation WHERE code = '{OTHER}')"
    await refused(
        world, NORTH_ADMIN,
        f"INSERT INTO api_token (name, token_hash, scopes, organisation_id) VALUES ('x', '', '{{}}', {other})",
    )  # fmt: skip
    await refused(
        world, NORTH_ADMIN,
        f"""INSERT INTO account (login, name, organisation_id, roles, created_at, created_by)
        VALUES ('x', 'x', {other}, '{{}}', now(), 'x')""",
    )  # fmt: skip
    await refused(
        world, NORTH_ADMIN,
        """INSERT INTO contact (role, territory, name, channel, address, created_by)
        VALUES ('duty', 'south', 'x', 'email', 'x', 'x')""",
    )  # fmt: skip
    forged = (
        "INSERT INTO audit_log (who, organisation, action, kind, object_id) VALUES ('x', 'agency-south', '', '', '')"
    )
    await refused(world, NORTH_ADMIN, forged)


async def test_what_is_closed_holds_no_row_for_anybody_of_the_api(world):
    for table in CLOSED:
        assert await seen(world, EVERYTHING, f"SELECT 1 FROM {table}") == [], table
    assert len(await world.ask(rows, "SELECT 1 FROM access_token")) == 2


async def test_raw_messages_are_read_where_their_instrument_stands(world):
    async with undone(world) as connection:
        for code in ("U-43", "U-36"):
            await connection.execute(
                text(
                    """INSERT INTO raw_message (raw_id, received_at, device_id, topic, payload, chain_seq, prev_hash, hash,
                        readings) SELECT d.id, now(), d.id, 'x', '', 1, '', '', 0 FROM device d WHERE d.code = :code"""
                ),
                {"code": code},
            )
        for caller, count in ((EVERYTHING, 2), (OF_NORTH, 1), (OF_SOUTH, 1), (OF_OWN, 0)):
            await act_as(connection, caller)
            assert len(await rows(connection, "SELECT 1 FROM raw_message_seen")) == count, caller


async def test_what_is_filed_cannot_be_unfiled_through_the_api(world):
    async with undone(world) as connection:
        for table in ("blast_revision", "blast_report", "alert_step", "fume_rating", "station_visit", "blast"):
            for caller in (OF_OWN, OF_NORTH):
                assert await changed(connection, caller, f"DELETE FROM {table}") == 0


async def test_a_photograph_belongs_to_who_brought_it_whatever_name_they_go_by(world):
    namesake = Caller("kedrovaya", frozenset({"enterprise"}), enterprise=OTHER)
    query = "SELECT sha256 FROM photograph WHERE sha256 = 'own'"
    async with undone(world) as connection:
        await act_as(connection, OF_OWN)
        await keep_photograph(connection, picture(b"y", "own"), by="kedrovaya", at=AT)
        assert await rows(connection, query) == [("own",)]
        await act_as(connection, namesake)
        assert await rows(connection, query) == []


async def test_the_pool_forgets_for_whom_it_acted(world):
    assert len(await seen(world, OF_OWN, "SELECT * FROM blast")) == 1
    with pytest.raises(ZeroDivisionError):
        await ActingDatabase(world, OF_OWN).ask(_fail)
    for _ in range(4):  # more than the pool has connections
        [(user, said)] = await world.ask(rows, "SELECT current_user, current_setting('uskat.enterprise', true)")
        assert (user != "uskat_api", said or "") == (True, "")
    assert len(await world.ask(rows, "SELECT * FROM blast")) == 2  # the owner is not bound


async def _fail(connection):
    await connection.execute(text("SELECT 1"))
    raise ZeroDivisionError


async def test_the_public_knows_the_verdict_on_an_alert_of_any_territory_but_not_who_is_at_it(world):
    assert len(await seen(world, OF_NORTH, "SELECT * FROM alert_verdict")) == 3
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'alert_verdict'"
    assert {name for (name,) in await world.ask(rows, columns)} == {"alert_id", "attention", "review", "reason"}


async def test_without_the_role_nothing_is_read_instead_of_everything(world, monkeypatch):
    nowhere = str(caller_module._ACT).replace("'uskat_api'", "'uskat_no_such_role'")
    monkeypatch.setattr(caller_module, "_ACT", text(nowhere))
    with pytest.raises(IsolationMissing):
        await seen(world, OF_OWN, "SELECT * FROM blast")


async def test_every_table_with_row_security_has_a_policy_that_lets_somebody_read(world):
    query = """SELECT c.relname, bool_or(p.polcmd IN ('r', '*')) FROM pg_class c LEFT JOIN pg_policy p
        ON p.polrelid = c.oid WHERE c.relrowsecurity GROUP BY 1"""
    found = dict(await world.ask(rows, query))
    assert set(CONFIDENTIAL) | set(BY_TERRITORY) <= set(found)
    assert {table for table, read in found.items() if not read} == set(CLOSED) | ONLY_ADDED


async def test_of_every_table_it_is_decided_who_keeps_its_rows_apart(world):
    """A new table is under policies, or closed, or it is said why it needs neither."""
    bound = {name for (name,) in await world.ask(rows, "SELECT relname FROM pg_class WHERE relrowsecurity")}
    assert set(metadata.tables) - bound <= set(UNBOUND)
    assert not set(UNBOUND) & bound


async def test_the_role_reads_raw_messages_through_the_view_only_and_writes_through_none(world):
    query = """SELECT relname, array_agg(what) FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) what
        WHERE has_table_privilege('uskat_api', pg_class.oid, what) AND relnamespace = 'public'::regnamespace
        AND (relkind = 'v' OR relname = 'raw_message') GROUP BY 1"""
    views = ("alert_verdict", "announced_blast", "contact_role", "raw_message_seen")
    assert dict(await world.ask(rows, query)) == {view: ["SELECT"] for view in views}


async def test_the_migration_goes_back(embedded_database):
    await asyncio.to_thread(command.downgrade, config(embedded_database), "0013_alert_causes")
    connection = await asyncpg.connect(embedded_database)
    assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relrowsecurity") == 0
    await connection.close()
    await asyncio.to_thread(command.upgrade, config(embedded_database), "head")
