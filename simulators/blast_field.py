"""Twelve blast seismographs over a mining district: which of them recorded an event of the plan, and what.

The instruments trigger on the ground in the band of blasts and on the microphone; a record begins 3 s before. Some
are dead for days, some have wrong clocks (constant or drifting), each has its own noise, each path its own velocity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.signal import butter, sosfilt

from simulators.blast_case import DAY_S, ZERO_S, BlastCase, Pit, TrueEvent
from simulators.noise import gaussian, key_of
from simulators.tremor import P_KM_S, glitch_motion, handling_motion, tectonic_motion, thunder_motion
from simulators.waveform import (
    AIR_NOISE_PA,
    COMPONENTS,
    GROUND_NOISE_MM_S,
    P_WAVE_M_S,
    SOUND_M_S,
    SURFACE_WAVE_M_S,
    BlastSource,
    FloatArray,
    Motion,
    Path,
    blast_motion,
    distance_m,
    truck_motion,
)
from uskat.wire.seismic import Channel

RATE_HZ = 512.0
PRE_TRIGGER_S = 3.0
TRIGGER_MM_S, TRIGGER_PA = 0.03, 5.0
BAND_HZ = (2.0, 40.0)
COUNTS = {"V": 1e5, "L": 1e5, "T": 1e5, "MIC": 1e4}
CODES = {"V": "GHZ", "L": "GHN", "T": "GHE", "MIC": "GDF"}
CALIBRATION = {
    CODES[axis]: {"component": axis, "unit": "Pa" if axis == "MIC" else "mm/s", "counts_per_unit": COUNTS[axis]}
    for axis in COMPONENTS
}
FULL_SCALE = 2**23 - 1
PLACES = (
    (54.1632, 87.0575), (54.1662, 87.0668), (54.0985, 86.9590), (54.1545, 86.6990), (54.2000, 86.7500),
    (54.1352, 87.0801), (54.1094, 86.9775), (54.1600, 86.7800), (54.1350, 86.9300), (54.1200, 87.0400),
    (54.1850, 87.0050), (54.1000, 87.1200),
)  # fmt: skip
"""Latitude and longitude: those of the demo network, and five more that fill its gaps."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A seismograph. noise: times the usual one. dead: [from, to) Unix s. clock: from, to, offset s, drift s/day."""

    code: str
    number: int
    latitude: float
    longitude: float
    noise: float
    dead: tuple[tuple[float, float], ...]
    clock: tuple[tuple[float, float, float, float], ...]

    def is_dead(self, at_s: float) -> bool:
        """True while it records nothing."""
        return any(start <= at_s < end for start, end in self.dead)

    def clock_error_s(self, at_s: float) -> float:
        """How far its clock is ahead."""
        return sum(
            offset + drift * (at_s - start) / DAY_S for start, end, offset, drift in self.clock if start <= at_s < end
        )


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A triggered record as sent, with the truth it came from."""

    instrument: Instrument
    event: TrueEvent
    channels: tuple[Channel, ...]


def make_instruments(seed: int, days: float) -> tuple[Instrument, ...]:
    """The network of a seed: about 6 % of the time dead, one clock in eight wrong for some days."""
    rng = np.random.default_rng(key_of(seed, "instruments"))
    instruments = []
    for number, (latitude, longitude) in enumerate(PLACES):
        dead, clock = [], []
        for _ in range(int(rng.poisson(days * 0.03))):
            start = ZERO_S + rng.uniform(0, days) * DAY_S
            dead.append((float(start), float(start + rng.uniform(0.3, 4) * DAY_S)))
        if rng.uniform() < 0.3:
            start = ZERO_S + rng.uniform(0, 0.8 * days) * DAY_S
            offset = float(np.exp(rng.uniform(np.log(0.2), np.log(90))) * rng.choice([-1, 1]))
            drift = float(rng.choice([0.0, rng.normal(0, 0.3)]))
            clock.append((float(start), float(start + rng.uniform(2, 6) * DAY_S), offset, drift))
        noise = float(np.exp(rng.uniform(0, np.log(2.5))))
        instruments.append(
            Instrument(f"S{number + 1:02d}", number, latitude, longitude, noise, tuple(dead), tuple(clock))
        )
    return tuple(instruments)


def record_case(case: BlastCase, instruments: tuple[Instrument, ...]) -> Iterator[FieldRecord]:
    """Every record of the plan, in time order of the events."""
    pits = {pit.code: pit for pit in case.pits}
    trucks = [event for event in case.events if event.kind == "truck"]
    for event in case.events:
        for instrument in instruments:
            if not _reaches(event, instrument, instruments) or instrument.is_dead(event.at_s):
                continue
            key = key_of(case.seed, event.id, instrument.code)
            after_s, motion = _motion(event, instrument, key=key, seed=case.seed, pits=pits)
            passing = [truck for truck in trucks if truck.station == instrument.number and truck is not event]
            channels = _record(event.at_s + after_s, motion, instrument, key=key, trucks=passing)
            if channels:
                yield FieldRecord(instrument, event, channels)


def _reaches(event: TrueEvent, instrument: Instrument, instruments: tuple[Instrument, ...]) -> bool:
    if event.station is None:
        return True
    if event.kind == "thunder":
        source = instruments[event.station]
        return _distance(source.latitude, source.longitude, instrument) < 8000.0
    return event.station == instrument.number


def _motion(
    event: TrueEvent, instrument: Instrument, *, key: int, seed: int, pits: dict[str, Pit]
) -> tuple[float, Motion]:
    """Motion and the seconds from the event's moment to its t = 0."""
    luck = gaussian(key_of(key, "luck"), np.arange(4, dtype=np.int64))
    if event.kind in {"declared", "undeclared"}:
        return 0.0, _blast(event, instrument, key=key, seed=seed, pits=pits)
    if event.kind == "earthquake":
        distance_km = float(np.hypot(_distance(event.latitude, event.longitude, instrument) / 1000, event.depth_km))
        p_to_s = 10 ** float(
            np.clip(
                gaussian(key_of(seed, event.id), np.zeros(1, dtype=np.int64))[0] * 0.2 + luck[0] * 0.12 - 0.65,
                -1.1,
                -0.2,
            )
        )
        motion = tectonic_motion(
            event.magnitude, distance_km, p_to_s=p_to_s, rate_hz=RATE_HZ, key=key, scatter_log10=0.15
        )
        return distance_km / P_KM_S * (1 + 0.03 * float(luck[1])), motion
    if event.kind == "truck":
        return 0.0, truck_motion(event.size, rate_hz=RATE_HZ, key=key)
    if event.kind == "handling":
        return 0.0, handling_motion(event.size, rate_hz=RATE_HZ, key=key)
    if event.kind == "glitch":
        return 0.0, glitch_motion(event.size, rate_hz=RATE_HZ, key=key)
    source = PLACES[event.station or 0]
    away = _distance(*source, instrument) + 1500.0
    return away / SOUND_M_S, thunder_motion(event.size * 1500.0 / away, rate_hz=RATE_HZ, key=key_of(seed, event.id))


