"""MQTT brokers as our own child processes: Mosquitto where it is installed, amqtt from PyPI everywhere else.

What each can do is on the class. amqtt is the broker of a demo, not of an installation: measured figures and limits are
in `services.parts.amqtt_broker`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from services.parts.account import Account, can_enter, unprivileged_account
from services.parts.port import LOOPBACK, free_port
from services.parts.process import ChildProcess, PartNotFound

OLDEST_MOSQUITTO = (2, 0, 21)
START_TIMEOUT_S = 20.0
# Why each line: perf/README.md of the shared reference, and docs/explanation on loss windows.
MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 5
max_queued_messages 0
max_queued_bytes 1073741824
max_inflight_messages 5000
message_size_limit 16777216
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""


class Broker(Protocol):
    """A broker we own. `url` is ``mqtt://127.0.0.1:PORT`` and stays the same over restarts."""

    kind: ClassVar[Literal["mosquitto", "amqtt"]]
    protocol: ClassVar[Literal["5", "3.1.1"]]
    supports_shared_subscription: ClassVar[bool]
    keeps_messages: ClassVar[bool]
    port: int
    process: ChildProcess

    @property
    def url(self) -> str:
        """Where clients connect."""
        ...

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        ...

    def launch(self) -> None:
        """Start without waiting."""
        ...

    def is_ready(self) -> bool:
        """Tell whether it accepts connections."""
        ...

    def start(self) -> None:
        """Start and wait until it accepts connections."""
        ...

    def stop(self) -> None:
        """Stop cleanly."""
        ...

    def kill(self) -> None:
        """Kill it (SIGKILL)."""
        ...


class _BrokerProcess:
    """What both brokers share: one child that listens on one port of 127.0.0.1."""

    def __init__(self, name: str, port: int | None, log_path: Path) -> None:
        self.port = port if port is not None else free_port()
        self.process = ChildProcess(name, log_path)

    @property
    def url(self) -> str:
        """Return where clients connect; the same over restarts."""
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self.process.pid

    def launch(self) -> None:
        """Start without waiting for readiness."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Tell whether our own process accepts connections on its port."""
        return self.process.listens_on(self.port)

    def start(self) -> None:
        """Start and return when connections are accepted; raises PartDidNotStart with the tail of the log."""
        self.launch()
        self.process.wait_until(self.is_ready, START_TIMEOUT_S)

    def stop(self) -> None:
        """Stop cleanly (SIGTERM): Mosquitto saves its queues, amqtt has nothing to save."""
        self.process.stop(signal.SIGTERM, timeout_s=15.0)

    def kill(self) -> None:
        """Kill the broker (SIGKILL)."""
        self.process.kill()


class MosquittoProcess(_BrokerProcess):
    """Mosquitto with its persistence in one folder; MQTT 5 and 3.1.1, shared subscriptions, durable sessions.

    Its configuration is MOSQUITTO_CONF, or `conf_text` with ``{port}`` and ``{folder}`` filled in. When we are root it
    runs as nobody with its own configuration, where that account can reach program and folder; else it stays root,
    because a `conf_text` may name certificates that only root can read. Letting Mosquitto change its user by itself
    (``user`` in `conf_text`) loses the death signal: the kernel clears it.
    """

    kind: ClassVar[Literal["mosquitto", "amqtt"]] = "mosquitto"
    protocol: ClassVar[Literal["5", "3.1.1"]] = "5"
    supports_shared_subscription: ClassVar[bool] = True
    keeps_messages: ClassVar[bool] = True

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        port: int | None = None,
        *,
        conf_text: str | None = None,
        log_path: Path | None = None,
    ) -> None:
        """Describe a broker; `argv` is the command of the program without its options."""
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        super().__init__("mosquitto", port, log_path or self.folder / "mosquitto.log")
        self.argv = list(argv)
        self.conf_path = self.folder / "mosquitto.conf"
        text = MOSQUITTO_CONF if conf_text is None else conf_text
        text = text.replace("{port}", str(self.port)).replace("{folder}", str(self.folder))
        self.account = self._account() if conf_text is None else None
        stays_root = os.geteuid() == 0 and self.account is None
        if stays_root and re.search(r"^user\s", text, re.MULTILINE) is None:
            text = text.rstrip("\n") + "\nuser root\n"
        self.conf_path.write_text(text)

    def _account(self) -> Account | None:
        account = unprivileged_account()
        programs = [Path(part).parent for part in self.argv if part.startswith("/")]
        if account is None or not all(can_enter(folder, account) for folder in (self.folder.parent, *programs)):
            return None
        os.chown(self.folder, account.uid, account.gid)
        return account

    def launch(self) -> None:
        """Start without waiting for readiness."""
        self.process.spawn([*self.argv, "-c", str(self.conf_path)], account=self.account)


class AmqttProcess(_BrokerProcess):
    """The pure-Python broker amqtt in a process of its own; MQTT 3.1.1, one plain subscriber, nothing survives it."""

    kind: ClassVar[Literal["mosquitto", "amqtt"]] = "amqtt"
    protocol: ClassVar[Literal["5", "3.1.1"]] = "3.1.1"
    supports_shared_subscription: ClassVar[bool] = False
    keeps_messages: ClassVar[bool] = False

    def __init__(self, log_path: Path, port: int | None = None) -> None:
        """Describe a broker; it keeps no file but its log."""
        super().__init__("amqtt", port, log_path.absolute())

    def launch(self) -> None:
        """Start without waiting for readiness."""
        root = Path(__file__).resolve().parents[2]
        argv = [sys.executable, "-m", "services.parts.amqtt_broker", "--port", str(self.port)]
        self.process.spawn(argv, cwd=root)


@dataclass(frozen=True, slots=True)
class MosquittoFound:
    """A Mosquitto on this machine that is new enough."""

    path: Path
    version: tuple[int, ...]


def find_mosquitto() -> MosquittoFound:
    """Find a Mosquitto on PATH or in the sbin folders.

    Raises PartNotFound that says why none is chosen: 2.0.11 of Debian 12, for one, does not keep its in-flight window,
    so that a slow subscriber is flooded.
    """
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"])
    found = shutil.which("mosquitto", path=places)
    if found is None:
        raise PartNotFound("mosquitto is not installed")
    version = mosquitto_version([found])
    if version < OLDEST_MOSQUITTO:
        raise PartNotFound(f"{found} is {_dotted(version)}, older than {_dotted(OLDEST_MOSQUITTO)}")
    return MosquittoFound(Path(found), version)


def mosquitto_version(argv: Sequence[str]) -> tuple[int, ...]:
    """Ask a Mosquitto for its version; raises PartNotFound when it does not say one."""
    try:
        done = subprocess.run([*argv, "-h"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PartNotFound(f"{argv[-1]} does not run: {error}") from error
    said = re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", done.stdout + done.stderr)
    if said is None:
        raise PartNotFound(f"{argv[-1]} does not say its version: {(done.stdout + done.stderr)[:200]}")
    return tuple(int(part) for part in said.groups())


def _dotted(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version)
