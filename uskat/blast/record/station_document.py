"""StationXML and FDSN text of the registry's seismographs: places, channels and what their counts mean.

Written by obspy's Inventory. Only what the registry says is said: the response is one flat gain, without poles and
zeros; the azimuth of horizontal channels is left out, as instruments are laid towards the pit; an elevation that is not
known is written as 0 with a comment.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from obspy import Inventory, UTCDateTime
from obspy.core.inventory import (
    Channel,
    Comment,
    Equipment,
    InstrumentSensitivity,
    Network,
    Response,
    Site,
    Station,
)
from obspy.core.inventory.response import ResponseStage

from uskat.blast.record.calibration import MICROPHONE, UNIT_FACTOR, ChannelCalibration

Level = Literal["network", "station", "channel", "response"]
SOURCE = "Uskat"
REFERENCE_HZ = 10.0
"""Where the flat sensitivity is stated: inside 2–250 Hz (norms.md 1.4.1)."""
MM_PER_M = 1000.0
UP_DIP_DEG = -90.0
ELEVATION_NOTE = "Elevation is not in the registry; 0 stands for unknown."
RESPONSE_NOTE = "Flat sensitivity from the registry; poles and zeros are not known."
AXIS_NOTE = {
    "V": "Vertical.",
    "L": "Horizontal; azimuth not in the registry.",
    "T": "Horizontal, across L; azimuth not in the registry.",
    MICROPHONE: "Air pressure.",
}


@dataclass(frozen=True, slots=True)
class StationChannel:
    """One channel of a seismograph. begins: since when it may have records, UTC; calibration None: counts of no unit.

    elevation_m None: not known.
    """

    network: str
    station: str
    location: str
    code: str
    site: str
    latitude: float
    longitude: float
    rate_hz: float
    begins: datetime
    sensor: str = ""
    calibration: ChannelCalibration | None = None
    elevation_m: float | None = None
    demo: bool = False

    @property
    def nslc(self) -> str:
        """SEED identifier NET.STA.LOC.CHA."""
        return f"{self.network}.{self.station}.{self.location}.{self.code}"


def inventory_of(channels: Sequence[StationChannel], *, level: Level, created: datetime) -> Inventory:
    """Inventory of the channels, down to a level; the beginning of a station is the earliest of its channels."""
    networks: dict[str, dict[str, list[StationChannel]]] = {}
    for channel in sorted(channels, key=lambda found: found.nslc):
        networks.setdefault(channel.network, {}).setdefault(channel.station, []).append(channel)
    written = [_network(code, stations, level) for code, stations in networks.items()]
    return Inventory(networks=written, source=SOURCE, sender=SOURCE, created=UTCDateTime(created))


def station_xml(channels: Sequence[StationChannel], *, level: Level, created: datetime) -> bytes:
    """StationXML of the channels, down to a level."""
    buffer = io.BytesIO()
    inventory_of(channels, level=level, created=created).write(buffer, format="STATIONXML")
    return buffer.getvalue()


def station_text(channels: Sequence[StationChannel], *, level: Level, created: datetime) -> bytes:
    """FDSN station text; the level `response` has none. Raises ValueError then."""
    if level == "response":
        raise ValueError("there is no text form of a response")
    buffer = io.StringIO()
    inventory_of(channels, level=level, created=created).write(buffer, format="STATIONTXT", level=level)
    return f"{buffer.getvalue()}\n".encode()


def _network(code: str, stations: Mapping[str, Sequence[StationChannel]], level: Level) -> Network:
    demo = all(channel.demo for channels in stations.values() for channel in channels)
    begins = min(channel.begins for channels in stations.values() for channel in channels)
    return Network(
        code=code,
        description="Сейсмографы при взрывных работах" + (" (демо)" if demo else ""),
        start_date=UTCDateTime(begins),
        total_number_of_stations=len(stations),
        selected_number_of_stations=len(stations),
        stations=[] if level == "network" else [_station(name, found, level) for name, found in stations.items()],
        restricted_status="open",
    )


def _station(code: str, channels: Sequence[StationChannel], level: Level) -> Station:
    first = channels[0]
    begins = UTCDateTime(min(channel.begins for channel in channels))
    return Station(
        code=code,
        latitude=first.latitude,
        longitude=first.longitude,
        elevation=first.elevation_m or 0.0,
        site=Site(name=first.site),
        start_date=begins,
        creation_date=begins,
        total_number_of_channels=len(channels),
        selected_number_of_channels=len(channels),
        channels=[] if level == "station" else [_channel(found, level) for found in channels],
        comments=[] if first.elevation_m is not None else [Comment(ELEVATION_NOTE)],
        restricted_status="open",
    )


def _channel(channel: StationChannel, level: Level) -> Channel:
    axis = channel.calibration.component if channel.calibration else None
    notes = [AXIS_NOTE[axis]] if axis in AXIS_NOTE else []
    if channel.calibration is not None:
        notes.append(RESPONSE_NOTE)
    return Channel(
        code=channel.code,
        location_code=channel.location,
        latitude=channel.latitude,
        longitude=channel.longitude,
        elevation=channel.elevation_m or 0.0,
        depth=0.0,
        azimuth=0.0 if axis == "V" else None,
        dip=UP_DIP_DEG if axis == "V" else None,
        sample_rate=channel.rate_hz,
        start_date=UTCDateTime(channel.begins),
        sensor=Equipment(description=channel.sensor) if channel.sensor else None,
        comments=[Comment(note) for note in notes],
        response=_response(channel.calibration, whole=level == "response") if channel.calibration else None,
        restricted_status="open",
    )


def _response(calibration: ChannelCalibration, *, whole: bool) -> Response:
    """Counts per M/S or PA; the stage behind it at the level `response` only."""
    unit, gain = ("PA", 1.0) if calibration.component == MICROPHONE else ("M/S", MM_PER_M)
    gain *= calibration.counts_per_unit / UNIT_FACTOR[calibration.unit]
    named: dict[str, Any] = {"input_units": unit, "output_units": "COUNTS"}
    sensitivity = InstrumentSensitivity(value=gain, frequency=REFERENCE_HZ, **named)
    stages = [ResponseStage(1, gain, REFERENCE_HZ, unit, "COUNTS")] if whole else []
    return Response(instrument_sensitivity=sensitivity, response_stages=stages)
