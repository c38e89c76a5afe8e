"""Terms of complaints, and how near in place and time something must lie to be shown beside one: versioned data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any


class ComplaintPolicyError(ValueError):
    """A policy that cannot be worked by; the message names the place."""


@dataclass(frozen=True, slots=True)
class Window:
    """What lies near: stations_km around the place; blasts_km likewise (0: not asked); most: shown at most."""

    stations_km: float
    blasts_km: float
    before: timedelta
    after: timedelta
    most: int


@dataclass(frozen=True, slots=True)
class ComplaintPolicy:
    """keep: how long personal data lie at most; keep_closed: and after closing. relink: until when, how often."""

    id: str
    verified: bool
    source: str
    answer_within: timedelta
    keep: timedelta
    keep_closed: timedelta
    oldest: timedelta
    relink_every: timedelta
    relink_for: timedelta
    territory_within_km: float
    water: Window
    blast: Window

    def keep_until(self, received_at: datetime, closed_at: datetime | None) -> datetime:
        """When personal data are deleted at the latest: by the term from receipt, earlier after closing."""
        latest = received_at + self.keep
        return latest if closed_at is None else min(latest, closed_at + self.keep_closed)


def parse_complaint_policy(document: Mapping[str, Any]) -> ComplaintPolicy:
    """Read a policy document. Raises ComplaintPolicyError: something is missing, or is no positive number."""
    try:
        return ComplaintPolicy(
            id=str(document["id"]),
            verified=bool(document["verified"]),
            source=str(document["source"]),
            answer_within=timedelta(days=_positive(document, "answer_within_days")),
            keep=timedelta(days=_positive(document, "keep_personal_days")),
            keep_closed=timedelta(days=_positive(document, "keep_after_closing_days")),
            oldest=timedelta(days=_positive(document, "oldest_days")),
            relink_every=timedelta(minutes=_positive(document, "relink_every_min")),
            relink_for=timedelta(minutes=_positive(document, "relink_for_min")),
            territory_within_km=_positive(document, "territory_within_km"),
            water=_window(document["water"], blasts_km=0.0),
            blast=_window(document["blast"], blasts_km=_positive(document["blast"], "within_km")),
        )
    except KeyError as error:
        raise ComplaintPolicyError(f"{error.args[0]} is missing") from None
    except TypeError as error:
        raise ComplaintPolicyError(str(error)) from error


@cache
def complaint_policy() -> ComplaintPolicy:
    """The policy of the project."""
    path = files("uskat.data").joinpath("supervision/complaint_policy.json")
    return parse_complaint_policy(json.loads(path.read_text(encoding="utf-8")))


def _window(part: Mapping[str, Any], *, blasts_km: float) -> Window:
    return Window(
        _positive(part, "stations_within_km"), blasts_km, timedelta(minutes=_positive(part, "before_min")),
        timedelta(minutes=_positive(part, "after_min")), int(_positive(part, "most")),
    )  # fmt: skip


def _positive(part: Mapping[str, Any], name: str) -> float:
    value = part[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ComplaintPolicyError(f"{name}: {value!r} is not a positive number")
    return float(value)
