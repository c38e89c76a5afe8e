"""What speaks for the instrument behind a reading or a record: verification, method, range, uncertainty at its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from uskat.finding import number_ru
from uskat.supervision.evidence.grade import Fact, Requirement
from uskat.supervision.evidence.verification import Method, Verification, method_at, verification_at

HOLDS, FAILS = True, False


@dataclass(frozen=True, slots=True)
class InstrumentPapers:
    """Verifications and methods of the instrument of a series; known False: the registry names no instrument."""

    known: bool
    verifications: Sequence[Verification] = ()
    methods: Sequence[Method] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured over [start, end): lowest, highest and typical value of a quantity, None: nothing counts."""

    quantity: str
    unit: str
    start: datetime
    end: datetime
    lowest: float | None
    highest: float | None
    typical: float | None


def instrument_facts(measured: Measured, papers: InstrumentPapers) -> list[Fact]:
    """Verification, method, range and uncertainty at the time of the measurement."""
    if not papers.known:
        needs = (Requirement.VERIFICATION, Requirement.METHOD, Requirement.RANGE, Requirement.UNCERTAINTY)
        return [Fact(need, None, "прибор в реестре не указан", "no instrument in the register") for need in needs]
    record = verification_at(papers.verifications, measured.start)
    still = record if record is not None and verification_at([record], measured.end) is not None else None
    method = method_at(papers.methods, measured.quantity, moment=measured.start)
    return [_verification(still, papers.verifications), *_method(measured, method)]


def _verification(record: Verification | None, records: Sequence[Verification]) -> Fact:
    if record is None:
        held = f"в силе нет ни одной из записей о поверке: {len(records)}" if records else "записей о поверке нет"
        return Fact(Requirement.VERIFICATION, FAILS, held, f"none of {len(records)} verifications was in force")
    until = "без срока" if record.valid_until is None else f"до {_day(record.valid_until)}"
    if not record.mit_number.strip():
        words = f"поверка {record.docnum}, но тип средства измерений не назван"
        return Fact(Requirement.VERIFICATION, FAILS, words, "verified, but no approved type is named")
    words = f"поверка {record.docnum} {until}, тип № {record.mit_number}"
    return Fact(Requirement.VERIFICATION, HOLDS, words, f"verification {record.docnum}, type {record.mit_number}")


def _method(measured: Measured, method: Method | None) -> list[Fact]:
    if method is None:
        words = "аттестованная методика не указана", "no attested method entered"
        return [Fact(need, None, *words) for need in (Requirement.METHOD, Requirement.RANGE, Requirement.UNCERTAINTY)]
    lowest, highest = measured.lowest, measured.highest
    inside = lowest is not None and highest is not None and method.low <= lowest and highest <= method.high
    span = f"{number_ru(method.low)}–{number_ru(method.high)} {measured.unit}"
    size = method.uncertainty(measured.typical or 0.0)
    return [
        Fact(Requirement.METHOD, HOLDS, f"методика {method.method}", f"method {method.method}"),
        Fact(
            Requirement.RANGE, inside, f"{'в диапазоне' if inside else 'вне диапазона'} {span}",
            f"{'within' if inside else 'outside'} {method.low}–{method.high}",
        ),
        Fact(
            Requirement.UNCERTAINTY, size > 0, f"U = {number_ru(size)} {measured.unit} (k = 2)",
            f"U = {size:.6g} (k = 2)",
        ),
    ]  # fmt: skip


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"
