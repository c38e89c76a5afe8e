"""Figures of the blasting room as PNG or SVG bytes: fit of a site law, record with its limits, map of velocities.

The only module that draws; it holds no state and touches no file but matplotlib's own fonts. Backend Agg or SVG by
object, without pyplot; the same input gives the same bytes. Words are Russian, units stand at the axes, and every
series differs by form as well as by colour.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from uskat.blast.geometry import Plane, Point
from uskat.blast.norm.curve import LimitCurve
from uskat.blast.norm.verdict import Peak
from uskat.blast.propagation.fit import SiteFit
from uskat.blast.propagation.forecast import ReceptorForecast
from uskat.blast.propagation.law import ROOT, LawForm, PpvRecord
from uskat.blast.record.calibration import GROUND, MICROPHONE
from uskat.blast.record.piece import Piece
from uskat.finding import number_ru

ImageFormat = Literal["png", "svg"]
AXIS_RU = {"V": "вертикальная", "L": "продольная", "T": "поперечная", MICROPHONE: "воздух"}
INK, BLUE, RED, GREY, AMBER = "#1a1a1a", "#0b5fa5", "#b3261e", "#6b6b6b", "#8a5a00"
FORM_RU = {LawForm.SQUARE_ROOT: "м/√кг", LawForm.CUBE_ROOT: "м/кг^⅓", LawForm.FREE: "м/√кг"}
POINTS_DRAWN = 4000
"""A trace is drawn as the extremes of so many stretches: nothing seen is lost, and an SVG stays small."""


def fit_figure(
    records: Sequence[PpvRecord], fit: SiteFit, *, limit_mm_s: float | None = None, image: ImageFormat = "png"
) -> bytes:
    """Velocity against scaled distance, log–log: records, fit, one-sided 95 % bound, outliers, a limit.

    A law of free exponents or with direction is drawn at the mean charge and without its direction. A refused law is
    drawn too, with the reasons for its refusal, so that one sees why.
    """
    law = fit.law
    root = ROOT.get(law.form, ROOT[LawForm.SQUARE_ROOT])
    distance = np.array([record.distance_m for record in records])
    charge = np.array([record.charge_kg for record in records])
    ppv = np.array([record.ppv_mm_s for record in records])
    scaled = distance / charge**root
    line = np.geomspace(scaled.min(), scaled.max(), 100)
    mean_charge = float(10 ** np.log10(charge).mean())
    azimuth = np.full_like(line, 90.0) if law.directional else None
    spread = law.spread_unchecked(line * mean_charge**root, np.full_like(line, mean_charge), azimuth_deg=azimuth)
    figure, axes = _canvas(1)
    ax = axes[0]
    odd = {outlier.index for outlier in fit.outliers}
    usual = np.array([place not in odd for place in range(len(records))])
    ax.loglog(scaled[usual], ppv[usual], "o", color=BLUE, ms=4, label="записи")
    if not usual.all():
        ax.loglog(scaled[~usual], ppv[~usual], "D", color=RED, ms=6, mfc="none", label="не укладываются")
    ax.loglog(line, spread.median_mm_s(), "-", color=INK, label=_law_words(fit))
    ax.loglog(line, spread.bound_mm_s(0.95), "--", color=INK, label="95 % взрывов ниже")
    ax.loglog(line, spread.bound_mm_s(0.05), ":", color=GREY, label="95 % взрывов выше")
    if limit_mm_s is not None:
        ax.axhline(limit_mm_s, color=RED, lw=1)
        ax.annotate(f"предел {number_ru(limit_mm_s)} мм/с", (line[0], limit_mm_s), color=RED, va="bottom", fontsize=8)
    ax.set_xlabel(f"Приведённое расстояние, {FORM_RU[law.form]}")
    ax.set_ylabel("Скорость, мм/с")
    title = "Закон затухания площадки" if not law.refused else "Записи не несут закона: " + " ".join(law.refused)
    ax.set_title(title, fontsize=10, wrap=True)
    ax.grid(visible=True, which="both", lw=0.3)
    ax.legend(fontsize=8)
    return _bytes(figure, image)


def _law_words(fit: SiteFit) -> str:
    law = fit.law
    r2, s = number_ru(law.r2), number_ru(law.s)
    return f"K = {number_ru(law.k)}, β = {number_ru(law.beta)}; R² = {r2}, s = {s}, n = {law.n}"


def waveform_figure(
    axes_pieces: Mapping[str, Sequence[Piece]],
    peaks: Mapping[str, Peak],
    *,
    curve: LimitCurve | None = None,
    title: str = "",
    image: ImageFormat = "png",
) -> bytes:
    """Traces with the limit of each axis at its own frequency, and the peaks over the curve of the limit.

    axes_pieces: as `waveform.axes_of` gives, mm/s and Pa; peaks: as `norm.verdict.peaks_of`. Raises ValueError when
    there is nothing to draw.
    """
    names = [axis for axis in (*GROUND, MICROPHONE) if axes_pieces.get(axis)]
    if not names:
        raise ValueError("a record without measured channels cannot be drawn")
    figure, axes = _canvas(len(names) + (curve is not None))
    start = min(piece.start for pieces in axes_pieces.values() for piece in pieces)
    for ax, name in zip(axes, names, strict=False):
        for piece in axes_pieces[name]:
            lead = (piece.start - start).total_seconds()
            times, values = _extremes(piece)
            ax.plot(lead + times, values, color=BLUE, lw=0.6)
        _draw_limit(ax, name, peaks, curve)
        unit = "Па" if name == MICROPHONE else "мм/с"
        ax.set_ylabel(f"{AXIS_RU[name]}\n{unit}", fontsize=8)
        ax.grid(visible=True, lw=0.3)
    axes[len(names) - 1].set_xlabel(f"Секунды от {start:%d.%m.%Y %H:%M:%S} UTC", fontsize=8)
    if curve is not None:
        _draw_curve(axes[-1], curve, peaks)
    if title:
        figure.suptitle(title, fontsize=10)
    return _bytes(figure, image)


def _draw_limit(ax: Axes, name: str, peaks: Mapping[str, Peak], curve: LimitCurve | None) -> None:
    peak = peaks.get(name)
    if peak is None:
        return
    limit = curve.limit_mm_s(peak.frequency_hz) if curve is not None and name in curve.axes else None
    words = f"пик {number_ru(peak.value)}"
    if peak.frequency_hz is not None:
        words += f" при {number_ru(peak.frequency_hz)} Гц"
    if limit is not None:
        for side in (limit, -limit):
            ax.axhline(side, color=RED, lw=0.8, ls="--")
        words += f"; предел {number_ru(limit)}"
    ax.annotate(words, (0.99, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize=8)


def _draw_curve(ax: Axes, curve: LimitCurve, peaks: Mapping[str, Peak]) -> None:
    frequencies = np.geomspace(1, 200, 400)
    limits = [curve.limit_mm_s(float(frequency)) for frequency in frequencies]
    drawn = np.array([np.nan if limit is None else limit for limit in limits])
    ax.loglog(frequencies, drawn, color=RED, lw=1.2, label=curve.title)
    for name, marker in zip(GROUND, "osD", strict=True):
        peak = peaks.get(name)
        if peak is not None and peak.frequency_hz is not None and peak.value > 0:
            ax.loglog([peak.frequency_hz], [peak.value], marker, color=BLUE, mfc="none", label=AXIS_RU[name])
    ax.set_xlabel("Частота по переходам через ноль, Гц", fontsize=8)
    ax.set_ylabel("мм/с", fontsize=8)
    ax.grid(visible=True, which="both", lw=0.3)
    ax.legend(fontsize=7)


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


def map_figure(
    origin: Point,
    rings: Mapping[float, Sequence[Point]],
    *,
    forecasts: Sequence[ReceptorForecast] = (),
    block: Sequence[Point] = (),
    title: str = "",
    image: ImageFormat = "png",
) -> bytes:
    """Map in metres east and north of the block: contours of the bound, the block, receptors with their verdict."""
    plane = Plane(*origin)
    figure, axes = _canvas(1)
    ax = axes[0]
    for level, ring in sorted(rings.items(), reverse=True):
        points = np.array([plane.to_plane(point) for point in ring])
        ax.plot(points[:, 0], points[:, 1], color=AMBER, lw=1)
        top = points[points[:, 1].argmax()]
        ax.annotate(f"{number_ru(level)} мм/с", (top[0], top[1]), fontsize=8, ha="center", va="bottom", color=AMBER)
    if block:
        corners = np.array([plane.to_plane(point) for point in block])
        ax.fill(corners[:, 0], corners[:, 1], color=INK, alpha=0.4)
    ax.plot([0], [0], marker="*", color=INK, ms=10)
    for forecast in forecasts:
        x, y = plane.to_plane(forecast.place.point)
        marker, colour = {True: ("o", BLUE), False: ("D", RED), None: ("s", GREY)}[forecast.kept]
        ax.plot([x], [y], marker=marker, color=colour, ms=6)
        words = f"{forecast.place.name}\nдо {number_ru(forecast.bound_mm_s)} мм/с"
        ax.annotate(words, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=8)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.1)
    ax.set_xlabel("Метры на восток")
    ax.set_ylabel("Метры на север")
    ax.grid(visible=True, lw=0.3)
    ax.set_title(title or "Прогноз скорости, ниже которой 95 % взрывов", fontsize=10)
    return _bytes(figure, image)


def _canvas(rows: int) -> tuple[Figure, list[Axes]]:
    height = 5.5 if rows == 1 else 1.2 + 1.7 * rows
    figure = Figure(figsize=(8, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, squeeze=False)
    return figure, [row[0] for row in axes]


def _bytes(figure: Figure, image: ImageFormat) -> bytes:
    """The image; no date and a fixed salt, so that equal figures are equal bytes; text of an SVG stays text."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if image == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "uskat", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=image, dpi=120, metadata=metadata)
    return buffer.getvalue()