def _blast(event: TrueEvent, instrument: Instrument, *, key: int, seed: int, pits: dict[str, Pit]) -> Motion:
    nearest = min(
        pits.values(),
        key=lambda pit: distance_m(
            pit.latitude, pit.longitude, to_latitude=event.latitude, to_longitude=event.longitude
        ),
    )
    own = gaussian(key_of(seed, event.id, "source"), np.arange(3, dtype=np.int64))
    district = float(gaussian(key_of(seed, "rock"), np.zeros(1, dtype=np.int64))[0])
    fixed = gaussian(key_of(seed, nearest.code, instrument.code, "path"), np.arange(3, dtype=np.int64))
    luck = gaussian(key_of(key, "luck"), np.arange(3, dtype=np.int64))
    path = Path(
        p_m_s=P_WAVE_M_S * (1 + 0.03 * district + 0.035 * float(fixed[0]) + 0.015 * float(luck[0])),
        surface_m_s=SURFACE_WAVE_M_S * (1 + 0.05 * float(fixed[1])),
        sound_m_s=SOUND_M_S * (1 + 0.01 * float(own[0]) + 0.015 * float(luck[1])),
        body=float(10 ** (0.25 + 0.15 * own[1] + 0.08 * luck[2])),
        site_scatter_log10=0.12,
    )
    source = BlastSource(
        event.latitude, event.longitude, event.groups, event.charge_kg, event.delay_s, nearest.rock_k, nearest.rock_beta
    )
    away = max(_distance(event.latitude, event.longitude, instrument), 60.0)
    return blast_motion(source, away, rate_hz=RATE_HZ, key=key, shot_key=key_of(seed, event.id), path=path)


def _record(
    at_s: float, motion: Motion, instrument: Instrument, *, key: int, trucks: list[TrueEvent]
) -> tuple[Channel, ...] | None:
    """The record in counts, times by the instrument's own clock; None when nothing triggers."""
    lead = int((PRE_TRIGGER_S + 1.0) * RATE_HZ)
    signals = {axis: np.concatenate([np.zeros(lead), motion.signals[axis]]) for axis in COMPONENTS}
    for truck in trucks:
        _add(
            signals,
            truck_motion(truck.size, rate_hz=RATE_HZ, key=key_of(key, truck.id)),
            truck.at_s - at_s + lead / RATE_HZ,
        )
    for axis in COMPONENTS:
        level = AIR_NOISE_PA if axis == "MIC" else GROUND_NOISE_MM_S
        noise = np.random.default_rng(key_of(key, axis, "noise")).standard_normal(len(signals[axis]))
        signals[axis] = signals[axis] + level * instrument.noise * noise
    first = _trigger(signals)
    if first is None:
        return None
    first = max(0, first - int(PRE_TRIGGER_S * RATE_HZ))
    own_s = at_s + (first - lead) / RATE_HZ
    start = EPOCH + timedelta(milliseconds=round(1000 * (own_s + instrument.clock_error_s(own_s))))
    return tuple(
        Channel(f"XX.{instrument.code}.00.{CODES[axis]}", start, RATE_HZ, _counts(signals[axis][first:], COUNTS[axis]))
        for axis in COMPONENTS
    )


def _add(signals: dict[str, FloatArray], motion: Motion, after_s: float) -> None:
    begin = round(after_s * RATE_HZ)
    for axis, total in signals.items():
        more = motion.signals[axis][max(0, -begin) :]
        place = max(0, begin)
        more = more[: max(0, len(total) - place)]
        total[place : place + len(more)] += more


def _trigger(signals: dict[str, FloatArray]) -> int | None:
    sections = butter(2, BAND_HZ, btype="bandpass", fs=RATE_HZ, output="sos")
    over = np.abs(signals["MIC"]) >= TRIGGER_PA
    for axis in COMPONENTS[:3]:
        over |= np.abs(sosfilt(sections, signals[axis])) >= TRIGGER_MM_S
    return int(np.argmax(over)) if over.any() else None


def _counts(samples: FloatArray, scale: float) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.clip(np.round(samples * scale), -FULL_SCALE, FULL_SCALE).astype(np.int32)


def _distance(latitude: float, longitude: float, instrument: Instrument) -> float:
    return distance_m(latitude, longitude, to_latitude=instrument.latitude, to_longitude=instrument.longitude)
