"""Peaks of one period of a seismograph, from a triggered record or from an interval of the histogram mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uskat.blast.limits import VibrationLimit
from uskat.blast.record.airblast import airblast_level_dbl
from uskat.blast.record.calibration import GROUND, MICROPHONE


@dataclass(frozen=True, slots=True)
class Shake:
    """Peaks of one period [start, end), UTC. ppv_mm_s, zc_hz by axis; waveform False: interval of the histogram mode.

    clipped: axes that ran into the instrument's end: the true peak is larger. kept_back: why the record may not be
    taken for ground motion (`record.judgement`), as (kind, reason in Russian); None for one that may.
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
    kept_back: tuple[str, str] | None = None

    @property
    def strongest(self) -> str | None:
        """Axis of the largest PPV."""
        return max(self.ppv_mm_s, key=lambda axis: self.ppv_mm_s[axis], default=None)

    @property
    def peak_mm_s(self) -> float:
        """Largest PPV of the ground axes, 0 without any."""
        return max((self.ppv_mm_s[axis] for axis in GROUND if axis in self.ppv_mm_s), default=0.0)

    @property
    def airblast_dbl(self) -> float | None:
        """Unweighted peak level in dB re 20 µPa."""
        return airblast_level_dbl(self.airblast_pa) if self.airblast_pa else None


def shake_of_measures(measures: Mapping[str, Any], *, device_id: int, start: datetime, end: datetime) -> Shake:
    """Peaks of a triggered record from `seismic_record.measures`."""
    judgement = measures.get("judgement") or {}
    kept_back = None
    if judgement.get("quarantined"):
        kept_back = (str(judgement.get("kind", "")), next(iter(judgement.get("reasons") or ()), ""))
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
        kept_back=kept_back,
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
        airblast_pa=values.get(MICROPHONE),
        clipped=tuple(peaks.get("over") or ()),
    )


def was_handled(shake: Shake, limit: VibrationLimit) -> bool:
    """True when hands on the sensor explain the record: huge and slow on every axis."""
    rule = limit.handling
    axes = [axis for axis in GROUND if axis in shake.ppv_mm_s]
    if len(axes) != len(GROUND) or not shake.waveform:
        return False
    vector = shake.pvs_mm_s if shake.pvs_mm_s is not None else shake.peak_mm_s
    slow = all((shake.zc_hz.get(axis) or float("inf")) < rule.zc_below_hz for axis in axes)
    return vector > rule.pvs_above_mm_s and slow
