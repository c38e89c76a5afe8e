"""Measured peaks against a curve: every axis at its own zero-crossing frequency (norms.md 1.1.6), with its margin."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from uskat.blast.norm.curve import LimitCurve
from uskat.blast.norm.pack import AirblastLimit, AnnualRule, LimitNorm
from uskat.blast.provenance import LEVEL_RU, Level, weakest
from uskat.blast.record.judgement import dead_axes, gapped_axes
from uskat.blast.waveform import RecordMeasures
from uskat.finding import number_ru


class Compliance(StrEnum):
    """Outcome of one comparison, gravest last.

    at_least: not above, but the channel was clipped, silent or has a gap: the true peak is or may be larger.
    outside_range: the norm has no number at this frequency. no_frequency: the record gives none and the curve needs it.
    not_measured: nothing to compare.
    """

    WITHIN = "within"
    NOT_MEASURED = "not_measured"
    NO_FREQUENCY = "no_frequency"
    OUTSIDE_RANGE = "outside_range"
    AT_LEAST = "at_least"
    ABOVE = "above"


COMPLIANCE_RU = {
    Compliance.WITHIN: "в пределах",
    Compliance.NOT_MEASURED: "не измерено",
    Compliance.NO_FREQUENCY: "частота не определена",
    Compliance.OUTSIDE_RANGE: "вне таблицы нормы",
    Compliance.AT_LEAST: "пик мог быть больше измеренного: канал зашкалил, молчал или прерывался",
    Compliance.ABOVE: "выше предела",
}
GRAVITY = tuple(Compliance)


@dataclass(frozen=True, slots=True)
class Peak:
    """A peak to be judged: mm/s (or dB), its zero-crossing frequency in Hz, whether the channel was clipped.

    broken: the channel was silent or has a gap, the true peak may be larger.
    """

    value: float
    frequency_hz: float | None = None
    clipped: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One peak against its limit, both in mm/s; limit None where the norm gives none."""

    axis: str
    value: float
    frequency_hz: float | None
    limit: float | None
    compliance: Compliance
    level: Level

    @property
    def ratio(self) -> float | None:
        """Value over limit."""
        return self.value / self.limit if self.limit else None

    @property
    def margin_percent(self) -> float | None:
        """What is left of the limit, per cent; negative above it."""
        return 100 * (1 - self.value / self.limit) if self.limit else None

    @property
    def margin_db(self) -> float | None:
        """20·log10(limit/value): 6 dB is half of the limit; negative above it; None for silence."""
        return 20 * math.log10(self.limit / self.value) if self.limit and self.value > 0 else None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "axis": self.axis,
            "value_mm_s": self.value,
            "frequency_hz": self.frequency_hz,
            "limit_mm_s": self.limit,
            "compliance": self.compliance.value,
            "ratio": self.ratio,
            "margin_percent": self.margin_percent,
            "margin_db": self.margin_db,
            "level": self.level.value,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """All axes of a record against one curve."""

    norm: LimitNorm
    curve: LimitCurve
    checks: tuple[Check, ...]

    @property
    def compliance(self) -> Compliance:
        """The gravest of the axes; no axis at all is not measured, never within."""
        return max((c.compliance for c in self.checks), key=GRAVITY.index, default=Compliance.NOT_MEASURED)

    @property
    def governing(self) -> Check | None:
        """The axis with the largest share of its limit, else the largest value."""
        return max(self.checks, key=lambda check: (check.ratio is not None, check.ratio or check.value), default=None)

    @property
    def level(self) -> Level:
        """How far the numbers that were used are verified."""
        return weakest(check.level for check in self.checks) if self.checks else self.curve.level

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the norm, its source and how far it is verified."""
        governing = self.governing
        return {
            "norm": self.norm.id,
            "curve": self.curve.id,
            "title": f"{self.norm.title}. {self.curve.title}",
            "title_en": f"{self.norm.title_en}. {self.curve.title_en}",
            "compliance": self.compliance.value,
            "governing": governing.to_json() if governing else None,
            "checks": [check.to_json() for check in self.checks],
            "level": self.level.value,
            "verified": self.level is Level.VERIFIED,
            "source": self.curve.source,
            "clause": self.curve.clause,
        }

    def sentence_ru(self) -> str:
        """One line for people, with the margin and how far the norm is verified."""
        head = f"{self.norm.title}, {self.curve.title.lower()}: {COMPLIANCE_RU[self.compliance]}"
        check = self.governing
        if check is None or check.limit is None or check.margin_percent is None:
            return f"{head} ({LEVEL_RU[self.level]})."
        where = "" if check.frequency_hz is None else f" при {number_ru(check.frequency_hz)} Гц"
        left = f"запас {number_ru(check.margin_percent)} %"
        if check.margin_percent < 0:
            left = f"превышение {number_ru(-check.margin_percent)} %"
        db = "" if check.margin_db is None else f", {number_ru(check.margin_db)} дБ"
        value = f"{check.axis} {number_ru(check.value)} из {number_ru(check.limit)} мм/с{where}"
        return f"{head}; {value}, {left}{db} ({LEVEL_RU[self.level]})."


def peaks_of(measures: RecordMeasures) -> dict[str, Peak]:
    """Peaks of a record's ground axes, each with its own zero-crossing frequency."""
    broken = {*dead_axes(measures), *gapped_axes(measures)}
    return {axis: Peak(m.peak, m.zc_hz, m.clipped, axis in broken) for axis, m in measures.components.items()}


