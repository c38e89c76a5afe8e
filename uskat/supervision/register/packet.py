"""A 20-minute packet: exactly the same bytes however often it is composed, so that sending again changes nothing.

Every value has an id of its own; it follows from the channel and the interval (UUID version 5), where the known client
draws one at random and keeps it. An interval with too few valid readings has no value: its state channels say why.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from uskat.supervision.register.protocol import Protocol
from uskat.supervision.register.system import ControlSystem, Sensor
from uskat.water.interval import Interval, counts, readings_needed

STATE_BITS = {"ams": 1, "equipment": 2, "seal": 4}


@dataclass(frozen=True, slots=True)
class SeriesInterval:
    """An interval of a series, None where nothing was received, and how often readings are expected of it."""

    interval: Interval | None
    expected_interval_s: int


@dataclass(frozen=True, slots=True)
class Packet:
    """What is sent of one interval. key: names it for ever; body: JSON, UTF-8."""

    system: str
    start: datetime
    key: str
    body: bytes


Found = Mapping[tuple[str, str], SeriesInterval]
"""By (station, parameter)."""


def compose_packet(system: ControlSystem, start: datetime, *, found: Found, protocol: Protocol) -> Packet:
    """The packet of [start, start + 20 min), UTC. Raises ValueError for a start that is no interval's."""
    span = round(protocol.interval.total_seconds())
    begin = round(start.timestamp())
    if begin % span:
        raise ValueError(f"{start.isoformat()} begins no interval")
    moment = _Moment(begin, begin + span, protocol, found)
    sources = [
        {"source_uuid": str(source.uuid), "pniv": source.pniv,
         "sensors": [moment.sensor(sensor) for sensor in source.sensors]}
        for source in system.sources
    ]  # fmt: skip
    body = {"onv": system.onv, "timestamp": begin + span, "sources": sources}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Packet(system.code, start, f"{system.code}:{begin}", text.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class _Moment:
    begin: int
    end: int
    protocol: Protocol
    found: Found

    def sensor(self, sensor: Sensor) -> dict[str, Any]:
        intervals = [self.found.get((one.station, one.parameter)) for one in sensor.channels]
        bits = 0
        for one in intervals:
            # What sent nothing is not working, whatever it last said of itself.
            bits |= STATE_BITS["ams"] if one is None or one.interval is None else one.interval.states
        parameters = [
            {"parameter_uuid": str(channel.uuid), "code": channel.code, "unit": channel.unit,
             "values": self.values(channel.uuid, self.mean(one))}
            for channel, one in zip(sensor.channels, intervals, strict=True)
        ]  # fmt: skip
        for name, uuid in sensor.states.items():
            parameters.append(
                {"parameter_uuid": str(uuid), "code": self.protocol.state_codes[name], "unit": "",
                 "values": self.values(uuid, self.word(bits & STATE_BITS[name]))}
            )  # fmt: skip
        return {"sensor_uuid": str(sensor.uuid), "state": self.word(bits), "parameters": parameters}

    def mean(self, one: SeriesInterval | None) -> float | None:
        if one is None or one.interval is None:
            return None
        needed = readings_needed(one.expected_interval_s, self.protocol.valid_share)
        return one.interval.mean if counts(one.interval, needed) else None

    def word(self, bits: int) -> str:
        return self.protocol.state_fault if bits else self.protocol.state_ok

    def values(self, uuid: UUID, value: float | str | None) -> list[dict[str, Any]]:
        if value is None:
            return []
        named = str(uuid5(uuid, f"{self.begin}"))
        return [{"value_uuid": named, "timestamp_start": self.begin, "timestamp_end": self.end, "value": value}]
