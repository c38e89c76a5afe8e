"""Records made for the tests of the waveform room."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

START = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
AXIS_OF_CODE = {"GHZ": "V", "GHN": "L", "GHE": "T", "GDF": "MIC"}
CALIBRATION = {
    code: {"component": axis, "unit": "Pa" if axis == "MIC" else "mm/s", "counts_per_unit": 1000}
    for code, axis in AXIS_OF_CODE.items()
}


@dataclass(frozen=True)
class Piece:
    code: str
    counts: np.ndarray
    start: datetime = START
    rate_hz: float = 1024.0

    @property
    def nslc(self):
        return f"US.S1..{self.code}"


def wavelet(peak, frequency_hz, *, seconds=4.0, rate_hz=1024.0, at_s=1.5, width_s=0.1):
    """A sine under a Gaussian whose largest sample is near `peak`."""
    since = np.arange(int(seconds * rate_hz)) / rate_hz - at_s
    return peak * np.exp(-((since / width_s) ** 2)) * np.cos(2 * np.pi * frequency_hz * since)


def record(axes: dict[str, Any], *, noise=0.004, rate_hz=1024.0, seed=1):
    """Channels of {axis: values in mm/s or Pa}, with the instrument's noise, in counts of 0.001."""
    random = np.random.default_rng(seed)
    codes = {axis: code for code, axis in AXIS_OF_CODE.items()}
    return [
        Piece(
            codes[axis],
            np.round(1000 * (values + random.normal(0, noise, len(values)))).astype(np.int32),
            rate_hz=rate_hz,
        )
        for axis, values in axes.items()
    ]
