"""Outages and poison at a running ingest process: it waits, tells so, comes back, and nothing is lost or stops."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.parts.postgres import PostgresServer
from simulators.load import publish_packets
from simulators.load_packet import water_messages
from tests.chaos.plant import Plant
from tests.conftest import made
from tests.parts.embedded import TemporaryEmbeddedPostgres

DEVICE, PARAMETERS = "U-25", ("temp", "ph", "ec25")
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
WAIT_S = 40.0

pytestmark = [pytest.mark.chaos, pytest.mark.mosquitto, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    server = made(TemporaryEmbeddedPostgres)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def plant(own_server: PostgresServer, tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(own_server, database="outages", folder=tmp_path)
    plant.prepare()
    try:
        yield plant
    finally:
        if not own_server.process.running:
            own_server.start()
        plant.stop()


def until(condition: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def number(plant: Plant, query: str) -> int:
    return int(plant.server.execute(query, "outages")[0][0] or 0)


def stored(plant: Plant) -> int:
    return number(plant, "SELECT count(*) FROM observation")


def send(plant: Plant, scans: int, *, first: int = 0) -> None:
    messages = water_messages(
        [DEVICE], PARAMETERS, start=START + timedelta(seconds=first), interval_s=1, scans=scans, first_seq=first + 1
    )
    publish_packets("127.0.0.1", plant.broker.port, None, None, messages)


def send_payloads(plant: Plant, *messages: tuple[str, bytes]) -> None:
    publish_packets("127.0.0.1", plant.broker.port, None, None, list(messages), client_id="payloads")


def all_stored_once(plant: Plant, scans: int) -> None:
    until(lambda: stored(plant) >= 3 * scans, f"{stored(plant)} of {3 * scans}")
    assert stored(plant) == 3 * scans
    assert number(plant, "SELECT count(*) FROM (SELECT DISTINCT series_id, time FROM observation) once") == 3 * scans
    assert number(plant, "SELECT count(*) FROM ledger WHERE received <> stored + duplicate + conflict + rejected") == 0


def test_a_database_killed_for_five_seconds_loses_nothing_and_is_told_by_health(plant: Plant) -> None:
    plant.start()
    (worker,) = plant.workers
    send(plant, 1000)
    plant.kill("database")
    send(plant, 4000, first=1000)
    until(lambda: not worker.is_ready(), "ready without a database")
    pid = worker.process.pid
    time.sleep(5)
    assert not worker.is_ready()
    plant.restart(["database"])
    send(plant, 1000, first=5000)
    all_stored_once(plant, 6000)
    until(worker.is_ready, "not ready again")
    assert worker.process.pid == pid


def test_a_broker_that_goes_and_comes_is_found_again(plant: Plant) -> None:
    plant.start()
    (worker,) = plant.workers
    send(plant, 500)
    all_stored_once(plant, 500)
    plant.broker.stop()
    until(lambda: not worker.is_ready(), "ready without a broker")
    plant.broker.start()
    until(worker.is_ready, "not subscribed again")
    send(plant, 500, first=500)
    all_stored_once(plant, 1000)


def test_sigterm_stores_what_was_taken_and_the_broker_keeps_the_rest(plant: Plant) -> None:
    plant.start()
    (worker,) = plant.workers
    send(plant, 8000)
    assert worker.process.stop(timeout_s=30) == 0
    before = stored(plant)
    assert before % 3 == 0
    assert '"waiting": 0' in worker.process.log_tail()
    worker.start()
    all_stored_once(plant, 8000)
    # What the first process had stored it had also acknowledged: nothing came twice.
    assert number(plant, "SELECT sum(duplicate) FROM ledger") == 0


def test_sigterm_without_a_database_ends_the_process_and_loses_nothing(plant: Plant) -> None:
    plant.start()
    (worker,) = plant.workers
    plant.kill("database")
    send(plant, 500)
    until(lambda: not worker.is_ready(), "ready without a database")
    assert worker.process.stop(timeout_s=30) == 0
    plant.restart(["database"])
    worker.start()
    all_stored_once(plant, 500)


def test_two_workers_on_a_shared_subscription_share_the_work_and_store_all_once(plant: Plant) -> None:
    plant.start(workers=2)
    send(plant, 6000)
    all_stored_once(plant, 6000)
    shares = plant.server.execute("SELECT count(*) FROM raw_message GROUP BY raw_id & 4095", "outages")
    assert len(shares) == 2
    assert min(int(share or 0) for (share,) in shares) > 600


def test_a_killed_worker_leaves_its_messages_to_the_other(plant: Plant) -> None:
    """Mosquitto gives a dead worker's share back only when its session comes back: that is why it is restarted."""
    plant.start(workers=2)
    send(plant, 3000)
    plant.workers[0].process.kill()
    send(plant, 3000, first=3000)
    plant.workers[0].start()
    all_stored_once(plant, 6000)


