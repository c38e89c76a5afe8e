"""What speaks for a seismic record: the requirements of water readings, asked of a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uskat.finding import FindingKind
from uskat.supervision.evidence.grade import Fact, Requirement
from uskat.supervision.evidence.instrument_facts import InstrumentPapers, Measured, instrument_facts
from uskat.supervision.evidence.water_facts import Care

HOLDS = True
SPOILING = frozenset({"clipped", "gaps", "dead_axis", "missing_axis", "uncalibrated"})
"""Flags of a record with which its peak is not what the ground did."""
SPOILING_RU = {
    "clipped": "зашкал", "gaps": "пропуски", "dead_axis": "ось молчит", "missing_axis": "оси нет",
    "uncalibrated": "нет калибровки",
}  # fmt: skip
KIND_RU = {
    "motion": "движение грунта", "implausible": "невозможные значения", "handling": "прибор трогали",
    "below_trigger": "ниже порога", "spike": "импульс помехи", "noise": "шум", "empty": "пустая",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a method of a seismograph is attested for. code: as methods name it; measure: its field in the measures."""

    code: str
    unit: str
    measure: str
    name_ru: str


VELOCITY = Quantity("ppv", "мм/с", "ppv_max_mm_s", "наибольшая скорость колебаний")
AIRBLAST = Quantity("airblast", "Па", "airblast_pa", "избыточное давление воздушной волны")
QUANTITIES = (VELOCITY, AIRBLAST)
"""Measured in records, not in series: the vocabulary of parameters does not have them."""


def quantity_of(kind: FindingKind) -> Quantity:
    """The quantity that an alert of this kind speaks of."""
    return AIRBLAST if kind is FindingKind.AIRBLAST else VELOCITY


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """A record as it is stored. measures: as ingest made them, with `judgement`; others: stations that recorded too."""

    start: datetime
    end: datetime
    measures: Mapping[str, Any]
    others: Sequence[str]


def record_facts(
    record: RecordSeen, *, care: Sequence[Care], wrong: Sequence[tuple[datetime, datetime | None]],
    papers: InstrumentPapers, quantity: Quantity = VELOCITY,
) -> list[Fact]:  # fmt: skip
    """Facts of one record. wrong: episodes of a wrong clock of its device, end None while it goes on."""
    serviced = any(one.starts_at < record.end and one.ends_at > record.start for one in care)
    late = any(start < record.end and (end is None or end > record.start) for start, end in wrong)
    others = ", ".join(record.others)
    peak = record.measures.get(quantity.measure)
    measured = Measured(quantity.code, quantity.unit, record.start, record.end, peak, peak, peak)
    return [
        _quality(record),
        Fact(Requirement.STATES, HOLDS, "сейсмограф состояний не передаёт", "a seismograph tells no states"),
        Fact(
            Requirement.MAINTENANCE, not serviced, "шло обслуживание" if serviced else "обслуживания не было",
            "service went on" if serviced else "no service",
        ),
        Fact(
            Requirement.CLOCK, not late, "часы прибора врали" if late else "часы без замечаний",
            "the clock of the device was wrong" if late else "clock right",
        ),
        *instrument_facts(measured, papers),
        Fact(
            Requirement.PAIR, bool(others),
            f"записали и другие станции: {others}" if others else "других записей нет",
            f"recorded by {others}" if others else "no other record",
        ),
    ]  # fmt: skip


def _quality(record: RecordSeen) -> Fact:
    judgement = record.measures.get("judgement") or {}
    spoiled = sorted(SPOILING.intersection(judgement.get("flags", ())))
    kind = str(judgement.get("kind", ""))
    motion = kind == "motion" and not judgement.get("quarantined")
    remarks = ", ".join(SPOILING_RU[one] for one in spoiled)
    words = f"запись: {KIND_RU.get(kind, kind or 'не разобрана')}" + (f", замечания: {remarks}" if remarks else "")
    return Fact(Requirement.QUALITY, motion and not spoiled, words, f"record: {kind}")
