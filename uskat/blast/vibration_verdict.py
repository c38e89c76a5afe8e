"""A period's peaks against the norm of what stands there; without a class, against the project's default limit.

Every ground axis is judged at its own frequency (norms.md 1.1.6). Where the norm has no number – no frequency, or one
outside its range – the axis is judged by the default limit and the verdict says so: never silence, never extrapolation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uskat.blast.limits import VibrationLimit
from uskat.blast.norm.receptor import SiteReceptor
from uskat.blast.norm.verdict import AirblastVerdict, Check, Compliance, Peak, judge_airblast, judge_vibration
from uskat.blast.provenance import Level, weakest
from uskat.blast.record.calibration import GROUND, MICROPHONE
from uskat.blast.shake import Shake

UNJUDGED = (Compliance.NO_FREQUENCY, Compliance.OUTSIDE_RANGE)


@dataclass(frozen=True, slots=True)
class AxisVerdict:
    """One axis against its limit. by_default: the default limit judged it; why: what the norm could not say."""

    check: Check
    by_default: bool
    why: Compliance | None = None


@dataclass(frozen=True, slots=True)
class ShakeVerdict:
    """All that was judged of one period. site None: nothing is known of what stands there. air None: not judged."""

    shake: Shake
    limit: VibrationLimit
    site: SiteReceptor | None
    axes: tuple[AxisVerdict, ...]
    air: AirblastVerdict | None

    @property
    def governing(self) -> AxisVerdict | None:
        """The axis with the largest share of its limit."""
        return max(self.axes, key=lambda axis: axis.check.ratio or 0.0, default=None)

    @property
    def above(self) -> bool:
        """True when an axis is above its limit."""
        return any(axis.check.compliance is Compliance.ABOVE for axis in self.axes)

    @property
    def air_above(self) -> bool:
        """True when the airblast is above its limit."""
        return self.air is not None and self.air.compliance is Compliance.ABOVE

    @property
    def level(self) -> Level:
        """How far what judged is verified."""
        return weakest(axis.check.level for axis in self.axes)

    def norm_json(self) -> dict[str, Any]:
        """The document, its clause, the margin and how far it is verified: for the alert's `norm`."""
        governing = self.governing
        if governing is None or governing.by_default or self.site is None or self.site.curve is None:
            head = self.limit.to_json()
        else:
            curve = self.site.curve
            head = {
                "pack": self.site.norm.id,
                "curve": curve.id,
                "title": f"{self.site.norm.title}. {curve.title}",
                "title_en": f"{self.site.norm.title_en}. {curve.title_en}",
                "clause": curve.clause,
                "max": governing.check.limit,
                "verified": governing.check.level is Level.VERIFIED,
                "level": governing.check.level.value,
                "source": curve.source,
            }
        if governing is None:
            return head
        margins = {"margin_percent": governing.check.margin_percent, "margin_db": governing.check.margin_db}
        return head | margins | {"axis": governing.check.axis, "frequency_hz": governing.check.frequency_hz}

    def air_norm_json(self) -> dict[str, Any]:
        """The same of the airblast; empty when it was not judged."""
        if self.air is None or self.air.limit is None or self.site is None or self.site.air is None:
            return {}
        limit = self.air.limit
        return {
            "pack": self.site.air.id,
            "title": self.site.air.title,
            "title_en": self.site.air.title_en,
            "clause": limit.clause,
            "max": limit.level_db,
            "verified": limit.verified,
            "level": limit.level.value,
            "source": limit.source,
            "margin_percent": self.air.margin_percent,
            "margin_db": self.air.margin_db,
            "microphone_corner_hz": self.site.corner_hz,
        }

    def to_json(self) -> dict[str, Any]:
        """Every axis and the airblast, for the alert's `detail`."""
        return {
            "receptor": self.site.to_json() if self.site else None,
            "axes": [
                axis.check.to_json()
                | {"judged_by": self.limit.id if axis.by_default or self.site is None else self.site.norm.id}
                | {"norm_says": axis.why.value if axis.why else None}
                for axis in self.axes
            ],
            "airblast": self.air.to_json() if self.air else None,
        }


def judge_shake(shake: Shake, limit: VibrationLimit, *, site: SiteReceptor | None = None) -> ShakeVerdict:
    """Verdict on one period; the limit itself is still within."""
    peaks = {
        axis: Peak(shake.ppv_mm_s[axis], shake.zc_hz.get(axis), axis in shake.clipped)
        for axis in GROUND
        if axis in shake.ppv_mm_s
    }
    air = None
    if site is not None and site.air is not None and shake.airblast_dbl is not None:
        clipped = MICROPHONE in shake.clipped
        air = judge_airblast(shake.airblast_dbl, site.air, corner_hz=site.corner_hz, clipped=clipped)
    return ShakeVerdict(shake, limit, site, _axes(peaks, limit, site), air)


def _axes(peaks: Mapping[str, Peak], limit: VibrationLimit, site: SiteReceptor | None) -> tuple[AxisVerdict, ...]:
    if site is None or site.curve is None:
        return tuple(AxisVerdict(_by_default(axis, peak, limit), by_default=True) for axis, peak in peaks.items())
    checks = judge_vibration(peaks, site.norm, curve=site.curve).checks
    return tuple(
        AxisVerdict(_by_default(check.axis, peaks[check.axis], limit), by_default=True, why=check.compliance)
        if check.compliance in UNJUDGED
        else AxisVerdict(check, by_default=False)
        for check in checks
    )


def _by_default(axis: str, peak: Peak, limit: VibrationLimit) -> Check:
    if peak.value > limit.ppv_mm_s:
        compliance = Compliance.ABOVE
    else:
        compliance = Compliance.AT_LEAST if peak.clipped else Compliance.WITHIN
    level = Level.VERIFIED if limit.verified else Level.MEMORY
    return Check(axis, peak.value, peak.frequency_hz, limit.ppv_mm_s, compliance, level)
