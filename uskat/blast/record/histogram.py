"""Histogram (bar graph) mode: the largest values of every interval, with frequency, PVS and overload (norms.md 1.3).

The same figures that instruments send on the histogram topic, computed from samples: for continuous streams, and to
check an instrument against its own waveforms. A vector sum exists only where the three axes were sampled together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from uskat.blast.record.calibration import GROUND
from uskat.blast.record.motion import zero_crossing_frequency_hz
from uskat.blast.record.piece import Piece, SampledChannel, vector_sum
from uskat.blast.record.trigger import LevelTrigger
from uskat.blast.waveform import axes_of


@dataclass(frozen=True, slots=True)
class IntervalPeaks:
    """One interval [start, start + length_s): peak in mm/s (MIC: Pa) and frequency at it in Hz, by axis; PVS mm/s.

    over: axes that reached the instrument's end.
    """

    start: datetime
    length_s: float
    peak: dict[str, float]
    freq_hz: dict[str, float | None]
    pvs_mm_s: float | None
    over: tuple[str, ...]

    @property
    def end(self) -> datetime:
        """First moment after the interval."""
        return self.start + timedelta(seconds=self.length_s)

    def to_json(self) -> dict[str, Any]:
        """The fields of the wire's histogram message."""
        return {
            "t": self.start.isoformat(),
            "length_s": self.length_s,
            "peak": dict(self.peak),
            "freq_hz": {axis: value for axis, value in self.freq_hz.items() if value is not None},
            "pvs_mm_s": self.pvs_mm_s,
            "over": list(self.over),
        }


def histogram_of(
    channels: Sequence[SampledChannel],
    calibration: Mapping[str, Any],
    *,
    length_s: float,
    pre_trigger_s: float | None = None,
) -> list[IntervalPeaks]:
    """Intervals from the first sample on, each with what its samples show; an interval without samples is left out.

    channels, calibration, pre_trigger_s: as in `measure_record`. A frequency is read from the whole piece, so that a
    half wave cut by the interval's edge keeps it. Raises ValueError for a length that is not positive.
    """
    if length_s <= 0:
        raise ValueError(f"an interval of {length_s} s")
    axes = axes_of(channels, calibration, pre_trigger_s=pre_trigger_s)
    pieces = [piece for own in axes.values() for piece in own]
    if not pieces:
        return []
    start = min(piece.start for piece in pieces)
    end = max(piece.moment(piece.values.size) for piece in pieces)
    count = int(np.ceil((end - start).total_seconds() / length_s - 1e-9))
    made = (_interval(axes, start + timedelta(seconds=place * length_s), length_s) for place in range(count))
    return [interval for interval in made if interval.peak]


def _interval(axes: Mapping[str, Sequence[Piece]], start: datetime, length_s: float) -> IntervalPeaks:
    peaks: dict[str, float] = {}
    frequencies: dict[str, float | None] = {}
    over: list[str] = []
    cut: dict[str, list[Piece]] = {}
    for axis, pieces in axes.items():
        best: tuple[float, float | None] | None = None
        for piece in pieces:
            first, last = _inside(piece, start, length_s)
            if last <= first:
                continue
            part = replace(piece, start=piece.moment(first), first=piece.first + first, values=piece.values[first:last])
            cut.setdefault(axis, []).append(part)
            index = first + int(np.argmax(np.abs(part.values)))
            value = float(abs(piece.values[index]))
            if best is None or value > best[0]:
                best = (value, zero_crossing_frequency_hz(piece.values, index, rate_hz=piece.rate_hz))
            if piece.clipped and value >= float(np.abs(piece.values).max()) and axis not in over:
                over.append(axis)
        if best is not None:
            peaks[axis], frequencies[axis] = best
    pvs = vector_sum([cut[axis] for axis in GROUND if axis in cut])
    return IntervalPeaks(start, length_s, peaks, frequencies, pvs[0] if pvs else None, tuple(over))


def _inside(piece: Piece, start: datetime, length_s: float) -> tuple[int, int]:
    """Half-open range of the piece's samples that lie in the interval."""
    lead = (start - piece.start).total_seconds() * piece.rate_hz
    first = max(0, int(np.ceil(lead - 1e-6)))
    last = min(piece.values.size, int(np.ceil(lead + length_s * piece.rate_hz - 1e-6)))
    return first, last


def missed_events(
    intervals: Sequence[IntervalPeaks], records: Sequence[tuple[datetime, datetime]], *, trigger: LevelTrigger
) -> list[IntervalPeaks]:
    """Intervals above the trigger that no triggered record (start, end) overlaps: the instrument missed an event."""
    return [
        interval
        for interval in intervals
        if trigger.reached(interval.peak)
        and not any(start < interval.end and interval.start <= end for start, end in records)
    ]
