"""Traces of a record with the limit of each axis."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from uskat.blast.figure.canvas import AXIS_RU, BLUE, RED, ImageFormat, canvas, heading, image_bytes, plain_numbers
from uskat.blast.norm.curve import LimitCurve
from uskat.blast.norm.verdict import Peak
from uskat.blast.provenance import LEVEL_RU
from uskat.blast.record.calibration import GROUND, MICROPHONE
from uskat.blast.record.piece import Piece
from uskat.finding import number_ru

POINTS_DRAWN = 4000
"""A trace is drawn as the extremes of so many stretches: nothing seen is lost, and an SVG stays small."""


def drawn_axes(axes_pieces: Mapping[str, Sequence[Piece]]) -> list[str]:
    """Axes that a record has, in their order. Raises ValueError when it has none."""
    names = [axis for axis in (*GROUND, MICROPHONE) if axes_pieces.get(axis)]
    if not names:
        raise ValueError("a record without measured channels cannot be drawn")
    return names


def waveform_figure(
    axes_pieces: Mapping[str, Sequence[Piece]],
    peaks: Mapping[str, Peak],
    *,
    curve: LimitCurve | None = None,
    norm: str = "",
    otherwise: tuple[str, float] | None = None,
    title: str = "",
    image: ImageFormat = "png",
) -> bytes:
    """Traces with the limit of each axis at its own frequency.

    axes_pieces: as `waveform.axes_of` gives, mm/s and Pa; peaks: as `norm.verdict.peaks_of`; norm: name of the
    document of the curve; otherwise: title and mm/s of the limit where the curve says nothing. Raises ValueError when
    there is nothing to draw.
    """
    names = drawn_axes(axes_pieces)
    figure, axes = canvas(len(names), height_in=1.4 + 1.6 * len(names), sharex=True)
    start = min(piece.start for pieces in axes_pieces.values() for piece in pieces)
    silent = False
    for ax, name in zip(axes, names, strict=True):
        for piece in axes_pieces[name]:
            lead = (piece.start - start).total_seconds()
            times, values = _extremes(piece)
            ax.plot(lead + times, values, color=BLUE, lw=0.6)
        silent |= _tell_peak(ax, name, peaks, curve=curve, otherwise=otherwise[1] if otherwise else None)
        ax.set_ylabel("Па" if name == MICROPHONE else "мм/с", fontsize=8)
        ax.grid(visible=True, lw=0.3)
        plain_numbers(ax)
    axes[-1].set_xlabel(f"Секунды от {start:%d.%m.%Y %H:%M:%S} UTC", fontsize=8)
    parts = [title] if title else []
    if curve is not None:
        parts.append(f"пунктир – предел: {norm + '. ' if norm else ''}{curve.title} ({LEVEL_RU[curve.level]})")
    if otherwise is not None and silent:
        parts.append(f"точки – {'где он молчит, ' if curve is not None else ''}порог: {otherwise[0]}")
    if parts:
        figure.suptitle(heading(*parts), fontsize=9)
    return image_bytes(figure, image)


def _tell_peak(
    ax: Axes, name: str, peaks: Mapping[str, Peak], *, curve: LimitCurve | None, otherwise: float | None
) -> bool:
    """Name of the axis at the left above its trace, peak and limit at the right, where they hide nothing.

    True when the curve says nothing and the other limit was drawn.
    """
    ax.set_title(AXIS_RU[name].capitalize(), loc="left", fontsize=9, pad=3)
    peak = peaks.get(name)
    if peak is None:
        return False
    judged = name in (curve.axes if curve is not None else GROUND)
    limit = curve.limit_mm_s(peak.frequency_hz) if curve is not None and judged else None
    silent = judged and limit is None
    words = f"пик {'не менее ' if peak.clipped else ''}{number_ru(peak.value)}"
    if peak.frequency_hz is not None:
        words += f" при {number_ru(peak.frequency_hz)} Гц"
    if limit is not None:
        words += _line(ax, limit, "предел", "--")
    elif silent and otherwise is not None:
        words += _line(ax, otherwise, "порог", ":")
    elif silent and curve is not None:
        words += "; предела при такой частоте нет"
    ax.set_title(words, loc="right", fontsize=8, pad=3)
    return silent


def _line(ax: Axes, limit: float, word: str, style: str) -> str:
    for side in (limit, -limit):
        ax.axhline(side, color=RED, lw=0.9, ls=style)
    return f"; {word} {number_ru(limit)}"


def _extremes(piece: Piece) -> tuple[Any, Any]:
    """Times in s and values of a trace, thinned to the extremes of its stretches."""
    values = piece.values
    width = max(1, values.size // POINTS_DRAWN)
    if width == 1:
        return np.arange(values.size) / piece.rate_hz, values
    whole = values[: values.size // width * width].reshape(-1, width)
    ends = np.column_stack([whole.min(axis=1), whole.max(axis=1)]).ravel()
    times = (np.arange(whole.shape[0]) * width / piece.rate_hz).repeat(2)
    return times, ends
