"""Who is on duty: shifts of people in territories."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Duty(StrEnum):
    """What somebody is on duty as; escalations climb from the first to the last."""

    INSPECTOR = "inspector"
    SENIOR_INSPECTOR = "senior_inspector"
    HEAD = "head"
    METROLOGIST = "metrologist"


@dataclass(frozen=True, slots=True)
class Shift:
    """A person (login) on duty over [since, until), UTC. territory None: in every one of the agency's."""

    person: str
    duty: str
    territory: str | None
    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None or self.until <= self.since:
            raise ValueError(f"shift of {self.person}: impossible period {self.since} .. {self.until}")


def on_duty(shifts: Iterable[Shift], *, territory: str | None, duty: str, at: datetime) -> str | None:
    """Who has a duty in a territory at a moment; None: nobody.

    A shift for the very territory goes before one for all, then the one that began last, then by name.
    """
    fitting = [
        shift
        for shift in shifts
        if shift.duty == duty and shift.since <= at < shift.until and shift.territory in {None, territory}
    ]
    if not fitting:
        return None
    chosen = min(fitting, key=lambda shift: (shift.territory is None, -shift.since.timestamp(), shift.person))
    return chosen.person
