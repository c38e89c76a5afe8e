"""What a triggered record measured: PPV, vector sum, frequencies, acceleration, displacement, airblast, clipping.

Formulas: shared norms sheet `blasting/norms.md` §1.1 (1.1.1 PPV, 1.1.2 true vector sum, 1.1.4 zero-crossing and 1.1.5
FFT frequency, 1.1.7 acceleration and displacement, 1.1.8 airblast level). The vector sum is the true one, of the same
sample on all three axes; the root of the summed squares of the three peaks is only an upper bound of it and is not
computed here. The parts: `record.calibration`, `record.piece`, `record.motion`, `record.airblast`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from uskat.blast.record import motion
from uskat.blast.record.airblast import airblast_level_dbl
from uskat.blast.record.calibration import GROUND, MICROPHONE, read_calibration
from uskat.blast.record.piece import Piece, SampledChannel, pieces_of, vector_sum


@dataclass(frozen=True, slots=True)
class ComponentMeasures:
    """Peak of one axis: PPV in mm/s (microphone: Pa), its moment (UTC), zero-crossing frequency in Hz, clipping.

    fft_hz: dominant frequency of the spectrum. acceleration_mm_s2, displacement_mm: largest absolute values (ground
    only). duration_s: from 5 % to 95 % of the energy. quiet: RMS of the quietest quarter second, in the unit of the
    peak. half_samples: how many samples reach half of the peak. offset: what was removed, in the unit of the peak.
    pieces: gap-free pieces. missing_share: how much of the time of the ground axes together this one does not cover.
    """

    peak: float
    peak_at: datetime
    zc_hz: float | None
    clipped: bool
    fft_hz: float | None = None
    acceleration_mm_s2: float | None = None
    displacement_mm: float | None = None
    duration_s: float | None = None
    quiet: float | None = None
    half_samples: int = 0
    offset: float = 0.0
    pieces: int = 1
    missing_share: float = 0.0

    @property
    def contrast(self) -> float | None:
        """Peak over the quiet level: small for a record in which nothing stands out."""
        return self.peak / self.quiet if self.quiet else None


@dataclass(frozen=True, slots=True)
class RecordMeasures:
    """Measures of one record; None where the record does not carry the quantity.

    components: per axis V, L, T. pvs_mm_s, pvs_at: true peak vector sum and its moment; None unless the three axes
    were sampled at the same moments. airblast_pa, airblast_dbl: peak overpressure and its unweighted level re 20 µPa.
    uncalibrated: channels left out because the registry does not say what their counts mean.
    """

    components: dict[str, ComponentMeasures]
    pvs_mm_s: float | None
    pvs_at: datetime | None
    airblast: ComponentMeasures | None
    airblast_dbl: float | None
    uncalibrated: tuple[str, ...]

    @property
    def strongest(self) -> str | None:
        """Axis of the largest PPV; its frequency is the record's (norms.md 1.1.6)."""
        return max(self.components, key=lambda axis: self.components[axis].peak, default=None)

    @property
    def clipped(self) -> tuple[str, ...]:
        """Axes whose true peak is larger than measured."""
        axes = [axis for axis, measured in self.components.items() if measured.clipped]
        return (*axes, MICROPHONE) if self.airblast is not None and self.airblast.clipped else tuple(axes)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts and ISO times for `seismic_record.measures`."""
        axes = self.components
        strongest = self.strongest
        return {
            "ppv_mm_s": {axis: measured.peak for axis, measured in axes.items()},
            "ppv_at": {axis: measured.peak_at.isoformat() for axis, measured in axes.items()},
            "zc_hz": {axis: measured.zc_hz for axis, measured in axes.items()},
            "fft_hz": {axis: measured.fft_hz for axis, measured in axes.items()},
            "acceleration_mm_s2": {axis: measured.acceleration_mm_s2 for axis, measured in axes.items()},
            "displacement_mm": {axis: measured.displacement_mm for axis, measured in axes.items()},
            "offset_mm_s": {axis: measured.offset for axis, measured in axes.items()},
            "ppv_max_mm_s": axes[strongest].peak if strongest else None,
            "ppv_max_component": strongest,
            "frequency_hz": axes[strongest].zc_hz if strongest else None,
            "duration_s": axes[strongest].duration_s if strongest else None,
            "pvs_mm_s": self.pvs_mm_s,
            "pvs_at": self.pvs_at.isoformat() if self.pvs_at else None,
            "airblast_pa": self.airblast.peak if self.airblast else None,
            "airblast_dbl": self.airblast_dbl,
            "airblast_at": self.airblast.peak_at.isoformat() if self.airblast else None,
            "airblast_hz": self.airblast.zc_hz if self.airblast else None,
            "clipped": list(self.clipped),
            "uncalibrated": list(self.uncalibrated),
        }


def measure_record(
    channels: Sequence[SampledChannel], calibration: Mapping[str, Any], *, pre_trigger_s: float | None = None
) -> RecordMeasures:
    """Measures of one triggered record.

    channels: gap-free pieces in counts. calibration: as in `read_calibration`. pre_trigger_s: length of the quiet
    head of the record over which the offset is taken; without it the mean of the whole channel is the offset.
    """
    axes = axes_of(channels, calibration, pre_trigger_s=pre_trigger_s)
    ends = [_span(pieces)[1] for axis, pieces in axes.items() if axis != MICROPHONE]
    measured = {
        axis: _measure(pieces, until=max(ends) if axis != MICROPHONE else None) for axis, pieces in axes.items()
    }
    present = {axis: found for axis, found in measured.items() if found is not None}
    pvs = vector_sum([axes[axis] for axis in GROUND if axis in present])
    air = present.get(MICROPHONE)
    known = read_calibration(calibration)
    return RecordMeasures(
        components={axis: present[axis] for axis in GROUND if axis in present},
        pvs_mm_s=pvs[0] if pvs else None,
        pvs_at=pvs[1] if pvs else None,
        airblast=air,
        airblast_dbl=airblast_level_dbl(air.peak) if air else None,
        uncalibrated=tuple(sorted({channel.nslc for channel in channels if channel.code not in known})),
    )


def axes_of(
    channels: Sequence[SampledChannel], calibration: Mapping[str, Any], *, pre_trigger_s: float | None = None
) -> dict[str, list[Piece]]:
    """Pieces per axis (V, L, T, MIC) in mm/s and Pa, offset removed, for what the record has and is calibrated."""
    axes: dict[str, list[Piece]] = {}
    beginning = min((channel.start for channel in channels), default=None)
    for code, entry in read_calibration(calibration).items():
        own = [channel for channel in channels if channel.code == code and len(channel.counts)]
        if own and beginning is not None:
            axes[entry.component] = pieces_of(own, entry, beginning=beginning, pre_trigger_s=pre_trigger_s)
    return axes


def _span(pieces: Sequence[Piece]) -> tuple[float, float]:
    """Seconds covered by samples, and where the last one ends, from the record's beginning."""
    covered = sum(piece.values.size / piece.rate_hz for piece in pieces)
    return covered, max((piece.first + piece.values.size) / piece.rate_hz for piece in pieces)


