"""Who reports on time: share of enterprises, and of reports.

An enterprise is on time in a period when every report that fell due in it came by its deadline. A blast whose deadline
has not passed is not due yet, unless its report is already there. Blasts found by instruments only are due too: nobody
reported them, so they count against the enterprise whose pit it was. Deadline: `passport_rules.json`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A blast that must be reported; reported_at None: not yet."""

    enterprise: str
    fired_at: datetime
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class EnterprisePunctuality:
    """Reports of one enterprise: on time, late, missing."""

    enterprise: str
    on_time: int
    late: int
    missing: int

    @property
    def due(self) -> int:
        """How many had to come."""
        return self.on_time + self.late + self.missing

    @property
    def is_on_time(self) -> bool:
        """True when all of them came in time."""
        return self.due > 0 and self.late == 0 and self.missing == 0


@dataclass(frozen=True, slots=True)
class Punctuality:
    """All enterprises of a period; shares are None when nothing was due."""

    enterprises: tuple[EnterprisePunctuality, ...]

    @property
    def enterprise_share(self) -> float | None:
        """Share of enterprises, of those with reports due, that sent all in time."""
        due = [item for item in self.enterprises if item.due]
        return sum(item.is_on_time for item in due) / len(due) if due else None

    @property
    def report_share(self) -> float | None:
        """Share of reports that came in time."""
        due = sum(item.due for item in self.enterprises)
        return sum(item.on_time for item in self.enterprises) / due if due else None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "enterprise_share": self.enterprise_share,
            "report_share": self.report_share,
            "enterprises": [
                {
                    "enterprise": item.enterprise, "due": item.due, "on_time": item.on_time, "late": item.late,
                    "missing": item.missing, "is_on_time": item.is_on_time,
                }
                for item in self.enterprises
            ],
        }  # fmt: skip


def punctuality(
    blasts: Iterable[ReportDue], *, since: datetime, until: datetime, now: datetime, due_h: float
) -> Punctuality:
    """Punctuality of the blasts fired in [since, until), as known at `now`; due_h: hours after firing."""
    counts: dict[str, list[int]] = {}
    for blast in blasts:
        if since <= blast.fired_at < until and blast.fired_at <= now:
            counted = counts.setdefault(blast.enterprise, [0, 0, 0])
            place = _place(blast, now, deadline=blast.fired_at + timedelta(hours=due_h))
            if place is not None:
                counted[place] += 1
    return Punctuality(tuple(EnterprisePunctuality(name, *numbers) for name, numbers in sorted(counts.items())))


def _place(blast: ReportDue, now: datetime, *, deadline: datetime) -> int | None:
    """0 on time, 1 late, 2 missing, None not due yet; a report after `now` is not known yet."""
    if blast.reported_at is not None and blast.reported_at <= now:
        return 0 if blast.reported_at <= deadline else 1
    return 2 if now > deadline else None
