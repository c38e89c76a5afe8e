"""When many alerts are taken to have one cause: versioned data, named in every parent alert."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from uskat.finding import FindingKind


class Link(StrEnum):
    """What ties two alerts: the time that water needs from one station to the other, or the same moment."""

    RIVER = "river"
    TIME = "time"


class CauseRulesError(ValueError):
    """Rules that cannot be worked by; the message names the place."""


@dataclass(frozen=True, slots=True)
class CauseRule:
    """One way to share a cause. within: of the same moment, or tolerance about the travel time of water.

    least_stations: fewer have no common cause. title, title_en: with `{stations}`. why: in Russian.
    """

    id: str
    kinds: frozenset[FindingKind]
    same_parameter: bool
    linked_by: Link
    within: timedelta
    least_stations: int
    title: str
    title_en: str
    why: str


@dataclass(frozen=True, slots=True)
class CauseRules:
    """A version of the rules. look_back: alerts that began earlier are not gathered any more."""

    id: str
    valid_from: date
    verified: bool
    source: str
    look_back: timedelta
    rules: tuple[CauseRule, ...]

    @property
    def kinds(self) -> frozenset[FindingKind]:
        """Every kind that some rule gathers."""
        return frozenset(kind for rule in self.rules for kind in rule.kinds)


def parse_cause_rules(document: Mapping[str, Any]) -> CauseRules:
    """Read a document of rules. Raises CauseRulesError: a kind in two rules, one station, a term not positive."""
    try:
        rules = tuple(_rule(one) for one in document["rules"])
        read = CauseRules(
            id=str(document["id"]),
            valid_from=date.fromisoformat(document["valid_from"]),
            verified=bool(document["verified"]),
            source=str(document["source"]),
            look_back=_minutes("look_back_min", document["look_back_min"]),
            rules=rules,
        )
    except KeyError as error:
        raise CauseRulesError(f"{error.args[0]} is missing") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise CauseRulesError(str(error)) from error
    if sum(len(rule.kinds) for rule in rules) != len(read.kinds):
        raise CauseRulesError("rules: an alert must not have two causes, so a kind belongs to one rule")
    return read


@cache
def packaged_cause_rules() -> CauseRules:
    """The rules of the project."""
    text = files("uskat.data").joinpath("supervision", "alert_causes.json").read_text(encoding="utf-8")
    return parse_cause_rules(json.loads(text))


def _rule(one: Mapping[str, Any]) -> CauseRule:
    least = one["least_stations"]
    if not isinstance(least, int) or least < 2:
        raise CauseRulesError(f"rules.{one['id']}.least_stations: {least!r} stations share nothing")
    return CauseRule(
        id=str(one["id"]),
        kinds=frozenset(FindingKind(kind) for kind in one["kinds"]),
        same_parameter=bool(one["same_parameter"]),
        linked_by=Link(one["linked_by"]),
        within=_minutes(f"rules.{one['id']}.within_min", one["within_min"]),
        least_stations=least,
        title=str(one["title"]),
        title_en=str(one["title_en"]),
        why=str(one["why"]),
    )


def _minutes(place: str, value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise CauseRulesError(f"{place}: {value!r} is not a positive number of minutes")
    return timedelta(minutes=value)
