"""Which device may send what: the registry as the hot path needs it, held in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.storage.intake.connection import Connection
from uskat.blast.record.trigger import LevelTrigger, level_trigger

_DEVICES = """
SELECT d.id, d.code, d.station_id, d.enabled, d.properties::text AS properties FROM device d ORDER BY d.id
"""
_SERIES = """
SELECT s.id, s.device_id, s.station_id, p.code, p.gross_min, p.gross_max, p.scale
FROM series s JOIN parameter p ON p.id = s.parameter_id ORDER BY s.id
"""


@dataclass(slots=True)
class DeviceEntry:
    """A registered sender. `places`: parameter code → row of the series arrays; `shapes` remembers whole packets.

    channels: calibration of a seismograph; trigger: levels at which it records, None where the registry has none.
    """

    id: int
    code: str
    station_id: int
    enabled: bool
    channels: dict[str, dict[str, object]]
    trigger: LevelTrigger | None = None
    places: dict[str, int] = field(default_factory=dict)
    shapes: dict[tuple[str, ...], list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Directory:
    """Snapshot of the registry. Arrays are indexed by place, a dense number of the series."""

    devices: dict[str, DeviceEntry]
    series_id: NDArray[np.int32]
    station_id: NDArray[np.int32]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    factor: NDArray[np.float64]
    place_of_series: dict[int, int]


async def load_directory(connection: Connection) -> Directory:
    """Read the registry."""
    devices = {}
    by_id = {}
    for row in await connection.fetch(_DEVICES):
        properties = msgspec.json.decode(row["properties"])
        entry = DeviceEntry(
            row["id"],
            row["code"],
            row["station_id"],
            row["enabled"],
            properties.get("channels", {}),
            level_trigger(properties),
        )
        devices[entry.code] = by_id[entry.id] = entry
    rows = await connection.fetch(_SERIES)
    for place, row in enumerate(rows):
        by_id[row["device_id"]].places[row["code"]] = place
    return Directory(
        devices=devices,
        series_id=np.array([row["id"] for row in rows], np.int32),
        station_id=np.array([row["station_id"] for row in rows], np.int32),
        lowest=np.array([row["gross_min"] for row in rows], np.float64),
        highest=np.array([row["gross_max"] for row in rows], np.float64),
        factor=np.array([10.0 ** row["scale"] for row in rows], np.float64),
        place_of_series={row["id"]: place for place, row in enumerate(rows)},
    )


def places_of(entry: DeviceEntry, names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Places of the known parameters in `names`, and the names that this device does not have."""
    known = [entry.places[name] for name in names if name in entry.places]
    unknown = [name for name in names if name not in entry.places]
    return known, unknown
