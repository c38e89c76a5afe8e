"""Ground vibration and airblast above their limits, from triggered records and from histogram peaks.

The norm is that of what stands at the station, with the frequency of every axis; without a class the default limit
judges (`uskat.blast.vibration_verdict`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from uskat.blast.limits import VibrationLimit
from uskat.blast.norm.curve import RECEPTOR_RU
from uskat.blast.norm.receptor import SiteReceptor
from uskat.blast.norm.verdict import COMPLIANCE_RU
from uskat.blast.provenance import LEVEL_RU, Level
from uskat.blast.record.calibration import MICROPHONE
from uskat.blast.shake import Shake, shake_of_histogram, shake_of_measures, was_handled
from uskat.blast.vibration_verdict import ShakeVerdict, judge_shake
from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru

__all__ = [
    "AIRBLAST", "DETECTOR", "Shake", "find_vibration", "shake_of_histogram", "shake_of_measures", "was_handled",
]  # fmt: skip

DETECTOR = "vibration"
AIRBLAST = "airblast"
"""Heads of the keys, with the device after a colon; one detector finds both."""
AXIS_RU = {"V": "вертикальная", "L": "продольная", "T": "поперечная"}
HANDLED = "handling"


def find_vibration(
    shakes: Sequence[Shake], limit: VibrationLimit, *, site: SiteReceptor | None = None
) -> list[Finding]:
    """Findings of the periods above a limit; a histogram interval that a record of the device overlaps is left out.

    site: what stands there; None: nothing is known and the default limit judges. Two versions of one start (a record
    sent again with other bytes) are one event with the larger peak.
    """
    records = [shake for shake in shakes if shake.waveform]
    verdicts = [
        judge_shake(shake, limit, site=site)
        for shake in sorted(shakes, key=_order)
        if shake.waveform or not _is_covered(shake, records)
    ]
    ground = _events([verdict for verdict in verdicts if verdict.above], by_air=False)
    air = _events([verdict for verdict in verdicts if verdict.air_above and not _is_trouble(verdict)], by_air=True)
    return [*map(_ground_finding, ground), *map(_air_finding, air)]


def _events(verdicts: Sequence[ShakeVerdict], *, by_air: bool) -> list[ShakeVerdict]:
    events: dict[tuple[int, datetime], ShakeVerdict] = {}
    for verdict in verdicts:
        shake = verdict.shake
        known = events.setdefault((shake.device_id, shake.start), verdict)
        if _size(verdict, by_air=by_air) > _size(known, by_air=by_air):
            longest = replace(shake, end=max(shake.end, known.shake.end))
            events[shake.device_id, shake.start] = replace(verdict, shake=longest)
    return [*events.values()]


def _size(verdict: ShakeVerdict, *, by_air: bool) -> float:
    return (verdict.shake.airblast_pa or 0.0) if by_air else verdict.shake.peak_mm_s


def _order(shake: Shake) -> tuple[Any, ...]:
    return (shake.device_id, shake.start, not shake.waveform, shake.peak_mm_s, shake.airblast_pa or 0.0, shake.end)


def _is_covered(interval: Shake, records: Sequence[Shake]) -> bool:
    return any(
        record.device_id == interval.device_id and record.start < interval.end and interval.start <= record.end
        for record in records
    )


def _is_trouble(verdict: ShakeVerdict) -> bool:
    return verdict.shake.kept_back is not None or was_handled(verdict.shake, verdict.limit)


def _ground_finding(verdict: ShakeVerdict) -> Finding:
    shake = verdict.shake
    handled = was_handled(shake, verdict.limit) or (shake.kept_back is not None and shake.kept_back[0] == HANDLED)
    if handled:
        kind, severity = FindingKind.HANDLING, Severity.MAINTENANCE
    elif shake.kept_back is not None:
        kind, severity = FindingKind.FAULT, Severity.MAINTENANCE
    else:
        kind, severity = FindingKind.VIBRATION, Severity.VIOLATION
    title, title_en = _title(verdict, kind)
    return Finding(
        detector=DETECTOR,
        kind=kind,
        severity=severity,
        key=f"{DETECTOR}:{shake.device_id}",
        started_at=shake.start,
        knowable_at=shake.end,
        ended_at=shake.end,
        settled_at=shake.end,
        title=title,
        title_en=title_en,
        device_id=shake.device_id,
        figures=_figures(verdict),
        reasons=_reasons(verdict, kind),
        norm=verdict.norm_json(),
        detail=verdict.to_json(),
        published=kind is FindingKind.VIBRATION,
    )


def _title(verdict: ShakeVerdict, kind: FindingKind) -> tuple[str, str]:
    shake, governing = verdict.shake, verdict.governing
    peak = shake.peak_mm_s
    if kind is FindingKind.HANDLING:
        return (
            f"Похоже, прибор трогали: {number_ru(peak)} мм/с на низкой частоте по всем осям",
            f"The sensor was probably handled: {number_en(peak)} mm/s, slow, on every axis",
        )
    if kind is FindingKind.FAULT:
        return (
            f"Запись {number_ru(peak)} мм/с не принята за колебания грунта",
            f"A record of {number_en(peak)} mm/s was not taken for ground motion",
        )
    value, limit = (governing.check.value, governing.check.limit or 0.0) if governing else (peak, 0.0)
    clipped = governing is not None and governing.check.axis in shake.clipped
    more_ru, more_en = ("не менее ", "at least ") if clipped else ("", "")
    word = "пороге" if governing is None or governing.by_default else "пределе"
    return (
        f"Колебания грунта {more_ru}{number_ru(value)} мм/с при {word} {number_ru(limit)} мм/с",
        f"Ground vibration {more_en}{number_en(value)} mm/s, limit {number_en(limit)} mm/s",
    )


def _figures(verdict: ShakeVerdict) -> dict[str, Figure]:
    shake, governing = verdict.shake, verdict.governing
    figures = {f"ppv_{name.lower()}": Figure(value, "мм/с") for name, value in sorted(shake.ppv_mm_s.items())}
    optional: dict[str, tuple[float | None, str]] = {
        "ppv": (shake.peak_mm_s, "мм/с"),
        "pvs": (shake.pvs_mm_s, "мм/с"),
        "airblast": (shake.airblast_pa, "Па"),
        "airblast_level": (shake.airblast_dbl, "дБ(Л)"),
    }
    if governing is not None:
        check = governing.check
        optional |= {
            "limit": (check.limit, "мм/с"),
            "ratio": (check.ratio, "раз"),
            "frequency": (check.frequency_hz, "Гц"),
            "margin_percent": (check.margin_percent, "%"),
            "margin_db": (check.margin_db, "дБ"),
        }
    return figures | {name: Figure(value, unit) for name, (value, unit) in optional.items() if value is not None}


def _reasons(verdict: ShakeVerdict, kind: FindingKind) -> tuple[str, ...]:
    shake, governing = verdict.shake, verdict.governing
    source = "запись колебаний" if shake.waveform else "интервал гистограммы"
    axis = governing.check.axis if governing else shake.strongest or "V"
    reasons = [f"Наибольшая составляющая – {AXIS_RU.get(axis, axis)} ({source})."]
    if verdict.site is not None and governing is not None and not governing.by_default:
        reasons[0] = f"Ближе всех к пределу составляющая {AXIS_RU.get(axis, axis)} ({source})."
    if axis in shake.clipped:
        reasons.append("Канал зашкалил: истинный пик больше.")
    if kind is FindingKind.HANDLING:
        reasons.append("Сильно и медленно по всем трём осям: так бывает, когда прибор переставляют. Не публикуется.")
    elif shake.kept_back is not None:
        reasons.append(f"{shake.kept_back[1]} Не публикуется.")
    return (*reasons, *_norm_words(verdict))


def _norm_words(verdict: ShakeVerdict) -> list[str]:
    governing, site, limit = verdict.governing, verdict.site, verdict.limit
    if governing is None or governing.by_default or site is None or site.curve is None:
        words = [limit.title + ("." if limit.verified else "; число не проверено по действующему акту.")]
        if governing is not None and governing.why is not None and site is not None:
            words.insert(0, f"{site.norm.title}: {COMPLIANCE_RU[governing.why]}; взят проектный порог.")
        return words
    check = governing.check
    clause = f", {site.curve.clause}" if site.curve.clause else ""
    where = "" if check.frequency_hz is None else f" при {number_ru(check.frequency_hz)} Гц"
    norm = f"{site.norm.title}{clause}: предел {number_ru(check.limit or 0.0)} мм/с{where}"
    words = [f"Объект: {RECEPTOR_RU[site.receptor]}. {norm} ({LEVEL_RU[check.level]})."]
    if check.margin_percent is not None and check.margin_db is not None:
        words.append(
            f"Запас {number_ru(check.margin_percent)} %, {number_ru(check.margin_db)} дБ (минус – превышение)."
        )
    return words


def _air_finding(verdict: ShakeVerdict) -> Finding:
    shake, norm = verdict.shake, verdict.air_norm_json()
    level, limit = shake.airblast_dbl or 0.0, float(norm["max"])
    more_ru, more_en = ("не менее ", "at least ") if MICROPHONE in shake.clipped else ("", "")
    margin_db, margin = float(norm["margin_db"]), float(norm["margin_percent"])
    verified, corner = LEVEL_RU[Level(norm["level"])], number_ru(float(norm["microphone_corner_hz"]))
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.AIRBLAST,
        severity=Severity.VIOLATION,
        key=f"{AIRBLAST}:{shake.device_id}",
        started_at=shake.start,
        knowable_at=shake.end,
        ended_at=shake.end,
        settled_at=shake.end,
        title=f"Воздушная волна {more_ru}{number_ru(level)} дБ при пределе {number_ru(limit)} дБ",
        title_en=f"Airblast {more_en}{number_en(level)} dB(L), limit {number_en(limit)} dB(L)",
        device_id=shake.device_id,
        figures={
            "airblast_level": Figure(level, "дБ(Л)"),
            "airblast": Figure(shake.airblast_pa or 0.0, "Па"),
            "limit": Figure(limit, "дБ(Л)"),
            "margin_db": Figure(margin_db, "дБ"),
            "margin_percent": Figure(margin, "%"),
        },
        reasons=(
            f"{norm['title']}: предел {number_ru(limit)} дБ, микрофон от {corner} Гц ({verified}).",
            f"Запас {number_ru(margin)} % давления, {number_ru(margin_db)} дБ (минус – превышение).",
        ),
        norm=norm,
        detail=verdict.to_json(),
    )
