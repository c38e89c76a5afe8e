"""What a triggered record measured: PPV, vector sum, frequency at the peak, airblast, clipping.

Formulas: shared norms sheet `blasting/norms.md` §1.1 (1.1.1 PPV, 1.1.2 true vector sum, 1.1.4 zero-crossing
frequency, 1.1.8 airblast level). The vector sum is the true one, of the same sample on all three axes; the root of
the summed squares of the three peaks is only an upper bound of it and is not computed here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

GROUND = ("V", "L", "T")
MICROPHONE = "MIC"
UNIT_FACTOR = {"mm/s": 1.0, "m/s": 1000.0, "um/s": 0.001, "Pa": 1.0, "kPa": 1000.0}
"""To mm/s on the ground axes and to Pa on the microphone."""
AIR_UNITS = ("Pa", "kPa")
REFERENCE_PRESSURE_PA = 20e-6
FLAT_TOP_SAMPLES = 4
"""So many equal samples in a row at the extreme mean a clipped peak, when the instrument's full scale is not known."""
FLAT_TOP_LEAST_COUNTS = 1000
"""Below this an extreme that repeats is the resolution of the digitiser, not its end."""
SIMULTANEOUS_WITHIN_SAMPLES = 0.25
Samples = NDArray[np.float64]


class SampledChannel(Protocol):
    """A gap-free piece of one channel, for example `uskat.wire.seismic.Channel`."""

    @property
    def nslc(self) -> str:
        """NET.STA.LOC.CHA."""

    @property
    def code(self) -> str:
        """SEED channel code, the key of the calibration."""

    @property
    def start(self) -> datetime:
        """Time of the first sample, UTC."""

    @property
    def rate_hz(self) -> float:
        """Sampling rate, Hz."""

    @property
    def counts(self) -> NDArray[Any]:
        """Samples as sent, shape (n,), n ≥ 1."""


@dataclass(frozen=True, slots=True)
class ChannelCalibration:
    """How counts of a channel become a quantity. component: V, L, T or MIC; full_scale_counts: None if not known."""

    component: str
    unit: str
    counts_per_unit: float
    full_scale_counts: float | None = None


@dataclass(frozen=True, slots=True)
class ComponentMeasures:
    """Peak of one axis: PPV in mm/s (microphone: Pa), its moment (UTC), zero-crossing frequency in Hz, clipping."""

    peak: float
    peak_at: datetime
    zc_hz: float | None
    clipped: bool


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

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts and ISO times for `seismic_record.measures`."""
        axes = self.components
        strongest = self.strongest
        clipped = [axis for axis, measured in axes.items() if measured.clipped]
        if self.airblast is not None and self.airblast.clipped:
            clipped.append(MICROPHONE)
        return {
            "ppv_mm_s": {axis: measured.peak for axis, measured in axes.items()},
            "ppv_at": {axis: measured.peak_at.isoformat() for axis, measured in axes.items()},
            "zc_hz": {axis: measured.zc_hz for axis, measured in axes.items()},
            "ppv_max_mm_s": axes[strongest].peak if strongest else None,
            "ppv_max_component": strongest,
            "pvs_mm_s": self.pvs_mm_s,
            "pvs_at": self.pvs_at.isoformat() if self.pvs_at else None,
            "airblast_pa": self.airblast.peak if self.airblast else None,
            "airblast_dbl": self.airblast_dbl,
            "airblast_at": self.airblast.peak_at.isoformat() if self.airblast else None,
            "clipped": clipped,
            "uncalibrated": list(self.uncalibrated),
        }


def read_calibration(entries: Mapping[str, Any]) -> dict[str, ChannelCalibration]:
    """Usable entries of a registry's calibration {"GHZ": {"component", "unit", "counts_per_unit"}}.

    An entry that is incomplete, of an unknown unit or of a unit that does not fit its component is left out, so
    that its channel is reported as uncalibrated instead of being measured wrongly.
    """
    read = {code: _calibration(entry) for code, entry in entries.items()}
    return {code: found for code, found in read.items() if found is not None}


def _calibration(entry: Any) -> ChannelCalibration | None:
    if not isinstance(entry, Mapping):
        return None
    component, unit = entry.get("component"), entry.get("unit")
    try:
        counts_per_unit = float(entry["counts_per_unit"])
        full_scale = entry.get("full_scale_counts")
        full_scale = None if full_scale is None else float(full_scale)
    except (KeyError, TypeError, ValueError):
        return None
    fits = (component == MICROPHONE and unit in AIR_UNITS) or (
        component in GROUND and unit in UNIT_FACTOR and unit not in AIR_UNITS
    )
    if not fits or not np.isfinite(counts_per_unit) or counts_per_unit == 0:
        return None
    return ChannelCalibration(str(component), str(unit), counts_per_unit, full_scale)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Physical samples of one gap-free piece, offset removed; `first` is its place on the record's sample grid."""

    start: datetime
    rate_hz: float
    first: float
    values: Samples
    clipped: bool

    def moment(self, index: int) -> datetime:
        return self.start + timedelta(seconds=index / self.rate_hz)


