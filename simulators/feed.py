"""When what was measured arrives: at once, or after a time offline, then in disorder and several times if wanted.

For playing a whole scenario without a broker; the same order at every call.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from simulators.instrument import WaterInstruments
from simulators.noise import key_of
from simulators.river import MINUTE_S, World
from simulators.scenario import Offline
from uskat.wire.water import WaterPacket

PACKETS_A_PARCEL = 200


@dataclass(frozen=True, slots=True)
class Parcel:
    """Packets of one device that arrive together at a Unix time."""

    arrives_s: float
    device: str
    packets: tuple[WaterPacket, ...]


def parcels(world: World, *, from_s: float, until_s: float, every_s: float) -> list[Parcel]:
    """Everything measured in [from, until) in the order of arrival; what is on line arrives every `every_s`."""
    found = [
        parcel
        for device in world.network.devices
        if device.kind == "logger"
        for parcel in _of_device(
            world, WaterInstruments(world, device), from_s=from_s, until_s=until_s, every_s=every_s
        )
    ]
    return sorted(found, key=lambda parcel: (parcel.arrives_s, parcel.device))


def _of_device(
    world: World, instruments: WaterInstruments, *, from_s: float, until_s: float, every_s: float
) -> Iterator[Parcel]:
    """On-line scans arrive at the end of their piece of time, those of an offline window when it is over."""
    code, interval_s = instruments.device.code, instruments.interval_s
    windows = [window for window in world.scenario.offline if window.device == code]
    arriving: dict[float, list[WaterPacket]] = {}
    held: dict[Offline, list[WaterPacket]] = {}
    for step, packet in instruments.scans(-int(-from_s // interval_s), -int(-until_s // interval_s)):
        moment = float(step * interval_s)
        window = next((one for one in windows if _away(world, one, moment)), None)
        if window is None:
            piece = int((moment - from_s) // every_s) + 1
            arriving.setdefault(min(until_s, from_s + piece * every_s), []).append(packet)
        else:
            held.setdefault(window, []).append(packet)
    for arrives_s, packets in arriving.items():
        yield from _pieces(arrives_s, code, packets)
    for window, packets in held.items():
        back_s = world.zero_s + (window.start_min + window.duration_min) * MINUTE_S
        sent = packets * window.repeat
        if window.disorder:
            random.Random(key_of(world.scenario.seed, code, window.start_min)).shuffle(sent)
        yield from _pieces(back_s, code, sent)


def _away(world: World, window: Offline, moment_s: float) -> bool:
    minutes = (moment_s - world.zero_s) / MINUTE_S
    return window.start_min <= minutes < window.start_min + window.duration_min


def _pieces(arrives_s: float, code: str, packets: list[WaterPacket]) -> Iterator[Parcel]:
    for start in range(0, len(packets), PACKETS_A_PARCEL):
        yield Parcel(arrives_s, code, tuple(packets[start : start + PACKETS_A_PARCEL]))
