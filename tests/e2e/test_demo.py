"""`uskat demo` as a stranger runs it: real processes, real database, real broker, from nothing to an alert."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.parts.port import free_port
from tests.conftest import made
from tests.parts.mosquitto import MosquittoProcess, installed_in
from tests.parts.rootfs import mosquitto_argv

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Run:
    """A demo that runs; its lines on stderr can be waited for."""

    def __init__(self, state: Path, *arguments: str, **environment: str) -> None:
        self.state = state
        self.lines: list[str] = []
        self._changed = threading.Condition()
        # Ports of our own, so that the demo of a developer does not matter.
        ports = {"USKAT_INGEST_METRICS_PORT": str(free_port()), "USKAT_ALERTS_METRICS_PORT": str(free_port())}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.cli.main", "demo", "--state", str(state), *arguments],
            cwd=ROOT,
            env={**os.environ, **ports, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()

    def wait_for_line(self, pattern: str, timeout_s: float = 90) -> re.Match[str]:
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(pattern), timeout_s)
        assert found, f"{pattern!r} not in:\n" + "\n".join(self.lines) + last_words(self.state)
        return found

    def _find(self, pattern: str) -> re.Match[str] | None:
        return next((match for line in self.lines if (match := re.search(pattern, line))), None)

    def child(self, command: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.cmdline()[-1] == command or command in child.cmdline()[3:4])

    def end(self, timeout_s: float = 150) -> tuple[int, dict[str, Any]]:
        """Wait for the end; the exit code and the last line of stdout."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        code = self.process.wait(timeout_s)
        self._reader.join(10)
        assert said.strip(), "\n".join(self.lines) + last_words(self.state)
        result: dict[str, Any] = json.loads(said.splitlines()[-1])
        return code, result

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="uskat-demo-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL of root runs as nobody
        yield Path(folder) / ".uskat"


def last_words(state: Path) -> str:
    """The ends of the log files, for a message of failure."""
    return "\n".join(f"--- {file.name}\n{file.read_text()[-2000:]}" for file in sorted((state / "logs").iterdir()))


def balance(result: dict[str, Any]) -> int:
    accounted = sum(result[name] for name in ("readings_stored", "conflicts", "rejected", "readings_buffered"))
    return int(result["readings_published"]) - accounted


def test_a_demo_raises_its_alert_survives_a_dead_worker_and_goes_on_where_it_left(state: Path) -> None:
    port = free_port()
    first = Run(state, "--for", "60", "--api-port", str(port))  # the first alert is promised within a minute
    try:
        first.wait_for_line("первая тревога")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10) as answer:
            assert answer.status == 200
        first.child("ingest").kill()
        first.wait_for_line("приём: процесс умер .код -9., будет перезапуск № 1")

        second = Run(state, "--for", "10", "--api-port", str(port))
        try:
            assert second.wait_for_line("занята другой демонстрацией, эта берёт (.*)")[1] == f"{state}-2"
            assert int(second.wait_for_line(f"порт {port} занят, API: порт (\\d+)")[1]) != port
            _, result = second.end()
            assert balance(result) == 0
        finally:
            second.kill()

        code, result = first.end()
        assert (code, balance(result)) == (0, 0), first.lines
        assert result["first_alert_s"] < 60
        assert result["alerts"] >= 1
        assert result["restarts"] == 1
        assert result["readings_stored"] > 10_000
    finally:
        first.kill()

    again = Run(state, "--for", "8", "--api-port", str(port))
    try:
        _, later = again.end()
    finally:
        again.kill()
    assert balance(later) == 0
    assert later["readings_published"] >= result["readings_published"]
    assert later["readings_stored"] >= result["readings_stored"]


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"])
def path_with_broker(request: pytest.FixtureRequest, state: Path) -> str:
    """A PATH on which Mosquitto is, or is not."""
    path = os.environ["PATH"]
    if request.param == "amqtt":
        return path
    made(mosquitto_argv)
    return f"{installed_in(state.parent / 'bin')}{os.pathsep}{path}"


def test_a_demo_that_is_killed_loses_and_doubles_nothing(state: Path, path_with_broker: str) -> None:
    first = Run(state, "--for", "100", "--api-port", str(free_port()), PATH=path_with_broker)
    try:
        first.wait_for_line("измерено [1-9]")
        tree = psutil.Process(first.process.pid).children(recursive=True)
    finally:
        first.kill()
    _, alive = psutil.wait_procs(tree, timeout=20)
    assert alive == []
    second = Run(state, "--for", "12", "--api-port", str(free_port()), PATH=path_with_broker)
    try:
        _, result = second.end()
    finally:
        second.kill()
    assert balance(result) == 0
    assert result["readings_stored"] > 10_000
    own = str(state.parent) in path_with_broker
    second.wait_for_line("брокер: .*/bin/mosquitto 2" if own else "брокер: ")


def test_a_live_view_on_servers_of_ones_own_ends_with_ctrl_c(
    state: Path, timescale_database: str, mosquitto_broker: MosquittoProcess
) -> None:
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 160, 0, 0))
    shown: list[bytes] = []
    alerted = threading.Event()

    def watch() -> None:
        try:
            while chunk := os.read(screen, 65536):
                shown.append(chunk)
                if "первая тревога" in b"".join(shown[-40:]).decode(errors="ignore"):
                    alerted.set()
        except OSError:  # the terminal is closed
            return

    command = [sys.executable, "-m", "services.cli.main", "demo", "--state", str(state)]
    command += [
        "--database-url",
        timescale_database,
        "--mqtt-url",
        mosquitto_broker.url,
        "--api-port",
        str(free_port()),
    ]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", "LINES": "60"}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            assert alerted.wait(90), last_words(state) + b"".join(shown).decode(errors="replace")[-8000:]
            process.send_signal(signal.SIGINT)
            assert process.stdout is not None
            said = process.stdout.read().decode()
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
            watcher.join(10)
            os.close(screen)
    result = json.loads(said.splitlines()[-1])
    assert balance(result) == 0
    assert result["restarts"] == 0
    frame = b"".join(shown).decode(errors="replace")
    for words in ("Процессы", "имитаторы", "сохранено", "Последние тревоги", "TA-2", "работает", "/docs"):
        assert words in frame, words
    assert mosquitto_broker.pid is not None, "a broker of one's own is left running"
    assert not (state / "postgres").exists()
