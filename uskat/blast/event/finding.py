"""What of a judged event a person must be told: nobody declared it, or it is not what was declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from uskat.blast.event.rules import event_rules
from uskat.blast.event.verdict import Deviation, JudgedEvent, Verdict
from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru

DETECTOR = "blast"
UNDECLARED = "undeclared:network"
SIZE = (Deviation.OTHER_SIZE,)
DEVIATION_WORDS = {
    Deviation.EARLY: ("раньше заявленного", "earlier than declared"),
    Deviation.LATE: ("позже заявленного", "later than declared"),
    Deviation.ELSEWHERE: ("не на заявленном месте", "not where it was declared"),
    Deviation.AFTERWARDS: ("объявлен после взрыва", "declared after it was fired"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Where an event is told: the station and device of its first record. ends_at: end of its last record, UTC."""

    station_id: int
    device_id: int
    ends_at: datetime
    published: bool


def declaration_key(kind: FindingKind, blast_id: int) -> str:
    """Key of what is found about one declared blast (its number in storage)."""
    return f"{kind.value}:{blast_id}"


def event_findings(event: JudgedEvent, told: Told, *, blast_id: int | None) -> list[Finding]:
    """Findings of one event, none for a blast as declared and for what is no blast.

    blast_id: storage number of the declaration it matches.
    """
    if event.verdict is Verdict.UNDECLARED:
        return [_undeclared(event, told)]
    if event.verdict is not Verdict.DECLARED or blast_id is None:
        return []
    otherwise = [deviation for deviation in event.deviations if deviation not in SIZE]
    found = [_misdeclared(event, told, blast_id=blast_id, deviations=otherwise)] if otherwise else []
    return [*found, _charge(event, told, blast_id)] if Deviation.OTHER_SIZE in event.deviations else found


def _undeclared(event: JudgedEvent, told: Told) -> Finding:
    uncertainty_km = event.location.uncertainty_km if event.location else 0.0
    error = number_ru(uncertainty_km), number_en(uncertainty_km)
    return _finding(
        event,
        told,
        kind=FindingKind.UNDECLARED,
        key=UNDECLARED,
        severity=Severity.VIOLATION,
        title=f"Толчок без объявления, похож на взрыв (место ±{error[0]} км)",
        title_en=f"An undeclared event that looks like a blast (place ±{error[1]} km)",
        published=told.published,
    )


def _misdeclared(event: JudgedEvent, told: Told, *, blast_id: int, deviations: Sequence[Deviation]) -> Finding:
    name = event.declaration.declaration if event.declaration else ""
    words = [DEVIATION_WORDS[deviation] for deviation in deviations]
    return _finding(
        event,
        told,
        kind=FindingKind.MISDECLARED,
        key=declaration_key(FindingKind.MISDECLARED, blast_id),
        severity=Severity.NOTICE,
        title=f"Взрыв {name}: {', '.join(ru for ru, _ in words)}",
        title_en=f"Blast {name}: {', '.join(en for _, en in words)}",
        published=told.published,
    )


def _charge(event: JudgedEvent, told: Told, blast_id: int) -> Finding:
    """For the agency's eyes: a law of attenuation proves nothing about a charge."""
    name = event.declaration.declaration if event.declaration else ""
    times = 10 ** abs(event.declaration.size_log10 or 0.0) if event.declaration else 1.0
    more = event.declaration is not None and (event.declaration.size_log10 or 0.0) > 0
    ru, en = ("больше", "more") if more else ("меньше", "less")
    return _finding(
        event,
        told,
        kind=FindingKind.CHARGE,
        key=declaration_key(FindingKind.CHARGE, blast_id),
        severity=Severity.NOTICE,
        title=f"Взрыв {name}: по колебаниям заряд на ступень в {number_ru(times)} раза {ru} заявленного",
        title_en=f"Blast {name}: vibration says {number_en(times)} times {en} charge per delay than declared",
        published=False,
    )


def _finding(
    event: JudgedEvent,
    told: Told,
    *,
    kind: FindingKind,
    key: str,
    severity: Severity,
    title: str,
    title_en: str,
    published: bool,
) -> Finding:
    rules = event_rules()
    ends_at = max(told.ends_at, event.at)
    return Finding(
        detector=DETECTOR,
        kind=kind,
        severity=severity,
        key=key,
        started_at=event.at,
        knowable_at=ends_at,
        ended_at=ends_at,
        settled_at=ends_at,
        title=title,
        title_en=title_en,
        station_id=told.station_id,
        device_id=told.device_id,
        figures=_figures(event),
        reasons=event.reasons,
        norm={"pack": rules.id, "title": rules.title, "verified": False, "level": rules.act_level.value,
              "source": rules.sources[0]},
        detail=event.to_json(),
        published=published,
    )  # fmt: skip


def _figures(event: JudgedEvent) -> dict[str, Figure]:
    place, found = event.location, event.declaration
    figures = {
        "probability": Figure(100 * event.probabilities.get(event.verdict, 0.0), "%"),
        "instruments": Figure(float(len(event.records)), "шт."),
    }
    optional = {
        "uncertainty": (place.uncertainty_km if place else None, "км"),
        "charge": (event.charge.kg if event.charge else None, "кг"),
        "shift": (found.dt_s / 60 if found else None, "мин"),
        "distance": (found.distance_km if found else None, "км"),
    }
    return figures | {name: Figure(value, unit) for name, (value, unit) in optional.items() if value is not None}
