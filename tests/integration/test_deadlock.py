"""Locks that cross: a verdict and the detectors hold what the other needs, and both get through."""

import asyncio

import pytest
from sqlalchemy import text

from services.storage.caller import ActingDatabase, Caller
from services.storage.engine import make_engine, unit_of_work
from services.storage.reading import TRIES, Database, DatabaseAway, make_reading_engine

DUTY = Caller("duty", everything=True)
ROWS = "INSERT INTO territory (code, name) VALUES ('a', ''), ('b', '')"
HOLD = "UPDATE territory SET name = name || :by WHERE code = :code"


@pytest.fixture
async def pool(embedded_database: str):
    made = Database(make_reading_engine(embedded_database, pool_size=2))
    await made.change(_execute, ROWS)
    yield made
    await made.close()


async def _execute(connection, statement: str, **bound: str) -> None:
    await connection.execute(text(statement), bound)


async def test_what_a_deadlock_has_undone_is_done_again(embedded_database: str, pool: Database) -> None:
    """The change waits for b while the other, who holds b, waits for a: the database undoes the change, once."""
    begun = 0
    held = asyncio.Event()

    async def change(connection) -> None:
        nonlocal begun
        begun += 1
        await _execute(connection, HOLD, code="a", by="c")
        held.set()
        await _execute(connection, HOLD, code="b", by="c")

    engine = make_engine(embedded_database)
    async with unit_of_work(engine) as other:
        await _execute(other, "SET LOCAL deadlock_timeout = '10min'")  # so that it is the change that is undone
        await _execute(other, HOLD, code="b", by="o")
        running = asyncio.create_task(ActingDatabase(pool, DUTY).change(change))
        await held.wait()
        await _execute(other, HOLD, code="a", by="o")
    await asyncio.wait_for(running, 30)
    async with unit_of_work(engine) as connection:
        names = {name for (name,) in await connection.execute(text("SELECT name FROM territory"))}
    await engine.dispose()
    assert (begun, names) == (2, {"oc"})


async def test_a_change_that_is_undone_again_and_again_says_come_back_later(pool: Database) -> None:
    tried = 0

    async def undone(connection) -> None:
        nonlocal tried
        tried += 1
        await _execute(connection, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$")

    with pytest.raises(DatabaseAway):
        await pool.change(undone)
    assert tried == TRIES
