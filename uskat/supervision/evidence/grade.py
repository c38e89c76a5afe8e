"""Evidence grades E0–E4 (norms sheet §4.4): a grade is reached when everything it needs and all below it need holds.

What nobody knows does not hold. So a grade is never better than its weakest necessary part.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class RulesError(ValueError):
    """Rules of grades that cannot be worked by."""


class Grade(StrEnum):
    """From a number as it came to a proof."""

    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"


class Requirement(StrEnum):
    """What may speak for a reading."""

    QUALITY = "quality"
    STATES = "states"
    MAINTENANCE = "maintenance"
    CLOCK = "clock"
    VERIFICATION = "verification"
    METHOD = "method"
    RANGE = "range"
    UNCERTAINTY = "uncertainty"
    PAIR = "pair"
    CHAIN = "chain"
    SEALED = "sealed"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Fact:
    """Whether a requirement holds, None: nobody knows; words: why, in Russian and English."""

    requirement: Requirement
    holds: bool | None
    words: str
    words_en: str


@dataclass(frozen=True, slots=True)
class GradeRules:
    """What each grade needs beyond those below it. verified: whether an authority has set them so."""

    id: str
    valid_from: date
    verified: bool
    source: str
    needs: Mapping[Grade, tuple[Requirement, ...]]
    meaning: Mapping[Grade, str]
    meaning_en: Mapping[Grade, str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A grade with every fact it rests on, in the order of the grades that need them."""

    grade: Grade
    facts: tuple[Fact, ...]

    @property
    def missing(self) -> tuple[Fact, ...]:
        """What does not hold, the lowest grade's first."""
        return tuple(fact for fact in self.facts if fact.holds is not True)


def parse_rules(document: Mapping[str, Any]) -> GradeRules:
    """Read a document of rules. Raises RulesError: a grade without rules, a requirement unknown or needed twice."""
    try:
        needs = {grade: tuple(Requirement(name) for name in document["grades"][grade]["needs"]) for grade in Grade}
        meaning = {grade: str(document["grades"][grade]["meaning"]) for grade in Grade}
        meaning_en = {grade: str(document["grades"][grade]["meaning_en"]) for grade in Grade}
        valid_from = date.fromisoformat(document["valid_from"])
        found = GradeRules(
            str(document["id"]), valid_from, bool(document["verified"]), str(document["source"]), needs, meaning,
            meaning_en,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise RulesError(f"rules of grades: {error!r}") from error
    everything = [requirement for grade in Grade for requirement in needs[grade]]
    if needs[Grade.E0] or sorted(everything) != sorted(Requirement):
        raise RulesError("E0 needs nothing, and every requirement belongs to one grade")
    return found


@cache
def grade_rules() -> GradeRules:
    """The rules of the project; an authority replaces them."""
    text = files("uskat.data").joinpath("supervision", "evidence.json").read_text(encoding="utf-8")
    return parse_rules(json.loads(text))


def grade_of(facts: Iterable[Fact], rules: GradeRules) -> Judgement:
    """The grade that the facts carry; a requirement of which nothing is said counts as unknown."""
    known: dict[Requirement, Fact] = {}
    for fact in facts:  # of two facts about one requirement the weaker counts
        before = known.get(fact.requirement)
        known[fact.requirement] = fact if before is None or before.holds is True else before
    ordered = tuple(known.get(need) or _unknown(need) for grade in Grade for need in rules.needs[grade])
    held = {fact.requirement for fact in ordered if fact.holds is True}
    reached = Grade.E0
    for grade in Grade:
        if not held.issuperset(rules.needs[grade]):
            break
        reached = grade
    return Judgement(reached, ordered)


def weakest(judgements: Sequence[Judgement], rules: GradeRules) -> Judgement:
    """One judgement for many parts, each of them necessary: a requirement holds when it does in every part."""
    if not judgements:
        return grade_of((), rules)
    merged = []
    for requirement in Requirement:
        own = [fact for one in judgements for fact in one.facts if fact.requirement is requirement]
        bad = [fact for fact in own if fact.holds is not True]
        first = (bad or own)[0]
        if bad and len(own) > 1:
            share = f" ({len(bad)} из {len(own)})", f" ({len(bad)} of {len(own)})"
            first = Fact(requirement, first.holds, first.words + share[0], first.words_en + share[1])
        merged.append(first)
    return grade_of(merged, rules)


def _unknown(requirement: Requirement) -> Fact:
    return Fact(requirement, None, "не установлено", "not known")
