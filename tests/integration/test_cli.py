"""The command `uskat` as a process: what a person types."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.parts.port import free_port

ROOT = Path(__file__).resolve().parents[2]
USKAT = [sys.executable, "-m", "services.cli.main"]


def uskat(*arguments: str, database: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "USKAT_DATABASE_URL": database}
    done = subprocess.run(
        [*USKAT, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def test_help_names_every_command_and_is_quick() -> None:
    said = uskat("--help").stdout
    for command in ("demo", "ingest", "alerts", "api", "simulate", "migrate", "import", "reparse", "admin", "ledger"):
        assert f" {command} " in said, command


def test_help_imports_no_heavy_library() -> None:
    code = "import sys, services.cli.main; print([m for m in ('sqlalchemy', 'obspy', 'fastapi', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_database_is_migrated_and_filled_from_the_command_line(empty_database: str, tmp_path: Path) -> None:
    uskat("migrate", database=empty_database)
    uskat("migrate", database=empty_database)
    first = uskat("admin", "load-demo", database=empty_database)
    assert "U-01" in first.stdout.upper()
    passwords = dict(line.split("\t") for line in first.stdout.splitlines())
    again = uskat("admin", "load-demo", database=empty_database)
    assert again.stdout == "", "passwords are shown once"
    listed = uskat("admin", "devices", database=empty_database).stdout
    assert len(listed.splitlines()) == len(passwords)

    device = min(passwords)
    uskat("admin", "password-file", str(tmp_path / "passwords"), database=empty_database)
    before = (tmp_path / "passwords").read_text()
    assert (tmp_path / "passwords").stat().st_mode & 0o077 == 0
    rotated = uskat("admin", "rotate", device, database=empty_database).stdout
    assert rotated.split("\t")[1].strip() != passwords[device]
    uskat("admin", "password-file", str(tmp_path / "passwords"), database=empty_database)
    after = (tmp_path / "passwords").read_text()
    changed = set(before.splitlines()) - set(after.splitlines())
    assert [line.split(":")[0] for line in changed] == [device]
    assert not any(password in after for password in passwords.values())


def test_a_device_of_ones_own_is_added(empty_database: str) -> None:
    uskat("migrate", database=empty_database)
    uskat("admin", "load-demo", database=empty_database)
    arguments = ("admin", "add-device", "MY-1", "--station", "U-01", "--parameter", "ph", "--parameter", "temp")
    assert uskat(*arguments, database=empty_database).stdout.startswith("MY-1\t")
    assert "MY-1\tU-01\twater\tTrue\t2" in uskat("admin", "devices", database=empty_database).stdout
    wrong = uskat(*arguments[:4], "NOWHERE", *arguments[5:], database=empty_database, check=False)
    assert wrong.returncode == 1
    assert "NOWHERE" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    token = uskat("admin", "token", "laboratory", "--scope", "write", database=empty_database).stdout.strip()
    assert len(token) > 20


def test_an_empty_ledger_balances(embedded_database: str) -> None:
    done = uskat("ledger", database=embedded_database)
    assert done.stdout.split() == [
        "day",
        "station",
        "messages",
        "received",
        "stored",
        "duplicate",
        "conflict",
        "rejected",
        "difference",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_broker_runs_in_the_foreground_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    with subprocess.Popen(
        [*USKAT, "broker", "--port", str(port), "--folder", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == f"mqtt://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port)).close()
        process.send_signal(number)
        assert process.wait(20) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
