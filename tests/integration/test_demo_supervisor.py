"""The supervisor of the demo with real processes: what is killed comes back, and all stop in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from services.cli.demo.plan import Plan, Role
from services.cli.demo.supervisor import Supervisor
from services.parts.process import ChildProcess

# Writes its name into the diary when it is told to stop.
PROGRAM = """
import pathlib, signal, sys
def stop(*_):
    with open(sys.argv[2], "a") as diary: diary.write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(sys.argv[3]).touch()
while True: signal.pause()
"""
DIES = [sys.executable, "-c", "raise SystemExit(3)"]


class FakeChild:
    stop_signal = int(signal.SIGTERM)
    stop_timeout_s = 5.0

    def __init__(self, name: str, folder: Path, argv: list[str] | None = None) -> None:
        self.name = name
        self.up = folder / f"{name}.up"
        self.argv = argv or [sys.executable, "-c", PROGRAM, name, str(folder / "diary"), str(self.up)]
        self.process = ChildProcess(name, folder / f"{name}.log")
        self.launches = 0

    def launch(self) -> None:
        self.up.unlink(missing_ok=True)
        self.launches += 1
        self.process.spawn(self.argv)

    def is_ready(self) -> bool:
        return self.up.exists()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the truth is in another process
            await asyncio.sleep(0.02)


@asynccontextmanager
async def supervised(children: list[FakeChild], roles: list[Role], said: list[str]) -> AsyncIterator[Supervisor]:
    supervisor, stop = Supervisor(children, Plan(roles), said.append), asyncio.Event()
    keeping = asyncio.create_task(supervisor.keep(stop))
    try:
        yield supervisor
    finally:
        stop.set()
        await keeping
        await supervisor.stop()
        supervisor.kill()


async def test_a_killed_child_is_restarted_and_counted(tmp_path: Path) -> None:
    children = [FakeChild(name, tmp_path) for name in ("database", "ingest")]
    said: list[str] = []
    async with supervised(children, [Role("database"), Role("ingest", ("database",))], said) as supervisor:
        await until(lambda: supervisor.plan.all_running)
        for count in (1, 2):
            old = children[1].process.pid
            assert old is not None
            os.kill(old, signal.SIGKILL)
            await until(lambda count=count: supervisor.plan.restarts == count and supervisor.plan.all_running)
            assert children[1].process.pid != old
        assert [child.launches for child in children] == [1, 3]
        assert sum("приём: процесс умер (код -9)" in line for line in said) == 2


async def test_all_are_stopped_one_after_another(tmp_path: Path) -> None:
    names = ("database", "api", "ingest", "simulate")
    children = [FakeChild(name, tmp_path) for name in names]
    roles = [
        Role("database"),
        Role("api", ("database",)),
        Role("ingest", ("database",)),
        Role("simulate", ("ingest", "api")),
    ]
    async with supervised(children, roles, []) as supervisor:
        await until(lambda: supervisor.plan.all_running)
        pids = [child.process.pid for child in children]
        await supervisor.stop(keep=("database",))
        assert children[0].process.running
        assert (tmp_path / "diary").read_text().split() == ["simulate", "ingest", "api"]
    assert (tmp_path / "diary").read_text().split() == ["simulate", "ingest", "api", "database"]
    assert [pid for pid in pids if psutil.pid_exists(pid or -1)] == []


async def test_a_child_that_always_dies_does_not_stop_the_others(tmp_path: Path) -> None:
    children = [FakeChild("good", tmp_path), FakeChild("bad", tmp_path, DIES)]
    async with supervised(children, [Role("good"), Role("bad")], []) as supervisor:
        await until(lambda: supervisor.plan.units["bad"].restarts >= 2)
        assert children[0].process.running
        assert children[0].launches == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
async def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from tests.integration.test_demo_supervisor import FakeChild, Plan, Role, Supervisor\n"
        "child = FakeChild('api', pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(Supervisor([child], Plan([Role('api')]), print).keep(asyncio.Event()))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    parent = await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parents[2])
    await until((tmp_path / "api.up").exists)
    children = psutil.Process(parent.pid).children()
    assert len(children) == 1
    parent.kill()
    await parent.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, children, 10)
    assert alive == []
