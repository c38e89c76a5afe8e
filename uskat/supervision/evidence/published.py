"""Statements of closed days as somebody saved them from `/api/v1/evidence/days`: each refers to the one before it.

Whoever kept a copy sees that older days were not written anew, even by the holder of the key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from uskat.supervision.evidence.keyring import KeyRing, closing_key
from uskat.supervision.evidence.seal import DayStatement, KeyUnusable, day_signed_by, statement_of


class PublishedError(ValueError):
    """The file holds no published days."""


@dataclass(frozen=True, slots=True)
class SignedDay:
    """A statement, its text byte for byte, its signature."""

    statement: DayStatement
    text: str
    signature: bytes


def read_days(data: bytes) -> list[SignedDay]:
    """Days of a saved answer (a page with `items`, a list, or one day), oldest first. Raises PublishedError."""
    try:
        read: Any = msgspec.json.decode(data)
        if isinstance(read, Mapping):
            read = read.get("items", [read])
        found = [
            SignedDay(statement_of(one["statement"]), one["statement"], bytes.fromhex(one["signature"])) for one in read
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise PublishedError(f"not a saved answer of /api/v1/evidence/days: {error!r}") from None
    return sorted(found, key=lambda one: one.statement.day)


def day_faults(days: Sequence[SignedDay], *, ring: KeyRing | None) -> list[tuple[date, str]]:
    """What is wrong with days: a signature, a day told in two ways, one that does not follow from the day before.

    days: oldest first, of several saved answers maybe. ring: None: signatures are not compared.
    """
    faults = []
    told: dict[date, SignedDay] = {}
    for one in days:
        day = one.statement.day
        try:
            if ring is not None and not day_signed_by(
                closing_key(ring, one.statement.key_id, day=day), one.signature, text=one.text
            ):
                faults.append((day, f"its statement is not signed by key {one.statement.key_id}"))
        except KeyUnusable as error:
            faults.append((day, str(error)))
        if told.setdefault(day, one).text != one.text:
            faults.append((day, "two different statements of the same day: one of them was written anew"))
        before = told.get(day - timedelta(days=1))
        if before is not None and one.statement.previous != before.statement.digest():
            faults.append((day, f"it does not follow from the statement of {before.statement.day}"))
        if before is None and one.statement.previous is None and len(told) > 1:
            faults.append((day, "it calls itself the first, and there are days before it"))
    return faults
