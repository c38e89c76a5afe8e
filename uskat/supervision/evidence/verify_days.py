"""The closed days of a pack: who signed each, whether they follow from one another and agree with copies."""

from typing import Any

from uskat.supervision.evidence.keyring import TrustedKey, closing_key, ring_of
from uskat.supervision.evidence.pack import DAYS
from uskat.supervision.evidence.published import SignedDay, day_faults
from uskat.supervision.evidence.report import BROKEN, Opened
from uskat.supervision.evidence.seal import KeyUnusable, day_signed_by, public_key, statement_of


def days_of(opened: Opened) -> list[Any]:
    """Days of the pack as it tells them; those that one of the keys signed are noted in the report."""
    report, days = opened.report, opened.json(DAYS) or []
    found: list[SignedDay] = []
    for place, day in enumerate(days):
        try:
            one = _signed(opened, day)
        except BROKEN as error:
            why = f" ({error})" if isinstance(error, KeyUnusable) else ""
            report.fault(DAYS, place, what=f"the statement of the day is not signed by its key{why}")
            continue
        found.append(one)
        report.days[one.statement.day] = one.statement.key_id
    report.compared = len({one.statement.day for one in opened.kept}.intersection(report.days))
    together = sorted([*opened.kept, *found], key=lambda one: one.statement.day)
    for fault_day, what in day_faults(together, ring=opened.ring):
        report.fault(DAYS, fault_day, what=what)
    return days


def _signed(opened: Opened, day: Any) -> SignedDay:
    """A day with its statement. Raises ValueError and the rest of BROKEN: no key that may have closed it signed it."""
    statement = statement_of(day["statement"])
    ring = opened.ring or ring_of([TrustedKey(public_key(day["public_key"].encode()))])
    key = closing_key(ring, statement.key_id, day=statement.day)
    signature = bytes.fromhex(day["signature"])
    if not day_signed_by(key, signature, text=day["statement"]):
        raise ValueError("another signature")
    return SignedDay(statement, day["statement"], signature)
