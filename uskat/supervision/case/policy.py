"""Within what time a case must move, and who hears of it otherwise: versioned data, named in the case's first step."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from uskat.finding import Severity
from uskat.supervision.case.paper import Clock

LONGEST_MIN = 10 * 366 * 24 * 60
"""A term beyond the end of the calendar would break the reckoning of the day it is used."""
OWN_CLOCKS = (Clock.ACKNOWLEDGE, Clock.DISPATCH, Clock.SAMPLE, Clock.DECIDE)


class CasePolicyError(ValueError):
    """A policy that cannot be worked by; the message names the place."""


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """Terms of one severity, all counted from the opening. escalate_to: roles told one after another.

    rung: how much later than one role the next is told; None: as much as the clock's own term.
    """

    terms: Mapping[Clock, timedelta]
    escalate_to: tuple[str, ...]
    rung: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """One version of the terms. verified: checked against an act that sets them."""

    id: str
    valid_from: date
    verified: bool
    source: str
    by_severity: Mapping[Severity, CaseTerms]


def parse_case_policy(document: Mapping[str, Any]) -> CasePolicy:
    """Read one version. Raises CasePolicyError: a severity without terms, a term that is not positive, a gap."""
    try:
        return _policy(document)
    except KeyError as error:
        raise CasePolicyError(f"{error.args[0]} is missing") from None
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        if isinstance(error, CasePolicyError):
            raise
        raise CasePolicyError(str(error)) from error


def parse_case_policies(document: Mapping[str, Any]) -> tuple[CasePolicy, ...]:
    """Versions of a policy document, the oldest first. Raises CasePolicyError."""
    try:
        found = [parse_case_policy(one) for one in document["policies"]]
    except KeyError as error:
        raise CasePolicyError(f"{error.args[0]} is missing") from None
    if not found or len({policy.id for policy in found}) < len(found):
        raise CasePolicyError("policies: at least one, each with an id of its own")
    return tuple(sorted(found, key=lambda policy: policy.valid_from))


@cache
def packaged_case_policies() -> tuple[CasePolicy, ...]:
    """The versions that come with the project, the oldest first."""
    text = files("uskat.data").joinpath("supervision", "case_policy.json").read_text(encoding="utf-8")
    return parse_case_policies(json.loads(text))


def case_policy_on(day: date, own: Iterable[CasePolicy] = ()) -> CasePolicy:
    """The version in force on a local day; the project's oldest before all of them.

    own: versions that an agency entered, in the order in which they were: once one has begun, it goes before the
    project's; of two with the same first day the later in order.
    """
    begun = sorted((policy for policy in own if policy.valid_from <= day), key=lambda policy: policy.valid_from)
    if begun:
        return begun[-1]
    versions = packaged_case_policies()
    return next((policy for policy in reversed(versions) if policy.valid_from <= day), versions[0])


def case_policy_of(identifier: str) -> CasePolicy:
    """The project's version of an id. Raises CasePolicyError for an unknown one."""
    for policy in packaged_case_policies():
        if policy.id == identifier:
            return policy
    raise CasePolicyError(f"there is no case policy {identifier!r}")


def _policy(document: Mapping[str, Any]) -> CasePolicy:
    terms = {Severity(name): _terms(name, body) for name, body in document["terms"].items()}
    missing = [severity.value for severity in Severity if severity not in terms]
    if missing:
        raise CasePolicyError(f"terms: none for {', '.join(missing)}")
    return CasePolicy(
        id=str(document["id"]),
        valid_from=date.fromisoformat(document["valid_from"]),
        verified=bool(document["verified"]),
        source=str(document["source"]),
        by_severity=terms,
    )


def _terms(name: str, body: Mapping[str, Any]) -> CaseTerms:
    terms = {clock: _minutes(f"terms.{name}.{clock}_min", body[f"{clock}_min"]) for clock in OWN_CLOCKS}
    if list(terms.values()) != sorted(terms.values()):
        raise CasePolicyError(f"terms.{name}: a later step has an earlier term")
    roles = tuple(str(role) for role in body["escalate_to"])
    if not roles:
        raise CasePolicyError(f"terms.{name}.escalate_to: nobody would hear of a term that ran out")
    every = body.get("escalate_every_min")
    return CaseTerms(terms, roles, None if every is None else _minutes(f"terms.{name}.escalate_every_min", every))


def _minutes(place: str, value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_MIN:
        raise CasePolicyError(f"{place}: {value!r} is not a positive number of minutes, of ten years at most")
    return timedelta(minutes=value)
