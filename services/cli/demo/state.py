"""The state folder of a demo: database, broker, buffers of the loggers, logs. One running demo owns it at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from services.cli.demo.outcome import Account

MOST_FOLDERS = 20


class NoStateFolder(RuntimeError):
    """Every state folder that could be used is in use by a running demo."""


@dataclass(slots=True)
class StateFolder:
    """A folder that is ours while `lock` stays open; the kernel lets go of it when we die."""

    path: Path
    lock: IO[str]

    @property
    def logs(self) -> Path:
        """Folder of the log files, one for each process."""
        return self.path / "logs"

    @property
    def simulator(self) -> Path:
        """State folder of the simulators: buffers, ground truth, account."""
        return self.path / "simulator"

    @property
    def simulator_status(self) -> Path:
        """File in which the simulators keep their account."""
        return self.simulator / "simulator.json"

    @property
    def loggers(self) -> Path:
        """Folder of the simulated loggers' buffers."""
        return self.simulator / "loggers"

    @property
    def credentials(self) -> Path:
        """Passwords of the demo's devices, readable by the owner only."""
        return self.path / "credentials.json"

    def keep_credentials(self, passwords: Mapping[str, str]) -> None:
        """Add passwords that the registry has just given out: they cannot be asked for again."""
        known = json.loads(self.credentials.read_text()) if self.credentials.exists() else {}
        self.credentials.touch(mode=0o600)
        self.credentials.write_text(json.dumps(known | dict(passwords)))

    def log(self, name: str) -> Path:
        """Log file of one process."""
        return self.logs / f"{name}.log"

    def baseline(self, database_url: str, first_meeting: Account) -> Account:
        """Return the account from which this database is counted; kept from the first time it met this folder."""
        file = self.path / "baseline.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        key = hashlib.sha256(database_url.encode()).hexdigest()[:16]
        if key not in known:
            known[key] = asdict(first_meeting.as_baseline())
            file.write_text(json.dumps(known))
        return Account(**known[key])

    def release(self) -> None:
        """Let another demo have the folder."""
        self.lock.close()


def take_state_folder(wanted: Path) -> StateFolder:
    """Take the wanted folder, or ``wanted-2``, ``wanted-3`` and so on when a running demo has it.

    Raises NoStateFolder when all are taken.
    """
    wanted = wanted.absolute()
    for number in range(1, MOST_FOLDERS + 1):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        folder = StateFolder(path, lock)
        folder.logs.mkdir(exist_ok=True)
        return folder
    raise NoStateFolder(f"{wanted} and {MOST_FOLDERS - 1} folders beside it are in use by running demos")
