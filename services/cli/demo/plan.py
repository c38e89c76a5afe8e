"""What a supervisor does next: pure, no processes and no clock, so that every rule is tested in microseconds.

A unit waits until all units it needs are ready, is started, becomes ready, runs. One that dies is started again after a
pause that doubles with each death in a row and is forgotten after a quiet time. One that lives but is not ready in time
is killed and counts as dead. Units are stopped in the reverse order of their needs, one after another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
QUIET_S = 30.0
READY_TIMEOUT_S = 60.0


class Phase(StrEnum):
    """Where a unit is in its life."""

    WAITING = "waiting"  # for what it needs
    STARTING = "starting"
    RUNNING = "running"
    PAUSE = "pause"  # after a death, before the next start


class Move(StrEnum):
    """What the supervisor must do to a unit now."""

    START = "start"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Role:
    """A unit that is wanted: its name and the names of the units that must be ready before it is started."""

    name: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a unit at one moment."""

    alive: bool
    ready: bool


@dataclass(slots=True)
class Unit:
    """What is remembered of a unit. Times are seconds of any steady clock."""

    role: Role
    phase: Phase = Phase.WAITING
    restarts: int = 0
    deaths_in_row: int = 0
    started_at: float = 0.0
    next_start_at: float = 0.0


class Plan:
    """The state of all units; `step` is called as often as one likes."""

    def __init__(self, roles: Sequence[Role]) -> None:
        """Begin with every unit waiting; raises ValueError when a need is unknown or goes in a circle."""
        self.units = {role.name: Unit(role) for role in roles}
        self._order = _by_need(roles)

    @property
    def restarts(self) -> int:
        """How often any unit had to be started again."""
        return sum(unit.restarts for unit in self.units.values())

    @property
    def all_running(self) -> bool:
        """True when every unit is ready."""
        return all(unit.phase is Phase.RUNNING for unit in self.units.values())

    @property
    def stop_order(self) -> tuple[str, ...]:
        """Names in the order of a clean stop: who needs others goes first."""
        return tuple(reversed(self._order))

    def adopt(self, name: str, now: float) -> None:
        """Take over a unit that somebody else has started at `now`."""
        self.units[name].phase, self.units[name].started_at = Phase.STARTING, now

    def step(self, now: float, seen: Mapping[str, Sight]) -> list[tuple[Move, str]]:
        """Take in what is seen at `now` and return what to do, in order."""
        moves: list[tuple[Move, str]] = []
        for name in self._order:
            move = self._step_unit(self.units[name], now, seen[name])
            if move is not None:
                moves.append((move, name))
        return moves

    def _step_unit(self, unit: Unit, now: float, sight: Sight) -> Move | None:
        if unit.phase in {Phase.STARTING, Phase.RUNNING}:
            return self._watch(unit, now, sight)
        if unit.phase is Phase.PAUSE and now < unit.next_start_at:
            return None
        if any(self.units[need].phase is not Phase.RUNNING for need in unit.role.needs):
            return None
        if unit.phase is Phase.PAUSE:
            unit.restarts += 1
        unit.phase, unit.started_at = Phase.STARTING, now
        return Move.START

    def _watch(self, unit: Unit, now: float, sight: Sight) -> Move | None:
        if not sight.alive:
            self._died(unit, now)
            return None
        if sight.ready:
            unit.phase = Phase.RUNNING
            if now - unit.started_at >= QUIET_S:
                unit.deaths_in_row = 0
            return None
        if unit.phase is Phase.STARTING and now - unit.started_at > READY_TIMEOUT_S:
            self._died(unit, now)
            return Move.KILL
        return None

    def _died(self, unit: Unit, now: float) -> None:
        pause = min(FIRST_PAUSE_S * 2**unit.deaths_in_row, LONGEST_PAUSE_S)
        unit.deaths_in_row += 1
        unit.phase, unit.next_start_at = Phase.PAUSE, now + pause


def _by_need(roles: Sequence[Role]) -> tuple[str, ...]:
    """Order names so that every unit comes after all that it needs."""
    known = {role.name for role in roles}
    waiting, order = list(roles), list[str]()
    while waiting:
        free = [role for role in waiting if all(need in order for need in role.needs)]
        if not free:
            names = ", ".join(role.name for role in waiting)
            unknown = {need for role in waiting for need in role.needs} - known
            raise ValueError(f"unknown needs {sorted(unknown)}" if unknown else f"needs go in a circle: {names}")
        order += [role.name for role in free]
        waiting = [role for role in waiting if role not in free]
    return tuple(order)
