"""A network as a graph of rivers: which way the water goes, how far, past which stations."""

from functools import cached_property
from typing import Any

import msgspec

from uskat.water.network_items import (
    Device,
    Organisation,
    Outlet,
    Pit,
    Reach,
    River,
    RiverPoint,
    Seismograph,
    Series,
    Settlement,
    Station,
    Territory,
)


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """A checked network; make it with `load_network`."""

    version: int
    code: str
    name: str
    schematic: bool
    demo: bool
    crs: str
    notes: tuple[str, ...]
    organisations: tuple[Organisation, ...]
    rivers: tuple[River, ...]
    stations: tuple[Station, ...]
    devices: tuple[Device, ...]
    seismographs: tuple[Seismograph, ...]
    outlets: tuple[Outlet, ...]
    pits: tuple[Pit, ...]
    settlements: tuple[Settlement, ...]
    territories: tuple[Territory, ...] = ()

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """Every parameter of every device."""
        return tuple(Series(d.code, d.station, p, d.expected_interval_s) for d in self.devices for p in d.parameters)

    @cached_property
    def river_of(self) -> dict[str, River]:
        """Rivers by code."""
        return {river.code: river for river in self.rivers}

    @cached_property
    def station_of(self) -> dict[str, Station]:
        """Stations by code."""
        return {station.code: station for station in self.stations}

    @cached_property
    def territory_of(self) -> dict[tuple[str, str], str]:
        """Code of a territory by what lies in it: (station | outlet | pit | settlement, code)."""
        return {
            (kind, code): territory.code
            for territory in self.territories
            for kind, codes in (
                ("station", territory.stations), ("outlet", territory.outlets),
                ("pit", territory.pits), ("settlement", territory.settlements),
            )
            for code in codes
        }  # fmt: skip

    @cached_property
    def seismograph_of(self) -> dict[str, Seismograph]:
        """Seismographs by device code."""
        return {seismograph.device: seismograph for seismograph in self.seismographs}

    def device_properties(self, code: str) -> dict[str, Any]:
        """What the registry keeps about a device: for a seismograph its channels, NSLC, sampling and triggers."""
        seismograph = self.seismograph_of.get(code)
        if seismograph is None:
            return {}
        fields: dict[str, Any] = msgspec.to_builtins(seismograph)
        channels = {channel.pop("code"): channel for channel in fields.pop("channels")}
        return {key: value for key, value in fields.items() if key != "device"} | {"channels": channels}

    def downstream_path(self, start: RiverPoint) -> tuple[Reach, ...]:
        """Reaches from `start` to the outlet of the graph, in the direction of flow."""
        reaches = []
        river, km = self.river_of[start.river], start.km
        while river.flows_to is not None and river.mouth_km is not None:
            reaches.append(Reach(river.code, km, 0.0))
            km = river.mouth_km
            river = self.river_of[river.flows_to]
        reaches.append(Reach(river.code, km, 0.0))
        return tuple(reaches)

    def reaches_between(self, upper: RiverPoint, lower: RiverPoint) -> tuple[Reach, ...] | None:
        """Reaches that water takes from `upper` to `lower`; None when it never gets there."""
        taken: list[Reach] = []
        for reach in self.downstream_path(upper):
            if reach.river == lower.river:
                if lower.km > reach.from_km:
                    return None
                return (*taken, Reach(reach.river, reach.from_km, lower.km))
            taken.append(reach)
        return None

    def distance_km(self, upper: RiverPoint, lower: RiverPoint) -> float | None:
        """Length of the way of water from `upper` to `lower`; None when it never gets there."""
        reaches = self.reaches_between(upper, lower)
        return None if reaches is None else sum(reach.length_km for reach in reaches)

    def tributaries(self, river: str) -> tuple[River, ...]:
        """Rivers that enter `river`, from its source to its mouth."""
        return self._tributaries.get(river, ())

    @cached_property
    def _tributaries(self) -> dict[str, tuple[River, ...]]:
        entering: dict[str, list[River]] = {}
        for river in sorted(self.rivers, key=lambda river: (-(river.mouth_km or 0.0), river.code)):
            if river.flows_to is not None:
                entering.setdefault(river.flows_to, []).append(river)
        return {code: tuple(rivers) for code, rivers in entering.items()}

    @cached_property
    def stations_on(self) -> dict[str, tuple[Station, ...]]:
        """River stations of each river that has any, from its mouth up."""
        found: dict[str, list[Station]] = {}
        for station, point in sorted(self._placed_stations, key=lambda pair: (pair[1].km, pair[0].code)):
            if station.kind == "river":
                found.setdefault(point.river, []).append(station)
        return {river: tuple(stations) for river, stations in found.items()}

    def stations_below(self, point: RiverPoint) -> tuple[tuple[Station, float], ...]:
        """River stations that water from `point` passes, with the distance in km, nearest first."""
        found = [(station, self.distance_km(point, place)) for station, place in self._placed_stations]
        passed = [(station, distance) for station, distance in found if distance is not None]
        return tuple(sorted(passed, key=lambda pair: pair[1]))

    @cached_property
    def _placed_stations(self) -> tuple[tuple[Station, RiverPoint], ...]:
        return tuple((s, RiverPoint(s.river, s.km)) for s in self.stations if s.river is not None and s.km is not None)
