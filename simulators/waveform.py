"""Ground motion and air pressure of blasts, trucks and earthquakes at a seismograph, as they would be felt there.

Peak laws of the shared sheet `blasting/norms.md` §2: PPV = K·SD^β with SD = R/√Q (2.1.1), airblast
P = 3.3·(R/Q^⅓)^−1.2 kPa for confined charges (2.1.5), air pressure made by ground motion 0.38 Pa per mm/s (2.1.6).
The shape is a superposition of the pulses of the delay groups; its peak is then set to what the law says.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.noise import gaussian, key_of, uniform

FloatArray = NDArray[np.float64]

EARTH_RADIUS_M = 6_371_000.0
SOUND_M_S = 340.0
P_WAVE_M_S, SURFACE_WAVE_M_S = 3600.0, 1700.0
AIRBLAST_K_KPA, AIRBLAST_EXPONENT = 3.3, -1.2
PA_PER_MM_S = 0.38
SITE_SCATTER_LOG10 = 0.05
HOLE_SPACING_M = 6.0
DELAY_SCATTER = 0.05
GROUND_NOISE_MM_S = 0.006
AIR_NOISE_PA = 0.25
COMPONENTS = ("V", "L", "T", "MIC")


@dataclass(frozen=True, slots=True)
class BlastSource:
    """One blast. groups: delay groups fired; charge_kg: explosive of one group; K and β of the rock."""

    latitude: float
    longitude: float
    groups: int
    charge_kg: float
    delay_s: float
    rock_k: float
    rock_beta: float


@dataclass(frozen=True, slots=True)
class Path:
    """The ground and air between a blast and a seismograph, and how strong the body wave is beside the surface wave."""

    p_m_s: float = P_WAVE_M_S
    surface_m_s: float = SURFACE_WAVE_M_S
    sound_m_s: float = SOUND_M_S
    body: float = 1.0
    site_scatter_log10: float = SITE_SCATTER_LOG10


PLAIN = Path()


@dataclass(frozen=True, slots=True)
class Motion:
    """Signals from the moment of firing (t = 0) on: mm/s per ground component, Pa for MIC; without noise."""

    rate_hz: float
    signals: dict[str, FloatArray]

    @property
    def ppv_mm_s(self) -> float:
        """Largest peak over the ground components."""
        return max(float(np.abs(self.signals[axis]).max()) for axis in COMPONENTS[:3])

    @property
    def airblast_pa(self) -> float:
        """Largest overpressure."""
        return float(np.abs(self.signals["MIC"]).max())


def distance_m(latitude: float, longitude: float, *, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance in metres (haversine)."""
    a, b = np.radians(latitude), np.radians(to_latitude)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    return float(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half)))


def ppv_law_mm_s(distance: float, charge_kg: float, *, k: float, beta: float) -> float:
    """Peak particle velocity at a distance in m for the largest charge fired within 8 ms."""
    return float(k * (distance / np.sqrt(charge_kg)) ** beta)


def airblast_law_pa(distance: float, charge_kg: float) -> float:
    """Peak overpressure of a confined charge."""
    return float(1000 * AIRBLAST_K_KPA * (distance / np.cbrt(charge_kg)) ** AIRBLAST_EXPONENT)


def blast_motion(
    source: BlastSource, distance: float, *, rate_hz: float, key: int, shot_key: int | None = None, path: Path = PLAIN
) -> Motion:
    """What a blast does at `distance` metres; `key` fixes the site's share of luck, `shot_key` the delays' scatter."""
    shot_key = key if shot_key is None else shot_key
    order = np.arange(source.groups, dtype=np.int64)
    fired = order * source.delay_s * (1 + DELAY_SCATTER * gaussian(shot_key, order) / np.sqrt(np.maximum(order, 1)))
    offset = HOLE_SPACING_M * (order - source.groups / 2) * (uniform(shot_key + 1, order[:1])[0] - 0.5)
    ranges = np.maximum(distance + offset, 20.0)
    weights = (ranges / distance) ** source.rock_beta * (1 + 0.15 * gaussian(key + 2, order))
    length_s = float(fired.max()) + distance / path.sound_m_s + 1.5
    time_s = np.arange(int(length_s * rate_hz)) / rate_hz
    frequency = float(np.clip(45.0 * (distance / 100.0) ** -0.4, 6.0, 40.0))
    body = _pulses(time_s, fired + ranges / path.p_m_s, weights, frequency * 1.5, decay=6.0)
    surface = _pulses(time_s, fired + ranges / path.surface_m_s, weights, frequency, decay=4.0)
    sideways = _pulses(time_s, fired + ranges / (1.15 * path.surface_m_s), weights, frequency * 0.8, decay=4.0)
    ground = {
        "V": 0.8 * surface + 0.4 * path.body * body,
        "L": surface + 0.6 * path.body * body,
        "T": 0.7 * sideways,
    }
    ppv = ppv_law_mm_s(distance, source.charge_kg, k=source.rock_k, beta=source.rock_beta)
    ppv *= 10 ** (path.site_scatter_log10 * float(gaussian(key + 3, order[:1])[0]))
    scale = ppv / max(float(np.abs(signal).max()) for signal in ground.values())
    signals = {axis: signal * scale for axis, signal in ground.items()}
    air = _pulses(time_s, fired + ranges / path.sound_m_s, weights, 9.0, decay=2.5)
    air *= airblast_law_pa(distance, source.charge_kg) / float(np.abs(air).max())
    return Motion(rate_hz, signals | {"MIC": air + PA_PER_MM_S * signals["V"]})


