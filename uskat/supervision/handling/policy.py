"""Within what time an alert must be attended to, and who hears of it otherwise: versioned data, kept with the alert."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from uskat.finding import FindingKind, Severity
from uskat.supervision.evidence.grade import Grade
from uskat.water.water_intake import WaterUse

PACKAGED = ("alert_policy.json", "alert_policy_2.json", "alert_policy_3.json")
"""Versions side by side: an alert keeps the one it began under, so none is ever changed or taken away."""

LONGEST_MIN = 10 * 366 * 24 * 60
"""A term beyond the end of the calendar would break the reckoning of the day it is used."""


class PolicyError(ValueError):
    """A policy that cannot be worked by; the message names the place."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Terms of one severity. escalate_to: roles told one after another, each a term later."""

    acknowledge: timedelta
    acknowledgement_lasts: timedelta
    escalate_to: tuple[str, ...]


class ReceptorKind(StrEnum):
    """Whom the water may harm: a riverside settlement, or an intake by what the water is drawn for."""

    SETTLEMENT = "settlement"
    DRINKING = WaterUse.DRINKING
    IRRIGATION = WaterUse.IRRIGATION
    TECHNICAL = WaterUse.TECHNICAL


@dataclass(frozen=True, slots=True)
class ReceptorRule:
    """An alert of these kinds and at least this severity weighs `becomes` where its water comes in time to one of `of`.

    within: from the moment of the alert to the earliest front of its water there.
    """

    kinds: frozenset[FindingKind]
    least: Severity
    becomes: Severity
    within: timedelta
    of: frozenset[ReceptorKind] = frozenset({ReceptorKind.SETTLEMENT})


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """How far an alert of these kinds is to be believed.

    raises_from: grade from which receptors raise it at all. needs: below this grade it weighs `at_most` for people.
    """

    kinds: frozenset[FindingKind]
    raises_from: Grade
    needs: Grade
    at_most: Severity


@dataclass(frozen=True, slots=True)
class Policy:
    """How alerts are attended to. chatter: so many returns and reopenings within the window are one restless alert.

    receptors: empty where the policy does not ask who lives downstream; evidence: None where it does not ask how good
    the readings are.
    """

    id: str
    valid_from: date
    verified: bool
    source: str
    clocks: Mapping[Severity, Clocks]
    shelve_longest: timedelta
    chatter_count: int
    chatter_window: timedelta
    receptors: tuple[ReceptorRule, ...] = ()
    evidence: EvidenceRule | None = None


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """Read a policy document. Raises PolicyError: a severity without terms, a term that is not positive, a gap."""
    try:
        clocks = {Severity(name): _clocks(name, terms) for name, terms in document["clocks"].items()}
        missing = [severity.value for severity in Severity if severity not in clocks]
        if missing:
            raise PolicyError(f"clocks: no terms for {', '.join(missing)}")
        return Policy(
            id=str(document["id"]),
            valid_from=date.fromisoformat(document["valid_from"]),
            verified=bool(document["verified"]),
            source=str(document["source"]),
            clocks=clocks,
            shelve_longest=_minutes("shelve_longest_min", document["shelve_longest_min"]),
            chatter_count=int(document["chatter_count"]),
            chatter_window=_minutes("chatter_window_min", document["chatter_window_min"]),
            receptors=_receptors(document.get("receptors")),
            evidence=_evidence(document["evidence"]) if document.get("evidence") else None,
        )
    except KeyError as error:
        raise PolicyError(f"{error.args[0]} is missing") from None
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        if isinstance(error, PolicyError):
            raise
        raise PolicyError(str(error)) from error


@cache
def packaged_policies() -> tuple[Policy, ...]:
    """The policies of the project, oldest first; an agency enters its own beside them."""
    folder = files("uskat.data").joinpath("supervision")
    read = [parse_policy(json.loads(folder.joinpath(name).read_text(encoding="utf-8"))) for name in PACKAGED]
    return tuple(sorted(read, key=lambda policy: policy.valid_from))


def packaged_policy() -> Policy:
    """The newest policy of the project."""
    return packaged_policies()[-1]


def policy_in_force(policies: Iterable[Policy], day: date) -> Policy:
    """The policy under which an alert begins that is raised on a local day; before all of them, the first.

    Of two with the same first day the later in order. Raises PolicyError when there is none at all.
    """
    ordered = sorted(policies, key=lambda policy: policy.valid_from)
    if not ordered:
        raise PolicyError("there is no policy")
    begun = [policy for policy in ordered if policy.valid_from <= day]
    return begun[-1] if begun else ordered[0]


def _clocks(name: str, terms: Mapping[str, Any]) -> Clocks:
    return Clocks(
        _minutes(f"clocks.{name}.acknowledge_min", terms["acknowledge_min"]),
        _minutes(f"clocks.{name}.acknowledgement_lasts_min", terms["acknowledgement_lasts_min"]),
        tuple(str(role) for role in terms["escalate_to"]),
    )


def _receptors(rules: Any) -> tuple[ReceptorRule, ...]:
    """One rule, as the first policies have it, or a list of them."""
    listed = [rules] if isinstance(rules, Mapping) else rules or ()
    return tuple(
        ReceptorRule(
            frozenset(FindingKind(kind) for kind in rule["kinds"]),
            Severity(rule["from"]),
            Severity(rule["becomes"]),
            _minutes("receptors.within_min", rule["within_min"]),
            frozenset(ReceptorKind(one) for one in rule.get("of", (ReceptorKind.SETTLEMENT,))),
        )
        for rule in listed
    )


def _evidence(rule: Mapping[str, Any]) -> EvidenceRule:
    return EvidenceRule(
        frozenset(FindingKind(kind) for kind in rule["kinds"]),
        Grade(rule["raises_from"]),
        Grade(rule["needs"]),
        Severity(rule["at_most"]),
    )


def _minutes(place: str, value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_MIN:
        raise PolicyError(f"{place}: {value!r} is not a positive number of minutes, of ten years at most")
    return timedelta(minutes=value)
