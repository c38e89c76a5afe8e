"""What a demo run came to: the figures of its last line, and whether they balance. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, slots=True)
class Account:
    """What simulators and database have counted. A reading is a parameter value, or a record of a seismograph.

    published: made by simulated instruments; buffered: held by loggers, not confirmed; stored, conflicts, rejected,
    duplicates: of the ledger; alerts: of the database.
    """

    published: int = 0
    buffered: int = 0
    stored: int = 0
    conflicts: int = 0
    rejected: int = 0
    duplicates: int = 0
    alerts: int = 0

    def as_baseline(self) -> Account:
        """Return what must be subtracted later, when this is the first meeting of these simulators and this database.

        Readings that loggers still hold are yet to come: they count as published afterwards.
        """
        return replace(self, published=self.published - self.buffered, buffered=0, alerts=0)

    def since(self, baseline: Account) -> Account:
        """Return what was counted since a baseline."""
        return Account(**{name: value - getattr(baseline, name) for name, value in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run. Readings are of all runs since the first start of the state folder: no crash hides one."""

    first_alert_s: float | None
    alerts: int
    readings_published: int
    readings_stored: int
    readings_buffered: int
    rejected: int
    duplicates: int
    conflicts: int
    restarts: int

    @property
    def missing(self) -> int:
        """Readings that were published and are nowhere: 0 when the books balance, negative when some are twice."""
        accounted = self.readings_stored + self.conflicts + self.rejected + self.readings_buffered
        return self.readings_published - accounted

    def faults(self) -> list[str]:
        """What is wrong with the run, in words; empty when it is good."""
        found = []
        if self.missing != 0:
            found.append(
                f"published {self.readings_published} is not stored {self.readings_stored} + conflicts {self.conflicts}"
                f" + rejected {self.rejected} + still buffered {self.readings_buffered} (missing: {self.missing})"
            )
        if self.readings_published == 0:
            found.append("nothing was published")
        if self.alerts < 1:
            found.append("no alert was raised")
        return found

    def json_line(self) -> str:
        """The last line of a run without a terminal."""
        return json.dumps(asdict(self), ensure_ascii=False)


def conclude(*, baseline: Account, after: Account, first_alert_s: float | None, restarts: int) -> Outcome:
    """Make the outcome of a run from the account at its end."""
    change = after.since(baseline)
    return Outcome(
        first_alert_s=None if first_alert_s is None else round(first_alert_s, 1),
        alerts=change.alerts,
        readings_published=change.published,
        readings_stored=change.stored,
        readings_buffered=change.buffered,
        rejected=change.rejected,
        duplicates=change.duplicates,
        conflicts=change.conflicts,
        restarts=restarts,
    )