def judge_vibration(peaks: Mapping[str, Peak], norm: LimitNorm, *, curve: LimitCurve) -> Verdict:
    """The axes that the curve speaks of against it; the limit itself is still within."""
    checks = tuple(_check(axis, peaks[axis], curve) for axis in curve.axes if axis in peaks)
    return Verdict(norm, curve, checks)


def _check(axis: str, peak: Peak, curve: LimitCurve) -> Check:
    limit = curve.limit_mm_s(peak.frequency_hz)
    if limit is None and peak.broken:
        compliance = Compliance.AT_LEAST
    elif limit is None:
        missing = peak.frequency_hz is None
        compliance = Compliance.NO_FREQUENCY if missing else Compliance.OUTSIDE_RANGE
    else:
        compliance = _compare(peak, limit)
    return Check(axis, peak.value, peak.frequency_hz, limit, compliance, curve.level_at(peak.frequency_hz))


def _compare(peak: Peak, limit: float) -> Compliance:
    if peak.value > limit:
        return Compliance.ABOVE
    return Compliance.AT_LEAST if peak.clipped or peak.broken else Compliance.WITHIN


@dataclass(frozen=True, slots=True)
class AirblastVerdict:
    """A peak level in dB(L) against the limit of the microphone's corner; limit None: it may not judge."""

    level_dbl: float
    limit: AirblastLimit | None
    compliance: Compliance

    @property
    def margin_db(self) -> float | None:
        """Decibels left."""
        return self.limit.level_db - self.level_dbl if self.limit else None

    @property
    def margin_percent(self) -> float | None:
        """What is left of the limit's pressure, per cent."""
        margin = self.margin_db
        return None if margin is None else float(100 * (1 - 10 ** (-margin / 20)))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "level_dbl": self.level_dbl,
            "limit_db": self.limit.level_db if self.limit else None,
            "compliance": self.compliance.value,
            "margin_db": self.margin_db,
            "margin_percent": self.margin_percent,
            "level": self.limit.level.value if self.limit else None,
            "source": self.limit.source if self.limit else None,
        }


def judge_airblast(level_dbl: float, norm: LimitNorm, *, corner_hz: float, clipped: bool = False) -> AirblastVerdict:
    """A linear peak level against the limit for a microphone flat down to `corner_hz` (norms.md 1.4.5)."""
    limit = norm.airblast_for(corner_hz)
    if limit is None:
        return AirblastVerdict(level_dbl, None, Compliance.OUTSIDE_RANGE)
    return AirblastVerdict(level_dbl, limit, _compare(Peak(level_dbl, clipped=clipped), limit.level_db))


@dataclass(frozen=True, slots=True)
class AnnualVerdict:
    """Blasts of a period against a yearly rule: how many, above the usual limit, allowed so, above the ceiling."""

    rule: AnnualRule
    blasts: int
    above_usual: int
    allowed: int
    above_ceiling: int

    @property
    def kept(self) -> bool:
        """True when neither part is broken."""
        return self.above_usual <= self.allowed and self.above_ceiling == 0

    @property
    def share_within(self) -> float | None:
        """Share of blasts within the usual limit; None without blasts."""
        return 1 - self.above_usual / self.blasts if self.blasts else None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "quantity": self.rule.quantity,
            "usual": self.rule.usual,
            "ceiling": self.rule.ceiling,
            "blasts": self.blasts,
            "above_usual": self.above_usual,
            "allowed": self.allowed,
            "above_ceiling": self.above_ceiling,
            "share_within": self.share_within,
            "kept": self.kept,
            "level": self.rule.level.value,
            "source": self.rule.source,
        }


def judge_year(values: Sequence[float], rule: AnnualRule) -> AnnualVerdict:
    """The largest value of each blast of a period: 40 blasts allow 2 above, 19 allow none (norms.md trap 15)."""
    return AnnualVerdict(
        rule=rule,
        blasts=len(values),
        above_usual=sum(value > rule.usual for value in values),
        allowed=len(values) * (100 - rule.share_percent) // 100,
        above_ceiling=sum(value > rule.ceiling for value in values),
    )
