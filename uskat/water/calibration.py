"""What a reach taught us: the factor between its real velocity and Jobson's, from events that two stations saw.

log f is normal: the prior is 0 with the spread of Jobson's regression, each pair of passages adds one observation with
the spread of reading an arrival off 20-minute intervals. The posterior mean shrinks towards the prior while there are
few pairs, and its spread is told.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from uskat.water.network_items import Reach

PRIOR_SD = 0.35
"""Of log f: Jobson misses the velocity of a small river by a factor of about 1.4 (RMSE 0.154 m/s of 0.3–0.5 m/s)."""
PAIR_SD = 0.15
"""Of log f from one pair of passages, apart from the reading of the two arrivals."""
READING_S = 1200.0
"""How well an arrival can be read off: one interval."""


@dataclass(frozen=True, slots=True)
class TravelPair:
    """One event seen at both ends: modelled and observed travel time in s, from onset to onset."""

    modelled_s: float
    observed_s: float


@dataclass(frozen=True, slots=True)
class ReachCalibration:
    """Velocity factor of a reach: exp(log_factor), spread of its logarithm, number of pairs behind it."""

    log_factor: float
    log_sd: float
    pairs: int

    @property
    def factor(self) -> float:
        """Real velocity to Jobson's."""
        return math.exp(self.log_factor)


UNCALIBRATED = ReachCalibration(0.0, PRIOR_SD, 0)
Calibrations = Mapping[tuple[str, float, float], ReachCalibration]
"""By (river, upper km, lower km)."""


def calibrate(pairs: Iterable[TravelPair]) -> ReachCalibration:
    """Posterior of a reach's velocity factor; pairs without positive times are ignored."""
    weight, total, count = PRIOR_SD**-2, 0.0, 0
    for pair in pairs:
        if pair.modelled_s <= 0 or pair.observed_s <= 0:
            continue
        reading = math.sqrt(2) * READING_S / pair.observed_s
        precision = 1 / (PAIR_SD**2 + reading**2)
        total += precision * math.log(pair.modelled_s / pair.observed_s)
        weight += precision
        count += 1
    return ReachCalibration(total / weight, math.sqrt(1 / weight), count)


def calibration_of(calibrations: Calibrations, piece: Reach) -> ReachCalibration:
    """Calibration of the reach that holds a piece; the uncalibrated one when there is none."""
    for (river, upper_km, lower_km), found in calibrations.items():
        if river == piece.river and lower_km <= piece.to_km and piece.from_km <= upper_km:
            return found
    return UNCALIBRATED
