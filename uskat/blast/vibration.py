"""Ground vibration above its limit, from triggered records and from histogram peaks of the same instrument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from uskat.blast.limits import VibrationLimit
from uskat.finding import Figure, Finding, FindingKind, Severity, number_en, number_ru

DETECTOR = "vibration"
GROUND = ("V", "L", "T")
AXIS_RU = {"V": "вертикальная", "L": "продольная", "T": "поперечная"}


@dataclass(frozen=True, slots=True)
class Shake:
    """Peaks of one period [start, end), UTC. ppv_mm_s, zc_hz by axis; waveform False: interval of the histogram mode.

    clipped: axes that ran into the instrument's end: the true peak is larger.
    """

    device_id: int
    start: datetime
    end: datetime
    waveform: bool
    ppv_mm_s: Mapping[str, float]
    zc_hz: Mapping[str, float | None]
    pvs_mm_s: float | None
    airblast_pa: float | None
    clipped: tuple[str, ...] = ()

    @property
    def strongest(self) -> str | None:
        """Axis of the largest PPV."""
        return max(self.ppv_mm_s, key=lambda axis: self.ppv_mm_s[axis], default=None)


def shake_of_measures(measures: Mapping[str, Any], *, device_id: int, start: datetime, end: datetime) -> Shake:
    """Peaks of a triggered record from `RecordMeasures.to_json`."""
    return Shake(
        device_id=device_id,
        start=start,
        end=end,
        waveform=True,
        ppv_mm_s=dict(measures.get("ppv_mm_s") or {}),
        zc_hz=dict(measures.get("zc_hz") or {}),
        pvs_mm_s=measures.get("pvs_mm_s"),
        airblast_pa=measures.get("airblast_pa"),
        clipped=tuple(measures.get("clipped") or ()),
    )


def shake_of_histogram(peaks: Mapping[str, Any], *, device_id: int, start: datetime, end: datetime) -> Shake:
    """Peaks of a histogram interval from the wire's fields {peak, freq_hz, pvs_mm_s, over}."""
    values = peaks.get("peak") or {}
    return Shake(
        device_id=device_id,
        start=start,
        end=end,
        waveform=False,
        ppv_mm_s={axis: float(values[axis]) for axis in GROUND if axis in values},
        zc_hz=dict(peaks.get("freq_hz") or {}),
        pvs_mm_s=peaks.get("pvs_mm_s"),
        airblast_pa=values.get("MIC"),
        clipped=tuple(peaks.get("over") or ()),
    )


def find_vibration(shakes: Sequence[Shake], limit: VibrationLimit) -> list[Finding]:
    """Findings of the periods above the limit; a histogram interval that a record of the device overlaps is left out.

    Two versions of one start (a record sent again with other bytes) are one event with the larger peak.
    """
    records = [shake for shake in shakes if shake.waveform]
    events: dict[tuple[int, datetime], Shake] = {}
    for shake in sorted(shakes, key=_order):
        if not _is_above(shake, limit) or (not shake.waveform and _is_covered(shake, records)):
            continue
        known = events.setdefault((shake.device_id, shake.start), shake)
        if _peak(shake) > _peak(known):
            events[shake.device_id, shake.start] = replace(shake, end=max(shake.end, known.end))
    return [_finding(shake, limit) for shake in events.values()]


def was_handled(shake: Shake, limit: VibrationLimit) -> bool:
    """True when hands on the sensor explain the record: huge and slow on every axis."""
    rule = limit.handling
    axes = [axis for axis in GROUND if axis in shake.ppv_mm_s]
    if len(axes) != len(GROUND) or not shake.waveform:
        return False
    vector = shake.pvs_mm_s if shake.pvs_mm_s is not None else max(shake.ppv_mm_s[axis] for axis in axes)
    slow = all((shake.zc_hz.get(axis) or float("inf")) < rule.zc_below_hz for axis in axes)
    return vector > rule.pvs_above_mm_s and slow


def _order(shake: Shake) -> tuple[Any, ...]:
    return (shake.device_id, shake.start, not shake.waveform, _peak(shake), shake.end)


def _peak(shake: Shake) -> float:
    return max((shake.ppv_mm_s[axis] for axis in GROUND if axis in shake.ppv_mm_s), default=0.0)


def _is_above(shake: Shake, limit: VibrationLimit) -> bool:
    return _peak(shake) > limit.ppv_mm_s


def _is_covered(interval: Shake, records: Sequence[Shake]) -> bool:
    return any(
        record.device_id == interval.device_id and record.start < interval.end and interval.start <= record.end
        for record in records
    )


def _finding(shake: Shake, limit: VibrationLimit) -> Finding:
    axis = shake.strongest or "V"
    peak, handled = _peak(shake), was_handled(shake, limit)
    more_ru, more_en = ("не менее ", "at least ") if axis in shake.clipped else ("", "")
    if handled:
        title = f"Похоже, прибор трогали: {number_ru(peak)} мм/с на низкой частоте по всем осям"
        title_en = f"The sensor was probably handled: {number_en(peak)} mm/s, slow, on every axis"
    else:
        title = f"Колебания грунта {more_ru}{number_ru(peak)} мм/с при пороге {number_ru(limit.ppv_mm_s)} мм/с"
        title_en = f"Ground vibration {more_en}{number_en(peak)} mm/s, limit {number_en(limit.ppv_mm_s)} mm/s"
    return Finding(
        detector=DETECTOR,
        kind=FindingKind.HANDLING if handled else FindingKind.VIBRATION,
        severity=Severity.MAINTENANCE if handled else Severity.VIOLATION,
        key=f"{DETECTOR}:{shake.device_id}",
        started_at=shake.start,
        knowable_at=shake.end,
        ended_at=shake.end,
        settled_at=shake.end,
        title=title,
        title_en=title_en,
        device_id=shake.device_id,
        figures=_figures(shake, limit),
        reasons=_reasons(shake, limit, axis=axis, handled=handled),
        norm=limit.to_json(),
        published=not handled,
    )


def _figures(shake: Shake, limit: VibrationLimit) -> dict[str, Figure]:
    axis = shake.strongest or "V"
    figures = {f"ppv_{name.lower()}": Figure(value, "мм/с") for name, value in sorted(shake.ppv_mm_s.items())}
    figures["ppv"] = Figure(_peak(shake), "мм/с")
    figures["limit"] = Figure(limit.ppv_mm_s, "мм/с")
    figures["ratio"] = Figure(_peak(shake) / limit.ppv_mm_s, "раз")
    optional = {
        "frequency": (shake.zc_hz.get(axis), "Гц"),
        "pvs": (shake.pvs_mm_s, "мм/с"),
        "airblast": (shake.airblast_pa, "Па"),
    }
    figures.update({name: Figure(value, unit) for name, (value, unit) in optional.items() if value is not None})
    return figures


def _reasons(shake: Shake, limit: VibrationLimit, *, axis: str, handled: bool) -> tuple[str, ...]:
    source = "запись колебаний" if shake.waveform else "интервал гистограммы"
    reasons = [f"Наибольшая составляющая – {AXIS_RU.get(axis, axis)} ({source})."]
    if axis in shake.clipped:
        reasons.append("Канал зашкалил: истинный пик больше.")
    if handled:
        reasons.append("Сильно и медленно по всем трём осям: так бывает, когда прибор переставляют. Не публикуется.")
    reasons.append(limit.title + ("." if limit.verified else "; число не проверено по действующему акту."))
    return tuple(reasons)
