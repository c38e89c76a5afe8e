"""One evaluation case: a scenario at a chosen date, and the basin with the cadence and instruments it is played on."""

from dataclasses import dataclass
from functools import cache

import msgspec

from simulators.river import World
from simulators.scenario import Scenario
from uskat.water.network import Device, Network, demo_network

DAY_S = 86_400.0
OIL_STATIONS = ("U-25", "TA-2", "U-21", "U-08", "U-01")
"""Stations that get an oil fluorometer: no other field instrument shows oil (norms sheet §6.1)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with its zero at a date. kind: what a judge expects to be found, one of KINDS.

    warmup_days: quiet days before zero; after_days: days behind it. Data begin and end with them.
    """

    kind: str
    scenario: Scenario
    zero_s: float
    warmup_days: float
    after_days: float

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def from_s(self) -> float:
        """Unix time of the first reading."""
        return self.zero_s - self.warmup_days * DAY_S

    @property
    def until_s(self) -> float:
        """Unix time when everything is over and judged."""
        return self.zero_s + self.after_days * DAY_S

    def world(self, network: Network) -> World:
        """The rivers in which the scenario happens."""
        return World(network, self.scenario, zero_s=self.zero_s)


@cache
def evaluation_network(every_s: int) -> Network:
    """The demo basin with a scan every `every_s` seconds and oil fluorometers at OIL_STATIONS."""
    network = demo_network()
    devices = tuple(_device(device, every_s) for device in network.devices)
    return msgspec.structs.replace(network, devices=devices)


def _device(device: Device, every_s: int) -> Device:
    if device.kind != "logger":
        return device
    more = ("oil",) if device.code in OIL_STATIONS else ()
    return msgspec.structs.replace(device, expected_interval_s=every_s, parameters=(*device.parameters, *more))
