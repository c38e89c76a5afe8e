"""What truly happened in a case, station by station, on 20-minute intervals: the truth an evaluation is judged by.

A change counts as anomalous from the sizes of the norms sheet §6.1 (start values, unverified): conductivity +15 % and
at least 50 µS/cm, ammonium doubled and so on (ANOMALOUS). It is measured against the same world without the discharge.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulators.case import Case
from simulators.high_water import WAVE_FALL
from simulators.river import MINUTE_S, Plume, World
from simulators.truth import INTERVAL_S
from simulators.water_kind import INSTRUMENTS, OTHER_INSTRUMENT
from uskat.water.network import Network, RiverPoint
from uskat.water.norms import exceeds, norm_in_force

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ANOMALOUS: dict[str, tuple[float, float]] = {
    "ec25": (50.0, 0.15), "turb": (8.0, 1.0), "nh4": (0.15, 1.0), "no3": (5.0, 0.5), "no2": (0.05, 1.0),
    "do": (1.5, 0.0), "ph": (0.3, 0.0), "orp": (50.0, 0.0), "oil": (0.05, 0.0),
}  # fmt: skip
"""By parameter: least change in its unit, and least change as a share of the clean value; both must be reached."""
PRESENT_SHARE = 0.02
"""A plume is at a station while its share is above this part of its largest."""
NATURAL_AFTER_H = 72.0
NOISE_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class TrueEpisode:
    """Something that truly happened at a station over [start, end), Unix time.

    kind: pollution | exceedance | fault | service | silence | natural. what: effluent, fault or cause. first_s: start
    of the first interval in which it can be told from clean water (anomalous, or beyond a norm: exceeds_s); None when
    there is none. blind: no instrument in order was there to see it. clear: an exceedance that goes beyond the norm by
    more than the instrument's noise.
    """

    kind: str
    what: str
    station: str
    start_s: float
    end_s: float
    parameter: str | None = None
    outlet: str | None = None
    first_s: float | None = None
    exceeds_s: float | None = None
    blind: bool = False
    clear: bool = True


def truth_of(case: Case, network: Network) -> list[TrueEpisode]:
    """Every true episode of a case, by station and time."""
    world = case.world(network)
    clean = World(network, msgspec.structs.replace(case.scenario, discharges=()), zero_s=case.zero_s)
    found: list[TrueEpisode] = [*_instruments(world, case), *_natural(world, case)]
    for station in network.stations:
        if station.kind == "river":
            found += _station(world, clean, case, station.code)
    return sorted(found, key=lambda episode: (episode.station, episode.start_s, episode.kind))


def _station(world: World, clean: World, case: Case, station: str) -> Iterator[TrueEpisode]:
    starts = np.arange(case.from_s // INTERVAL_S, case.until_s // INTERVAL_S) * float(INTERVAL_S)
    anomalous = np.zeros(len(starts), dtype=np.bool_)
    exceeding = np.zeros(len(starts), dtype=np.bool_)
    for series in world.network.series:
        if series.station != station:
            continue
        blind = _blind(world, series.device, series.parameter, starts)
        true = _means(world, station, series.parameter, starts, series.expected_interval_s)
        beyond, margin = _beyond(world, station, series.parameter, starts, true)
        exceeding |= beyond & ~blind
        if series.parameter in ANOMALOUS and world.plumes.get(station):
            calm = _means(clean, station, series.parameter, starts, series.expected_interval_s)
            least, share = ANOMALOUS[series.parameter]
            anomalous |= (np.abs(true - calm) >= np.maximum(least, share * np.abs(calm))) & ~blind
        yield from _exceedances(series.parameter, station, starts, beyond=beyond, margin=margin, blind=blind)
    for plume in world.plumes.get(station, ()):
        present = _present(plume, starts)
        if present.any():
            yield _pollution(plume, station, starts, present=present, anomalous=anomalous, exceeding=exceeding)


def _pollution(
    plume: Plume, station: str, starts: FloatArray, *, present: BoolArray, anomalous: BoolArray, exceeding: BoolArray
) -> TrueEpisode:
    seen = starts[present & (anomalous | exceeding)]
    beyond = starts[present & exceeding]
    return TrueEpisode(
        "pollution", plume.kind, station, float(starts[present][0]), float(starts[present][-1] + INTERVAL_S),
        outlet=plume.discharge.outlet, first_s=float(seen[0]) if len(seen) else None,
        exceeds_s=float(beyond[0]) if len(beyond) else None, blind=not len(seen),
    )  # fmt: skip


def _exceedances(
    parameter: str, station: str, starts: FloatArray, *, beyond: BoolArray, margin: FloatArray, blind: BoolArray
) -> Iterator[TrueEpisode]:
    """Runs of intervals beyond the norm. margin: how far beyond, in standard deviations of a reading."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], beyond.astype(np.int8), [0]])))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield TrueEpisode(
            "exceedance", parameter, station, float(starts[first]), float(starts[last - 1] + INTERVAL_S),
            parameter=parameter, first_s=float(starts[first]), blind=bool(blind[first:last].all()),
            clear=float(margin[first:last].max()) >= NOISE_SIGMAS,
        )  # fmt: skip


