"""What kind of source made the records of one event: ln likelihoods of the classes, each with its share by reason.

Naive Bayes over few features with broad spreads (norms.md §3.6): spectrum, ripple firing, P over S, air wave, shape,
and what the network adds: did several stations move together, as waves through the ground do. Features of one record
are treated as independent, records of one event are not: they weigh as at most `records_weigh` of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from uskat.blast.event.record import RecordFeatures
from uskat.blast.event.rules import Normal, SignalClass, event_rules

FLOOR = 0.02
"""Share of values that no class foresees: bounds what one odd feature can say."""
LEAST_AIR = 0.003
LEAST_TRUST = 0.15
SHAPE = frozenset({"frequency", "ripple", "p_s", "axis"})
"""Causes that noise can feign."""
AIR_FIRST_S = 0.2
WIDTHS = 3.0
CAUSES = (
    "frequency",
    "ripple",
    "p_s",
    "axis",
    "rise",
    "size",
    "air",
    "network",
    "moveout",
    "lines",
    "hour",
    "silence",
    "declaration",
)


class SourceClass(StrEnum):
    """What made the ground move."""

    BLAST = "blast"
    EARTHQUAKE = "earthquake"
    TRAFFIC = "traffic"
    HANDLING = "handling"
    THUNDER = "thunder"
    NOISE = "noise"


Evidence = dict[SourceClass, dict[str, float]]
"""ln likelihood of each class by cause."""


@dataclass(frozen=True, slots=True)
class Classified:
    """Probabilities of the classes, and the evidence they come from."""

    probabilities: Mapping[SourceClass, float]
    evidence: Mapping[SourceClass, Mapping[str, float]]

    @property
    def best(self) -> SourceClass:
        """The most probable class."""
        return max(self.probabilities, key=lambda item: self.probabilities[item])

    def odds_by_cause(self) -> dict[str, float]:
        """ln odds of the best class against the next, by cause; largest first."""
        ranked = sorted(self.probabilities, key=lambda item: -self.probabilities[item])
        first, second = self.evidence[ranked[0]], self.evidence[ranked[1]]
        odds = {cause: first.get(cause, 0.0) - second.get(cause, 0.0) for cause in CAUSES}
        return dict(sorted(odds.items(), key=lambda item: -item[1]))


def record_evidence(record: RecordFeatures, *, located: bool = False) -> Evidence:
    """ln likelihoods of one record's shape by class and cause.

    located: the source's distance is known, so the air wave is judged where it must be heard, not here.
    """
    classes = event_rules().classes
    return {SourceClass(name): _of_record(record, look, located=located) for name, look in classes.items()}


def event_evidence(records: Sequence[RecordFeatures]) -> Evidence:
    """ln likelihoods of the clearest records of one event: their mean, weighed as a few independent ones.

    Raises ValueError without records.
    """
    if not records:
        raise ValueError("no records to judge")
    rules = event_rules().network
    clearest = sorted(records, key=lambda record: (-record.snr, record.station))[: rules.clearest]
    share = min(len(clearest), rules.records_weigh) / len(clearest)
    total: Evidence = {item: {} for item in SourceClass}
    for record in clearest:
        trust = _trust(record)
        for item, causes in record_evidence(record, located=len(records) > 2).items():
            for cause, value in causes.items():
                weight = share * trust if cause in SHAPE else share
                total[item][cause] = total[item].get(cause, 0.0) + weight * value
    return total


def networked(evidence: Evidence, *, stations: int) -> None:
    """Add what the number of stations says: local trouble at several stations within seconds is a rare chance."""
    rules = event_rules()
    for item, causes in evidence.items():
        alone = 0.0 if rules.classes[item].networked else rules.network.aloof_log * (stations - 1)
        causes["network"] = causes.get("network", 0.0) + alone


def add(evidence: Evidence, cause: str, *, values: Mapping[SourceClass, float]) -> None:
    """Add ln likelihoods of one cause; classes not named get none."""
    for item, value in values.items():
        evidence[item][cause] = evidence[item].get(cause, 0.0) + value


def classified(evidence: Evidence) -> Classified:
    """Probabilities with the priors of the classes."""
    rules = event_rules()
    score = {item: math.log(rules.classes[item].prior) + sum(causes.values()) for item, causes in evidence.items()}
    highest = max(score.values())
    weight = {item: math.exp(value - highest) for item, value in score.items()}
    total = sum(weight.values())
    return Classified({item: value / total for item, value in weight.items()}, evidence)


def looks_like_blast(p_s_log10: float) -> bool:
    """The published rule of one feature (norms.md 3.6.4): log10 of P over S of at least −0.2."""
    return p_s_log10 >= event_rules().p_s.blast_from_log10


def _trust(record: RecordFeatures) -> float:
    """How much the shape of a record says: that of a weak one is mostly the shape of noise."""
    rules = event_rules().network
    share = (record.peak_snr - rules.weak_snr) / (rules.clear_snr - rules.weak_snr)
    return min(1.0, max(LEAST_TRUST, share))


def _of_record(record: RecordFeatures, look: SignalClass, *, located: bool) -> dict[str, float]:
    ratio = record.p_s_log10
    return {
        "frequency": log_normal(math.log10(max(record.frequency_hz, 0.1)), look.log_frequency),
        "ripple": log_normal(record.ripple, look.ripple),
        "p_s": 0.0 if ratio is None else log_normal(ratio, look.p_s_log10),
        "axis": log_normal(record.axis_share, look.axis_share),
        "rise": log_normal(math.log10(max(record.snr, 1.0)), look.log_snr),
        "size": log_normal(math.log10(max(record.ppv_mm_s, 1e-4)), look.log_ppv),
        "air": math.log(max(_air_probability(record.air_after_s, look, located=located), LEAST_AIR)),
    }


def _air_probability(lag_s: float | None, look: SignalClass, *, located: bool) -> float:
    if located:
        return look.air_first if lag_s is not None and lag_s < AIR_FIRST_S else 1 - look.air_first
    if lag_s is None:
        return 1 - look.air_first - look.air_late
    return look.air_first if lag_s < AIR_FIRST_S else look.air_late


def log_normal(value: float, normal: Normal) -> float:
    """ln of a normal density over its own width, mixed with a flat one so that no value is impossible."""
    mean, sd = normal
    density = math.exp(-(((value - mean) / sd) ** 2) / 2) / (math.sqrt(2 * math.pi) * sd)
    return math.log((1 - FLOOR) * density + FLOOR / WIDTHS)
