"""Gap-free pieces of a channel in physical units, on the sample grid of their record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uskat.blast.record.calibration import GROUND, UNIT_FACTOR, ChannelCalibration
from uskat.blast.record.motion import Samples

FLAT_TOP_SAMPLES = 4
"""So many equal samples in a row at the extreme mean a clipped peak, when the instrument's full scale is not known."""
FLAT_TOP_LEAST_STEPS = 1000
"""Below so many steps of the digitiser an extreme that repeats is its resolution, not its end."""
SIMULTANEOUS_WITHIN_SAMPLES = 0.25
JOINED_WITHIN_SAMPLES = 0.5


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
class Piece:
    """Physical samples of one gap-free piece, offset removed; `first` is its place on the record's sample grid."""

    start: datetime
    rate_hz: float
    first: float
    values: Samples
    clipped: bool
    offset: float

    def moment(self, index: int) -> datetime:
        """UTC moment of a sample."""
        return self.start + timedelta(seconds=index / self.rate_hz)


@dataclass(frozen=True, slots=True)
class _Run:
    """Pieces of a channel that follow one another without a gap, as one."""

    start: datetime
    rate_hz: float
    counts: NDArray[Any]


def pieces_of(
    channels: Sequence[SampledChannel], entry: ChannelCalibration, *, beginning: datetime, pre_trigger_s: float | None
) -> list[Piece]:
    """Pieces of one channel in time order, in mm/s or Pa.

    pre_trigger_s: length of the quiet head over which the offset is taken; None or 0: the mean of the whole channel.
    """
    factor = UNIT_FACTOR[entry.unit] / entry.counts_per_unit
    runs = _joined(sorted(channels, key=lambda channel: channel.start))
    with np.errstate(over="ignore", invalid="ignore"):
        samples = [np.asarray(run.counts, dtype=np.float64) * factor for run in runs]
        head = samples[0][: max(1, round(pre_trigger_s * runs[0].rate_hz))] if pre_trigger_s else None
        whole = samples[0] if len(samples) == 1 else np.concatenate(samples)
        offset = float(np.mean(whole if head is None else head))
        return [
            Piece(
                start=run.start,
                rate_hz=run.rate_hz,
                first=(run.start - beginning).total_seconds() * run.rate_hz,
                values=values - offset,
                clipped=is_clipped(run.counts, entry.full_scale_counts),
                offset=offset,
            )
            for run, values in zip(runs, samples, strict=True)
        ]


def _joined(ordered: Sequence[SampledChannel]) -> list[_Run]:
    groups: list[list[SampledChannel]] = []
    for channel in ordered:
        if groups and _follows(groups[-1], channel):
            groups[-1].append(channel)
        else:
            groups.append([channel])
    return [
        _Run(group[0].start, group[0].rate_hz, np.concatenate([np.asarray(part.counts) for part in group]))
        for group in groups
    ]


def _follows(group: Sequence[SampledChannel], channel: SampledChannel) -> bool:
    first = group[0]
    if first.rate_hz != channel.rate_hz:
        return False
    place = (channel.start - first.start).total_seconds() * first.rate_hz
    return abs(place - sum(len(part.counts) for part in group)) < JOINED_WITHIN_SAMPLES


def is_clipped(counts: NDArray[Any], full_scale: float | None) -> bool:
    """True when samples reach the full scale, or, that not known, stand at their extreme four times in a row."""
    highest, lowest = float(counts.max()), float(counts.min())
    extreme = max(highest, -lowest)
    if full_scale is not None:
        return extreme >= full_scale
    if counts.size < FLAT_TOP_SAMPLES or highest == lowest:
        return False
    for side in (extreme, -extreme):
        places = np.flatnonzero(counts == side)
        if places.size >= FLAT_TOP_SAMPLES and _has_run(places):
            return extreme >= FLAT_TOP_LEAST_STEPS * _step(counts)
    return False


def _has_run(places: NDArray[np.int64]) -> bool:
    reach = FLAT_TOP_SAMPLES - 1
    return bool((places[reach:] - places[:-reach] == reach).any())


def _step(counts: NDArray[Any]) -> float:
    """Smallest step of the digitiser: a count, or for numbers already in units the least difference of two values."""
    if counts.dtype.kind in "iu":
        return 1.0
    return float(np.diff(np.unique(counts)).min())


def vector_sum(axes: Sequence[Sequence[Piece]]) -> tuple[float, datetime] | None:
    """Largest √(v_V²+v_L²+v_T²) over the samples that all three axes have, and its moment (norms.md 1.1.2)."""
    if len(axes) != len(GROUND) or len({piece.rate_hz for pieces in axes for piece in pieces}) != 1:
        return None
    best: tuple[float, datetime] | None = None
    for trio in _overlaps(axes):
        places = [piece.first - trio[0].first for piece in trio]
        firsts = [round(place) for place in places]
        if max(abs(place - first) for place, first in zip(places, firsts, strict=True)) > SIMULTANEOUS_WITHIN_SAMPLES:
            continue
        begin = max(firsts)
        end = min(first + piece.values.size for first, piece in zip(firsts, trio, strict=True))
        if end <= begin:
            continue
        parts = [piece.values[begin - first : end - first] for first, piece in zip(firsts, trio, strict=True)]
        with np.errstate(over="ignore"):
            square = sum((part * part for part in parts), start=np.zeros(end - begin))
        index = int(np.argmax(square))
        value = float(np.sqrt(square[index]))
        if np.isfinite(value) and (best is None or value > best[0]):
            best = (value, trio[0].moment(begin - firsts[0] + index))
    return best


def _overlaps(axes: Sequence[Sequence[Piece]]) -> Iterator[tuple[Piece, ...]]:
    """Trios of pieces that may overlap: always step the axis whose piece ends first."""
    places = [0] * len(axes)
    while all(place < len(pieces) for place, pieces in zip(places, axes, strict=True)):
        trio = tuple(pieces[place] for place, pieces in zip(places, axes, strict=True))
        yield trio
        ends = [piece.first + piece.values.size for piece in trio]
        places[ends.index(min(ends))] += 1
