"""Make what the tests need: ``python -m tests.parts.install``.

Root gets a Debian 13 root file system in ~/.cache/uskat/trixie-1 (PostgreSQL 17, TimescaleDB, Mosquitto), made by
mmdebstrap beside its place and moved there when it is complete. Any other user is told exactly what is missing and how
to get it; the tests that need it are then skipped with that reason, and the exit code is 0.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.parts.broker import OLDEST_MOSQUITTO, mosquitto_version
from services.parts.process import PartNotFound
from tests.parts.rootfs import (
    ASK,
    HOW_TO,
    PACKAGES,
    POSTGRES_BIN,
    SUITE,
    Rootfs,
    find_rootfs,
    mosquitto_argv,
    rootfs_path,
    timescale_program,
)
from tests.parts.timescale import sweep_leftovers

PROGRESS_EVERY = 40


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"parts: {text}", file=sys.stderr, flush=True)


@contextmanager
def one_at_a_time(target: Path) -> Iterator[None]:
    """Hold the lock file of the parts folder; a second installer waits for the first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another installation runs, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fault(rootfs: Rootfs) -> str | None:
    """Run the programs of a root file system; say what is wrong with it, None when it is good."""
    try:
        version = mosquitto_version(rootfs.mosquitto_argv())
    except PartNotFound as missing:
        return str(missing)
    if version < OLDEST_MOSQUITTO:
        return f"its mosquitto is {version}"
    if not any((rootfs.path / "usr/lib/postgresql/17/lib").glob("timescaledb*.so")):
        return "it has no timescaledb.so"
    if os.geteuid() != 0:
        return None
    command = ["chroot", str(rootfs.path), str(POSTGRES_BIN / "postgres"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"its postgres does not run: {done.stderr.strip()}"


def ensure_mmdebstrap() -> None:
    """Install mmdebstrap with apt when it is missing."""
    if shutil.which("mmdebstrap"):
        return
    if shutil.which("apt-get") is None:
        raise PartNotFound("mmdebstrap is missing and this is no Debian: install mmdebstrap by hand")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "mmdebstrap"]):
        say(" ".join(command))
        subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)


def make_rootfs(target: Path) -> None:
    """Make the root file system in TARGET.tmp and move it into place."""
    making = target.with_name(f"{target.name}.tmp")
    shutil.rmtree(making, ignore_errors=True)
    command = ["mmdebstrap", "--variant=apt", f"--include={','.join(PACKAGES)}", SUITE, str(making)]
    say(" ".join(command))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        for line in process.stderr or ():
            lines.append(line.rstrip())
            if line.startswith("I:") or len(lines) % PROGRESS_EVERY == 0:
                say(f"  {lines[-1][:110]}")
    if process.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise PartNotFound("mmdebstrap failed:\n" + "\n".join(lines[-15:]))
    wrong = fault(Rootfs(making))
    if wrong is not None:
        raise PartNotFound(f"the new root file system in {making} is not good: {wrong}")
    making.rename(target)


def install_as_root() -> None:
    """Make the parts folder, or keep a good one."""
    target = rootfs_path()
    with one_at_a_time(target):
        if target.exists():
            wrong = fault(Rootfs(target))
            if wrong is None:
                swept = sweep_leftovers()
                say(f"{target} is good" + (f", {swept} leftover data folders removed" if swept else ""))
                return
            say(f"{target} is not usable ({wrong}), making it again")
            shutil.rmtree(target)
        start = time.monotonic()
        ensure_mmdebstrap()
        make_rootfs(target)
        say(f"{find_rootfs().path} made in {time.monotonic() - start:.0f} s")


def report_as_user() -> None:
    """Say what a user without root has and lacks."""
    lacking = False
    for name, find in (("TimescaleDB", timescale_program), ("Mosquitto", mosquitto_argv)):
        try:
            found = find()
        except PartNotFound as missing:
            lacking = True
            say(f"{name}: MISSING, its tests will be skipped. {str(missing).removesuffix(f'; {ASK}')}")
        else:
            say(f"{name}: {found}")
    if lacking:
        say(HOW_TO)


def main() -> int:
    """Install or report; 1 when root could not install."""
    if os.geteuid() != 0:
        report_as_user()
        return 0
    try:
        install_as_root()
    except (PartNotFound, subprocess.CalledProcessError) as error:
        say(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
