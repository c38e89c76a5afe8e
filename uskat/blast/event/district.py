"""Where the network stands and where people blast: stations, pits with their PPV laws, declared blasts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from uskat.blast.event.rules import event_rules
from uskat.blast.geometry import Plane

Floats = NDArray[np.float64]
M_PER_KM = 1000.0
FAR_RADII_KM = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
FAR_DEPTHS_KM = (2.0, 6.0, 12.0)
LEAST_KM = 0.05
"""Distances below this are no distances for a blast block."""


@dataclass(frozen=True, slots=True)
class Station:
    """A seismograph. trigger_mm_s: what it records; silent: periods [from, to) in which it sent nothing at all.

    Two are equal when they stand at one place and record the same: places do not depend on silence.
    """

    code: str
    latitude: float
    longitude: float
    trigger_mm_s: float
    silent: tuple[tuple[datetime, datetime], ...] = field(default=(), compare=False)

    def was_alive(self, moment: datetime) -> bool:
        """True unless it was silent then."""
        return not any(start <= moment < end for start, end in self.silent)


@dataclass(frozen=True, slots=True)
class PitSite:
    """A pit and its law PPV = k·(R/√Q)^beta, mm/s, m, kg; sd: of log10 k."""

    code: str
    latitude: float
    longitude: float
    radius_km: float
    k: float
    beta: float
    sd_log10: float


@dataclass(frozen=True, slots=True)
class DeclaredBlast:
    """A blast as the enterprise declared it: time UTC, centre of the block, charge per delay in kg.

    firing_s: from the first delay group to the last; delay_s: between groups, where most are equally far apart; None
    when the passport does not say. window_s: it was to be fired within so many seconds from `at` on; 0: at that
    moment. declared_at: when it was filed; None: ahead.
    """

    id: str
    pit: str
    at: datetime
    latitude: float
    longitude: float
    charge_kg: float
    firing_s: float | None = None
    window_s: float = 0.0
    declared_at: datetime | None = None
    delay_s: float | None = None

    @property
    def groups(self) -> int | None:
        """Delay groups, where they are regular."""
        if self.firing_s is None or not self.delay_s:
            return None
        return 1 + round(self.firing_s / self.delay_s)

    def off_s(self, moment: datetime) -> float:
        """Seconds by which a moment lies after its window (negative: before it); 0 inside."""
        after = (moment - self.at).total_seconds()
        return max(after - self.window_s, min(after, 0.0))


@dataclass(frozen=True, slots=True)
class Reach:
    """What the waves of a source at a node meet on the way to a station; arrays of shape (nodes, stations).

    log_m: log10 of metres; travel_s: of P; travel_variance: by the spread of velocities, s²; lag_s, lag_sd_s: of the
    air wave behind the ground.
    """

    log_m: Floats
    travel_s: Floats
    travel_variance: Floats
    lag_s: Floats
    lag_sd_s: Floats

    def of(self, columns: Sequence[int]) -> "Reach":
        """The same for some of the stations."""
        return Reach(
            self.log_m[:, columns],
            self.travel_s[:, columns],
            self.travel_variance[:, columns],
            self.lag_s[:, columns],
            self.lag_sd_s[:, columns],
        )


@dataclass(frozen=True)
class District:
    """Stations and pits on one plane, km east and north of the stations' middle. Codes of stations are unique."""

    stations: tuple[Station, ...]
    pits: tuple[PitSite, ...]

    def __post_init__(self) -> None:
        if not self.stations or len({station.code for station in self.stations}) != len(self.stations):
            raise ValueError("a district needs stations with codes of their own")

    @cached_property
    def plane(self) -> Plane:
        """Plane of the district."""
        longitude = sum(station.longitude for station in self.stations) / len(self.stations)
        latitude = sum(station.latitude for station in self.stations) / len(self.stations)
        return Plane(longitude, latitude)

    @cached_property
    def by_code(self) -> dict[str, Station]:
        """Stations by code."""
        return {station.code: station for station in self.stations}

    @cached_property
    def place_of(self) -> dict[str, Floats]:
        """Kilometres of each station, shape (2,)."""
        return {station.code: self.to_km(station.latitude, station.longitude) for station in self.stations}

    @cached_property
    def pit_places(self) -> Floats:
        """Kilometres of the pits, shape (p, 2)."""
        return np.array([self.to_km(pit.latitude, pit.longitude) for pit in self.pits]).reshape(-1, 2)

    @cached_property
    def grid(self) -> Floats:
        """Nodes of the coarse search, shape (n, 2), around stations and pits with a margin."""
        rules = event_rules().place
        points = np.vstack([*self.place_of.values(), *self.pit_places])
        low, high = points.min(axis=0) - rules.margin_km, points.max(axis=0) + rules.margin_km
        return box(low, high, step_km=rules.step_km)

    @cached_property
    def log_anywhere(self) -> float:
        """ln of the density per km² of sources spread evenly over the searched area."""
        span = self.grid.max(axis=0) - self.grid.min(axis=0)
        return -float(np.log(span[0] * span[1]))

    @cached_property
    def grid_distances(self) -> Floats:
        """Kilometres from the nodes of the coarse search to the stations, shape (n, stations)."""
        return distances(self.grid, np.array(list(self.place_of.values())))

    @cached_property
    def grid_reach(self) -> "Reach":
        """The coarse search as times and logarithms: every event asks for them."""
        return reach_of(self.grid_distances)

    @cached_property
    def grid_log_prior(self) -> Floats:
        """`log_prior` of the coarse nodes."""
        return self.log_prior(self.grid)

    @cached_property
    def far_distances(self) -> Floats:
        """Slant kilometres from sources far away or deep to the stations, shape (n, stations)."""
        places = np.array(list(self.place_of.values()))
        found = []
        for radius in FAR_RADII_KM:
            angles = np.linspace(0, 2 * np.pi, 1 if radius == 0 else 24, endpoint=False)
            nodes = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            found += [np.hypot(distances(nodes, places), depth) for depth in FAR_DEPTHS_KM]
        return np.vstack(found)

    def columns(self, stations: Sequence[str]) -> list[int]:
        """Places of stations in the tables of distances."""
        order = {code: place for place, code in enumerate(self.by_code)}
        return [order[code] for code in stations]

    def to_km(self, latitude: float, longitude: float) -> Floats:
        """Kilometres east and north of the middle, shape (2,)."""
        east, north = self.plane.to_plane((longitude, latitude))
        return np.array([east / M_PER_KM, north / M_PER_KM])

    def to_globe(self, place: Floats) -> tuple[float, float]:
        """Latitude and longitude of a place in km."""
        longitude, latitude = self.plane.to_globe((float(place[0]) * M_PER_KM, float(place[1]) * M_PER_KM))
        return latitude, longitude

    def log_prior(self, nodes: Floats) -> Floats:
        """ln of the density of blasts per km² at nodes of shape (n, 2): pits, and anywhere in the searched area."""
        rules = event_rules().place
        anywhere = float(np.exp(self.log_anywhere))
        if not self.pits:
            return np.full(len(nodes), self.log_anywhere)
        density = np.full(len(nodes), (1 - rules.pit_weight - rules.near_weight) * anywhere)
        for pit, place in zip(self.pits, self.pit_places, strict=True):
            apart = ((nodes - place) ** 2).sum(axis=1)
            for weight, sd_km in ((rules.pit_weight, rules.pit_sd_km), (rules.near_weight, rules.near_sd_km)):
                variance = sd_km**2 + pit.radius_km**2 / 4
                density += weight / len(self.pits) * np.exp(-apart / (2 * variance)) / (2 * np.pi * variance)
        return np.asarray(np.log(density), dtype=np.float64)

    def law_at(self, place: Floats) -> tuple[float, float, float]:
        """K, β and sd of log10 K of the pit nearest to a place; the default law without pits."""
        rules = event_rules().amplitude
        if not self.pits:
            return rules.k, rules.beta, 0.2
        pit = self.pits[int(np.argmin(((self.pit_places - place) ** 2).sum(axis=1)))]
        return pit.k, pit.beta, pit.sd_log10


