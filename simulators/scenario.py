"""What happens in a simulated basin and when: the schema of scenario files, with sentences about what is wrong in one.

Times are minutes from the scenario's zero, which is the first start of the simulator with a fresh state folder.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml

from uskat.water.network import Network, RiverPoint

Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class ScenarioError(ValueError):
    """A scenario file that cannot be played; the text says where and why."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Arrival(_Part, frozen=True, kw_only=True):
    """Time of a discharge given by when half of it has reached a station."""

    station: str
    at_min: float


class Discharge(_Part, frozen=True, kw_only=True):
    """Effluent let into the river: `start_min` or `arrives`; `flow_m3_s` or `share` of the river below the outlet.

    kind: what is let out when it is not the usual effluent of the outlet. effluent: concentrations that differ from the
    usual ones of the kind, by parameter code.
    """

    outlet: str
    kind: Literal["mine_water", "washery", "sewage", "oil", "acid"] | None = None
    duration_min: Positive
    start_min: float | None = None
    arrives: Arrival | None = None
    flow_m3_s: Positive | None = None
    share: Share | None = None
    effluent: dict[str, float] = {}
    declared: bool = False


class Rain(_Part, frozen=True, kw_only=True):
    """Rain, or snow melt of the same water, over the whole basin."""

    start_min: float
    hours: Positive
    mm: Positive
    kind: Literal["rain", "melt"] = "rain"


class FloodWave(_Part, frozen=True, kw_only=True):
    """A wave of clean water that leaves the source of a river and runs down to the end of the graph.

    It rises for `rise_h` and falls three times as long; it runs at `celerity_m_s`, faster than the water itself.
    """

    river: str
    start_min: float
    peak_m3_s: Positive
    rise_h: Positive = 6.0
    celerity_m_s: Positive = 1.5


class IceJam(_Part, frozen=True, kw_only=True):
    """Ice dams the river below a station: the level jumps, stays and falls, while the flow is the same."""

    station: str
    start_min: float
    hours: Positive
    rise_cm: Positive


class Blast(_Part, frozen=True, kw_only=True):
    """A multi-hole delay blast; `every_min` repeats it. Charges in kg."""

    pit: str
    at_min: float
    every_min: Positive | None = None
    holes: Annotated[int, msgspec.Meta(ge=1, le=2000)] = 40
    charge_per_hole_kg: Positive = 300.0
    holes_per_delay: Annotated[int, msgspec.Meta(ge=1, le=50)] = 2
    delay_ms: Annotated[float, msgspec.Meta(ge=0, le=500)] = 42.0
    declared: bool = True


class Earthquake(_Part, frozen=True, kw_only=True):
    """A far earthquake felt by every seismograph: peak velocity and how far away."""

    at_min: float
    distance_km: Positive
    ppv_mm_s: Positive


class Trucks(_Part, frozen=True, kw_only=True):
    """Heavy traffic beside a seismograph: mean number of passings an hour."""

    device: str
    per_hour: Positive


class Fault(_Part, frozen=True, kw_only=True):
    """A fault of an instrument (one `parameter`), or of the clock or the whole station (no parameter).

    size: drift and fouling in units a day, spike in units, noise as one standard deviation, clock jump in seconds.
    Fouling ends with the cleaning of a visit, which the reading shows as a step back. `ice` is frazil on the probe.
    """

    device: str
    kind: Literal[
        "stuck", "spike", "drift", "fouling", "noise", "dead", "out_of_water", "ice",
        "clock_jump", "clock_1970", "clock_future",
    ]  # fmt: skip
    start_min: float
    duration_min: Positive
    parameter: str | None = None
    size: float = 0.0


class Silence(_Part, frozen=True, kw_only=True):
    """A device, or only some of its channels, that measures nothing; without duration for ever."""

    device: str
    start_min: float
    duration_min: Positive | None = None
    parameters: tuple[str, ...] = ()


class Visit(_Part, frozen=True, kw_only=True):
    """People at work: the logger says so in `mode`, the probe is in air (service) or in standards (calibration)."""

    device: str
    start_min: float
    duration_min: Positive = 40.0
    mode: Literal["service", "calibration"] = "service"


class Offline(_Part, frozen=True, kw_only=True):
    """A logger without connection that buffers and delivers later, if wanted in disorder and several times."""

    device: str
    start_min: float
    duration_min: Positive
    disorder: bool = False
    repeat: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1