def measure_record(
    channels: Sequence[SampledChannel], calibration: Mapping[str, Any], *, pre_trigger_s: float | None = None
) -> RecordMeasures:
    """Measures of one triggered record.

    channels: gap-free pieces in counts. calibration: as in `read_calibration`. pre_trigger_s: length of the quiet
    head of the record over which the offset is taken; without it the mean of the whole channel is the offset.
    """
    known = read_calibration(calibration)
    axes: dict[str, list[_Piece]] = {}
    beginning = min((channel.start for channel in channels), default=None)
    for code, entry in known.items():
        own = [channel for channel in channels if channel.code == code]
        if own and beginning is not None:
            axes[entry.component] = _pieces(own, entry, beginning=beginning, pre_trigger_s=pre_trigger_s)
    measured = {axis: _measure(pieces) for axis, pieces in axes.items()}
    present = {axis: found for axis, found in measured.items() if found is not None}
    pvs = _vector_sum([axes[axis] for axis in GROUND if axis in present])
    air = present.get(MICROPHONE)
    return RecordMeasures(
        components={axis: present[axis] for axis in GROUND if axis in present},
        pvs_mm_s=pvs[0] if pvs else None,
        pvs_at=pvs[1] if pvs else None,
        airblast=air,
        airblast_dbl=airblast_level_dbl(air.peak) if air else None,
        uncalibrated=tuple(sorted({channel.nslc for channel in channels if channel.code not in known})),
    )


def airblast_level_dbl(peak_pa: float) -> float | None:
    """Unweighted peak level in dB re 20 µPa (norms.md 1.1.8): 20 Pa → 120 dB(L); None for no overpressure."""
    return 20 * float(np.log10(peak_pa / REFERENCE_PRESSURE_PA)) if peak_pa > 0 else None


def airblast_pressure_pa(level_dbl: float) -> float:
    """Peak overpressure in Pa of a level in dB(L): 134 dB(L) → 100.2374 Pa."""
    return float(REFERENCE_PRESSURE_PA * 10.0 ** (level_dbl / 20))


def zero_crossing_frequency_hz(values: Samples, peak: int, *, rate_hz: float) -> float | None:
    """Half-period frequency at the sample `peak`: 1 / (2·(t₂−t₁)) of the interpolated crossings on its two sides.

    None when the record ends before it crosses zero on either side, or the peak is zero.
    """
    if values[peak] == 0:
        return None
    positive = values * np.sign(values[peak]) > 0
    outside_before = np.flatnonzero(~positive[:peak])
    outside_after = np.flatnonzero(~positive[peak:])
    if not outside_before.size or not outside_after.size:
        return None
    before, after = int(outside_before[-1]), peak + int(outside_after[0])
    left = before + values[before] / (values[before] - values[before + 1])
    right = after - values[after] / (values[after] - values[after - 1])
    return float(rate_hz / (2 * (right - left)))