def truck_motion(peak_mm_s: float, *, rate_hz: float, key: int) -> Motion:
    """A heavy truck passing for some 12 s: a swelling rumble of 8–20 Hz."""
    time_s = np.arange(int(12 * rate_hz)) / rate_hz
    swell = np.exp(-(((time_s - 6.0) / 2.2) ** 2))
    steps = np.arange(3, dtype=np.int64)
    signals = {}
    for place, axis in enumerate(COMPONENTS[:3]):
        tones = 8.0 + 12.0 * uniform(key + 10 * place, steps)
        phases = 2 * np.pi * uniform(key + 10 * place + 1, steps)
        waves = np.sin(2 * np.pi * tones[:, None] * time_s + phases[:, None])
        signals[axis] = swell * waves.sum(axis=0) * (1.0 if axis == "V" else 0.6)
    scale = peak_mm_s / max(float(np.abs(signal).max()) for signal in signals.values())
    signals = {axis: signal * scale for axis, signal in signals.items()}
    return Motion(rate_hz, signals | {"MIC": 0.8 * swell * np.sin(2 * np.pi * 11 * time_s)})


def earthquake_motion(ppv_mm_s: float, distance_km: float, *, rate_hz: float, key: int) -> Motion:
    """A far earthquake: P, then S later by distance / 8 km/s, low and long; t = 0 is the arrival of P."""
    lag_s = distance_km / 8.0
    time_s = np.arange(int((lag_s + 25.0) * rate_hz)) / rate_hz
    signals = {}
    for place, axis in enumerate(COMPONENTS[:3]):
        phase = 2 * np.pi * uniform(key + place, np.arange(2, dtype=np.int64))
        p_wave = _envelope(time_s, 4.0) * np.sin(2 * np.pi * 3.0 * time_s + phase[0])
        s_wave = _envelope(time_s - lag_s, 9.0) * np.sin(2 * np.pi * 1.3 * time_s + phase[1])
        signals[axis] = (0.35 if axis == "V" else 0.15) * p_wave + (0.5 if axis == "V" else 1.0) * s_wave
    scale = ppv_mm_s / max(float(np.abs(signal).max()) for signal in signals.values())
    signals = {axis: signal * scale for axis, signal in signals.items()}
    return Motion(rate_hz, signals | {"MIC": PA_PER_MM_S * signals["V"]})


def with_noise(motion: Motion, *, before_s: float, key: int) -> dict[str, FloatArray]:
    """Signals with the instrument's noise, beginning `before_s` seconds before t = 0."""
    quiet = int(before_s * motion.rate_hz)
    noisy = {}
    for axis, signal in motion.signals.items():
        padded = np.concatenate([np.zeros(quiet), signal])
        level = AIR_NOISE_PA if axis == "MIC" else GROUND_NOISE_MM_S
        noisy[axis] = padded + level * gaussian(key_of(key, axis), np.arange(len(padded), dtype=np.int64))
    return noisy


def _pulses(
    time_s: FloatArray, arrivals: FloatArray, weights: FloatArray, frequency_hz: float, *, decay: float
) -> FloatArray:
    """Sum of damped sine pulses, one for each delay group."""
    total = np.zeros_like(time_s)
    period = 1.0 / frequency_hz
    rate = 1.0 / (time_s[1] - time_s[0])
    reach = int(8 * period * rate)
    for arrival, weight in zip(arrivals, weights, strict=True):
        begin = max(0, int(np.ceil(arrival * rate)))
        since = time_s[begin : begin + reach] - arrival
        cycles = since * frequency_hz
        total[begin : begin + reach] += (
            weight * np.minimum(cycles * 4, 1.0) * np.exp(-cycles * 6.0 / decay) * np.sin(2 * np.pi * cycles)
        )
    return total


def _envelope(since_s: FloatArray, length_s: float) -> FloatArray:
    late = np.maximum(since_s, 0.0) / length_s
    return late * np.exp(1 - late) * np.minimum(late * 8, 1.0)
