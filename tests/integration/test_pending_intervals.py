"""Intervals of deferred batches: folded in once, whoever dies, and before anybody judges by them."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from services.alerts.detectors import REGISTRY
from services.alerts.worker import Evaluator
from services.storage.decisions import decide
from services.storage.engine import make_engine, unit_of_work
from services.storage.intake import Intake, statements
from services.storage.intake.connection import StorageUnavailableError
from services.storage.intake.pending import IntervalFolder
from tests.integration.test_intake import START, message, packet

INTERVALS = "SELECT * FROM interval_20min ORDER BY series_id, start"
BATCHES = [[message(packet(minute)), message(packet(minute + 25, ph=6.0 + minute / 10))] for minute in range(12)]


@pytest.fixture
async def engine(network_database):
    made = make_engine(network_database, pool_size=3)
    yield made
    await made.dispose()


@pytest.fixture
async def sql(engine, network_database):
    connection = await asyncpg.connect(network_database)
    yield connection
    await connection.close()


@pytest.fixture
async def folder(engine, network_database):
    opened = await IntervalFolder.open(network_database)
    yield opened
    await opened.close()


async def stored(network_database, batches, *, defers_intervals=True):
    intake = await Intake.open(network_database, worker="test", defers_intervals=defers_intervals)
    for batch in batches:
        await intake.store(batch)
    await intake.close()


async def plain_rows(sql, query):
    return [tuple(row) for row in await sql.fetch(query)]


async def test_folded_intervals_equal_those_written_at_once(sql, network_database, folder):
    await stored(network_database, BATCHES)
    assert await sql.fetchval("SELECT count(*) FROM interval_20min") == 0
    assert await folder.fold() == len(BATCHES)
    assert await sql.fetchval("SELECT count(*) FROM interval_pending") == 0
    folded = await plain_rows(sql, INTERVALS)
    assert sum(row[2] for row in folded) == await sql.fetchval("SELECT count(*) FROM observation")
    await sql.execute("TRUNCATE interval_20min, observation")
    await stored(network_database, BATCHES, defers_intervals=False)
    assert await plain_rows(sql, INTERVALS) == folded


async def test_several_folders_and_writers_at_once_count_everything_once(sql, network_database, folder):
    second = await IntervalFolder.open(network_database)

    async def keep_folding(one, done):
        while not done.is_set():
            await one.fold()
            await asyncio.sleep(0)

    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        folding = [group.create_task(keep_folding(one, done)) for one in (folder, second)]
        await asyncio.gather(stored(network_database, BATCHES[::2]), stored(network_database, BATCHES[1::2]))
        done.set()
        await asyncio.gather(*folding)
    await folder.fold()
    await second.close()
    counts = await sql.fetchrow("SELECT sum(n) AS n, count(*) FILTER (WHERE n < 0) AS bad FROM interval_20min")
    assert counts["n"] == await sql.fetchval("SELECT count(*) FROM observation")


async def test_a_fold_that_dies_half_way_changes_nothing(sql, network_database, folder, monkeypatch):
    await stored(network_database, BATCHES[:3])
    await folder.fold()
    before = await plain_rows(sql, INTERVALS)
    await stored(network_database, BATCHES[3:])
    doomed = await IntervalFolder.open(network_database)
    with monkeypatch.context() as patch:
        patch.setattr(statements, "DROP_PENDING", "SELECT pg_terminate_backend(pg_backend_pid()), $1::bigint[]")
        with pytest.raises(StorageUnavailableError):
            await doomed.fold()
    assert await plain_rows(sql, INTERVALS) == before
    assert await folder.fold() == len(BATCHES) - 3
    assert sum(row[2] for row in await plain_rows(sql, INTERVALS)) == await sql.fetchval(
        "SELECT count(*) FROM observation"
    )


async def test_a_decision_counts_a_waiting_reading_once(sql, network_database, engine, folder):
    await stored(
        network_database, [[message(packet(0, ph=7.0))], [message(packet(0, ph=7.5)), message(packet(1, ph=7.0))]]
    )
    series, conflict = await sql.fetchrow("SELECT series_id, id FROM observation_conflict")
    async with unit_of_work(engine) as connection:
        await decide(connection, series_id=series, time=START, conflict_id=conflict, by="duty", reason="laboratory")
    await folder.fold()
    assert await plain_rows(sql, "SELECT n, n_valid, total FROM interval_20min") == [(2, 2, 14_500_000)]


async def test_alerts_judge_what_nobody_has_folded_yet(sql, network_database, engine):
    exceedance = [detector for detector in REGISTRY if detector.name == "exceedance"]
    acid = [[message(packet(minute, ph=3.0))] for minute in range(20)]
    await stored(network_database, acid)
    evaluator = Evaluator(engine, registry=exceedance, clock=lambda: START + timedelta(days=2))
    await evaluator.evaluate_waiting()
    [alert] = await plain_rows(sql, "SELECT kind, started_at FROM alert WHERE kind = 'exceedance'")
    assert alert == ("exceedance", START)
    assert await sql.fetchval("SELECT count(*) FROM interval_pending") == 0
