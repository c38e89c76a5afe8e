"""How large a discharge must be so that a station sees a wanted peak."""

import msgspec
import numpy as np

from simulators.river import World
from simulators.scenario import Discharge, Scenario
from simulators.water_kind import EFFLUENTS
from uskat.water.network import Network

LARGEST_SHARE = 0.6
SMALLEST_SHARE = 0.0005
HALVINGS = 24
STEP_S = 600.0
WATCHED_S = 8 * 86_400.0


def sized(
    network: Network,
    scenario: Scenario,
    discharge: Discharge,
    *,
    zero_s: float,
    station: str,
    parameter: str,
    peak: float,
) -> Discharge:
    """The discharge with the share of the river that gives the parameter's extreme at the station (or the largest).

    peak: wanted largest value, or smallest when the effluent has less of the parameter than the river.
    """
    low, high = SMALLEST_SHARE, LARGEST_SHARE
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        tried = msgspec.structs.replace(discharge, share=middle)
        if _reaches(network, scenario, tried, zero_s=zero_s, station=station, parameter=parameter, peak=peak):
            high = middle
        else:
            low = middle
    return msgspec.structs.replace(discharge, share=float(round(high, 5)))


def _reaches(
    network: Network,
    scenario: Scenario,
    discharge: Discharge,
    *,
    zero_s: float,
    station: str,
    parameter: str,
    peak: float,
) -> bool:
    world = World(network, msgspec.structs.replace(scenario, discharges=(discharge,)), zero_s=zero_s)
    plume = world.plumes[station][0]
    time_s = np.arange(plume.start_s, plume.start_s + WATCHED_S, STEP_S)
    values = world.value(station, parameter, time_s)
    carried = plume.effluent.get(parameter, EFFLUENTS["sewage"].get(parameter, 0.0))
    rises = carried > peak
    return bool(values.max() >= peak) if rises else bool(values.min() <= peak)
