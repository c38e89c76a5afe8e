"""Simulated loggers on real brokers, with a tiny server that confirms: outages, kill -9, whole scenarios."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.parts.broker import Broker as BrokerProcess
from simulators.field import serve
from simulators.link import Broker
from simulators.load import publish_packets
from simulators.load_packet import PARAMETERS, water_messages
from simulators.logger import FieldLogger, LoggerOptions
from simulators.scenario import load_scenario
from simulators.sending import PacketSeries
from simulators.simulation import Settings, Simulation
from tests.integration.confirming_server import PATIENCE_S, ConfirmingServer
from uskat.water.network import demo_network
from uskat.wire.water import WaterPacket

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def server(broker):
    confirming = ConfirmingServer(broker)
    yield confirming
    confirming.close()


@pytest.fixture
def make_logger(broker, tmp_path):
    made = []

    def make(device="KU-1", **options):
        settings = LoggerOptions(**{"resend_after_s": 0.5, "batch": 5} | options)
        made.append(FieldLogger(device, tmp_path, address(broker), options=settings))
        return made[-1]

    yield make
    for logger in made:
        logger.close()


def address(broker: BrokerProcess) -> Broker:
    return Broker("127.0.0.1", broker.port, 5 if broker.protocol == "5" else 4)


def scans(count: int, first: int = 0) -> list[WaterPacket]:
    series = PacketSeries(count, PARAMETERS[:6], START, 60.0)
    return [series.scan(number) for number in range(first, first + count)]


def serve_until(loggers, condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        serve(loggers, 0.01)


def empty(logger: FieldLogger):
    return lambda: len(logger.delivery) == 0


def test_a_backlog_is_delivered_and_the_buffer_is_empty(make_logger, server):
    logger = make_logger()
    logger.record_water(scans(200))
    serve_until([logger], empty(logger))
    assert server.values == {("KU-1", scan.t): scan.v for scan in scans(200)}
    assert logger.buffer.totals().readings_confirmed == 1200


def test_what_the_server_does_not_confirm_is_sent_again(make_logger, server):
    logger = make_logger()
    server.mute = True
    logger.record_water(scans(20))
    serve_until([logger], lambda: len(server.scans) == 20)
    assert len(logger.delivery) == 20
    server.mute = False
    serve_until([logger], empty(logger))
    assert min(server.scans.values()) >= 2


def test_a_killed_broker_costs_nothing(make_logger, server, broker):
    logger = make_logger()
    server.mute = True
    logger.record_water(scans(50))
    serve_until([logger], lambda: len(server.scans) == 50)
    server.close()
    broker.kill()
    logger.record_water(scans(50, 50))
    serve_until([logger], lambda: not logger.link.ready)
    broker.start()
    again = ConfirmingServer(broker)
    try:
        serve_until([logger], empty(logger))
        assert len(again.scans) == 100
    finally:
        again.close()


def test_refused_packets_leave_the_buffer_and_are_counted(make_logger, server):
    logger = make_logger()
    server.refuse = True
    logger.record_water(scans(10))
    serve_until([logger], empty(logger))
    assert logger.buffer.totals().readings_rejected == 60


def test_a_backlog_may_come_in_disorder_and_twice(make_logger, server):
    logger = make_logger(batch=1)
    logger.delivery.disorder, logger.delivery.repeat = True, 2
    logger.record_water(scans(60))
    serve_until([logger], lambda: sum(server.scans.values()) >= 120 and not len(logger.delivery))
    assert set(server.scans.values()) == {2}
    assert server.order != sorted(server.order)


def test_going_offline_leaves_the_last_will_and_coming_back_withdraws_it(make_logger, server):
    logger = make_logger()
    serve_until([logger], lambda: server.states.get("KU-1") == "online")
    logger.wanted_online = False
    serve_until([logger], lambda: server.states["KU-1"] == "offline")
    logger.record_water(scans(5))
    serve([logger], 0.01)
    assert len(logger.delivery) == 5
    logger.wanted_online = True
    serve_until([logger], lambda: server.states["KU-1"] == "online" and not len(logger.delivery))


def test_a_logger_that_does_not_wait_forgets_at_puback(make_logger, server):
    server.mute = True
    logger = make_logger(wait_for_ack=False)
    logger.record_water(scans(40))
    serve_until([logger], lambda: not len(logger.delivery) and len(server.scans) == 40)


def send_command(broker: BrokerProcess, state: Path, packets: int) -> list[str]:
    return [
        sys.executable, "-m", "simulators.main", "send", "--device", "KU-1", "--packets", str(packets),
        "--state", str(state), "--mqtt-url", broker.url, "--protocol", "5" if broker.protocol == "5" else "4",
        "--rate", "1500", "--resend-after-s", "1", "--batch", "4",
    ]  # fmt: skip


def test_a_logger_killed_again_and_again_delivers_everything_exactly_once_after_deduplication(broker, server, tmp_path):
    packets = 3000
    status = tmp_path / "simulator.json"
    seen = 0
    for _round in range(4):
        process = subprocess.Popen(send_command(broker, tmp_path, packets), cwd=ROOT)
        deadline = time.monotonic() + PATIENCE_S
        while len(server.scans) < min(seen + 400, packets - 200) and process.poll() is None:
            assert time.monotonic() < deadline, "nothing came"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        seen = len(server.scans)
    assert seen < packets
    subprocess.run(send_command(broker, tmp_path, packets), cwd=ROOT, check=True, timeout=60)
    expected = {
        ("KU-1", scan.t): scan.v
        for scan in (PacketSeries(packets, PARAMETERS[:6], START, 1.0).scan(n) for n in range(packets))
    }
    shift = datetime(2026, 1, 1, tzinfo=UTC) - START
    assert server.values == {(device, moment + shift): values for (device, moment), values in expected.items()}
    account = json.loads(status.read_text(encoding="utf-8"))
    assert (account["readings_generated"], account["readings_confirmed"], account["readings_buffered"]) == (
        18_000,
        18_000,
        0,
    )


class Clock:
    """Unix time under the test's hand."""

    def __init__(self) -> None:
        self.now_s = START.timestamp() + 30.0

    def __call__(self) -> float:
        return self.now_s


