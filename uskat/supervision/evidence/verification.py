"""Verifications of instruments (поверка) and attested methods: which of them was in force at a moment.

102-ФЗ ст. 9, 13 (from memory, unverified): only an instrument of approved type with a valid verification counts; since
24.09.2020 the result is the record in ФГИС «Аршин». Dates are days at the place of use, Asia/Novokuznetsk (project
rule).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Novokuznetsk")


@dataclass(frozen=True, slots=True)
class Verification:
    """A record. valid_until: the last day, None: without term; applicable False: found unfit, or annulled."""

    docnum: str
    mit_number: str
    mi_number: str
    type_name: str
    verified_on: date
    valid_until: date | None
    organisation: str
    applicable: bool


@dataclass(frozen=True, slots=True)
class Method:
    """An attested method: range [low, high] in the parameter's unit, U (k = 2) the larger of the two parts."""

    parameter: str
    method: str
    low: float
    high: float
    uncertainty_absolute: float
    uncertainty_relative: float
    valid_from: date
    valid_until: date | None

    def uncertainty(self, value: float) -> float:
        """U (k = 2) at a value."""
        return max(self.uncertainty_absolute, self.uncertainty_relative * abs(value))


def verification_at(records: Sequence[Verification], moment: datetime) -> Verification | None:
    """The record in force at a moment, the newest of several; one that found the instrument unfit ends those before.

    moment: aware. A notice of unfitness counts from its day on until a later verification.
    """
    day = moment.astimezone(LOCAL).date()
    past = sorted((one for one in records if one.verified_on <= day), key=lambda one: one.verified_on)
    last_unfit = max((one.verified_on for one in past if not one.applicable), default=date.min)
    valid = [
        one
        for one in past
        if one.applicable
        and one.verified_on >= last_unfit
        and (one.valid_until is None or day <= one.valid_until)
        and not any(other.verified_on == one.verified_on and not other.applicable for other in past)
    ]
    return valid[-1] if valid else None


def method_at(methods: Sequence[Method], parameter: str, *, moment: datetime) -> Method | None:
    """The attested method of a parameter in force at an aware moment, the newest of several."""
    day = moment.astimezone(LOCAL).date()
    valid = [
        one
        for one in methods
        if one.parameter == parameter and one.valid_from <= day and (one.valid_until is None or day <= one.valid_until)
    ]
    return max(valid, key=lambda one: one.valid_from, default=None)
