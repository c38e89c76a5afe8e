"""The figures over all cases, and the targets of the project."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from services.cli.evaluate.judge import Miss, Verdict

MONTH_DAYS = 30.4375


@dataclass(frozen=True, slots=True)
class Judged:
    """One case with its verdict. station_days: judged stations × days behind the warm-up."""

    name: str
    kind: str
    zero_s: float
    station_days: float
    packets: int
    seconds: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must reach."""

    figure: str
    least: float | None = None
    most: float | None = None

    def met(self, figures: dict[str, Any]) -> bool:
        """True when the figure is there and good enough."""
        value = figures.get(self.figure)
        if value is None:
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


TARGETS = (
    Target("recall", least=1.0),
    Target("false_per_station_month", most=1.0),
    Target("median_detect_intervals", most=2.0),
    Target("reach_right", least=0.95),
    Target("outlet_first", least=0.80),
    Target("outlet_top3", least=0.95),
    Target("faults_as_violations", most=0),
)


def figures_of(judged: Sequence[Judged], *, seed: int, seconds: float) -> dict[str, Any]:
    """The JSON of a run: figures of the targets and what they rest on. A figure without cases is None."""
    verdicts = [one.verdict for one in judged]
    exceedances = sum(v.exceedances for v in verdicts)
    sources = [source for v in verdicts for source in v.sources]
    months = sum(one.station_days for one in judged) / MONTH_DAYS
    false_alerts = sum(v.false_alerts for v in verdicts)
    faults = _faults(verdicts)
    return {
        "recall": _share(sum(v.exceedances_found for v in verdicts), exceedances),
        "false_per_station_month": round(false_alerts / months, 4) if months else None,
        "median_detect_intervals": _median([d for v in verdicts for d in v.delays]),
        "median_detect_from_anomaly": _median([d for v in verdicts for d in v.delays_from_anomaly]),
        "reach_right": _share(sum(s.reach_right for s in sources), len(sources)),
        "outlet_first": _share(sum(s.rank == 1 for s in sources), len(sources)),
        "outlet_first_not_unknown": _share(sum(s.rank == 1 and not s.unknown_ahead for s in sources), len(sources)),
        "outlet_top3": _share(sum(s.rank is not None and s.rank <= 3 for s in sources), len(sources)),
        "faults_as_violations": sum(v.faults_as_violations for v in verdicts),
        "faults_found": _share(sum(found for _, found in faults.values()), sum(of for of, _ in faults.values())),
        "natural_as_pollution": sum(v.natural_as_pollution for v in verdicts),
        "withdrawn_pollution": sum(v.withdrawn_pollution for v in verdicts),
        "violations": exceedances,
        "discharges": len(sources),
        "false_alerts": false_alerts,
        "station_months": round(months, 2),
        "scenarios": len(judged),
        "seed": seed,
        "seconds": round(seconds, 1),
        "targets_missed": [],
    }


def with_targets(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures with the names of the targets they miss."""
    return figures | {"targets_missed": [target.figure for target in TARGETS if not target.met(figures)]}


def faults_by_kind(judged: Sequence[Judged]) -> dict[str, tuple[int, int]]:
    """How many faults there were and how many were found, by kind."""
    return _faults([one.verdict for one in judged])


def confusion_of(judged: Sequence[Judged]) -> Counter[tuple[str, str]]:
    """How often a true class was reported as another."""
    return Counter(pair for one in judged for pair in one.verdict.confusion)


def misses_of(judged: Sequence[Judged]) -> list[tuple[Judged, Miss]]:
    """Every miss with its case."""
    return [(one, miss) for one in judged for miss in one.verdict.misses]


def _faults(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int]]:
    total: dict[str, tuple[int, int]] = {}
    for verdict in verdicts:
        for kind, (of, found) in verdict.faults.items():
            before = total.get(kind, (0, 0))
            total[kind] = (before[0] + of, before[1] + found)
    return total


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _median(values: Sequence[float]) -> float | None:
    """Median; None without values, and when most were never seen."""
    if not values:
        return None
    middle = median(values)
    return None if math.isinf(middle) else round(middle, 2)
