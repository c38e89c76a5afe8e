"""Peaks over the curves of norms, and spectra: what a record is by frequency."""

from collections.abc import Mapping, Sequence

import numpy as np

from uskat.blast.figure.canvas import (
    AXIS_MARKER,
    AXIS_RU,
    BLUE,
    GREY,
    INK,
    RED,
    ImageFormat,
    canvas,
    heading,
    image_bytes,
    key_below,
    plain_numbers,
)
from uskat.blast.figure.record import drawn_axes
from uskat.blast.norm.curve import LimitCurve
from uskat.blast.norm.verdict import Peak
from uskat.blast.provenance import LEVEL_RU
from uskat.blast.record.calibration import GROUND, MICROPHONE
from uskat.blast.record.piece import Piece
from uskat.finding import number_ru

FREQUENCIES_HZ = (1.0, 200.0)
LINES = ((RED, "-"), (INK, "--"), (GREY, "-."), (BLUE, ":"))
MOST_CURVES = len(LINES)
LEAST_VALUE_MM_S = 1e-4
"""Below it a peak is the noise of the instrument, and a logarithmic axis would stretch for nothing."""


def limits_figure(
    records: Sequence[Mapping[str, Peak]],
    curves: Sequence[tuple[str, LimitCurve]],
    *,
    title: str = "",
    image: ImageFormat = "png",
) -> bytes:
    """Velocity against zero-crossing frequency, log–log: every axis of every record, over up to four curves.

    curves: (name of the norm, curve). A curve is drawn where it says something and nowhere else. Raises ValueError
    for more curves than lines can be told apart.
    """
    if len(curves) > MOST_CURVES:
        raise ValueError(f"{len(curves)} curves; {MOST_CURVES} can be told apart")
    figure, (ax,) = canvas(height_in=6.0)
    frequencies = np.geomspace(*FREQUENCIES_HZ, 400)
    for (norm, curve), (colour, line) in zip(curves, LINES, strict=False):
        limits = [curve.limit_mm_s(float(frequency)) for frequency in frequencies]
        drawn = np.array([np.nan if limit is None else limit for limit in limits])
        ax.loglog(
            frequencies, drawn, color=colour, ls=line, lw=1.4, label=f"{norm}. {curve.title} ({LEVEL_RU[curve.level]})"
        )
    for axis in GROUND:
        found = [peaks[axis] for peaks in records if axis in peaks]
        seen = [peak for peak in found if peak.frequency_hz is not None and peak.value >= LEAST_VALUE_MM_S]
        if seen:
            at = [peak.frequency_hz for peak in seen]
            values = [peak.value for peak in seen]
            ax.loglog(at, values, AXIS_MARKER[axis], color=BLUE, mfc="none", ms=7, label=_axis_words(axis, seen))
    ax.set_xlim(*FREQUENCIES_HZ)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("Частота по переходам через ноль, Гц")
    ax.set_ylabel("Скорость, мм/с")
    ax.set_title(heading(title or "Пики записи и пределы"), fontsize=9)
    plain_numbers(ax, logarithmic=True)
    ax.grid(visible=True, which="both", lw=0.3)
    key_below(figure, ax, columns=1 if len(curves) > 1 else 2)
    return image_bytes(figure, image)


def _axis_words(axis: str, seen: Sequence[Peak]) -> str:
    if len(seen) > 1:
        return f"{AXIS_RU[axis]}, записей {len(seen)}"
    (peak,) = seen
    more = "не менее " if peak.clipped else ""
    return f"{AXIS_RU[axis]}: {more}{number_ru(peak.value)} мм/с при {number_ru(peak.frequency_hz or 0.0)} Гц"


def spectrum_figure(
    axes_pieces: Mapping[str, Sequence[Piece]],
    dominant_hz: Mapping[str, float | None],
    *,
    title: str = "",
    image: ImageFormat = "png",
) -> bytes:
    """Amplitude spectrum of each axis, its longest gap-free piece, with the dominant frequency.

    axes_pieces: as `waveform.axes_of` gives; dominant_hz: the measured FFT frequency by axis. What is drawn is the
    modulus of the Fourier integral ∫v·e^(−2πift)dt, which does not depend on the length of a record around a blast.
    Raises ValueError when there is nothing to draw.
    """
    names = drawn_axes(axes_pieces)
    figure, axes = canvas(len(names), height_in=1.4 + 1.6 * len(names), sharex=True)
    for ax, name in zip(axes, names, strict=True):
        piece = max(axes_pieces[name], key=lambda part: part.values.size)
        frequency, amplitude = _spectrum(piece)
        ax.plot(frequency, amplitude, color=BLUE, lw=0.8)
        ax.set_title(AXIS_RU[name].capitalize(), loc="left", fontsize=9, pad=3)
        at = dominant_hz.get(name)
        if at is not None:
            ax.axvline(at, color=RED, lw=0.8, ls="--")
            ax.set_title(f"преобладает {number_ru(at)} Гц", loc="right", fontsize=8, pad=3)
        ax.set_ylabel("Па/Гц" if name == MICROPHONE else "(мм/с)/Гц", fontsize=8)
        ax.set_xscale("log")
        ax.set_xlim(*FREQUENCIES_HZ)
        ax.set_ylim(bottom=0)
        ax.grid(visible=True, which="both", lw=0.3)
        plain_numbers(ax)
    axes[-1].set_xlabel("Частота, Гц", fontsize=8)
    figure.suptitle(heading(title or "Амплитудный спектр"), fontsize=9)
    return image_bytes(figure, image)


def _spectrum(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(piece.values, dtype=float)
    return np.fft.rfftfreq(values.size, 1 / piece.rate_hz), np.abs(np.fft.rfft(values)) / piece.rate_hz
