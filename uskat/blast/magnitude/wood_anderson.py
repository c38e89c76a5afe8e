"""The seismogram a Wood–Anderson torsion seismometer would have written, and its amplitude (norms.md 3.1.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from obspy.signal.invsim import WOODANDERSON, simulate_seismometer

from uskat.blast.magnitude.law import OutsideRangeError, magnitude_pack

Samples = NDArray[np.float64]
MM_PER_M = 1000.0
WATER_LEVEL_DB = 60.0
TAPER = 0.05


@dataclass(frozen=True, slots=True)
class PolesZeros:
    """Response of an instrument to ground velocity in m/s. sensitivity: counts per m/s where the response is `gain`."""

    poles: tuple[complex, ...]
    zeros: tuple[complex, ...]
    gain: float
    sensitivity: float

    def to_obspy(self) -> dict[str, object]:
        """As obspy's functions take it."""
        return {
            "poles": list(self.poles),
            "zeros": list(self.zeros),
            "gain": self.gain,
            "sensitivity": self.sensitivity,
        }


def wood_anderson_trace_mm(samples: Samples, rate_hz: float, *, response: PolesZeros | None = None) -> Samples:
    """Trace of a Wood–Anderson instrument in mm, shape (n,), offset removed and ends tapered by 5 %.

    samples: shape (n,), counts when `response` is given, else ground velocity in m/s. Raises OutsideRangeError for
    samples that are not finite.
    """
    if not np.isfinite(samples).all():
        raise OutsideRangeError("samples are not finite")
    simulated = simulate_seismometer(
        np.asarray(samples, dtype=np.float64) - float(np.mean(samples)),
        rate_hz,
        paz_remove=None if response is None else response.to_obspy(),
        paz_simulate=dict(WOODANDERSON, sensitivity=magnitude_pack().wood_anderson.sensitivity),
        water_level=WATER_LEVEL_DB,
        taper=True,
        taper_fraction=TAPER,
    )
    return np.asarray(simulated, dtype=np.float64) * MM_PER_M


def half_peak_to_peak(trace: Samples) -> float:
    """Half of the largest swing between neighbouring extremes; 0 for a flat trace."""
    steps = np.sign(np.diff(trace))
    moving = np.flatnonzero(steps)
    if not moving.size:
        return 0.0
    turns = moving[np.flatnonzero(np.diff(steps[moving])) + 1]
    extremes = trace[np.concatenate([[0], turns, [trace.size - 1]])]
    return float(np.abs(np.diff(extremes)).max()) / 2


def station_amplitude_mm(
    horizontals: Sequence[Samples], rate_hz: float, *, response: PolesZeros | None = None
) -> float:
    """Mean Wood–Anderson amplitude in mm of the horizontal components, each of shape (n,) (norms.md 3.1.1)."""
    if not horizontals:
        raise OutsideRangeError("no horizontal component")
    traces = [wood_anderson_trace_mm(samples, rate_hz, response=response) for samples in horizontals]
    return float(np.mean([half_peak_to_peak(trace) for trace in traces]))
