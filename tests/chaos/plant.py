"""A whole installation of real parts that can be killed one by one: database, broker, ingest workers."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from services.parts.broker import MOSQUITTO_CONF
from services.parts.port import free_port
from services.parts.postgres import PostgresServer
from services.parts.process import ChildProcess
from services.storage import registry
from services.storage.engine import make_engine, unit_of_work
from services.storage.migrate import upgrade
from tests.parts.embedded import TemporaryEmbeddedPostgres
from tests.parts.mosquitto import MosquittoProcess
from tests.parts.timescale import TimescaleServer
from uskat.water.network import demo_network

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 60.0
FILLED_BY_INGEST = (
    "raw_message", "chain_head", "observation", "observation_conflict", "interval_20min", "interval_pending",
    "journal", "ledger",
    "rejected", "device_status", "histogram_interval", "seismic_record", "ingest_lane",
)  # fmt: skip
PERSISTENCE = {
    "default": MOSQUITTO_CONF.replace("autosave_interval 5\n", ""),
    "autosave5": MOSQUITTO_CONF,
    "on_changes": MOSQUITTO_CONF.replace("autosave_interval 5\n", "autosave_on_changes true\nautosave_interval 1\n"),
}


class IngestProcess:
    """One ingest worker, as `uskat ingest` starts it."""

    def __init__(self, name: str, database_url: str, mqtt_url: str, folder: Path, *, shared: bool = True) -> None:
        self.port = free_port()
        self.process = ChildProcess(f"ingest {name}", folder / f"ingest-{name}.log")
        self._environment = {
            "USKAT_DATABASE_URL": database_url, "USKAT_MQTT_URL": mqtt_url, "USKAT_INGEST_WORKER": name,
            "USKAT_INGEST_METRICS_PORT": str(self.port), "USKAT_MQTT_SHARED_GROUP": "uskat-ingest" if shared else "",
        }  # fmt: skip

    def launch(self) -> None:
        """Start without waiting."""
        self.process.spawn([sys.executable, "-m", "services.cli.main", "ingest"], extra_env=self._environment, cwd=ROOT)

    def is_ready(self) -> bool:
        """Subscribed, and the database not known to be away."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def start(self) -> None:
        """Start and wait until it is subscribed."""
        self.launch()
        self.process.wait_until(self.is_ready, READY_TIMEOUT_S)


def make_database(kind: str) -> PostgresServer:
    """A started server of a kind: timescale or embedded."""
    server = TimescaleServer() if kind == "timescale" else TemporaryEmbeddedPostgres()
    server.start()
    return server


async def fill_registry(url: str) -> None:
    """Load the demo network."""
    engine = make_engine(url)
    async with unit_of_work(engine) as connection:
        await registry.load_network(connection, demo_network())
    await engine.dispose()


class Plant:
    """Database, broker and ingest workers of one trial. `kill` and `restart` take names of `parts`."""

    def __init__(
        self,
        server: PostgresServer,
        *,
        database: str = "chaos",
        persistence: str = "autosave5",
        shared: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.server = server
        self.folder = folder or Path(tempfile.mkdtemp(prefix="uskat-chaos-"))
        self.shared = shared
        self.database_url = server.url(database)
        self.persistence = persistence
        self.broker: MosquittoProcess | None = None
        self.workers: list[IngestProcess] = []
        self._database = database

    @property
    def mqtt_url(self) -> str:
        """Where the broker of this trial listens."""
        assert self.broker is not None
        return self.broker.url

    def prepare(self) -> None:
        """Make and migrate the database, or empty what ingest fills."""
        if not self.server.has_database(self._database):
            upgrade(self.server.create_database(self._database))
            asyncio.run(fill_registry(self.database_url))
        self.server.execute(f"TRUNCATE {', '.join(FILLED_BY_INGEST)} CASCADE", self._database)

    def start(self, workers: int = 1) -> None:
        """Start a new broker and workers, and wait until they are subscribed."""
        self.broker = MosquittoProcess(conf_text=PERSISTENCE[self.persistence])
        self.broker.start()
        self.workers = [
            IngestProcess(str(number), self.database_url, self.mqtt_url, self.folder, shared=self.shared)
            for number in range(workers)
        ]
        for worker in self.workers:
            worker.launch()
        for worker in self.workers:
            worker.process.wait_until(worker.is_ready, READY_TIMEOUT_S)

    def save_broker(self) -> None:
        """Let Mosquitto save its state now (SIGUSR1), as one that has run for long has done: it knows its sessions."""
        assert self.broker is not None
        self.broker.process.send(signal.SIGUSR1)

    def kill(self, part: str) -> None:
        """kill -9: ingest (every worker), broker or database."""
        if part == "ingest":
            for worker in self.workers:
                worker.process.kill()
        elif part == "broker":
            assert self.broker is not None
            self.broker.kill()
        else:
            self.server.kill()

    def restart(self, parts: Sequence[str]) -> None:
        """Start killed parts again in the order given; only the database is waited for."""
        for part in parts:
            if part == "ingest":
                for worker in self.workers:
                    worker.launch()
            elif part == "broker":
                assert self.broker is not None
                self.broker.start()
            else:
                self.server.start()

    def stop(self) -> None:
        """Let the workers finish what they hold, then take the broker and its persistence away."""
        for worker in self.workers:
            worker.process.stop(timeout_s=30)
        if self.broker is not None:
            self.broker.remove()
        self.workers, self.broker = [], None
