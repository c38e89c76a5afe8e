"""One server program as our own child: its pid, its log file, its death.

Errors::

    PartError                 anything a local part could not do
    ├── PartNotFound          the program is not on this machine, or too old
    └── PartDidNotStart       it exited or stayed silent; the message ends with the tail of its log
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from services.parts.account import Account

LAUNCHER = Path(__file__).with_name("launch.py")
POLL_S = 0.02
LOG_TAIL_BYTES = 4000
LOG_LIMIT_BYTES = 20 * 2**20


class PartError(RuntimeError):
    """A local part (database, broker) could not do what was asked."""


class PartNotFound(PartError):
    """The program of a part is not on this machine, or is too old."""


class PartDidNotStart(PartError):
    """A part exited or stayed silent while it was being started."""


def launcher_argv(
    argv: Sequence[str], *, account: Account | None = None, root: Path | None = None, death_signal: int = signal.SIGTERM
) -> list[str]:
    """Return the command that runs `argv` tied to this process, under another account or root folder if given."""
    command = [sys.executable, "-I", "-S", str(LAUNCHER)]
    command += ["--death-signal", str(int(death_signal)), "--parent", str(os.getpid())]
    if root is not None:
        command += ["--root", str(root)]
    if account is not None:
        command += ["--account", str(account)]
    return [*command, "--", *argv]


class ChildProcess:
    """A server program that is our child, dies with us and writes into one log file.

    Spawn it from a thread that lives as long as the server: Linux sends the death signal when the spawning *thread*
    ends, not when the whole process does.
    """

    def __init__(self, name: str, log_path: Path) -> None:
        """Name the process for messages; its output is appended to `log_path`."""
        self.name = name
        self.log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running program, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def running(self) -> bool:
        """True while the program lives."""
        return self.pid is not None

    @property
    def returncode(self) -> int | None:
        """Exit code of the last run (negative: killed by that signal), None when running or never run."""
        return self._process.poll() if self._process is not None else None

    def spawn(
        self,
        argv: Sequence[str],
        *,
        account: Account | None = None,
        root: Path | None = None,
        death_signal: int = signal.SIGTERM,
        extra_env: Mapping[str, str] | None = None,
        cwd: Path = Path("/"),
    ) -> int:
        """Start the program in a copy of our environment and return its pid without waiting for it to be ready.

        Raises PartError when it already runs.
        """
        if self.running:
            raise PartError(f"{self.name} already runs with pid {self.pid}")
        self._prepare_log()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                launcher_argv(argv, account=account, root=root, death_signal=death_signal),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(extra_env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        _children.add(self)
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until `ready()`; raise PartDidNotStart when the program exits or the time runs out."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise PartDidNotStart(f"{self.name} exited with {self.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise PartDidNotStart(f"{self.name} was not ready after {timeout_s:g} s:\n{self.log_tail()}")
            time.sleep(POLL_S)

    def send(self, signal_number: int) -> None:
        """Send a signal to the program; nothing happens when it does not run."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal_number)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the program; False when it still runs after the time."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, signal_number: int = signal.SIGTERM, timeout_s: float = 10.0) -> int | None:
        """Ask the program to stop, kill it when it does not in time; return its exit code."""
        self.send(signal_number)
        if not self.wait(timeout_s):
            self.kill()
        return self.returncode

    def kill(self) -> None:
        """Kill the program (SIGKILL) and reap it."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def listens_on(self, port: int) -> bool:
        """Tell whether this very process (and no stranger on the same port) accepts connections there."""
        pid = self.pid
        if pid is None:
            return False
        try:
            connections = psutil.Process(pid).net_connections(kind="tcp")
        except psutil.Error:
            return False
        return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)

    def _prepare_log(self) -> None:
        """Make the folder of the log; a log that grew long over many starts is put aside, replacing the one before."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_name(self.log_path.name + ".old"))

    def log_tail(self) -> str:
        """Return the last few lines that the program wrote."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - LOG_TAIL_BYTES))
                return log.read().decode(errors="replace")
        except OSError:
            return ""


_children: weakref.WeakSet[ChildProcess] = weakref.WeakSet()
_owner_pid = os.getpid()


def _kill_all(*_: Any) -> None:
    if os.getpid() == _owner_pid:
        for child in list(_children):
            child.kill()


# Where the system has no death signal (macOS), an exception or sys.exit must not leave servers behind.
atexit.register(_kill_all)
