"""Nothing missing, nothing twice after kill -9 of every part; `make kill ROUNDS=20` plays it in full size.

USKAT_KILL_ROUNDS and USKAT_KILL_PACKETS make this test as large as wanted.
"""

import os
from collections.abc import Iterator

import pytest

from services.parts.postgres import PostgresServer
from tests.chaos.kill import Trial, play, summary
from tests.conftest import made
from tests.parts.timescale import TimescaleServer

ROUNDS = int(os.environ.get("USKAT_KILL_ROUNDS", "2"))
PACKETS = int(os.environ.get("USKAT_KILL_PACKETS", "25000"))

pytestmark = [pytest.mark.chaos, pytest.mark.mosquitto, pytest.mark.timescale, pytest.mark.timeout(120 + 120 * ROUNDS)]


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    server = made(TimescaleServer)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_killing_every_part_loses_nothing_and_stores_nothing_twice(own_server: PostgresServer) -> None:
    trial = Trial(own_server, packets=PACKETS)
    verdicts = play(trial, rounds=ROUNDS, seed=20261121)
    result = summary(trial, verdicts, 0)
    assert (result["rounds"], result["missing"], result["twice"], result["strange"]) == (ROUNDS, 0, 0, 0)
    assert all(verdict.books_ok for verdict in verdicts), verdicts
    assert sum(trial.kills.values()) >= ROUNDS
    assert all(verdict.stored == verdict.expected == PACKETS * 6 for verdict in verdicts)
