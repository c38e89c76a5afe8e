"""pg_dump and pg_restore of a version that understands the server: of the wheel, a given folder, or the system."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from services.parts.embedded import wheel_binaries
from services.parts.process import PartError, PartNotFound

SAID = 2000
DEFAULT_PRIVILEGES = " DEFAULT ACL "
NEW_SETTING, NEW_SETTING_SINCE = 'unrecognized configuration parameter "transaction_timeout"', 17


@dataclass(frozen=True, slots=True)
class PostgresTools:
    """The two programs, of one version."""

    dump_program: Path
    restore_program: Path
    major: int

    def dump(self, database_url: str, file: Path, *, snapshot: str) -> None:
        """Write the database as an exported snapshot shows it. Raises PartError with what the program said."""
        argv = [str(self.dump_program), "--format=custom", f"--file={file}", f"--snapshot={snapshot}", "--no-password"]
        _run(argv, database_url)

    def restore(self, file: Path, database_url: str, *, server_major: int) -> None:
        """Read a dump into a database that is ready for it. Raises PartError when anything of it was refused.

        From version 17 on pg_restore begins with a setting that an older server does not know; only that is forgiven.
        Default privileges are left out: they name the owner of the old tables, who need not be there.
        """
        name = connection_settings(database_url)["PGDATABASE"]
        forgiving = server_major < NEW_SETTING_SINCE <= self.major
        listed = _run([str(self.restore_program), "--list", str(file)], database_url).splitlines()
        with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as wanted:
            wanted.write("\n".join(line for line in listed if DEFAULT_PRIVILEGES not in line) + "\n")
            wanted.flush()
            argv = [
                str(self.restore_program), f"--dbname={name}", "--no-owner", "--no-password",
                f"--use-list={wanted.name}", *([] if forgiving else ["--exit-on-error"]), str(file),
            ]  # fmt: skip
            _run(argv, database_url, forgiven=NEW_SETTING if forgiving else None)


def find_tools(server_major: int, folder: Path | None = None) -> PostgresTools:
    """Programs at least as new as the server: of the folder when one is named, else of the wheel, else on the path.

    Raises PartNotFound with what was looked at.
    """
    looked: list[str] = []
    for place in [folder] if folder is not None else _places():
        found = _tools(place)
        if found is not None and found.major >= server_major:
            return found
        looked.append(f"{place}: {'none' if found is None else f'version {found.major}'}")
    raise PartNotFound(f"no pg_dump and pg_restore of version {server_major} or newer ({'; '.join(looked)})")


def connection_settings(database_url: str) -> dict[str, str]:
    """The address as libpq's variables: unlike an argument, others on the machine cannot read them."""
    parts = urlsplit(database_url)
    found = {
        "PGHOST": parts.hostname or "", "PGPORT": str(parts.port or ""), "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""), "PGDATABASE": unquote(parts.path.lstrip("/")),
    }  # fmt: skip
    options = parse_qs(parts.query)
    for name in ("host", "port", "sslmode", "sslrootcert"):
        if name in options:
            found[f"PG{name.upper()}"] = options[name][-1]
    return {name: value for name, value in found.items() if value}


def _places() -> list[Path]:
    places = []
    with contextlib.suppress(PartNotFound):
        places.append(wheel_binaries() / "bin")
    program = shutil.which("pg_dump")
    return [*places, *([Path(program).parent] if program else [])]


def _tools(folder: Path) -> PostgresTools | None:
    programs = folder / "pg_dump", folder / "pg_restore"
    if not all(program.is_file() for program in programs):
        return None
    said = subprocess.run([str(programs[0]), "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)", said)
    return PostgresTools(*programs, int(version.group(1))) if version else None


def _run(argv: list[str], database_url: str, *, forgiven: str | None = None) -> str:
    settings = connection_settings(database_url) | {"LC_ALL": "C", "PGAPPNAME": "uskat-backup", "PGTZ": "UTC"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=settings)
    errors = [line for line in done.stderr.splitlines() if ": error: " in line]
    harmless = forgiven is not None and errors and all(forgiven in line for line in errors)
    if done.returncode and not harmless:
        raise PartError(f"{Path(argv[0]).name} ended with {done.returncode}: {done.stderr.strip()[-SAID:]}")
    return done.stdout
