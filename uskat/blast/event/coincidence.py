"""Network coincidence of station triggers, streaming: the same events as obspy's `coincidence_trigger`.

obspy takes whole traces; records of blast seismographs arrive as triggers, late and in any order. The chain rule is
obspy's: a trigger joins while it begins before the last end so far, one trigger a station counts, and a candidate
that ends no later than the event before it is a part of it (norms.md 1.2.6).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Trigger:
    """One station's trigger: on and off in Unix seconds; index: of the caller's record."""

    on: float
    off: float
    station: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Coincidence:
    """Triggers that overlap in a chain, the first one first."""

    triggers: tuple[Trigger, ...]

    @property
    def on(self) -> float:
        """Begin of the first trigger."""
        return self.triggers[0].on

    @property
    def off(self) -> float:
        """End of the last."""
        return max(trigger.off for trigger in self.triggers)


def coincidences(triggers: Sequence[Trigger], *, least: int) -> list[Coincidence]:
    """Events of at least `least` stations, in time order; input in any order. Raises ValueError for least < 1."""
    if least < 1:
        raise ValueError(f"at least {least} stations")
    return list(_events(sorted(triggers), least))


def _events(ordered: Sequence[Trigger], least: int) -> Iterator[Coincidence]:
    last_off = float("-inf")
    for place, first in enumerate(ordered):
        chain = tuple(_chain(first, ordered[place + 1 :]))
        off = max(trigger.off for trigger in chain)
        if len(chain) < least or off <= last_off:
            continue
        last_off = off
        yield Coincidence(chain)


def _chain(first: Trigger, later: Iterable[Trigger]) -> Iterator[Trigger]:
    stations, off = {first.station}, first.off
    yield first
    for trigger in later:
        if trigger.station in stations:
            continue
        if trigger.on > off:
            return
        stations.add(trigger.station)
        off = max(off, trigger.off)
        yield trigger


def partition(triggers: Sequence[Trigger]) -> list[Coincidence]:
    """Every trigger in exactly one event, single stations included: coincidences taken out one after another."""
    left = sorted(triggers)
    found = []
    while left:
        chain = tuple(_chain(left[0], left[1:]))
        found.append(Coincidence(chain))
        taken = set(chain)
        left = [trigger for trigger in left if trigger not in taken]
    return found
