"""An automatic control system as the state register knows it: which series of ours is which parameter of theirs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

STATES = ("ams", "equipment", "seal")


class SystemDescriptionError(ValueError):
    """A description that cannot be worked by; the message names the place."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A measured parameter: series of `station` and `parameter` here; uuid, code and unit there."""

    station: str
    parameter: str
    uuid: UUID
    code: str
    unit: str


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor with its parameters, and the uuids of its three state channels."""

    uuid: UUID
    channels: tuple[Channel, ...]
    states: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class Source:
    """A source of discharge. pniv: its mark in the register, passed on as it is."""

    uuid: UUID
    pniv: str
    sensors: tuple[Sensor, ...]


@dataclass(frozen=True, slots=True)
class ControlSystem:
    """code: of the system in the address; onv: id of the object."""

    code: str
    onv: str
    sources: tuple[Source, ...]

    def channels(self) -> Iterator[Channel]:
        """Every channel."""
        for source in self.sources:
            for sensor in source.sensors:
                yield from sensor.channels


def parse_system(document: Mapping[str, Any]) -> ControlSystem:
    """Read a description. Raises SystemDescriptionError: something is missing, no uuid, or given twice."""
    try:
        sources = tuple(_source(one) for one in document["sources"])
        system = ControlSystem(str(document["system"]), str(document["onv"]), sources)
    except KeyError as error:
        raise SystemDescriptionError(f"{error.args[0]} is missing") from None
    except (TypeError, AttributeError, ValueError) as error:
        if isinstance(error, SystemDescriptionError):
            raise
        raise SystemDescriptionError(str(error)) from error
    if not system.code or "/" in system.code or not list(system.channels()):
        raise SystemDescriptionError("a system has a code without slashes, and at least one channel")
    given = [uuid for source in sources for uuid in _uuids(source)]
    twice = sorted({str(uuid) for uuid in given if given.count(uuid) > 1})
    if twice:
        raise SystemDescriptionError(f"uuid {twice[0]} is given twice")
    return system


def _uuids(source: Source) -> Iterator[UUID]:
    yield source.uuid
    for sensor in source.sensors:
        yield sensor.uuid
        yield from sensor.states.values()
        yield from (channel.uuid for channel in sensor.channels)


def _source(part: Mapping[str, Any]) -> Source:
    return Source(UUID(part["source_uuid"]), str(part["pniv"]), tuple(_sensor(one) for one in part["sensors"]))


def _sensor(part: Mapping[str, Any]) -> Sensor:
    channels = tuple(
        Channel(str(one["station"]), str(one["parameter"]), UUID(one["parameter_uuid"]), str(one["code"]),
                str(one["unit"]))
        for one in part["parameters"]
    )  # fmt: skip
    states = {name: UUID(part["states"][name]) for name in STATES}
    return Sensor(UUID(part["sensor_uuid"]), channels, states)
