"""Which records may be taken for ground motion, and why the others are kept back (norms.md §1.1 notes, trap 14).

A record that is kept back (quarantined) stays stored with its measures and its reason; it is not published, does not
enter a site law and raises no alarm of a limit. The numbers are `uskat/data/blast/record_rules.json`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from uskat.blast.limits import HandlingRule, default_limit
from uskat.blast.provenance import Act, Number, parse_data
from uskat.blast.record.calibration import GROUND, MICROPHONE
from uskat.blast.record.trigger import LevelTrigger
from uskat.blast.waveform import RecordMeasures
from uskat.finding import number_ru


class RecordKind(StrEnum):
    """What a record is. Only `motion` is published."""

    MOTION = "motion"
    IMPLAUSIBLE = "implausible"
    HANDLING = "handling"
    BELOW_TRIGGER = "below_trigger"
    SPIKE = "spike"
    NOISE = "noise"
    EMPTY = "empty"


class RecordFlag(StrEnum):
    """What a reader of a record must know; a flag keeps nothing back."""

    CLIPPED = "clipped"
    OFFSET = "offset"
    GAPS = "gaps"
    DEAD_AXIS = "dead_axis"
    MISSING_AXIS = "missing_axis"
    UNCALIBRATED = "uncalibrated"


class RecordRules(Act):
    """Thresholds, each with its source."""

    implausible_above_mm_s: Number
    dead_axis_share_below: Number
    missing_share_above: Number
    noise_contrast_below: Number
    spike_samples_below: Number
    offset_share_above: Number
    fastest_apparent_m_s: Number
    clock_tolerance_s: Number


@dataclass(frozen=True, slots=True)
class RecordJudgement:
    """kind; reasons in Russian (why it is kept back, what to know); flags."""

    kind: RecordKind
    reasons: tuple[str, ...]
    flags: tuple[RecordFlag, ...]

    @property
    def quarantined(self) -> bool:
        """True when the record is kept back."""
        return self.kind is not RecordKind.MOTION

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind.value,
            "quarantined": self.quarantined,
            "reasons": list(self.reasons),
            "flags": [flag.value for flag in self.flags],
        }


@cache
def record_rules() -> RecordRules:
    """The rules in use."""
    return parse_data("record_rules.json", RecordRules)


def judge_record(
    measures: RecordMeasures,
    *,
    trigger: LevelTrigger | None = None,
    full_scale: float | None = None,
    handling: HandlingRule | None = None,
) -> RecordJudgement:
    """What a record is, from its measures.

    trigger: levels of the instrument; None when not known, then nothing is below them. full_scale: mm/s, for the
    check of the offset. handling: None takes the rule of the default limit.
    """
    kind, reason = _kind(measures, trigger, handling or default_limit().handling)
    flags = _flags(measures, full_scale)
    return RecordJudgement(kind, (*([reason] if reason else []), *flags.values()), tuple(flags))


def _kind(
    measures: RecordMeasures, trigger: LevelTrigger | None, handling: HandlingRule
) -> tuple[RecordKind, str | None]:
    axes = dict(measures.components)
    if measures.airblast is not None:
        axes[MICROPHONE] = measures.airblast
    rules = record_rules()
    if not any(axis.peak > 0 for axis in axes.values()):
        return RecordKind.EMPTY, "Ни одного измеренного канала или одни нули."
    strongest = max((axis.peak for axis in measures.components.values()), default=0.0)
    if strongest > rules.implausible_above_mm_s.value:
        text = f"Пик {number_ru(strongest)} мм/с: так грунт не движется. Проверьте единицы и множитель калибровки."
        return RecordKind.IMPLAUSIBLE, text
    if is_handling(measures, handling):
        return RecordKind.HANDLING, "Сильно и медленно по всем трём осям: прибор трогали."
    peaks = {axis: measured.peak for axis, measured in axes.items()}
    if trigger is not None and not trigger.reached(peaks):
        return RecordKind.BELOW_TRIGGER, "Ниже порогов запуска: запись сделана вручную, события нет."
    reached = trigger.reached(peaks) if trigger is not None else tuple(axes)
    spiky = int(rules.spike_samples_below.value)
    if all(axes[axis].half_samples < spiky for axis in reached):
        return RecordKind.SPIKE, f"Пик короче {spiky} отсчётов: электрический импульс, грунт так не движется."
    contrasts = [contrast for axis in reached if (contrast := axes[axis].contrast) is not None]
    if contrasts and max(contrasts) < rules.noise_contrast_below.value:
        text = f"Пик лишь в {number_ru(max(contrasts))} раза выше самого тихого места записи: сплошной шум."
        return RecordKind.NOISE, text
    return RecordKind.MOTION, None


def is_handling(measures: RecordMeasures, rule: HandlingRule) -> bool:
    """True when hands on the sensor explain the record: huge, and slow on every axis (213 mm/s at 3–9 Hz)."""
    axes = measures.components
    if set(axes) != set(GROUND):
        return False
    vector = measures.pvs_mm_s if measures.pvs_mm_s is not None else max(axis.peak for axis in axes.values())
    slow = all(axis.zc_hz is not None and axis.zc_hz < rule.zc_below_hz for axis in axes.values())
    return vector > rule.pvs_above_mm_s and slow


def _flags(measures: RecordMeasures, full_scale: float | None) -> dict[RecordFlag, str]:
    flags: dict[RecordFlag, str] = {}
    axes = measures.components
    if measures.clipped:
        flags[RecordFlag.CLIPPED] = f"Зашкалил канал {', '.join(measures.clipped)}: истинный пик больше."
    share = record_rules().offset_share_above.value
    if full_scale and any(abs(axis.offset) > share * full_scale for axis in axes.values()):
        flags[RecordFlag.OFFSET] = f"Смещение нуля больше {number_ru(100 * share)} % шкалы."
    gapped = gapped_axes(measures)
    if gapped:
        flags[RecordFlag.GAPS] = f"В канале {', '.join(gapped)} есть пропуски: пик мог попасть в пропуск."
    dead = dead_axes(measures)
    if dead:
        flags[RecordFlag.DEAD_AXIS] = f"Канал {', '.join(dead)} молчит: вместе с ним не измерена и векторная сумма."
    missing = [name for name in GROUND if name not in axes]
    if missing and axes:
        flags[RecordFlag.MISSING_AXIS] = f"Нет канала {', '.join(missing)}: векторная сумма не определена."
    if measures.uncalibrated:
        flags[RecordFlag.UNCALIBRATED] = f"Без калибровки: {', '.join(measures.uncalibrated)}."
    return flags


def dead_axes(measures: RecordMeasures) -> tuple[str, ...]:
    """Ground axes that show nothing, or nothing but the digitiser's noise, while another one moves."""
    axes = measures.components
    least = record_rules().dead_axis_share_below.value * max((axis.peak for axis in axes.values()), default=0.0)
    return tuple(name for name, axis in axes.items() if axis.peak == 0 or axis.peak < least)


def gapped_axes(measures: RecordMeasures) -> tuple[str, ...]:
    """Axes whose peak may lie where they have no samples: with a gap, or ending before the other ground axes."""
    most = record_rules().missing_share_above.value
    axes = dict(measures.components)
    if measures.airblast is not None:
        axes[MICROPHONE] = measures.airblast
    return tuple(name for name, axis in axes.items() if axis.pieces > 1 or axis.missing_share > most)


def clock_fault(arrived_at: datetime, fired_at: datetime, *, distance_m: float) -> str | None:
    """Why an arrival cannot belong to a blast fired then at that distance; None when it can.

    Ground motion before the blast, or faster than 8 km/s, is an error of a clock (norms.md §1.1). Moments in UTC.
    """
    rules = record_rules()
    travel_s = (arrived_at - fired_at).total_seconds()
    tolerance = rules.clock_tolerance_s.value
    if travel_s < -tolerance:
        return f"Колебания на {number_ru(-travel_s)} с раньше взрыва: часы прибора или журнала врут."
    if distance_m / rules.fastest_apparent_m_s.value > travel_s + tolerance:
        return "Кажущаяся скорость больше 8 км/с: часы прибора или журнала врут."
    return None
