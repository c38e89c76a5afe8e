"""What reaches taught: pairs of passages out of the standing source findings, and the calibration kept per reach.

Calibrating is a deliberate act (`uskat admin calibrate-travel`): between two of them attribution rests on stored
numbers, so that late data change a finding only through the data.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.storage.network_reading import read_network
from services.storage.reading import json_value
from uskat.water.calibration import ReachCalibration, TravelPair, calibrate
from uskat.water.river_flow import station_point
from uskat.water.river_graph import pieces_between

_READ = text("SELECT river, upper_km, lower_km, log_factor, log_sd, pairs FROM reach_calibration")
_PAIRS = text(
    """SELECT detail->'pairs' FROM alert
    WHERE detector = 'attribution' AND state <> 'withdrawn' AND detail ? 'pairs' ORDER BY id"""
)
_WRITE = text(
    """INSERT INTO reach_calibration (river, upper_km, lower_km, log_factor, log_sd, pairs)
    VALUES (:river, :upper_km, :lower_km, :log_factor, :log_sd, :pairs)
    ON CONFLICT (river, upper_km, lower_km) DO UPDATE SET log_factor = excluded.log_factor,
        log_sd = excluded.log_sd, pairs = excluded.pairs, calibrated_at = now()"""
)
Key = tuple[str, float, float]


async def read_calibrations(connection: AsyncConnection) -> dict[Key, ReachCalibration]:
    """Calibrations by (river, upper km, lower km)."""
    rows = await connection.execute(_READ)
    return {(row[0], row[1], row[2]): ReachCalibration(row[3], row[4], row[5]) for row in rows}


async def calibrate_reaches(connection: AsyncConnection) -> dict[Key, ReachCalibration]:
    """Calibrate every reach between neighbouring stations from the pairs of standing findings; returns what was kept.

    A way over several rivers calibrates each of its pieces alike.
    """
    network = await read_network(connection)
    observed: dict[Key, list[TravelPair]] = defaultdict(list)
    for (body,) in await connection.execute(_PAIRS):
        for pair in json_value(body):
            upper, lower = (station_point(network, pair[name]) for name in ("upper", "lower"))
            if upper is None or lower is None:
                continue
            for piece in pieces_between(network, upper, lower=lower) or ():
                key = (piece.river, piece.from_km, piece.to_km)
                observed[key].append(_pair(pair))
    found = {key: calibrate(pairs) for key, pairs in sorted(observed.items())}
    for (river, upper_km, lower_km), one in found.items():
        row = {"river": river, "upper_km": upper_km, "lower_km": lower_km}
        kept = {"log_factor": one.log_factor, "log_sd": one.log_sd, "pairs": one.pairs}
        await connection.execute(_WRITE, row | kept)
    return found


def _pair(fields: Mapping[str, Any]) -> TravelPair:
    return TravelPair(fields["modelled_h"] * 3600, fields["observed_h"] * 3600)
