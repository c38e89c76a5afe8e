"""What speaks for a seismic record. An attested method for vibration cannot be entered yet, so E1 is the highest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uskat.supervision.evidence.grade import Fact, Requirement
from uskat.supervision.evidence.verification import Verification, verification_at
from uskat.supervision.evidence.water_facts import Care

HOLDS, FAILS = True, False
SPOILING = frozenset({"clipped", "gaps", "dead_axis", "missing_axis", "uncalibrated"})
"""Flags of a record with which its peak is not what the ground did."""


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """A record as it is stored. measures: as ingest made them, with `judgement`; others: stations that recorded too."""

    start: datetime
    end: datetime
    measures: Mapping[str, Any]
    others: Sequence[str]


def record_facts(
    record: RecordSeen, *, care: Sequence[Care], wrong: Sequence[tuple[datetime, datetime | None]],
    verifications: Sequence[Verification],
) -> list[Fact]:  # fmt: skip
    """Facts of one record. wrong: episodes of a wrong clock of its device, end None while it goes on."""
    judgement = record.measures.get("judgement") or {}
    spoiled = sorted(SPOILING.intersection(judgement.get("flags", ())))
    motion = judgement.get("kind") == "motion" and not judgement.get("quarantined")
    serviced = any(one.starts_at < record.end and one.ends_at > record.start for one in care)
    late = any(start < record.end and (end is None or end > record.start) for start, end in wrong)
    paper = verification_at(verifications, record.start)
    kind = str(judgement.get("kind", "не разобрана"))
    words = f"запись: {kind}" + (f", замечания: {', '.join(spoiled)}" if spoiled else "")
    verified = (
        Fact(Requirement.VERIFICATION, FAILS, "поверки в силе нет", "no verification in force")
        if paper is None or not paper.mit_number
        else Fact(Requirement.VERIFICATION, HOLDS, f"поверка {paper.docnum}, тип № {paper.mit_number}", paper.docnum)
    )
    others = ", ".join(record.others)
    return [
        Fact(Requirement.QUALITY, motion and not spoiled, words, f"record: {kind}"),
        Fact(Requirement.STATES, HOLDS, "сейсмограф состояний не передаёт", "a seismograph tells no states"),
        Fact(Requirement.MAINTENANCE, not serviced, "обслуживание" if serviced else "обслуживания не было", ""),
        Fact(Requirement.CLOCK, not late, "часы прибора врали" if late else "часы без замечаний", ""),
        verified,
        Fact(
            Requirement.PAIR,
            bool(others),
            f"записали и другие станции: {others}" if others else "других записей нет",
            "",
        ),
    ]
