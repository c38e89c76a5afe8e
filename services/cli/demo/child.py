"""The processes of the demo, each behind the same few verbs for the supervisor."""

from __future__ import annotations

import http.client
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from services.parts.broker import Broker
from services.parts.port import LOOPBACK
from services.parts.postgres import PostgresServer
from services.parts.process import ChildProcess

PROBE_TIMEOUT_S = 1.0
PROJECT = Path(__file__).resolve().parents[3]


class Child(Protocol):
    """A process that the supervisor starts, watches and stops."""

    name: str
    stop_signal: int
    stop_timeout_s: float

    @property
    def process(self) -> ChildProcess:
        """The process itself."""
        ...

    def launch(self) -> None:
        """Start it without waiting; called from the main thread, whose death it must not outlive."""
        ...

    def is_ready(self) -> bool:
        """Tell whether it does its work; may take up to a second."""
        ...


class DatabaseChild:
    """The embedded PostgreSQL."""

    name = "database"
    stop_signal: int = signal.SIGINT
    stop_timeout_s = 30.0

    def __init__(self, server: PostgresServer) -> None:
        """Watch over a server that is described but not started."""
        self.server = server

    @property
    def process(self) -> ChildProcess:
        """The postmaster."""
        return self.server.process

    def launch(self) -> None:
        """Clear what a crash left and start the postmaster."""
        self.server.prepare()
        self.server.launch()

    def is_ready(self) -> bool:
        """Tell whether it answers a query."""
        return self.server.is_ready()


class BrokerChild:
    """Mosquitto or amqtt."""

    name = "broker"
    stop_signal: int = signal.SIGTERM
    stop_timeout_s = 15.0

    def __init__(self, broker: Broker) -> None:
        """Watch over a broker that is described but not started."""
        self.broker = broker

    @property
    def process(self) -> ChildProcess:
        """The broker's process."""
        return self.broker.process

    def launch(self) -> None:
        """Start it."""
        self.broker.launch()

    def is_ready(self) -> bool:
        """Tell whether it accepts connections."""
        return self.broker.is_ready()


class CommandChild:
    """A `uskat` command as a process: ``python -m services.cli.main <arguments>``."""

    stop_signal: int = signal.SIGTERM

    def __init__(
        self,
        name: str,
        arguments: list[str],
        *,
        environment: Mapping[str, str],
        log_path: Path,
        health_port: int | None = None,
        stop_timeout_s: float = 20.0,
    ) -> None:
        """Describe a command; without `health_port` it counts as ready when it lives."""
        self.name = name
        self.arguments = arguments
        self.environment = dict(environment)
        self.health_port = health_port
        self.stop_timeout_s = stop_timeout_s
        self._process = ChildProcess(name, log_path)

    @property
    def process(self) -> ChildProcess:
        """The command's process."""
        return self._process

    def launch(self) -> None:
        """Start the command in the folder of the project, in a copy of our environment."""
        argv = [sys.executable, "-m", "services.cli.main", *self.arguments]
        self._process.spawn(argv, extra_env=self.environment, cwd=PROJECT)

    def is_ready(self) -> bool:
        """Ask the command's own health page."""
        if self.health_port is None:
            return self._process.running
        return health_ok(self.health_port)


def stop_now(children: Sequence[Child]) -> None:
    """Kill whatever still runs; after a clean stop there is nothing."""
    for child in children:
        child.process.kill()


def health_ok(port: int) -> bool:
    """Tell whether ``/health/ready`` of a local port answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
