"""A record judged while it arrives: peaks of what has come so far at any moment, the whole measures at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from uskat.blast.record.calibration import UNIT_FACTOR, ChannelCalibration, read_calibration
from uskat.blast.record.piece import SampledChannel
from uskat.blast.record.trigger import LevelTrigger
from uskat.blast.waveform import RecordMeasures, measure_record


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known before a record has ended.

    peaks: {axis: largest absolute value so far} in mm/s, MIC in Pa. until: moment after the last sample, UTC, None
    before the first. samples: per axis. triggered: axes that have reached the trigger level.
    """

    peaks: dict[str, float]
    until: datetime | None
    samples: dict[str, int]
    triggered: tuple[str, ...]


@dataclass(slots=True)
class _Axis:
    """Running extremes and sum of an axis, physical units, offset not yet removed."""

    factor: float
    lowest: float = np.inf
    highest: float = -np.inf
    total: float = 0.0
    count: int = 0
    head_total: float = 0.0
    head_count: int = 0
    head_wanted: int | None = None

    def take(self, counts: Any) -> None:
        values = np.asarray(counts, dtype=np.float64) * self.factor
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))
        self.total += float(values.sum())
        self.count += values.size
        missing = (self.head_wanted or 0) - self.head_count
        if missing > 0:
            head = values[:missing]
            self.head_total += float(head.sum())
            self.head_count += head.size

    @property
    def peak(self) -> float:
        offset = self.head_total / self.head_count if self.head_count else self.total / self.count
        return max(self.highest - offset, offset - self.lowest)


@dataclass(slots=True)
class RecordAnalyser:
    """Takes the channels of one record piece by piece, in order per channel.

    A piece costs one pass over its samples; `so_far` costs nothing; `finish` is `measure_record` of everything, so
    that a record that came in pieces and one that came whole are measured alike (test), below a tenth of a second for
    two minutes of four channels at 2 kHz (`benchmarks/blast_waveform.py`).
    """

    calibration: Mapping[str, Any]
    pre_trigger_s: float | None = None
    trigger: LevelTrigger | None = None
    _channels: list[SampledChannel] = field(default_factory=list)
    _axes: dict[str, _Axis] = field(default_factory=dict)
    _known: dict[str, ChannelCalibration] | None = None
    _until: datetime | None = None

    def feed(self, channel: SampledChannel) -> None:
        """Take a gap-free piece; an empty one is ignored, one without calibration is kept and named at the end."""
        if not len(channel.counts):
            return
        self._channels.append(channel)
        if self._known is None:
            self._known = read_calibration(self.calibration)
        entry = self._known.get(channel.code)
        if entry is None:
            return
        axis = self._axes.get(entry.component)
        if axis is None:
            wanted = max(1, round(self.pre_trigger_s * channel.rate_hz)) if self.pre_trigger_s else None
            axis = _Axis(UNIT_FACTOR[entry.unit] / entry.counts_per_unit, head_wanted=wanted)
            self._axes[entry.component] = axis
        axis.take(channel.counts)
        end = channel.start + timedelta(seconds=len(channel.counts) / channel.rate_hz)
        self._until = end if self._until is None else max(self._until, end)

    def so_far(self) -> Progress:
        """Peaks up to now; they can only be revised by the offset while the quiet head is not complete."""
        peaks = {axis: running.peak for axis, running in self._axes.items()}
        return Progress(
            peaks=peaks,
            until=self._until,
            samples={axis: running.count for axis, running in self._axes.items()},
            triggered=self.trigger.reached(peaks) if self.trigger else (),
        )

    def finish(self) -> RecordMeasures:
        """Measures of everything that came."""
        return measure_record(self._channels, self.calibration, pre_trigger_s=self.pre_trigger_s)
