from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from services.parts.process import ChildProcess, PartDidNotStart, PartError, launcher_argv

SLEEPS = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
IGNORES_TERM = [
    sys.executable,
    "-c",
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: signal.pause()",
]


@pytest.fixture
def child(tmp_path: Path):
    process = ChildProcess("sleeper", tmp_path / "log")
    yield process
    process.kill()


def test_the_pid_is_the_programs_own(child: ChildProcess) -> None:
    pid = child.spawn(SLEEPS)
    child.wait_until(lambda: "up" in child.log_tail(), 10)
    assert child.pid == pid
    assert psutil.Process(pid).cmdline() == SLEEPS


def test_a_program_that_exits_is_reported_with_its_last_words(child: ChildProcess) -> None:
    child.spawn([sys.executable, "-c", "raise SystemExit('no bread')"])
    with pytest.raises(PartDidNotStart, match=r"exited with 1(?s:.)*no bread"):
        child.wait_until(lambda: False, 10)
    assert not child.running


def test_a_program_that_stays_silent_is_reported(child: ChildProcess) -> None:
    child.spawn(SLEEPS)
    with pytest.raises(PartDidNotStart, match="not ready"):
        child.wait_until(lambda: False, 0.1)


def test_a_running_program_is_not_started_twice(child: ChildProcess) -> None:
    child.spawn(SLEEPS)
    with pytest.raises(PartError, match="already runs"):
        child.spawn(SLEEPS)


def test_a_stubborn_program_is_killed(child: ChildProcess) -> None:
    child.spawn(IGNORES_TERM)
    child.wait_until(lambda: "up" in child.log_tail(), 10)
    assert child.stop(timeout_s=0.2) == -signal.SIGKILL


def test_a_polite_program_stops_at_the_first_word(child: ChildProcess) -> None:
    child.spawn(SLEEPS)
    child.wait_until(lambda: "up" in child.log_tail(), 10)
    assert child.stop() == -signal.SIGTERM


def test_a_program_that_is_missing_is_reported(child: ChildProcess) -> None:
    child.spawn(["/nonexistent/program"])
    with pytest.raises(PartDidNotStart, match="No such file"):
        child.wait_until(lambda: False, 10)


def test_the_launcher_refuses_to_run_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    command = launcher_argv([sys.executable, "-c", "print('alive')"])
    command[command.index("--parent") + 1] = str(os.getpid() + 1)
    child = ChildProcess("orphan", tmp_path / "log")
    child.spawn(["/bin/sh", "-c", " ".join(f"'{part}'" for part in command)])
    assert child.wait(10)
    if sys.platform.startswith("linux"):
        assert "the parent died" in child.log_tail()


def test_a_log_that_grew_long_is_put_aside(child: ChildProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.parts.process.LOG_LIMIT_BYTES", 3)
    for words in ("first", "second", "third"):
        child.spawn([sys.executable, "-c", f"print('{words}')"])
        assert child.wait(10)
    assert child.log_path.read_text() == "third\n"
    assert child.log_path.with_name("log.old").read_text() == "second\n"
