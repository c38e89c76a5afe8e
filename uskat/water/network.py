"""The observed basin: rivers as a graph, stations, devices and what surrounds them; loading and checking of its file.

The file is JSON (`uskat/data/network/uskat_demo.json` is the example): an object with the fields of `Network` below:
`version` 1, `code`, `name`, `schematic`, `demo`, `crs`, `notes`, and the lists `organisations`, `rivers`, `stations`,
`devices`, `seismographs`, `outlets`, `pits`, `settlements`, `territories` (may be left out), whose objects have the
fields of the types of the same name in `network_items` (a field with a default may be left out, an unknown field is an
error). References go by
`code`. `series` follow from `devices[].parameters`. Kilometres of a river count upwards from its own mouth. A second
file of settlements (`{version, licence, attribution, notes, settlements}`) may be added: its licence differs.
"""

from functools import cache
from importlib.resources import files

import msgspec

from uskat.water.network_check import contradictions
from uskat.water.network_graph import Network
from uskat.water.network_items import (
    Device,
    Organisation,
    Outlet,
    Permit,
    Pit,
    Reach,
    River,
    RiverPoint,
    SeismicChannel,
    Seismograph,
    Series,
    Settlement,
    Station,
    Territory,
)

__all__ = [
    "Device",
    "Network",
    "NetworkError",
    "Organisation",
    "Outlet",
    "Permit",
    "Pit",
    "Reach",
    "River",
    "RiverPoint",
    "SeismicChannel",
    "Seismograph",
    "Series",
    "Settlement",
    "Station",
    "Territory",
    "demo_network",
    "load_network",
]


class NetworkError(ValueError):
    """A network file that contradicts itself; the text says where and why."""


class _SettlementFile(msgspec.Struct, frozen=True):
    settlements: tuple[Settlement, ...]


def load_network(text: str, settlements: str | None = None) -> Network:
    """Network from the text of its file and of an optional second file of settlements; raises NetworkError."""
    try:
        network = msgspec.json.decode(text, type=Network)
        if settlements is not None:
            added = msgspec.json.decode(settlements, type=_SettlementFile).settlements
            network = msgspec.structs.replace(network, settlements=(*network.settlements, *added))
    except msgspec.DecodeError as error:
        raise NetworkError(f"the file is not a network: {error}") from None
    problems = [*contradictions(network)]
    if problems:
        raise NetworkError("; ".join(problems))
    return network


@cache
def demo_network() -> Network:
    """The demonstration network of the Uskat basin that comes with the package: schematic, stations proposed."""
    folder = files("uskat.data.network")
    return load_network(
        folder.joinpath("uskat_demo.json").read_text(encoding="utf-8"),
        folder.joinpath("settlements_cc_by_sa.json").read_text(encoding="utf-8"),
    )
