"""Where Debian's TimescaleDB and Mosquitto are on this machine, and what is missing if they are not."""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from services.parts.account import Account
from services.parts.broker import OLDEST_MOSQUITTO, find_mosquitto, mosquitto_version
from services.parts.postgres import PostgresProgram
from services.parts.process import PartNotFound

SUITE = "trixie"
FOLDER_NAME = "trixie-1"
PACKAGES = ("postgresql-17", "postgresql-17-timescaledb", "mosquitto")
POSTGRES_BIN = Path("/usr/lib/postgresql/17/bin")
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")

ASK = "`.venv/bin/python -m tests.parts.install` says how to get it"
HOW_TO = f"""\
Either run the tests as root, who then makes a parts folder of about 540 MB in the cache of root:
    sudo make test
or, on Debian 13, install the packages, which the tests of any user find:
    sudo apt-get install {" ".join(PACKAGES)}
    sudo systemctl disable --now postgresql mosquitto"""


def rootfs_path() -> Path:
    """Return the folder of the root file system; XDG_CACHE_HOME is respected."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "uskat" / FOLDER_NAME


@dataclass(frozen=True, slots=True)
class Rootfs:
    """A Debian root file system made by tests.parts.install."""

    path: Path

    def mosquitto_argv(self, program: str = "usr/sbin/mosquitto") -> list[str]:
        """Run a program of the root file system in place, with its own loader and libraries, without chroot."""
        loader = self.path / "usr/lib64/ld-linux-x86-64.so.2"
        libraries = self.path / "usr/lib/x86_64-linux-gnu"
        if not loader.exists():  # arm64
            loader = next(self.path.glob("usr/lib/ld-linux-*.so.*"), loader)
            libraries = next(self.path.glob("usr/lib/*-linux-gnu"), libraries)
        return [str(loader), "--library-path", str(libraries), str(self.path / program)]

    def postgres_account(self) -> Account:
        """Return the numbers of the account `postgres` inside."""
        for line in (self.path / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == "postgres":
                return Account(int(uid), int(gid))
        raise PartNotFound(f"{self.path} has no account postgres")


def find_rootfs() -> Rootfs:
    """Return the installed root file system; raises PartNotFound with what to do."""
    path = rootfs_path()
    if not (path / "usr/sbin/mosquitto").exists() or not (path / str(POSTGRES_BIN)[1:] / "postgres").exists():
        raise PartNotFound(f"{path} is not there; {ASK}")
    return Rootfs(path)


def timescale_program() -> PostgresProgram:
    """Return PostgreSQL with TimescaleDB: of the root file system (root only: chroot), else of the system itself."""
    if os.geteuid() == 0:
        rootfs = find_rootfs()
        return PostgresProgram(POSTGRES_BIN, root=rootfs.path, account=rootfs.postgres_account())
    system = _system_timescale()
    if system is None:
        raise PartNotFound(
            f"TimescaleDB is missing: user {pwd.getpwuid(os.geteuid()).pw_name} may not chroot into {rootfs_path()}, "
            f"and {SYSTEM_POSTGRES}/*/lib/timescaledb.so does not exist; {ASK}"
        )
    return PostgresProgram(system / "bin")


def _system_timescale() -> Path | None:
    versions = [p.parent.parent for p in SYSTEM_POSTGRES.glob("*/lib/timescaledb.so") if p.parent.parent.name.isdigit()]
    usable = [v for v in versions if int(v.name) >= 15]
    return max(usable, key=lambda v: int(v.name), default=None)


def mosquitto_argv() -> list[str]:
    """Return the command of Mosquitto >= 2.0.21: of the root file system, else of the system."""
    try:
        argv = find_rootfs().mosquitto_argv()
        if mosquitto_version(argv) >= OLDEST_MOSQUITTO:
            return argv
    except (PartNotFound, PermissionError):
        pass
    try:
        return [str(find_mosquitto().path)]
    except PartNotFound as missing:
        raise PartNotFound(f"{missing}, and {rootfs_path()} has none; {ASK}") from missing


def mosquitto_passwd_argv() -> list[str]:
    """Return the command of mosquitto_passwd that belongs to `mosquitto_argv`."""
    argv = mosquitto_argv()
    program = Path(argv[-1])
    passwd = re.sub(r"sbin/mosquitto$", "bin/mosquitto_passwd", str(program))
    return [*argv[:-1], passwd]
