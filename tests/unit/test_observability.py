import io
import json
import logging
import sys
import urllib.error
import urllib.request

import pytest
import structlog
from prometheus_client import CollectorRegistry, Counter

from services.observability import Health, ObservationServer, configure_logging
from services.settings import Settings


@pytest.fixture
def restored_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def written(restored_logging, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(log_level="info", log_format="json"), process="alerts")
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def served():
    registry = CollectorRegistry()
    Counter("uskat_seen", "seen", registry=registry).inc(3)
    health = Health(silence_s=0.2)
    server = ObservationServer(0, health, registry=registry)
    yield health, f"http://127.0.0.1:{server.port}"
    server.close()


def get(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_log_line_is_one_json_object(written):
    structlog.get_logger("uskat.alerts").info("station evaluated", station="U-01", intervals=3)
    (line,) = written()
    assert line["event"] == "station evaluated"
    assert (line["process"], line["level"], line["logger"], line["intervals"]) == ("alerts", "info", "uskat.alerts", 3)
    assert line["at"].endswith("Z")


def test_messages_of_libraries_take_the_same_form(written):
    logging.getLogger("somebody").warning("lost %s", "connection")
    (line,) = written()
    assert (line["event"], line["logger"], line["process"]) == ("lost connection", "somebody", "alerts")


def test_passwords_are_masked_in_values_messages_and_tracebacks(written):
    try:
        raise ConnectionError("cannot reach postgresql://uskat:s3cr3t@db:5432/uskat")
    except ConnectionError:
        structlog.get_logger().exception("failed", url="mqtt://u:s3cr3t@broker", mqtt_password="s3cr3t")
    logging.getLogger("x").error("dsn postgresql://a:s3cr3t@h/d")
    lines = written()
    assert "s3cr3t" not in json.dumps(lines)
    assert "Traceback" in lines[0]["exception"]
    assert "postgresql://uskat:***@db:5432/uskat" in lines[0]["exception"]


def test_a_console_shows_the_same_without_secrets(restored_logging, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(log_format="console"), process="alerts")
    try:
        raise ConnectionError("cannot reach postgresql://uskat:s3cr3t@db:5432/uskat")
    except ConnectionError:
        structlog.get_logger().exception("failed")
    assert "Traceback" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()


def test_debug_messages_are_left_out_at_info(written):
    structlog.get_logger().debug("small")
    assert written() == []


def test_metrics_are_served(served):
    _, address = served
    status, text = get(f"{address}/metrics")
    assert status == 200
    assert "uskat_seen_total 3.0" in text


def test_a_process_is_ready_only_when_it_says_so(served):
    health, address = served
    assert get(f"{address}/health/ready") == (503, '{"status": "unavailable", "reason": "starting"}')
    health.beat()
    health.set_ready()
    assert get(f"{address}/health/ready")[0] == 200
    health.beat()
    health.set_not_ready("no database")
    assert json.loads(get(f"{address}/health/ready")[1])["reason"] == "no database"


def test_a_hanging_loop_is_not_live(served, monkeypatch):
    health, address = served
    health.beat()
    assert get(f"{address}/health/live")[0] == 200
    monkeypatch.setattr("services.observability.time.monotonic", lambda start=health._beat: start + 1)
    status, text = get(f"{address}/health/live")
    assert status == 503
    assert "silent for 1 s" in text


def test_other_paths_are_not_found(served):
    assert get(f"{served[1]}/")[0] == 404