def _means(world: World, station: str, parameter: str, starts: FloatArray, every_s: int) -> FloatArray:
    scans = max(1, INTERVAL_S // every_s)
    time_s = (starts[:, None] + np.arange(scans)[None, :] * float(every_s)).ravel()
    means: FloatArray = world.value(station, parameter, time_s).reshape(len(starts), scans).mean(axis=1)
    return means


def _beyond(
    world: World, station: str, parameter: str, starts: FloatArray, true: FloatArray
) -> tuple[BoolArray, FloatArray]:
    use = world.network.station_of[station].water_use
    beyond, margin = np.zeros(len(starts), dtype=np.bool_), np.zeros(len(starts))
    noise = INSTRUMENTS.get(parameter, (0.0, 0.0))[0]
    for place, (start, value) in enumerate(zip(starts.tolist(), true.tolist(), strict=True)):
        norm = norm_in_force(parameter, datetime.fromtimestamp(start, UTC), water_use=use) if use else None
        if norm is None or not exceeds(norm, value):
            continue
        limits = [limit for limit in (norm.minimum, norm.maximum) if limit is not None]
        sigma = noise or OTHER_INSTRUMENT[0] * value
        beyond[place], margin[place] = True, min(abs(value - limit) for limit in limits) / sigma
    return beyond, margin


def _present(plume: Plume, starts: FloatArray) -> BoolArray:
    share = plume.mixed(starts + INTERVAL_S / 2)
    present: BoolArray = share > PRESENT_SHARE * max(float(share.max()), 1e-9)
    return present


def _blind(world: World, device: str, parameter: str, starts: FloatArray) -> BoolArray:
    """Intervals in which the instrument of a series was faulty, silent or in service."""
    scenario = world.scenario
    blind = np.zeros(len(starts), dtype=np.bool_)
    windows = [
        (f.start_min, f.duration_min)
        for f in scenario.faults
        if f.device == device and f.parameter in {None, parameter}
    ]
    windows += [(s.start_min, s.duration_min or np.inf) for s in scenario.silent
                if s.device == device and (not s.parameters or parameter in s.parameters)]  # fmt: skip
    windows += [(v.start_min, v.duration_min) for v in scenario.visits if v.device == device]
    for start_min, duration_min in windows:
        start_s = world.zero_s + start_min * MINUTE_S
        blind |= (starts + INTERVAL_S > start_s) & (starts < start_s + duration_min * MINUTE_S)
    return blind


def _instruments(world: World, case: Case) -> Iterator[TrueEpisode]:
    station_of = {device.code: device.station for device in world.network.devices}
    for fault in case.scenario.faults:
        start_s = world.zero_s + fault.start_min * MINUTE_S
        end_s = start_s + fault.duration_min * MINUTE_S
        yield TrueEpisode(
            "fault", fault.kind, station_of[fault.device], start_s, end_s, parameter=fault.parameter, first_s=start_s
        )
    for visit in case.scenario.visits:
        start_s = world.zero_s + visit.start_min * MINUTE_S
        yield TrueEpisode(
            "service", visit.mode, station_of[visit.device], start_s, start_s + visit.duration_min * MINUTE_S
        )
    for silence in case.scenario.silent:
        start_s = world.zero_s + silence.start_min * MINUTE_S
        end_s = case.until_s if silence.duration_min is None else start_s + silence.duration_min * MINUTE_S
        yield TrueEpisode("silence", "silence", station_of[silence.device], start_s, end_s)


def _natural(world: World, case: Case) -> Iterator[TrueEpisode]:
    """Rain and melt at every river station, a wave below its source, a jam at its station."""
    zero_s = world.zero_s
    stations = [station for station in world.network.stations if station.kind == "river"]
    for station in stations:
        for rain in case.scenario.rain:
            start_s = zero_s + rain.start_min * MINUTE_S
            yield TrueEpisode(
                "natural", rain.kind, station.code, start_s, start_s + (rain.hours + NATURAL_AFTER_H) * 3600
            )
        for wave in case.scenario.waves:
            source = RiverPoint(wave.river, world.network.river_of[wave.river].length_km)
            distance = world.network.distance_km(source, RiverPoint(station.river or "", station.km or 0.0))
            if distance is not None:
                start_s = zero_s + wave.start_min * MINUTE_S + distance * 1000 / wave.celerity_m_s
                hours = wave.rise_h * (1 + WAVE_FALL)
                yield TrueEpisode("natural", "wave", station.code, start_s, start_s + hours * 3600)
    for jam in case.scenario.jams:
        start_s = zero_s + jam.start_min * MINUTE_S
        yield TrueEpisode("natural", "jam", jam.station, start_s, start_s + jam.hours * 3600)
