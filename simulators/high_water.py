"""Rain and melt as runoff, flood waves and ice jams: what they add to flow and level."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulators.scenario import FloodWave, IceJam, Rain
from uskat.water.network import Network, River, RiverPoint

FloatArray = NDArray[np.float64]

RUNOFF_COEFFICIENT = 0.08
RUNOFF_PEAK_H = 7.0
WAVE_FALL = 3.0
"""A wave falls so many times longer than it rises."""
JAM_RISE_H, JAM_FALL_H = 0.25, 2.0


def storm_flow_share(rain: Sequence[Rain], river: River, since_h: FloatArray) -> FloatArray:
    """Storm flow as a share of the mean flow of `river`: a gamma unit hydrograph for every rain or melt.

    since_h: hours since the scenario's zero.
    """
    total = np.zeros_like(since_h)
    per_mm = RUNOFF_COEFFICIENT * 1e-3 * river.basin_km2 * 1e6 / river.mean_discharge_m3_s
    for one in rain:
        steps = max(1, round(one.hours))
        for step in range(steps):
            begun_h = one.start_min / 60.0 + (step + 0.5) * one.hours / steps
            late = np.maximum(since_h - begun_h, 0.0) / RUNOFF_PEAK_H
            total += one.mm / steps * per_mm * late**2 * np.exp(-2 * late) * 4.0 / (RUNOFF_PEAK_H * 3600.0)
    return total


def wave_flow_m3_s(waves: Sequence[FloodWave], network: Network, point: RiverPoint, since_h: FloatArray) -> FloatArray:
    """What flood waves add to the discharge at a point."""
    total = np.zeros_like(since_h)
    for wave in waves:
        source = RiverPoint(wave.river, network.river_of[wave.river].length_km)
        distance_km = network.distance_km(source, point)
        if distance_km is None:
            continue
        late_h = since_h - wave.start_min / 60.0 - distance_km * 1000.0 / wave.celerity_m_s / 3600.0
        rise = late_h / wave.rise_h
        fall = 1.0 - (late_h - wave.rise_h) / (WAVE_FALL * wave.rise_h)
        total += wave.peak_m3_s * np.clip(np.minimum(rise, fall), 0.0, 1.0)
    return total


def jam_rise_cm(jams: Sequence[IceJam], station: str, since_h: FloatArray) -> FloatArray:
    """What ice jams add to the level at a station: a jump within a quarter of an hour, and a fall of two hours."""
    total = np.zeros_like(since_h)
    for jam in jams:
        if jam.station == station:
            late_h = since_h - jam.start_min / 60.0
            total += jam.rise_cm * np.clip(np.minimum(late_h / JAM_RISE_H, (jam.hours - late_h) / JAM_FALL_H), 0.0, 1.0)
    return total
