"""The 20-minute interval, the legal unit of water quality (DESIGN §5), from exact integer sums."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, isqrt

INTERVAL = timedelta(minutes=20)
INTERVAL_S = 1200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEVIATION_DIGITS = 6
"""Extra decimals of the integer square root, far below what a double resolves of it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Aggregate of one series over [start, start + 20 min), UTC.

    n: readings of any flag. n_valid: passed the checks in normal mode. n_service: in service or calibration mode.
    mean, minimum, maximum: of the valid readings, in the parameter's unit; None without any. states: bits of the state
    channels that were not OK at any reading (1 automatic system, 2 controlled equipment, 4 seal). quality: roll-up of
    quality control (`uskat.water.quality.flag.Flag`), None before it; a failed interval has no valid readings.
    """

    start: datetime
    n: int
    n_valid: int
    n_service: int
    mean: float | None
    minimum: float | None
    maximum: float | None
    states: int = 0
    quality: int | None = None

    @property
    def end(self) -> datetime:
        """End of the half-open interval, UTC."""
        return self.start + INTERVAL


def interval_start(moment: datetime) -> datetime:
    """Start of the interval that holds a moment; intervals begin at full UTC hours and 20 and 40 minutes later."""
    return moment - (moment - EPOCH) % INTERVAL


def readings_needed(expected_interval_s: int, valid_share: float) -> int:
    """Valid readings without which an interval does not count: the share of the whole number expected, at least one."""
    return max(1, ceil(valid_share * max(1, floor(INTERVAL_S / expected_interval_s))))


def counts(interval: Interval, needed: int) -> bool:
    """True when the interval may be judged: enough valid readings, which are those of the normal mode only.

    Some readings in service mode do not excuse the others: a station could silence itself with one a quarter of an
    hour.
    """
    return interval.n_valid >= needed and interval.mean is not None


def exact_mean(total: int, n: int, *, scale: int) -> float | None:
    """Mean of n values whose sum is total / 10^scale, correctly rounded; None for n = 0."""
    return float(total / (n * 10**scale)) if n else None


def exact_deviation(total: int, total_squares: int, *, n: int, scale: int) -> float | None:
    """Sample standard deviation from integer sums, without cancellation; None for n < 2."""
    if n < 2:
        return None
    spread = n * total_squares - total * total
    root = isqrt(spread * 10 ** (2 * DEVIATION_DIGITS) // (n * (n - 1)))
    return float(root / 10 ** (scale + DEVIATION_DIGITS))
