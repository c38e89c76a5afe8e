"""One run of the demo, from the first process to the last line."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console, RenderableType
from rich.live import Live

from services.cli.demo.assembly import DATABASE_NAME, Assembly, Wish, assemble
from services.cli.demo.child import stop_now
from services.cli.demo.declared import keep_filing
from services.cli.demo.figures import Figures
from services.cli.demo.outcome import Account, Outcome, conclude
from services.cli.demo.plan import Plan
from services.cli.demo.screen import draw, progress_line, utc_now
from services.cli.demo.state import StateFolder, take_state_folder
from services.cli.demo.supervisor import Supervisor
from services.parts.process import PartError
from services.settings import Settings
from services.storage.blast_registry import load_surroundings
from services.storage.engine import make_engine, unit_of_work
from services.storage.migrate import upgrade_async
from services.storage.registry import load_network
from services.storage.water_intake_store import enter_intakes
from uskat.blast.surroundings import demo_surroundings
from uskat.water.network import demo_network
from uskat.water.water_intake import demo_intakes

LOOK_EVERY_S = 1.0
LINE_EVERY_S = 5.0
KEPT_EVENTS = 5
SIMULATORS_START_LOOKS = 30


class Demo:
    """A run: starts the parts, supervises the processes, shows the figures, stops everything, concludes."""

    def __init__(self, wish: Wish, settings: Settings, *, for_s: float | None, live: bool) -> None:
        """Prepare a run of `for_s` seconds (None: until Ctrl-C), with the live view or with plain lines."""
        self.wish, self.settings, self.for_s, self.live = wish, settings, for_s, live
        self.events: deque[str] = deque(maxlen=KEPT_EVENTS)
        self.first_alert_s: float | None = None
        self._console = Console(stderr=True)
        self._born = psutil.Process().create_time()
        self._drawing = False
        self._view_failed = False
        self._log = wish.state / "logs" / "demo.log"

    @property
    def elapsed_s(self) -> float:
        """Seconds since this process was started, interpreter and imports included."""
        return time.time() - self._born

    def say(self, text: str) -> None:
        """Tell the person something: below the figures of the live view, else as a line on stderr."""
        self.events.append(f"{self.elapsed_s:5.1f} с  {text}")
        if not self._drawing:
            print(self.events[-1], file=sys.stderr, flush=True)

    def run(self) -> Outcome:
        """Run to the end; raises PartError or NoStateFolder when it cannot begin."""
        folder = take_state_folder(self.wish.state)
        if folder.path != self.wish.state.absolute():
            self.say(f"папка {self.wish.state} занята другой демонстрацией, эта берёт {folder.path}")
        self._log = folder.log("demo")
        assembly = assemble(self.wish, self.settings, folder, self.say)
        try:
            self._start_parts(assembly)
            return asyncio.run(self._supervised(assembly, folder))
        finally:
            stop_now(assembly.children)
            folder.release()

    def _start_parts(self, assembly: Assembly) -> None:
        """Start database and broker before there is an event loop: they are needed by all and fail with clear words."""
        if assembly.database is not None:
            self.say("запускается база данных")
            assembly.database.start()
            if not assembly.database.has_database(DATABASE_NAME):
                assembly.database.create_database(DATABASE_NAME)
        if assembly.broker is not None:
            self.say("запускается брокер")
            assembly.broker.start()

    async def _supervised(self, assembly: Assembly, folder: StateFolder) -> Outcome:
        self.say("схема базы данных и демонстрационная сеть постов")
        try:
            folder.keep_credentials(await _prepare_database(assembly.database_url))
        except Exception as error:
            address = assembly.addresses.database
            raise PartError(f"база данных {address} не готова: {type(error).__name__}: {error}") from error
        plan = Plan(assembly.roles)
        for name in ("database", "broker"):
            if name in plan.units:
                plan.adopt(name, time.monotonic())
        supervisor = Supervisor(assembly.children, plan, self.say)
        figures = Figures(assembly.database_url, simulator_status=folder.simulator_status, loggers=folder.loggers)
        stop = asyncio.Event()
        self._stop_on_signals(stop, supervisor)
        try:
            # The port of our own database may differ from run to run; a foreign one is known by its address.
            database = self.wish.database_url or "embedded"
            before = await figures.begin()
            baseline = folder.baseline(database, before)
            keeping = asyncio.create_task(supervisor.keep(stop))
            filing = asyncio.create_task(
                keep_filing(assembly.database_url, self.wish.scenario, folder.simulator / "world.json")
            )
            await self._show(assembly, supervisor, figures, stop)
            if before.buffered:
                await self._heard_of_simulators(folder.simulator_status)
            stop.set()
            await self._end_filing(filing)
            await keeping
            after = await self._stop(supervisor, figures)
        finally:
            await figures.close()
        return conclude(baseline=baseline, after=after, first_alert_s=self.first_alert_s, restarts=plan.restarts)

    async def _end_filing(self, filing: asyncio.Task[None]) -> None:
        """What went wrong with the passports is told; the demo went on without them."""
        filing.cancel()
        (ended,) = await asyncio.gather(filing, return_exceptions=True)
        if isinstance(ended, Exception):
            self.say(f"паспорта взрывов не поданы: {type(ended).__name__}: {ended}")

    async def _heard_of_simulators(self, status: Path) -> None:
        """Wait until the simulators have taken up what an earlier run left in their buffers.

        Some of that is stored and only its confirmation is missing; without them nobody could tell which.
        """
        for _ in range(SIMULATORS_START_LOOKS):
            if status.exists() and status.stat().st_mtime > self._born:
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _stop(self, supervisor: Supervisor, figures: Figures) -> Account:
        """Stop loggers and services, count while the database still runs, then stop the parts."""
        self.say("остановка: имитаторы, приём, тревоги, извещения, API, брокер, база данных")
        await supervisor.stop(keep=("broker", "database"))
        after = await figures.end()
        await supervisor.stop()
        return after

    async def _show(self, assembly: Assembly, supervisor: Supervisor, figures: Figures, stop: asyncio.Event) -> None:
        """Refresh the figures until the end of the run; the screen or the lines follow."""
        live = Live(console=self._console, auto_refresh=False, screen=False) if self.live else contextlib.nullcontext()
        next_line = LINE_EVERY_S
        with live as screen:
            self._drawing = screen is not None
            while not stop.is_set() and (self.for_s is None or self.elapsed_s < self.for_s):
                await self._look(figures)
                if self.first_alert_s is None and figures.new_alert():
                    self.first_alert_s = self.elapsed_s
                    self.say("первая тревога этого запуска")
                if screen is not None:
                    with self._guarded():
                        screen.update(self._frame(assembly, supervisor, figures), refresh=True)
                elif self.elapsed_s >= next_line:
                    next_line = self.elapsed_s + LINE_EVERY_S
                    print(progress_line(self.elapsed_s, figures.last, supervisor.plan.restarts), file=sys.stderr)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
        self._drawing = False

    async def _look(self, figures: Figures) -> None:
        with self._guarded():
            await figures.look(time.monotonic())

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """A view that fails is told once and must not end what it looks at."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the processes go on; the traceback is in the log
            if not self._view_failed:
                self._view_failed = True
                self.say(f"показатели не читаются: {type(error).__name__}, подробности в {self._log}")
                self._log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")

    def _frame(self, assembly: Assembly, supervisor: Supervisor, figures: Figures) -> RenderableType:
        return draw(
            elapsed_s=self.elapsed_s,
            units=supervisor.plan.units,
            pids={name: child.process.pid for name, child in supervisor.children.items()},
            snapshot=figures.last,
            addresses=assembly.addresses,
            events=list(self.events),
            now=utc_now(),
        )

    def _stop_on_signals(self, stop: asyncio.Event, supervisor: Supervisor) -> None:
        """Stop cleanly at the first Ctrl-C, kill everything at the second."""

        def asked() -> None:
            if stop.is_set():
                supervisor.kill()
            stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, asked)


async def _prepare_database(database_url: str) -> dict[str, str]:
    """Bring the schema up to date and load the demo network; return the passwords of devices that are new."""
    await upgrade_async(database_url)
    engine = make_engine(database_url, pool_size=1, application="uskat-demo")
    try:
        async with unit_of_work(engine) as connection:
            passwords = await load_network(connection, demo_network())
            await load_surroundings(connection, demo_surroundings())
            await enter_intakes(connection, demo_intakes(), by="uskat demo")
            return passwords
    finally:
        await engine.dispose()