def play(simulation: Simulation, clock: Clock, minutes: float) -> None:
    end_s = clock.now_s + minutes * 60
    while clock.now_s < end_s:
        clock.now_s += 5.0
        simulation.turn(0.0)
    deadline = time.monotonic() + PATIENCE_S
    while any(len(logger.delivery) for logger in simulation.loggers if logger.wanted_online):
        assert time.monotonic() < deadline, "the backlog never went out"
        simulation.turn(0.01)


def test_a_scenario_is_played_with_its_outage_and_goes_on_after_a_restart(broker, server, tmp_path):
    clock = Clock()
    network = demo_network()
    scenario = load_scenario("demo", network)
    settings = Settings(tmp_path, address(broker), {})
    first = Simulation(network, scenario, settings, clock=clock, say=lambda _text: None)
    play(first, clock, 2)
    status = json.loads((tmp_path / "simulator.json").read_text(encoding="utf-8"))
    assert status["offline"] == ["KU-2"]
    first.close()
    before = dict(server.values)
    clock.now_s += 90
    second = Simulation(network, scenario, settings, clock=clock, say=lambda _text: None)
    play(second, clock, 6)
    second.close()
    status = json.loads((tmp_path / "simulator.json").read_text(encoding="utf-8"))
    assert (status["offline"], status["readings_buffered"], status["running"]) == ([], 0, False)
    assert status["readings_generated"] == status["readings_confirmed"] == sum(len(v) for v in server.values.values())
    assert before.items() <= server.values.items()
    minutes = sorted(moment for device, moment in server.values if device == "TA-2")
    assert [b - a for a, b in itertools.pairwise(minutes)] == [minutes[1] - minutes[0]] * (len(minutes) - 1)
    assert max(server.scans[key] for key in server.scans if key[0] == "KU-2") >= 2
    assert status["records_buffered"] == 0
    assert len(server.records) >= 1
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    exceeding = {(line["station"], line["parameter"]) for line in truth if line["kind"] == "interval"}
    assert ("TA-2", "nh4") in exceeding
    assert any(line["kind"] == "ground_motion" and line["ppv_mm_s"] > 5 and line["triggered"] for line in truth)


@pytest.mark.mosquitto
def test_load_reaches_the_broker_whole(mosquitto_broker):
    # Only here: amqtt acknowledges and then drops what a slow subscriber has not taken (services.parts.amqtt_broker).
    broker, server = mosquitto_broker, ConfirmingServer(mosquitto_broker)
    messages = list(water_messages(["KU-1"], PARAMETERS, start=START, interval_s=1, scans=2000))
    result = publish_packets("127.0.0.1", broker.port, "KU-1", None, messages, window=200)
    deadline = time.monotonic() + PATIENCE_S
    while len(server.scans) < 2000 and time.monotonic() < deadline:
        time.sleep(0.01)
    server.close()
    assert result.messages == len(server.scans) == 2000
