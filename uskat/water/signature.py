"""Which cause the pattern of changes looks like: mine water, washery, sewage, oil, acid, rain, fish-kill risk, unknown.

Rules are data (`uskat/data/signatures.json`, level memory). A rule turns a change into support from 0 to 1; a positive
weight speaks for the cause when supported and by `against` against it when not, a negative one speaks against it when
supported. What a station does not measure says nothing. Probabilities are the softmax of the evidence, with a constant
for the unknown cause.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

UNKNOWN = "unknown"
NATURAL_SHARE = 0.5
"""From this probability on a natural cause is named and the change is no pollution."""
EMPTY_SHARE = 0.02


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"low": "from", "high": "to"}):
    """Support grows from 0 at `from` to 1 at `to` of the measure.

    ratio: observed to before; delta: observed less before; change: its size; value: the observed itself.
    """

    parameter: str
    measure: Literal["ratio", "delta", "change", "value"]
    low: float
    high: float
    weight: float
    against: float


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cause. natural: no pollution. outlet_kinds: of outlets that let such water in. prior: evidence before any."""

    code: str
    name_ru: str
    name_en: str
    natural: bool
    outlet_kinds: tuple[str, ...]
    prior: float
    rules: tuple[Rule, ...]


class SignatureSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file: version, where from, how far verified, the evidence of «unknown», and the causes."""

    version: str
    source: str
    level: str
    unknown_evidence: float
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What a parameter did: its expectation and what was observed, in the parameter's unit."""

    before: float
    observed: float


@dataclass(frozen=True, slots=True)
class Scoring:
    """Result: score 0..1 of each cause by itself, and probabilities that add up to 1 with the unknown cause."""

    scores: Mapping[str, float]
    probabilities: Mapping[str, float]

    @property
    def best(self) -> str:
        """Code of the most probable cause."""
        return max(self.probabilities, key=lambda code: (self.probabilities[code], code))

    @property
    def natural(self) -> bool:
        """True when rain, melt or the like explains the change."""
        share = sum(p for code, p in self.probabilities.items() if code != UNKNOWN and signatures()[code].natural)
        return share >= NATURAL_SHARE

    def without_natural(self) -> "Scoring":
        """The same without the natural causes: for what cannot be natural."""
        kept = {
            code: share
            for code, share in self.probabilities.items()
            if code == UNKNOWN or not signatures()[code].natural
        }
        total = sum(kept.values())
        return Scoring(self.scores, {code: share / total for code, share in kept.items()})

    def to_json(self) -> dict[str, Any]:
        """For the detail of a finding: best cause with its names, probabilities and version of the rules."""
        named = signatures().get(self.best)
        return {
            "best": self.best,
            "name": named.name_ru if named else "причина не установлена",
            "name_en": named.name_en if named else "unknown cause",
            "natural": self.natural,
            "probabilities": {code: round(p, 4) for code, p in self.probabilities.items()},
            "rules": signature_set().version,
            "level": signature_set().level,
        }


@cache
def signature_set() -> SignatureSet:
    """The rules that come with the package."""
    text = files("uskat.data").joinpath("signatures.json").read_text(encoding="utf-8")
    return msgspec.json.decode(text, type=SignatureSet)


@cache
def signatures() -> dict[str, Signature]:
    """Causes by code."""
    return {signature.code: signature for signature in signature_set().signatures}


def score_changes(changes: Mapping[str, Change]) -> Scoring:
    """Scores of every cause for changes by parameter code; without any change all is unknown."""
    evidence, scores = {}, {}
    for signature in signature_set().signatures:
        found = [
            (rule, _support(rule, changes[rule.parameter])) for rule in signature.rules if rule.parameter in changes
        ]
        evidence[signature.code] = signature.prior + sum(_evidence(rule, support) for rule, support in found)
        speaking = [(rule.weight, support) for rule, support in found if rule.weight > 0]
        total = sum(weight for weight, _ in speaking)
        plain = sum(weight * support for weight, support in speaking) / total if total else 0.0
        doubt = sum(-rule.weight * support for rule, support in found if rule.weight < 0)
        scores[signature.code] = max(0.0, plain - doubt / (total + 1.0))
    evidence[UNKNOWN] = signature_set().unknown_evidence
    return Scoring(scores, _softmax(evidence))


def _evidence(rule: Rule, support: float) -> float:
    return rule.weight * support - rule.against * (1.0 - support) if rule.weight > 0 else rule.weight * support


def _support(rule: Rule, change: Change) -> float:
    measure = {
        "ratio": change.observed / change.before if change.before > 0 else (math.inf if change.observed > 0 else 1.0),
        "delta": change.observed - change.before,
        "change": abs(change.observed - change.before),
        "value": change.observed,
    }[rule.measure]
    return min(1.0, max(0.0, (measure - rule.low) / (rule.high - rule.low)))


def _softmax(evidence: Mapping[str, float]) -> dict[str, float]:
    top = max(evidence.values())
    weights = {code: math.exp(value - top) for code, value in evidence.items()}
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}
