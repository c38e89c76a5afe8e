"""The supervisor: looks at its children, asks the plan what to do, does it; stops them one after another at the end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Sequence

from services.cli.demo.child import Child
from services.cli.demo.plan import Move, Phase, Plan, Sight
from services.cli.demo.words import title
from services.parts.process import PartError

LOOK_EVERY_S = 0.2


class Supervisor:
    """Keeps children alive until `stop`; everything runs in the main thread, as the death signal demands."""

    def __init__(self, children: Sequence[Child], plan: Plan, say: Callable[[str], None]) -> None:
        """Take children that are not started yet; `say` hears of deaths and restarts."""
        self.children = {child.name: child for child in children}
        self.plan = plan
        self._say = say

    async def keep(self, until: asyncio.Event) -> None:
        """Start what is wanted and restart what dies until the event is set."""
        while not until.is_set():
            seen = dict(zip(self.children, await asyncio.gather(*map(self._look, self.children.values())), strict=True))
            before = {name: unit.phase for name, unit in self.plan.units.items()}
            for move, name in self.plan.step(time.monotonic(), seen):
                self._do(move, self.children[name])
            self._report(before)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(until.wait(), LOOK_EVERY_S)

    async def stop(self, keep: Collection[str] = ()) -> None:
        """Stop children in the plan's order, but for those to keep; one that does not go in its time is killed."""
        for name in self.plan.stop_order:
            child = self.children[name]
            if child.process.running and name not in keep:
                self._say(f"останавливается: {title(name)}")
                await stop_child(child)

    def kill(self) -> None:
        """Kill everything at once."""
        for child in self.children.values():
            child.process.kill()

    async def _look(self, child: Child) -> Sight:
        alive = child.process.running
        return Sight(alive=alive, ready=alive and await asyncio.to_thread(child.is_ready))

    def _do(self, move: Move, child: Child) -> None:
        if move is Move.KILL:
            self._say(f"{title(child.name)}: не готов вовремя, процесс убит")
            child.process.kill()
            return
        try:
            child.launch()
        except (PartError, OSError) as error:
            # The next look finds it dead; the plan pauses and tries again.
            self._say(f"{title(child.name)}: не запускается: {error}")

    def _report(self, before: dict[str, Phase]) -> None:
        for name, unit in self.plan.units.items():
            if unit.phase is Phase.PAUSE and before[name] is not Phase.PAUSE:
                code = self.children[name].process.returncode
                self._say(f"{title(name)}: процесс умер (код {code}), будет перезапуск № {unit.restarts + 1}")


async def stop_child(child: Child) -> None:
    """Ask one child to stop and wait for it; kill it when its time is over."""
    child.process.send(child.stop_signal)
    if not await asyncio.to_thread(child.process.wait, child.stop_timeout_s):
        child.process.kill()
