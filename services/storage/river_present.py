"""The river as it is now: the graph, the flow that stations measured in the last day, and what reaches taught."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.calibration_store import read_calibrations
from services.storage.network_reading import read_network
from services.storage.river_reading import StationWindow, station_records
from uskat.water.calibration import Calibrations
from uskat.water.interval import INTERVAL, interval_start
from uskat.water.network_graph import Network
from uskat.water.river_flow import RiverState, river_state

LAST_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RiverPresent:
    """What travel times are reckoned with at a moment."""

    network: Network
    state: RiverState
    calibrations: Calibrations


async def river_present(connection: AsyncConnection, now: datetime) -> RiverPresent:
    """Graph, flow and calibrations for a moment; the flow is the median of the day before it."""
    network = await read_network(connection, now=now)
    until = interval_start(now) + INTERVAL
    codes = [station.code for station in network.stations if station.river is not None]
    windows = [StationWindow(code, until - LAST_DAY, until) for code in codes]
    records = await station_records(connection, windows, parameters=("discharge", "temp"))
    medians = {
        (code, parameter): float(np.nanmedian(course))
        for code, record in sorted(records.items())
        for parameter, course in record.values.items()
        if np.isfinite(course).any()
    }
    discharges = [(code, value) for (code, parameter), value in medians.items() if parameter == "discharge"]
    temperatures = [value for (_, parameter), value in medians.items() if parameter == "temp"]
    temperature = float(np.median(temperatures)) if temperatures else None
    state = river_state(network, now, discharges=discharges, water_temperature_c=temperature)
    return RiverPresent(network, state, await read_calibrations(connection))
