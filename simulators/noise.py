"""Noise as a pure function of (key, step): the same world after every restart, without any state to keep.

Counter-based: SplitMix64 (Steele, Lea, Flood 2014) of key and step, then Box–Muller.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key_of(*parts: object) -> int:
    """64-bit key of anything that can be written down: seed, station, parameter, purpose."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def uniform(key: int, steps: NDArray[np.int64]) -> FloatArray:
    """Independent uniform numbers in (0, 1), one a step."""
    with np.errstate(over="ignore"):
        state = np.uint64(key) + (steps.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def gaussian(key: int, steps: NDArray[np.int64]) -> FloatArray:
    """Independent standard normal numbers, one a step."""
    radius = np.sqrt(-2.0 * np.log(uniform(key, steps)))
    return radius * np.cos(2.0 * np.pi * uniform(key ^ 0x5851F42D4C957F2D, steps))


def smooth(key: int, time_s: FloatArray, period_s: float) -> FloatArray:
    """Slowly wandering noise of unit scale: normal numbers at knots `period_s` apart, joined by a cubic ease."""
    position = time_s / period_s
    knot = np.floor(position)
    share = position - knot
    ease = share * share * (3.0 - 2.0 * share)
    steps = knot.astype(np.int64)
    return gaussian(key, steps) * (1.0 - ease) + gaussian(key, steps + 1) * ease
