"""Row-level security on both databases: even a bare SELECT in a caller's transaction gives only what is theirs."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest
from alembic import command
from sqlalchemy import text

from services.storage import caller as caller_module
from services.storage import registry
from services.storage.blast_registry import load_surroundings
from services.storage.blast_store import file_blast
from services.storage.caller import ActingDatabase, Caller, IsolationMissing, NotYours, act_as
from services.storage.engine import make_engine, unit_of_work
from services.storage.fume_store import keep_photograph
from services.storage.migrate import config
from services.storage.reading import Database, make_reading_engine
from tests.conftest import fresh_database
from tests.unit.blast.passports import passport
from uskat.blast.passport.lifecycle import declare
from uskat.blast.photograph import Photograph, PhotographKind
from uskat.blast.surroundings import demo_surroundings
from uskat.water.network import demo_network

AT = datetime(2026, 6, 9, 3, 0, tzinfo=UTC)
OWN, OTHER = "kedrovaya-pad-demo", "sukhoy-log-demo"
NORTH, SOUTH = "north", "south"
EVERYTHING = Caller("duty", everything=True)
OF_OWN = Caller("kedrovaya", frozenset({"enterprise"}), enterprise=OWN)
OF_OTHER = Caller("sukhoy", frozenset({"enterprise"}), enterprise=OTHER)
OF_NORTH = Caller("inspector", frozenset({"inspector"}), agency="inspection-demo", territories=frozenset({NORTH}))
OF_SOUTH = Caller("inspector", frozenset({"inspector"}), agency="agency-south", territories=frozenset({SOUTH}))
NOBODY = Caller("anonymous")
CONFIDENTIAL = ("blast", "blast_revision", "blast_report", "fume_rating", "photograph", "explosive_acceptance")
BY_TERRITORY = ("alert_step", "alert_handling", "rejected", "station_visit")
TERRITORIES = (
    f"UPDATE station SET territory = CASE WHEN code = 'U-43' THEN '{NORTH}' WHEN code = 'U-36' THEN '{SOUTH}' END",
    "DELETE FROM place WHERE kind = 'pit'",
    f"""INSERT INTO place (kind, code, name, latitude, longitude, organisation_id, territory)
    SELECT 'pit', p.code, p.name, p.latitude, p.longitude, p.organisation_id,
        CASE o.code WHEN '{OWN}' THEN '{NORTH}' WHEN '{OTHER}' THEN '{SOUTH}' END
    FROM pit p JOIN organisation o ON o.id = p.organisation_id""",
)
FILLING = (
    """INSERT INTO blast_report (blast_id, number, report, discrepancies, fired_at, filed_at, misfired_holes)
    SELECT id, 1, '{}', '[]', now(), now(), 0 FROM blast""",
    """INSERT INTO fume_rating (blast_id, rating, level, left_site, observation, photo, entered_by)
    SELECT b.id, '1A', 1, false, '{}', p.sha256, 'x' FROM blast b JOIN organisation o ON o.id = b.organisation_id
    JOIN photograph p ON p.entered_by = o.code""",
    """INSERT INTO explosive_acceptance (organisation_id, product, measured_at, entered_by)
    SELECT organisation_id, 'anfo', now(), 'x' FROM blast""",
    """INSERT INTO alert (key, station_id, detector, kind, severity, state, started_at, knowable_at, known_at,
        updated_at, title, figures, reasons)
    SELECT 'exceedance:' || code, id, 'exceedance', 'exceedance', 'violation', 'active', now(), now(), now(), now(),
        code, '{}', '[]' FROM station WHERE code IN ('U-43', 'U-36', 'U-25')""",
    """INSERT INTO alert_step (alert_id, seq, at, action, by, body) SELECT id, 1, now(), 'raise', 'machine', '{}'
    FROM alert""",
    """INSERT INTO alert_handling (alert_id, seq, last_event, attention, review, severity, policy, since, restless)
    SELECT id, 1, 1, 'waiting', 'open', 'violation', 'x', now(), false FROM alert""",
    """INSERT INTO rejected (raw_id, station_id, reason, detail, readings, received_at)
    SELECT id, id, 'unit', '', 1, now() FROM station WHERE code IN ('U-43', 'U-36', 'U-25')""",
    "INSERT INTO rejected (raw_id, reason, detail, readings, received_at) VALUES (9, 'sender', '', 1, now())",
    """INSERT INTO station_visit (station_id, kind, starts_at, ends_at, entered_by)
    SELECT id, 'visit', now(), now(), 'x' FROM station WHERE code IN ('U-43', 'U-36', 'U-25')""",
)


def picture(content: bytes, sha256: str) -> Photograph:
    return Photograph(sha256=sha256, kind=PhotographKind.PNG, width_px=1, height_px=1, content=content)


async def fill(url: str) -> None:
    """One blast of each enterprise, each in a territory of its own; alerts in both territories and in none."""
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
        await load_surroundings(connection, demo_surroundings())
        for statement in TERRITORIES:
            await connection.execute(text(statement))
        for enterprise, pit in ((OWN, "kedrovaya-pad"), (OTHER, "sukhoy-log")):
            filed = declare(passport(enterprise=enterprise, pit=pit), at=AT, by="x")
            await file_blast(connection, filed)
            await keep_photograph(connection, picture(b"x", enterprise), by=enterprise, at=AT)
        for statement in FILLING:
            await connection.execute(text(statement.replace(":", r"\:")))
    await engine.dispose()


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
    assert all(found.values()), found


async def test_the_migration_goes_back(embedded_database):
    await asyncio.to_thread(command.downgrade, config(embedded_database), "0013_alert_causes")
    connection = await asyncpg.connect(embedded_database)
    assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relrowsecurity") == 0
    await connection.close()
    await asyncio.to_thread(command.upgrade, config(embedded_database), "head")