class Scenario(_Part, frozen=True, kw_only=True):
    """Everything that happens. backfill_hours: data before zero, delivered at the first start as a backlog.

    flow_ratio: how wet the year is, as a factor of the season's flow. travel_ratio: how much longer water really
    travels than the formula says.
    """

    name: str
    title: str
    about: str
    seed: int = 1
    backfill_hours: Annotated[float, msgspec.Meta(ge=0, le=720)] = 0.0
    discharges: tuple[Discharge, ...] = ()
    rain: tuple[Rain, ...] = ()
    waves: tuple[FloodWave, ...] = ()
    jams: tuple[IceJam, ...] = ()
    flow_ratio: Positive = 1.0
    travel_ratio: Positive = 1.0
    blasts: tuple[Blast, ...] = ()
    earthquakes: tuple[Earthquake, ...] = ()
    trucks: tuple[Trucks, ...] = ()
    faults: tuple[Fault, ...] = ()
    silent: tuple[Silence, ...] = ()
    visits: tuple[Visit, ...] = ()
    offline: tuple[Offline, ...] = ()


def scenario_names() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in files("simulators.scenarios").iterdir()
        if entry.name.endswith(".yaml")
    )


def load_scenario(name_or_path: str, network: Network) -> Scenario:
    """Scenario by its name, or from a file when the name ends in .yaml; raises ScenarioError."""
    if name_or_path.endswith((".yaml", ".yml")):
        try:
            return parse_scenario(Path(name_or_path).read_text(encoding="utf-8"), network)
        except OSError as error:
            raise ScenarioError(f"cannot read {name_or_path}: {error.strerror}") from None
    if name_or_path not in scenario_names():
        raise ScenarioError(
            f"no scenario {name_or_path!r}; there are {', '.join(scenario_names())}, or give a .yaml file"
        )
    return parse_scenario(
        files("simulators.scenarios").joinpath(f"{name_or_path}.yaml").read_text(encoding="utf-8"), network
    )


def parse_scenario(text: str, network: Network) -> Scenario:
    """Scenario from YAML, checked against the network it plays in; raises ScenarioError."""
    try:
        scenario = msgspec.convert(yaml.safe_load(text), Scenario)
    except yaml.YAMLError as error:
        raise ScenarioError(f"not YAML: {error}") from None
    except msgspec.ValidationError as error:
        raise ScenarioError(f"not a scenario: {error}") from None
    problems = [*_contradictions(scenario, network)]
    if problems:
        raise ScenarioError("; ".join(problems))
    return scenario


def _contradictions(scenario: Scenario, network: Network) -> Iterator[str]:
    yield from _check_discharges(scenario, network)
    rivers, stations = set(network.river_of), set(network.station_of)
    yield from (f"waves[{i}]: no river {w.river!r}" for i, w in enumerate(scenario.waves) if w.river not in rivers)
    yield from (
        f"jams[{i}]: no station {j.station!r}" for i, j in enumerate(scenario.jams) if j.station not in stations
    )
    pits = {pit.code for pit in network.pits}
    yield from (f"blasts[{i}]: no pit {b.pit!r}" for i, b in enumerate(scenario.blasts) if b.pit not in pits)
    measured = {device.code: set(device.parameters) for device in network.devices}
    named = [("trucks", i, item.device) for i, item in enumerate(scenario.trucks)]
    named += [("faults", i, item.device) for i, item in enumerate(scenario.faults)]
    named += [("silent", i, item.device) for i, item in enumerate(scenario.silent)]
    named += [("visits", i, item.device) for i, item in enumerate(scenario.visits)]
    named += [("offline", i, item.device) for i, item in enumerate(scenario.offline)]
    yield from (f"{room}[{i}]: no device {device!r}" for room, i, device in named if device not in measured)
    for i, fault in enumerate(scenario.faults):
        whole = fault.kind in {"out_of_water", "ice"} or fault.kind.startswith("clock_")
        if whole != (fault.parameter is None):
            yield f"faults[{i}]: {fault.kind} {'has no' if whole else 'needs a'} parameter"
        elif fault.parameter is not None and fault.parameter not in measured.get(fault.device, {fault.parameter}):
            yield f"faults[{i}]: {fault.device!r} does not measure {fault.parameter!r}"
    for i, silence in enumerate(scenario.silent):
        unknown = set(silence.parameters) - measured.get(silence.device, set(silence.parameters))
        if unknown:
            yield f"silent[{i}]: {silence.device!r} does not measure {', '.join(sorted(unknown))}"


def _check_discharges(scenario: Scenario, network: Network) -> Iterator[str]:
    outlets = {outlet.code: outlet for outlet in network.outlets}
    for i, discharge in enumerate(scenario.discharges):
        outlet = outlets.get(discharge.outlet)
        if outlet is None:
            yield f"discharges[{i}]: no outlet {discharge.outlet!r}"
            continue
        if (discharge.start_min is None) == (discharge.arrives is None):
            yield f"discharges[{i}]: give either start_min or arrives"
        if (discharge.flow_m3_s is None) == (discharge.share is None):
            yield f"discharges[{i}]: give either flow_m3_s or share"
        if discharge.arrives is not None:
            below = {station.code for station, _ in network.stations_below(RiverPoint(outlet.river, outlet.km))}
            if discharge.arrives.station not in below:
                yield f"discharges[{i}]: water from {discharge.outlet!r} never reaches {discharge.arrives.station!r}"
