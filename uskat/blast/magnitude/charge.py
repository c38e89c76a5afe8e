"""Magnitude against declared charge, one enterprise: ML = a·log10 W + b with a prediction interval (norms.md §3.3).

An ML outside the interval for the declared charge means that the report does not fit the record. Nothing is said
before the enterprise's own pairs carry a law.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy import stats

from uskat.blast.magnitude.law import magnitude_pack
from uskat.finding import number_ru


@dataclass(frozen=True, slots=True)
class ChargePair:
    """Declared total charge in tonnes and the catalogue's ML of one blast."""

    charge_t: float
    magnitude: float


@dataclass(frozen=True, slots=True)
class ChargeLaw:
    """ML = slope · log10(W t) + intercept over the charges [least_t, greatest_t].

    refused: in Russian, why it must not be used; () when it may be.
    """

    slope: float
    intercept: float
    s: float
    r2: float
    n: int
    mean_x: float
    sxx: float
    slope_p: float
    least_t: float
    greatest_t: float
    refused: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """True when the data carry a law."""
        return not self.refused

    def expected(self, charge_t: float) -> float:
        """Mean ML of a charge in tonnes."""
        return self.intercept + self.slope * math.log10(charge_t)

    def half_width(self, charge_t: float) -> float:
        """Half of the prediction interval of one future ML."""
        probability = magnitude_pack().charge_regression.interval
        t = float(stats.t.ppf((1 + probability) / 2, self.n - 2))
        return t * self.s * math.sqrt(1 + 1 / self.n + (math.log10(charge_t) - self.mean_x) ** 2 / self.sxx)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "slope": self.slope,
            "intercept": self.intercept,
            "s": self.s,
            "r2": self.r2,
            "n": self.n,
            "slope_p": self.slope_p,
            "charge_t": [self.least_t, self.greatest_t],
            "usable": self.usable,
            "refused": list(self.refused),
            "level": magnitude_pack().charge_regression.level.value,
        }


class ChargeVerdict(StrEnum):
    """Does the recorded magnitude fit the declared charge?"""

    FITS = "fits"
    TOO_STRONG = "too_strong"
    TOO_WEAK = "too_weak"
    OUTSIDE_RANGE = "outside_range"
    NO_LAW = "no_law"


@dataclass(frozen=True, slots=True)
class ChargeCheck:
    """Verdict on one declared charge. low, high: the prediction interval of ML; reason in Russian."""

    verdict: ChargeVerdict
    expected: float | None
    low: float | None
    high: float | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "verdict": self.verdict.value,
            "expected": self.expected,
            "low": self.low,
            "high": self.high,
            "reason": self.reason,
        }


def fit_charge_law(pairs: Sequence[ChargePair]) -> ChargeLaw | None:
    """Least squares of ML on log10 of the charge; None for fewer than three usable pairs or a single charge.

    Pairs without a positive finite charge or a finite magnitude are left out.
    """
    good = [p for p in pairs if math.isfinite(p.magnitude) and math.isfinite(p.charge_t) and p.charge_t > 0]
    x = np.array([math.log10(pair.charge_t) for pair in good])
    y = np.array([pair.magnitude for pair in good])
    if x.size < 3 or float(np.ptp(x)) == 0:
        return None
    sxx = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / sxx
    intercept = float(y.mean()) - slope * float(x.mean())
    sse = float(((y - intercept - slope * x) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    s = math.sqrt(sse / (x.size - 2))
    statistic = math.inf if s == 0 else abs(slope) / (s / math.sqrt(sxx))
    slope_p = 2 * float(stats.t.sf(statistic, x.size - 2))
    r2 = 0.0 if total == 0 else 1 - sse / total
    return ChargeLaw(
        slope=slope,
        intercept=intercept,
        s=s,
        r2=r2,
        n=int(x.size),
        mean_x=float(x.mean()),
        sxx=sxx,
        slope_p=slope_p,
        least_t=float(10 ** x.min()),
        greatest_t=float(10 ** x.max()),
        refused=_refusals(n=int(x.size), r2=r2, slope=slope, slope_p=slope_p, span=float(np.ptp(x))),
    )


def check_charge(law: ChargeLaw | None, pair: ChargePair) -> ChargeCheck:
    """Does the pair of one blast fit its enterprise's law? Charges outside the law's range are not judged.

    Raises ValueError for a charge that is not positive.
    """
    if pair.charge_t <= 0:
        raise ValueError(f"charge {pair.charge_t} t")
    if law is None or not law.usable:
        why = "мало данных" if law is None else "; ".join(law.refused)
        return ChargeCheck(ChargeVerdict.NO_LAW, None, None, None, f"Связь магнитуды с зарядом не установлена: {why}.")
    expected, half = law.expected(pair.charge_t), law.half_width(pair.charge_t)
    low, high = expected - half, expected + half
    known = f"ожидаемо {number_ru(low)}…{number_ru(high)} для {number_ru(pair.charge_t)} т"
    if not law.least_t <= pair.charge_t <= law.greatest_t:
        reason = (
            f"Заряд {number_ru(pair.charge_t)} т вне изученных {number_ru(law.least_t)}…{number_ru(law.greatest_t)} т."
        )
        return ChargeCheck(ChargeVerdict.OUTSIDE_RANGE, expected, low, high, reason)
    measured = f"ML {number_ru(pair.magnitude)}"
    if pair.magnitude > high:
        reason = f"{measured} больше, чем {known}: заряд, вероятно, занижен в отчёте или взорван без замедлений."
        return ChargeCheck(ChargeVerdict.TOO_STRONG, expected, low, high, reason)
    if pair.magnitude < low:
        reason = f"{measured} меньше, чем {known}: заряд, вероятно, завышен в отчёте или сработал не весь."
        return ChargeCheck(ChargeVerdict.TOO_WEAK, expected, low, high, reason)
    return ChargeCheck(ChargeVerdict.FITS, expected, low, high, f"{measured} согласуется с зарядом ({known}).")


def _refusals(*, n: int, r2: float, slope: float, slope_p: float, span: float) -> tuple[str, ...]:
    rules = magnitude_pack().charge_regression
    found = []
    if n < rules.least_events:
        found.append(f"взрывов {n}, нужно не меньше {rules.least_events}")
    if span < rules.least_span_log10:
        found.append("заряды слишком похожи друг на друга")
    if r2 < rules.least_r2:
        found.append(f"R² {number_ru(r2)}, нужно не меньше {number_ru(rules.least_r2)}")
    if slope <= 0 or slope_p > rules.slope_p:
        found.append("наклон незначим")
    return tuple(found)
