"""Debian's Mosquitto (2.0.21 or newer) that a test owns, kills and restarts."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from services.parts.broker import MosquittoProcess as _Process
from tests.parts.rootfs import mosquitto_argv, mosquitto_passwd_argv


class MosquittoProcess(_Process):
    """Mosquitto with persistence in `folder` (a temporary one by default).

    `conf_text` replaces the default configuration; ``{port}`` and ``{folder}`` in it are filled in. As root it stays
    root when the text has no ``user`` line, so that it reads certificates and passwords of temporary folders.
    """

    def __init__(self, folder: Path | None = None, port: int | None = None, *, conf_text: str | None = None) -> None:
        """Describe a broker; raises PartNotFound when there is no Mosquitto."""
        argv = mosquitto_argv()
        self._temporary = folder is None
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="uskat-mosquitto-"))
            folder.chmod(0o755)
            folder /= "broker"
        super().__init__(argv, folder, port, conf_text=conf_text)

    def remove(self) -> None:
        """Stop and delete a temporary folder."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder.parent, ignore_errors=True)


def write_password_file(path: Path, passwords: Mapping[str, str]) -> None:
    """Write a password file with hashes, as mosquitto_passwd makes them."""
    path.write_text("".join(f"{user}:{password}\n" for user, password in passwords.items()))
    path.chmod(0o600)
    subprocess.run([*mosquitto_passwd_argv(), "-U", str(path)], check=True, capture_output=True, timeout=60)


def installed_in(folder: Path) -> Path:
    """Put a `mosquitto` into a folder that every account may enter, as if the system had one; returns the folder.

    The root file system of the parts may lie in the home of root, and its libraries are not those of this system.
    """
    *loader, program = mosquitto_argv()
    folder.mkdir(mode=0o755)
    script = folder / "mosquitto"
    if not loader:
        script.symlink_to(program)
        return folder
    listed = subprocess.run([*loader, "--list", program], check=True, capture_output=True, text=True, timeout=30).stdout
    # The listing also names the loader of this system, which must not replace the one of the libraries.
    libraries = {
        Path(part) for part in listed.split() if part.startswith("/") and not Path(part).name.startswith("ld-")
    }
    for file in (*libraries, Path(loader[0]), Path(program)):
        copy = folder / ("program" if str(file) == program else file.name)
        shutil.copy(file, copy)
        copy.chmod(0o755)
    here = shlex.quote(str(folder))
    arguments = f"--library-path {here} {here}/program"
    script.write_text(f'#!/bin/sh\nexec {here}/{Path(loader[0]).name} {arguments} "$@"\n')
    script.chmod(0o755)
    return folder