def reach_of(distance: Floats) -> Reach:
    """Times and logarithms of distances in km, shape (nodes, stations)."""
    ground, air = event_rules().ground, event_rules().air
    travel = distance / ground.p_km_s
    return Reach(
        log_m=np.log10(1000 * distance),
        travel_s=travel,
        travel_variance=(ground.path_sd * travel) ** 2,
        lag_s=distance / air.sound_km_s - distance / ground.p_km_s + air.late_s,
        lag_sd_s=np.hypot(air.fixed_sd_s, air.share_sd * distance / air.sound_km_s),
    )


def box(low: Floats, high: Floats, *, step_km: float) -> Floats:
    """Nodes of a rectangle, shape (n, 2)."""
    east = np.arange(low[0], high[0] + step_km, step_km)
    north = np.arange(low[1], high[1] + step_km, step_km)
    grid = np.meshgrid(east, north, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1)


def distances(nodes: Floats, places: Floats) -> Floats:
    """Kilometres from nodes of shape (n, 2) to places of shape (m, 2): shape (n, m)."""
    east = nodes[:, 0:1] - places[None, :, 0]
    north = nodes[:, 1:2] - places[None, :, 1]
    return np.asarray(np.maximum(np.hypot(east, north), LEAST_KM), dtype=np.float64)
