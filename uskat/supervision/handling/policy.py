"""Within what time an alert must be attended to, and who hears of it otherwise: versioned data, kept with the alert."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from uskat.finding import Severity


class PolicyError(ValueError):
    """A policy that cannot be worked by; the message names the place."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Terms of one severity. escalate_to: roles told one after another, each a term later."""

    acknowledge: timedelta
    acknowledgement_lasts: timedelta
    escalate_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How alerts are attended to. chatter: so many returns and reopenings within the window are one restless alert."""

    id: str
    valid_from: date
    verified: bool
    source: str
    clocks: Mapping[Severity, Clocks]
    shelve_longest: timedelta
    chatter_count: int
    chatter_window: timedelta


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
        )
    except KeyError as error:
        raise PolicyError(f"{error.args[0]} is missing") from None
    except (TypeError, AttributeError, ValueError) as error:
        if isinstance(error, PolicyError):
            raise
        raise PolicyError(str(error)) from error


@cache
def packaged_policy() -> Policy:
    """The policy of the project; an agency replaces it."""
    text = files("uskat.data").joinpath("supervision", "alert_policy.json").read_text(encoding="utf-8")
    return parse_policy(json.loads(text))


def _clocks(name: str, terms: Mapping[str, Any]) -> Clocks:
    return Clocks(
        _minutes(f"clocks.{name}.acknowledge_min", terms["acknowledge_min"]),
        _minutes(f"clocks.{name}.acknowledgement_lasts_min", terms["acknowledgement_lasts_min"]),
        tuple(str(role) for role in terms["escalate_to"]),
    )


def _minutes(place: str, value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise PolicyError(f"{place}: {value!r} is not a positive number of minutes")
    return timedelta(minutes=value)
