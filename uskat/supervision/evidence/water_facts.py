"""What speaks for a 20-minute interval of water: plain values in, facts in words out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from uskat.finding import number_ru
from uskat.supervision.evidence.grade import Fact, Requirement
from uskat.supervision.evidence.instrument_facts import InstrumentPapers, Measured, instrument_facts
from uskat.water.interval import Interval, counts, readings_needed

VALID_SHARE = 0.75
HOLDS, FAILS = True, False
SUSPECT = 3
STATES_RU = {1: "автоматическая система", 2: "контролируемое оборудование", 4: "пломба"}


@dataclass(frozen=True, slots=True)
class Care:
    """A visit, calibration or maintenance window over [starts_at, ends_at)."""

    kind: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another post whose same water was measured: mean over the hours that belong together, None: nothing counts."""

    station: str
    upstream: bool
    mean: float | None


@dataclass(frozen=True, slots=True)
class SealState:
    """A day of storing: closed, and what its last check found."""

    sealed: bool
    checked: bool = False
    fault: str | None = None


def quality_facts(interval: Interval, *, expected_interval_s: int, care: Sequence[Care]) -> list[Fact]:
    """Quality control, state channels, maintenance."""
    needed = readings_needed(expected_interval_s, VALID_SHARE)
    enough, judged = counts(interval, needed), interval.quality is not None
    suspect = (interval.quality or 0) >= SUSPECT
    words = f"годных показаний {interval.n_valid} из нужных {needed}"
    words += ", контроль качества ещё не прошёл" if not judged else ", есть сомнительные" if suspect else ""
    english = f"{interval.n_valid} valid readings, {needed} needed"
    english += ", not judged yet" if not judged else ", some suspect" if suspect else ""
    holds = None if enough and not judged else enough and not suspect
    wrong = [name for bit, name in STATES_RU.items() if interval.states & bit]
    during = [one for one in care if one.starts_at < interval.end and one.ends_at > interval.start]
    serviced = bool(during) or interval.n_service > 0
    return [
        Fact(Requirement.QUALITY, holds, words, english),
        Fact(
            Requirement.STATES, not wrong, "не в порядке: " + ", ".join(wrong) if wrong else "замечаний прибора нет",
            f"state bits {interval.states}" if wrong else "no remark of the instrument",
        ),
        Fact(
            Requirement.MAINTENANCE, not serviced,
            "шло обслуживание или калибровка" if serviced else "обслуживания не было",
            "service or calibration went on" if serviced else "no service",
        ),
    ]  # fmt: skip


def clock_fact(interval: Interval, *, wrong: Sequence[tuple[datetime, datetime | None]]) -> Fact:
    """The time source. wrong: episodes of a wrong clock of the device, end None while it goes on."""
    bad = any(start < interval.end and (end is None or end > interval.start) for start, end in wrong)
    words = (
        ("часы прибора врали", "the clock of the device was wrong") if bad else ("часы без замечаний", "clock right")
    )
    return Fact(Requirement.CLOCK, not bad, *words)


def interval_instrument(interval: Interval, *, parameter: str, unit: str, papers: InstrumentPapers) -> list[Fact]:
    """What speaks for the instrument of a series over an interval."""
    measured = Measured(
        parameter, unit, interval.start, interval.end, interval.minimum, interval.maximum, interval.mean
    )
    return instrument_facts(measured, papers)


def pair_fact(neighbours: Sequence[Neighbour], *, unit: str) -> Fact:
    """Whether another post measured the same water."""
    if not neighbours:
        return Fact(Requirement.PAIR, None, "соседних постов с этим показателем нет", "no other post measures this")
    known = [one for one in neighbours if one.mean is not None]
    if not known:
        names = ", ".join(one.station for one in neighbours)
        return Fact(Requirement.PAIR, FAILS, f"нет годных данных постов: {names}", f"nothing that counts from {names}")
    said = ", ".join(
        f"{'выше' if one.upstream else 'ниже'} ({one.station}) {number_ru(one.mean or 0.0)} {unit}" for one in known
    )
    return Fact(Requirement.PAIR, HOLDS, f"та же вода: {said}", f"compared with {', '.join(o.station for o in known)}")


def seal_facts(days: Sequence[date], *, states: Mapping[date, SealState]) -> list[Fact]:
    """Chain and signature of the days on which the messages of the interval were stored."""
    own = [states.get(day, SealState(sealed=False)) for day in days]
    sealed = bool(own) and all(one.sealed for one in own)
    listed = ", ".join(map(_day, days)) or "–"
    faulty = next((one.fault for one in own if one.fault), None)
    checked = bool(own) and all(one.checked for one in own)
    chain = False if faulty else True if checked else None
    chained = f"цепочка нарушена: {faulty}" if faulty else "цепочка цела" if checked else "цепочка ещё не проверена"
    english = f"chain broken: {faulty}" if faulty else "chain intact" if checked else "chain not checked yet"
    return [
        Fact(Requirement.CHAIN, chain, chained, english),
        Fact(
            Requirement.SEALED, sealed, f"сутки {listed} {'подписаны' if sealed else 'ещё не подписаны'}",
            f"days {'signed' if sealed else 'not signed yet'}",
        ),
    ]  # fmt: skip


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"