def _pieces(
    channels: Sequence[SampledChannel], entry: ChannelCalibration, *, beginning: datetime, pre_trigger_s: float | None
) -> list[_Piece]:
    factor = UNIT_FACTOR[entry.unit] / entry.counts_per_unit
    ordered = sorted(channels, key=lambda channel: channel.start)
    with np.errstate(over="ignore", invalid="ignore"):
        samples = [np.asarray(channel.counts, dtype=np.float64) * factor for channel in ordered]
        head = samples[0][: max(1, round(pre_trigger_s * ordered[0].rate_hz))] if pre_trigger_s else None
        offset = float(np.mean(np.concatenate(samples) if head is None else head))
        return [
            _Piece(
                start=channel.start,
                rate_hz=channel.rate_hz,
                first=(channel.start - beginning).total_seconds() * channel.rate_hz,
                values=values - offset,
                clipped=_is_clipped(np.asarray(channel.counts), entry.full_scale_counts),
            )
            for channel, values in zip(ordered, samples, strict=True)
        ]


def _is_clipped(counts: NDArray[Any], full_scale: float | None) -> bool:
    absolute = np.abs(counts.astype(np.float64))
    if full_scale is not None:
        return bool(absolute.max() >= full_scale)
    extreme = absolute.max()
    if extreme < FLAT_TOP_LEAST_COUNTS or counts.size < FLAT_TOP_SAMPLES:
        return False
    for side in (extreme, -extreme):
        run = np.convolve((counts == side).astype(np.int64), np.ones(FLAT_TOP_SAMPLES, dtype=np.int64), "valid")
        if (run == FLAT_TOP_SAMPLES).any() and not (counts == counts[0]).all():
            return True
    return False


def _measure(pieces: Sequence[_Piece]) -> ComponentMeasures | None:
    peaks = [int(np.argmax(np.abs(piece.values))) for piece in pieces]
    best = max(range(len(pieces)), key=lambda place: abs(pieces[place].values[peaks[place]]))
    piece, index = pieces[best], peaks[best]
    value = float(abs(piece.values[index]))
    if not np.isfinite(value):
        return None
    return ComponentMeasures(
        peak=value,
        peak_at=piece.moment(index),
        zc_hz=zero_crossing_frequency_hz(piece.values, index, rate_hz=piece.rate_hz),
        clipped=any(piece.clipped for piece in pieces),
    )


def _vector_sum(axes: Sequence[Sequence[_Piece]]) -> tuple[float, datetime] | None:
    """Largest √(v_V²+v_L²+v_T²) over the samples that all three axes have, and its moment."""
    if len(axes) != len(GROUND) or len({piece.rate_hz for pieces in axes for piece in pieces}) != 1:
        return None
    best: tuple[float, datetime] | None = None
    for trio in _overlaps(axes):
        firsts = [round(piece.first) for piece in trio]
        if (
            max(piece.first for piece in trio) - min(piece.first for piece in trio) - (max(firsts) - min(firsts))
            > SIMULTANEOUS_WITHIN_SAMPLES
        ):
            continue
        begin = max(firsts)
        end = min(first + piece.values.size for first, piece in zip(firsts, trio, strict=True))
        if end <= begin:
            continue
        parts = [piece.values[begin - first : end - first] for first, piece in zip(firsts, trio, strict=True)]
        with np.errstate(over="ignore"):
            total = np.sqrt(sum(part**2 for part in parts))
        index = int(np.argmax(total))
        value = float(total[index])
        if np.isfinite(value) and (best is None or value > best[0]):
            best = (value, trio[0].moment(begin - firsts[0] + index))
    return best


def _overlaps(axes: Sequence[Sequence[_Piece]]) -> Iterator[tuple[_Piece, ...]]:
    """Trios of pieces that may overlap: always step the axis whose piece ends first."""
    places = [0] * len(axes)
    while all(place < len(pieces) for place, pieces in zip(places, axes, strict=True)):
        trio = tuple(pieces[place] for place, pieces in zip(places, axes, strict=True))
        yield trio
        ends = [piece.first + piece.values.size for piece in trio]
        places[ends.index(min(ends))] += 1
