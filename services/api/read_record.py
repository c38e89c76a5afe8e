"""Which readings leave a row in the audit log: those of personal and of company-confidential data.

A column of the access table, written by exception: whoever is let into a closed route is recorded unless its row stands
in NOTHING_PRIVATE with the reason; and of open routes those in MORE_FOR_INSIDERS, which show insiders more than the
public. A new closed route is recorded from its first day.
"""

from collections.abc import Collection, Mapping
from typing import Any

from services.api.access import API

NOTHING_PRIVATE: Mapping[str, str] = {
    f"{API}/alert-queue": "alerts that are public, and what the agency itself does about them",
    f"{API}/alert-load": "counts of alerts",
    f"{API}/alert-policies": "rules",
    f"{API}/alerts/{{alert_id}}/handling": "what the agency itself did about a public alert",
    f"{API}/detectors/precision": "counts of verdicts",
    f"{API}/rejects": "messages of instruments",
    f"{API}/raw/{{raw_id}}": "messages of instruments",
    f"{API}/stations/{{code}}/visits": "work on instruments",
    f"{API}/verifications": "papers of instruments",
    f"{API}/verifications/expiring": "papers of instruments",
    f"{API}/water-intakes": "where the river is drawn from, known to every agency",
    f"{API}/roster": "who is on duty, known to the whole agency",
    f"{API}/session": "one's own account",
    f"{API}/cases/{{case_id}}": "recorded where it is read (services/storage/case_history.py)",
    f"{API}/complaints/{{complaint_id}}": "recorded where it is read (services/storage/complaint_desk.py)",
    f"{API}/complaints/{{complaint_id}}/photograph": "recorded where it is read (services/storage/complaint_desk.py)",
}
"""Closed routes whose reading is not recorded, and why not."""

MORE_FOR_INSIDERS = frozenset({
    f"{API}/blasts/{{enterprise}}/{{blast_id}}", f"{API}/blasts/{{enterprise}}/{{blast_id}}/fume",
    f"{API}/alerts/{{alert_id}}",
})  # fmt: skip
"""Open routes that show an enterprise or an inspector what the public does not see."""


def is_recorded(method: str, route: str, *, open_route: bool, insider: bool) -> bool:
    """True when this reading leaves a row; insider: the caller belongs to an enterprise or supervises."""
    if method not in {"GET", "HEAD"}:
        return False  # what is written tells of itself
    return (insider and route in MORE_FOR_INSIDERS) if open_route else route not in NOTHING_PRIVATE


def thing_of(route: str) -> str:
    """What is read: the last words of the route that are no parameter, such as `blasts.history`."""
    return ".".join(part for part in route.removeprefix(API).strip("/").split("/") if not part.startswith("{"))


def reading_of(route: str, path: Mapping[str, Any], *, asked: Collection[str]) -> dict[str, Any]:
    """The row of a reading, for `audit_log.record`. asked: names of the filters."""
    return {
        "action": f"{thing_of(route)}.read",
        "kind": thing_of(route).partition(".")[0],
        "object_id": "/".join(_storable(str(value), 100) for value in path.values()) or "*",
        "detail": {"route": route, "asked": sorted(_storable(name, 40) for name in asked)[:20]},
    }


def _storable(text: str, longest: int) -> str:
    """What somebody typed into an address, without what a database cannot hold."""
    return "".join(sign for sign in text[:longest] if sign.isprintable())
