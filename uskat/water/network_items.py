"""What a network consists of: the objects of its file and the value types of its graph."""

from dataclasses import dataclass

import msgspec


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything the file describes: named fields, none unknown, none changed later."""


class Organisation(Item, frozen=True, kw_only=True):
    """Who owns stations, pits and outlets. kind: agency | enterprise | laboratory."""

    code: str
    name: str
    kind: str


class Territory(Item, frozen=True, kw_only=True):
    """An area that one or more agencies supervise, by what lies in it; a thing lies in one territory or in none."""

    code: str
    name: str
    agencies: tuple[str, ...]
    stations: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    pits: tuple[str, ...] = ()
    settlements: tuple[str, ...] = ()


class River(Item, frozen=True, kw_only=True):
    """A river. `mouth_km`: km of the receiving river where this one enters; geometry: (lon, lat), source to mouth."""

    code: str
    name: str
    flows_to: str | None
    mouth_km: float | None
    length_km: float
    official_length_km: float | None = None
    length_flag: str = ""
    schematic_length_km: float | None = None
    basin_km2: float
    mean_discharge_m3_s: float
    slope: float
    hydrology_flag: str = ""
    geometry: tuple[tuple[float, float], ...]
    accuracy_m: float
    flag: str
    source: str


class FloodLevels(Item, frozen=True, kw_only=True):
    """Levels of a post in cm over the zero of its gauge, that zero in m of the Baltic system; None: not known.

    floodplain: пойма; adverse: неблагоприятное явление (НЯ); dangerous: опасное явление (ОЯ); low: low water.
    """

    gauge_zero_m: float | None = None
    floodplain_cm: float | None = None
    adverse_cm: float | None = None
    dangerous_cm: float | None = None
    low_cm: float | None = None
    flag: str
    source: str


class Station(Item, frozen=True, kw_only=True):
    """A place of measurement: kind river | outlet | seismic. `proposed`: no such station exists.

    receptor: what a seismic station protects, a class of `uskat.blast.norm.curve.Receptor`; None: the default limit.
    """

    code: str
    name: str
    kind: str
    river: str | None = None
    km: float | None = None
    downstream: str | None = None
    latitude: float
    longitude: float
    role: str
    water_use: str | None = None
    organisation: str
    accuracy_m: float
    flag: str
    proposed: bool = False
    source: str
    flood: FloodLevels | None = None
    receptor: str | None = None


class Device(Item, frozen=True, kw_only=True):
    """What sends messages; its code is the MQTT user name. kind: logger | seismograph | enterprise."""

    code: str
    station: str
    kind: str
    expected_interval_s: int
    parameters: tuple[str, ...] = ()


class SeismicChannel(Item, frozen=True, kw_only=True):
    """A channel of a seismograph: SEED code, component (V, L, T, MIC), unit of measure and counts per unit."""

    code: str
    component: str
    unit: str
    counts_per_unit: float


class Seismograph(Item, frozen=True, kw_only=True):
    """Settings of a device of kind seismograph. Triggers: velocity in mm/s and air pressure in Pa."""

    device: str
    network: str
    station: str
    location: str
    sampling_hz: float
    channels: tuple[SeismicChannel, ...]
    trigger_mm_s: float
    trigger_pa: float
    near_settlement: str | None = None
    near_pit: str | None = None

    def nslc(self, channel: str) -> str:
        """SEED identifier NET.STA.LOC.CHA of a channel."""
        return f"{self.network}.{self.station}.{self.location}.{channel}"


class Permit(Item, frozen=True, kw_only=True):
    """Permit of a discharge: validity as ISO dates [from, to], limits in mg/L by parameter code."""

    number: str
    valid_from: str
    valid_to: str
    limits_mg_l: dict[str, float]


class Outlet(Item, frozen=True, kw_only=True):
    """A discharge into a river. kind: mine_water | washery | sewage."""

    code: str
    name: str
    organisation: str
    river: str
    km: float
    kind: str
    latitude: float
    longitude: float
    normal_flow_m3_s: float
    permit: Permit
    accuracy_m: float
    flag: str
    source: str


class Pit(Item, frozen=True, kw_only=True):
    """An open pit where blasts are fired. PPV = rock_k·SD^rock_beta mm/s with SD = R/√Q in m/√kg."""

    code: str
    name: str
    organisation: str
    latitude: float
    longitude: float
    rock_k: float
    rock_beta: float
    accuracy_m: float
    flag: str
    source: str


class Settlement(Item, frozen=True, kw_only=True):
    """A town or village."""

    code: str
    name: str
    latitude: float
    longitude: float
    population: int | None = None
    population_year: str | None = None
    accuracy_m: float
    source: str


@dataclass(frozen=True, slots=True)
class Series:
    """One parameter of one device: what the database calls a series."""

    device: str
    station: str
    parameter: str
    expected_interval_s: int


@dataclass(frozen=True, slots=True)
class RiverPoint:
    """A place on the graph: kilometre of a river from that river's mouth."""

    river: str
    km: float


@dataclass(frozen=True, slots=True)
class Reach:
    """A piece of one river, from the upper to the lower kilometre."""

    river: str
    from_km: float
    to_km: float

    @property
    def length_km(self) -> float:
        """Length along the river."""
        return self.from_km - self.to_km
