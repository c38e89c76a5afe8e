"""Claims, isolation of detectors, several workers, kill -9, metrics and health, on both databases."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import timedelta

import asyncpg
import pytest

from services.alerts.detection import Detector, Evaluation
from services.alerts.detectors import REGISTRY
from services.alerts.worker import AlertsWorker, Evaluator
from services.observability import Health
from services.parts.port import free_port
from services.storage.engine import make_engine
from services.storage.migrate import upgrade
from tests.integration.alerts_world import INTERVAL, World, add_station, at, make_world

EXCEEDANCE = [detector for detector in REGISTRY if detector.name == "exceedance"]


@pytest.fixture
async def world(database):
    made = await make_world(database, parameters=("nh4",))
    yield made
    await made.sql.close()


@pytest.fixture
async def engine(database):
    made = make_engine(database, pool_size=6)
    yield made
    await made.dispose()


class Faulty:
    """A detector that raises while `broken`, and asks SQL nonsense while `nonsense`."""

    def __init__(self):
        self.broken = True
        self.spans = []

    async def evaluate(self, context):
        if self.broken == "sql":
            from services.storage.detector_reading import last_readings

            await last_readings(context.connection, ["no number"])
        if self.broken:
            raise ZeroDivisionError("planted")
        self.spans.append((context.span.low, context.span.high))
        return Evaluation()


@pytest.mark.parametrize("fault", [True, "sql"])
async def test_a_detector_that_raises_does_not_stop_the_others_and_owes_its_spans(world, engine, fault):
    faulty, now = Faulty(), at(100)
    faulty.broken = fault
    registry = [Detector("faulty", frozenset({"water"}), faulty.evaluate, each_span=True), *EXCEEDANCE]
    evaluator = Evaluator(engine, registry=registry, clock=lambda: now)
    await world.hours("nh4", 10, [1.0])
    await evaluator.evaluate_waiting()
    internal, exceedance = sorted(await world.alerts(), key=lambda alert: alert["kind"] == "exceedance")
    assert (internal["kind"], internal["state"], internal["published"]) == ("internal", "active", False)
    assert exceedance["state"] == "active"
    await world.hours("nh4", 80, [1.0])  # while it waits for its next try nothing is lost
    await evaluator.evaluate_waiting()
    assert faulty.spans == []
    faulty.broken = False
    now = at(101)
    await evaluator.evaluate_waiting()
    assert faulty.spans == [(at(10), at(10) + timedelta(minutes=19)), (at(80), at(80) + timedelta(minutes=19))]
    (internal,) = await world.alerts(kind="internal")
    assert internal["state"] == "returned"


async def test_an_evaluation_given_up_leaves_the_journal(world, engine, monkeypatch):
    evaluator = Evaluator(engine, registry=EXCEEDANCE, clock=lambda: at(100))
    await world.hours("nh4", 10, [1.0])

    async def lost(*_arguments, **_named):
        raise ConnectionResetError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("services.alerts.worker.finish_station", lost)
        assert await evaluator.evaluate_waiting() == 0
    assert await world.sql.fetchval("SELECT count(*) FROM journal") == 1
    assert await world.alerts() == []
    assert await evaluator.evaluate(world.station)
    assert len(await world.alerts()) == 1


async def test_many_workers_evaluate_each_station_once(world, engine, database):
    stations = [world] + [await add_station(world.sql, code=f"U-{n}", parameters=("nh4",)) for n in range(10, 30)]
    for station in stations:
        await station.hours("nh4", 10, [1.0, 2.0])
    other = make_engine(database, pool_size=3)
    evaluators = [
        Evaluator(pool, registry=EXCEEDANCE, clock=lambda: at(100), concurrency=2) for pool in (engine, other)
    ]
    done = await asyncio.gather(*(evaluator.evaluate_waiting() for evaluator in evaluators))
    await other.dispose()
    assert sum(done) == len(stations)
    assert await world.sql.fetchval("SELECT count(*) FROM alert") == len(stations)
    assert await world.sql.fetchval("SELECT count(*) FROM alert_event") == len(stations)


async def test_two_workers_never_hold_one_station(world, engine):
    await world.hours("nh4", 10, [1.0])
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(_context):
        entered.set()
        await leave.wait()
        return Evaluation()

    registry = [Detector("slow", frozenset({"water"}), slow, each_span=True)]
    first, second = (Evaluator(engine, registry=registry, clock=lambda: at(100)) for _ in range(2))
    running = asyncio.create_task(first.evaluate(world.station))
    await entered.wait()
    assert await second.evaluate(world.station) is False
    leave.set()
    assert await running


async def test_the_loop_wakes_when_called_and_listeners_hear_of_the_event(world, engine):
    heard = asyncio.Queue()
    await world.sql.add_listener("uskat_alert", lambda _c, _p, _n, payload: heard.put_nowait(payload))
    worker = AlertsWorker(Evaluator(engine, registry=EXCEEDANCE, clock=lambda: at(100)), Health())
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await world.hours("nh4", 10, [1.0])
    worker.call()
    payload = await asyncio.wait_for(heard.get(), 10)
    assert await world.sql.fetchval("SELECT event FROM alert_event WHERE id = $1", int(payload)) == "opened"
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_a_flood_of_commits_of_one_station_is_evaluated_at_a_pace(world, engine, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr("services.alerts.worker.time.monotonic", lambda: moment[0])
    evaluator = Evaluator(engine, registry=EXCEEDANCE, clock=lambda: at(100), pace_s=2.0)
    done = []
    for _ in range(4):
        await world.hours("nh4", 10, [1.0])
        done.append(await evaluator.sweep())
        moment[0] += 0.9
    assert done == [1, 0, 0, 1]
    assert await world.sql.fetchval("SELECT count(*) FROM journal") == 0


async def test_the_loop_outlives_a_database_that_is_killed(killable_postgres):
    await asyncio.to_thread(upgrade, killable_postgres.create_database("alerts"))
    url = killable_postgres.url("alerts")
    world = await make_world(url, parameters=("nh4",))
    engine, health, stop = make_engine(url, pool_size=2), Health(), asyncio.Event()
    running = asyncio.create_task(
        AlertsWorker(Evaluator(engine, registry=EXCEEDANCE, clock=lambda: at(100)), health).run(stop)
    )

    async def ready():
        return health.why_not_ready is None

    await until(ready)
    await world.hours("nh4", 10, [1.0])
    killable_postgres.kill()

    async def away():
        return "database" in (health.why_not_ready or "")

    await until(away)
    await asyncio.to_thread(killable_postgres.start)
    await until(ready)
    again = World(await asyncpg.connect(url), world.station, world.device, world.series, world.scale)

    async def evaluated():
        return [alert["state"] for alert in await again.alerts()] == ["active"]

    await until(evaluated)
    stop.set()
    await asyncio.wait_for(running, 10)
    await engine.dispose()
    await again.sql.close()


PROCESS = """
import asyncio, sys
from services.alerts.main import run
from services.observability import configure_logging
from services.settings import Settings
settings = Settings()
configure_logging(settings, process="alerts")
asyncio.run(run(settings))
"""


@contextmanager
def started_process(database, port, log):
    """The process of the alerts; whatever the test finds, none is left behind to disturb the next one."""
    environment = os.environ | {
        "USKAT_DATABASE_URL": database,
        "USKAT_ALERTS_METRICS_PORT": str(port),
        "USKAT_ALERTS_CONCURRENCY": "2",
    }
    with subprocess.Popen([sys.executable, "-c", PROCESS], env=environment, stderr=log, stdout=log) as process:
        try:
            yield process
        finally:
            process.kill()


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.status, answer.read().decode()


async def until(condition, timeout=150):
    deadline = time.monotonic() + timeout
    while not await condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


@pytest.mark.timeout(600)
async def test_a_killed_process_loses_nothing_and_does_nothing_twice(world, database, tmp_path):
    """kill -9 in the middle of the work, several times; a last process finishes it."""
    stations = [world] + [await add_station(world.sql, code=f"U-{n}", parameters=("nh4",)) for n in range(10, 70)]
    for station in stations:
        await station.hours("nh4", 10, [1.0, 2.0, 0.1, 0.1])

    async def some(fewer_than):
        return await world.sql.fetchval("SELECT count(*) FROM journal") < fewer_than

    with (tmp_path / "log").open("w+") as log:
        for left in (60, 45, 20):
            with started_process(database, free_port(), log):  # and killed
                await until(lambda left=left: some(left))
        port = free_port()
        with started_process(database, port, log) as process:
            await until(lambda: some(1))

            async def ready():
                try:
                    return (await asyncio.to_thread(get, port, "/health/ready"))[0] == 200
                except OSError:
                    return False

            await until(ready)
            assert "uskat_alerts_stations_evaluated_total" in (await asyncio.to_thread(get, port, "/metrics"))[1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        log.seek(0)
        assert database not in log.read()
    exceedances = await world.alerts(kind="exceedance")
    assert len(exceedances) == len(stations)
    assert {(alert["state"], alert["started_at"], alert["ended_at"]) for alert in exceedances} == {
        ("returned", at(10), at(10) + 2 * INTERVAL)
    }
    events = await world.sql.fetch(
        "SELECT alert_id, array_agg(event ORDER BY e.id) AS events FROM alert_event e JOIN alert a ON a.id = alert_id"
        " WHERE kind = 'exceedance' GROUP BY alert_id"
    )
    assert {tuple(row["events"]) for row in events} == {("opened", "returned")}


@pytest.mark.timeout(300)
async def test_the_process_says_in_json_what_it_did(world, database, tmp_path):
    await world.hours("nh4", 10, [1.0])
    with (tmp_path / "log").open("w+") as log:
        with started_process(database, free_port(), log) as process:

            async def done():
                return await world.sql.fetchval("SELECT count(*) FROM alert WHERE kind = 'exceedance'") == 1

            await until(done)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        log.seek(0)
        lines = [json.loads(line) for line in log.read().splitlines()]
    opened = [line for line in lines if line["event"] == "alert.changed" and line["kind"] == "exceedance"]
    assert [(line["change"], line["severity"], line["process"]) for line in opened] == [
        ("opened", "violation", "alerts")
    ]
    assert lines[-1]["event"] == "alerts.stopped"
