"""What a declared blast owes: a record of the instruments around it, a report in time, an analysis of its cloud.

Deadlines: `passport_rules.json` (report), `alert_rules.json` (records); cloud: `fume.json`. The clock is an argument.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from uskat.blast.event.audible import blast_alert_rules
from uskat.blast.event.finding import declaration_key
from uskat.blast.fume import FumeObservation, fume_norms, is_incident
from uskat.blast.passport.lifecycle import BlastStatus
from uskat.blast.passport.rules import passport_rules
from uskat.blast.provenance import Number
from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru

DETECTOR = "blast_report"
KINDS = (FindingKind.UNRECORDED, FindingKind.LATE_REPORT, FindingKind.FUME)
EXPECTED = frozenset({BlastStatus.PUBLISHED, BlastStatus.FIRED, BlastStatus.REPORTED})
"""Statuses in which somebody said that it would be, or was, fired in its window."""


@dataclass(frozen=True, slots=True)
class Owing:
    """A declared blast as far as its duties go; moments in UTC.

    blast_id: number in storage; name: for people. fired_at: as the enterprise said; recorded_at: of the event that the
    network matched with it. must_record: instruments that it must have moved. station_id: nearest one, None without.
    """

    blast_id: int
    name: str
    status: BlastStatus
    planned_to: datetime
    fired_at: datetime | None
    reported_at: datetime | None
    recorded_at: datetime | None
    must_record: tuple[str, ...]
    fume: FumeObservation | None = None
    station_id: int | None = None


def owed_findings(blast: Owing, now: datetime) -> tuple[list[Finding], datetime | None]:
    """What is owed at `now`, and when to look again; None: nothing changes by itself."""
    found, looks = [], []
    for finding, look in (_unrecorded(blast, now), _late_report(blast, now), (_fume(blast), None)):
        found += [finding] if finding is not None else []
        looks += [look] if look is not None else []
    return found, min(looks, default=None)


def _unrecorded(blast: Owing, now: datetime) -> tuple[Finding | None, datetime | None]:
    if blast.status not in EXPECTED or blast.recorded_at is not None or not blast.must_record:
        return None, None
    grace = blast_alert_rules().record_grace_h
    over = blast.fired_at or blast.planned_to
    due = over + timedelta(hours=grace.value)
    if now < due:
        return None, due
    said = blast.fired_at is not None
    ru = "объявлен взорванным, приборы его не записали" if said else "окно прошло: ни записи, ни сообщения о взрыве"
    en = "said to be fired, no instrument recorded it" if said else "its window passed without a record or a word"
    names = ", ".join(blast.must_record)
    finding = _finding(
        blast,
        FindingKind.UNRECORDED,
        started_at=over,
        knowable_at=due,
        ended_at=over,
        title=(f"Взрыв {blast.name}: {ru}", f"Blast {blast.name}: {en}"),
        figures={"instruments": Figure(float(len(blast.must_record)), "шт.")},
        reasons=(f"Такой взрыв должны были записать работающие приборы: {names}.",
                 "Возможно: перенесён без объявления, место, время или заряд указаны неверно, прибор не сработал."),
        rule=grace,
        published=False,
    )  # fmt: skip
    return finding, None


def _late_report(blast: Owing, now: datetime) -> tuple[Finding | None, datetime | None]:
    fired = blast.fired_at or blast.recorded_at
    if fired is None:
        return None, None
    rule = passport_rules().report_due_h
    due = fired + timedelta(hours=rule.value)
    if (blast.reported_at or now) <= due:
        return None, None if blast.reported_at is not None else due + timedelta(seconds=1)
    late_h = ((blast.reported_at or now) - due).total_seconds() / 3600
    when = (f"на {number_ru(late_h)} ч позже срока", f"{number_en(late_h)} h after its deadline")
    state = when if blast.reported_at is not None else ("не подан в срок", "not filed in time")
    finding = _finding(
        blast,
        FindingKind.LATE_REPORT,
        started_at=due,
        knowable_at=due,
        ended_at=blast.reported_at,
        title=(f"Отчёт о взрыве {blast.name}: {state[0]}", f"Report of blast {blast.name}: {state[1]}"),
        figures={"due": Figure(rule.value, rule.unit)}
        | ({"late": Figure(late_h, "ч")} if blast.reported_at is not None else {}),
        reasons=(f"Срок отчёта – {number_ru(rule.value)} ч после взрыва.",),
        rule=rule,
        published=True,
    )
    return finding, None


def _fume(blast: Owing) -> Finding | None:
    norms = fume_norms()
    if blast.fume is None or not is_incident(blast.fume, norms):
        return None
    at = blast.fired_at or blast.planned_to
    left = ", облако вышло за границу участка" if blast.fume.left_site else ""
    return _finding(
        blast,
        FindingKind.FUME,
        started_at=at,
        knowable_at=max(at, blast.reported_at or at),
        ended_at=at,
        title=(f"Взрыв {blast.name}: газовое облако {blast.fume.rating}{left}",
               f"Blast {blast.name}: fume rating {blast.fume.rating}"),
        figures={"level": Figure(float(blast.fume.level), "ур.")},
        reasons=(f"По шкале AEISG уровень от {number_ru(norms.incident_from_level.value)} требует разбора причин.",),
        rule=norms.incident_from_level,
        published=True,
    )  # fmt: skip


def _finding(
    blast: Owing,
    kind: FindingKind,
    *,
    started_at: datetime,
    knowable_at: datetime,
    ended_at: datetime | None,
    title: tuple[str, str],
    figures: dict[str, Figure],
    reasons: tuple[str, ...],
    rule: Number,
    published: bool,
) -> Finding:
    return Finding(
        detector=DETECTOR,
        kind=kind,
        severity=Severity.NOTICE,
        key=declaration_key(kind, blast.blast_id),
        started_at=started_at,
        knowable_at=knowable_at,
        ended_at=ended_at,
        settled_at=max(knowable_at, ended_at) if ended_at is not None else None,
        title=title[0],
        title_en=title[1],
        station_id=blast.station_id,
        figures=figures,
        reasons=reasons,
        norm={"max": rule.value, "unit": rule.unit, "verified": rule.verified, "level": rule.level.value,
              "source": rule.source, "clause": rule.clause},
        detail={"blast": blast.name, "status": blast.status.value},
        published=published,
    )  # fmt: skip