def test_impossible_clocks_are_refused_and_never_block_the_stream(plant: Plant) -> None:
    plant.start()
    stamps = ["1970-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
    topic = f"uskat/v1/{DEVICE}/water"
    bad = [(topic, json.dumps({"t": stamp, "v": {"ph": 7, "temp": 1}}).encode()) for stamp in stamps]
    jumping = [
        (topic, json.dumps({"t": (START + timedelta(days=step)).isoformat(), "v": {"ph": 7, "temp": 1, "ec25": 9}}).encode())
        for step in (0, 20, -3000, 5, -900, 1)
    ]  # fmt: skip
    send_payloads(plant, *[message for pair in zip(bad * 3, jumping * 2, strict=True) for message in pair])
    all_stored_once(plant, 6)
    reasons = plant.server.execute("SELECT reason, sum(readings) FROM rejected GROUP BY 1 ORDER BY 1", "outages")
    assert reasons == [("clock_future", "12"), ("clock_past", "12")]


def test_a_payload_of_16_mb_is_refused_by_size_or_content_and_the_next_one_is_stored(plant: Plant) -> None:
    plant.start()
    limit = 16 * 2**20
    topic = f"uskat/v1/{DEVICE}/water"
    scan = json.dumps({"t": START.isoformat(), "v": {"ph": 7.0, "temp": 1.0, "ec25": 9.0}}).encode()
    largest = limit - len(topic) - 100  # the broker counts its own header too
    send_payloads(plant, (topic, b"[" * largest), (topic, scan + b" " * (largest - len(scan))))
    all_stored_once(plant, 1)
    assert plant.server.execute("SELECT reason FROM rejected", "outages") == [("undecodable",)]
    assert number(plant, "SELECT max(length(payload)) FROM raw_message") == largest


def test_poison_for_the_database_is_kept_with_its_reason_and_stops_nothing(plant: Plant) -> None:
    plant.start()
    poison = [(f"uskat/v1/{DEVICE}/status", b'{"state":"on\\u0000line"}')] * 3
    send_payloads(plant, *poison)
    send(plant, 1000)
    all_stored_once(plant, 1000)
    assert plant.server.execute("SELECT reason, count(*) FROM rejected GROUP BY 1", "outages") == [("unstorable", "3")]


def test_the_registry_is_read_again_for_a_device_that_has_just_been_added(plant: Plant) -> None:
    plant.start()
    send(plant, 1)
    all_stored_once(plant, 1)
    connection_url = plant.database_url

    async def rename() -> None:
        import asyncpg

        connection = await asyncpg.connect(connection_url)
        await connection.execute("UPDATE device SET code = 'NEW-1' WHERE code = $1", DEVICE)
        await connection.close()

    asyncio.run(rename())
    try:
        time.sleep(1.1)  # the registry is read again at most once a second for unknown names
        scan = json.dumps({"t": (START + timedelta(hours=1)).isoformat(), "v": {"ph": 7.0, "temp": 1.0, "ec25": 9.0}})
        send_payloads(plant, ("uskat/v1/NEW-1/water", scan.encode()))
        all_stored_once(plant, 2)
    finally:
        plant.server.execute(f"UPDATE device SET code = '{DEVICE}' WHERE code = 'NEW-1'", "outages")
