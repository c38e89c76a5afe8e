"""What is drawn around a station in the act: its river with what flows into it, or the pits and settlements near it."""

import math

from uskat.supervision.evidence.act_figures import KM_DEGREE, Sketch
from uskat.water.network_graph import Network
from uskat.water.network_items import Station
from uskat.water.river_line import riverside

NEAR_KM = 25.0
MOST = 16
"""Places at most, nearest first: more than that cannot be read."""


def sketch_of(network: Network, station: str) -> Sketch | None:
    """The sketch of a station; None when the network does not have it."""
    here = network.station_of.get(station)
    if here is None:
        return None
    return _at_river(network, here) if here.river is not None else _around(network, here)


def _at_river(network: Network, here: Station) -> Sketch:
    rivers = [one for one in network.rivers if here.river in {one.code, one.flows_to}]
    codes = {one.code for one in rivers}
    places = [(one.code, one.longitude, one.latitude) for one in network.stations if one.river in codes]
    shown = {code for code, _, point in riverside(network) if point.river in codes}
    places += [(one.name, one.longitude, one.latitude) for one in network.settlements if one.code in shown]
    middles = [(one.name, *one.geometry[len(one.geometry) // 2]) for one in rivers]
    return Sketch([one.geometry for one in rivers], places, here.code, middles)


def _around(network: Network, here: Station) -> Sketch:
    def km(longitude: float, latitude: float) -> float:
        """How far a point is, km."""
        narrow = math.cos(math.radians(here.latitude))
        return KM_DEGREE * math.hypot((longitude - here.longitude) * narrow, latitude - here.latitude)

    stations = [(one.code, one.longitude, one.latitude) for one in network.stations if one.kind == here.kind]
    pits = [(one.name, one.longitude, one.latitude) for one in network.pits]
    settlements = [(one.name, one.longitude, one.latitude) for one in network.settlements]
    near = sorted((km(lon, lat), (name, lon, lat)) for name, lon, lat in [*stations, *pits, *settlements])
    return Sketch([], [place for distance, place in near if distance <= NEAR_KM][:MOST], here.code)
