"""The local brokers are real: they deliver, keep, speak for the dead, and come back after kill -9."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.parts.broker import OLDEST_MOSQUITTO, AmqttProcess, Broker, mosquitto_version
from services.parts.process import PartDidNotStart
from tests.conftest import made
from tests.integration.mqtt import Client, connect_code
from tests.parts.mosquitto import MosquittoProcess, write_password_file
from tests.parts.rootfs import mosquitto_argv

EVERYTHING = "uskat/v1/+/+"


def test_a_broker_delivers_under_a_wildcard(broker: Broker) -> None:
    with Client(broker, "ingest", keep_session=True) as ingest, Client(broker, "logger") as logger:
        ingest.subscribe(EVERYTHING)
        for n in range(50):
            logger.publish(f"uskat/v1/d{n}/water", b"%d" % n)
        logger.publish("uskat/v1/d/ack/too/deep", b"no")
        got = ingest.wait_for(50)
    assert [(topic, payload) for topic, payload, _ in got] == [(f"uskat/v1/d{n}/water", b"%d" % n) for n in range(50)]


def test_a_broker_keeps_the_last_status_and_speaks_for_the_dead(broker: Broker) -> None:
    with Client(broker, "ingest") as ingest:
        ingest.subscribe(EVERYTHING)
        logger = Client(broker, "logger", will=("uskat/v1/d/status", b"offline"))
        logger.publish("uskat/v1/d/status", b"online", retain=True)
        assert ingest.wait_for(1)[0][:2] == ("uskat/v1/d/status", b"online")
        logger.lose_connection()
        assert ingest.wait_for(2)[1][:2] == ("uskat/v1/d/status", b"offline")
    with Client(broker, "late") as late:
        late.subscribe(EVERYTHING)
        assert late.wait_for(1)[0] == ("uskat/v1/d/status", b"offline", True)


def test_a_broker_queues_for_a_session_that_is_away(broker: Broker) -> None:
    with Client(broker, "ingest", keep_session=True) as ingest:
        ingest.subscribe(EVERYTHING)
    with Client(broker, "logger") as logger:
        for n in range(20):
            logger.publish("uskat/v1/d/water", b"%d" % n)
    with Client(broker, "ingest", keep_session=True) as ingest:
        assert sorted(int(payload) for _, payload, _ in ingest.wait_for(20)) == list(range(20))


def test_a_broker_comes_back_on_its_port_after_kill_9(broker: Broker) -> None:
    for _ in range(3):
        before = broker.pid
        broker.kill()
        assert broker.pid is None
        broker.start()
        assert broker.pid != before
        with Client(broker, "logger") as logger:
            logger.publish("uskat/v1/d/water", b"1")
    broker.stop()
    assert broker.process.returncode == 0


def test_mosquitto_keeps_queued_messages_over_a_clean_restart(mosquitto_broker: MosquittoProcess) -> None:
    with Client(mosquitto_broker, "ingest", keep_session=True) as ingest:
        ingest.subscribe(EVERYTHING)
    with Client(mosquitto_broker, "logger") as logger:
        for n in range(2000):
            logger.publish("uskat/v1/d/water", b"%d" % n)
    mosquitto_broker.stop()
    mosquitto_broker.start()
    with Client(mosquitto_broker, "ingest", keep_session=True) as ingest:
        assert [int(payload) for _, payload, _ in ingest.wait_for(2000)] == list(range(2000))


def test_mosquitto_on_a_used_port_says_so(mosquitto_broker: MosquittoProcess) -> None:
    second = MosquittoProcess(port=mosquitto_broker.port)
    try:
        with pytest.raises(PartDidNotStart, match="Address already in use"):
            second.start()
    finally:
        second.remove()


def test_mosquitto_of_the_parts_is_new_enough() -> None:
    assert mosquitto_version(made(mosquitto_argv)) >= OLDEST_MOSQUITTO


def test_mosquitto_checks_passwords_that_were_written_for_it(tmp_path: Path) -> None:
    made(mosquitto_argv)
    write_password_file(tmp_path / "passwords", {"device-1": "correct horse"})
    assert "correct horse" not in (tmp_path / "passwords").read_text()
    conf = f"listener {{port}} 127.0.0.1\nallow_anonymous false\npassword_file {tmp_path}/passwords\n"
    broker = MosquittoProcess(conf_text=conf)
    try:
        broker.start()
        assert connect_code(broker, "device-1", "correct horse") == "Success"
        assert connect_code(broker, "device-1", "wrong") == "Not authorized"
        assert connect_code(broker, None, None) == "Not authorized"
    finally:
        broker.remove()


def test_amqtt_delivers_nothing_to_a_shared_subscription(amqtt_broker: AmqttProcess) -> None:
    """Why `supports_shared_subscription` is False: amqtt accepts the filter and then never matches it."""
    assert not amqtt_broker.supports_shared_subscription
    with Client(amqtt_broker, "worker") as worker, Client(amqtt_broker, "plain") as plain:
        worker.subscribe("$share/uskat-ingest/uskat/v1/+/+")
        plain.subscribe(EVERYTHING)
        with Client(amqtt_broker, "logger") as logger:
            logger.publish("uskat/v1/d/water", b"1")
        assert len(plain.wait_for(1)) == 1
        assert worker.received == []