def _measure(pieces: Sequence[Piece], *, until: float | None) -> ComponentMeasures | None:
    """until: seconds from the record's beginning at which its ground axes end; None: a microphone."""
    ground = until is not None
    peaks = [int(np.argmax(np.abs(piece.values))) for piece in pieces]
    best = max(range(len(pieces)), key=lambda place: abs(pieces[place].values[peaks[place]]))
    piece, index = pieces[best], peaks[best]
    values, rate = piece.values, piece.rate_hz
    value = float(abs(values[index]))
    if not np.isfinite(value):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return ComponentMeasures(
            peak=value,
            peak_at=piece.moment(index),
            zc_hz=motion.zero_crossing_frequency_hz(values, index, rate_hz=rate),
            clipped=any(part.clipped for part in pieces),
            fft_hz=motion.dominant_frequency_hz(values, rate_hz=rate),
            acceleration_mm_s2=_largest(motion.acceleration(values, rate_hz=rate)) if ground else None,
            displacement_mm=_largest(motion.displacement(values, rate_hz=rate)) if ground else None,
            duration_s=motion.energy_duration_s(values, rate_hz=rate),
            quiet=_finite(motion.quiet_level(values, rate_hz=rate)),
            half_samples=int(np.count_nonzero(np.abs(values) >= value / 2)),
            offset=piece.offset,
            pieces=len(pieces),
            missing_share=max(0.0, 1 - _span(pieces)[0] / until) if until else 0.0,
        )


def _largest(values: motion.Samples | None) -> float | None:
    return None if values is None or not values.size else _finite(float(np.abs(values).max()))


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
