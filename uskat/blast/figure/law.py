"""The law of a site over the records it was fitted to, log–log with its bounds."""

from collections.abc import Collection, Sequence

import numpy as np

from uskat.blast.figure.canvas import (
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
from uskat.blast.propagation.fit import SiteFit
from uskat.blast.propagation.law import ROOT, LawForm, PpvRecord, SiteLaw
from uskat.finding import number_ru

FORM_RU = {LawForm.SQUARE_ROOT: "м/√кг", LawForm.CUBE_ROOT: "м/кг^⅓", LawForm.FREE: "м/√кг"}


def fit_figure(
    records: Sequence[PpvRecord], fit: SiteFit, *, limit_mm_s: float | None = None, image: ImageFormat = "png"
) -> bytes:
    """Figure of a fresh fit; see `law_figure`."""
    odd = {outlier.index for outlier in fit.outliers}
    return law_figure(records, fit.law, odd=odd, limit_mm_s=limit_mm_s, image=image)


def law_figure(
    records: Sequence[PpvRecord],
    law: SiteLaw,
    *,
    odd: Collection[int] = (),
    limit_mm_s: float | None = None,
    title: str = "Закон затухания площадки",
    image: ImageFormat = "png",
) -> bytes:
    """Velocity against scaled distance, log–log: records, law, one-sided 95 % bounds, outliers, a limit.

    odd: indices of records that do not fit. A law of free exponents or with direction is drawn at the mean charge and
    without its direction. A refused law is drawn too, with the reasons for its refusal, so that one sees why.
    """
    root = ROOT.get(law.form, ROOT[LawForm.SQUARE_ROOT])
    distance = np.array([record.distance_m for record in records])
    charge = np.array([record.charge_kg for record in records])
    ppv = np.array([record.ppv_mm_s for record in records])
    scaled = distance / charge**root
    line = np.geomspace(scaled.min(), scaled.max(), 100)
    mean_charge = float(10 ** np.log10(charge).mean())
    azimuth = np.full_like(line, 90.0) if law.directional else None
    spread = law.spread_unchecked(line * mean_charge**root, np.full_like(line, mean_charge), azimuth_deg=azimuth)
    figure, (ax,) = canvas(height_in=6.0)
    usual = np.array([place not in odd for place in range(len(records))])
    ax.loglog(scaled[usual], ppv[usual], "o", color=BLUE, ms=4, label="записи")
    if not usual.all():
        ax.loglog(scaled[~usual], ppv[~usual], "D", color=RED, ms=6, mfc="none", label="не укладываются")
    ax.loglog(line, spread.median_mm_s(), "-", color=INK, label=_law_words(law))
    ax.loglog(line, spread.bound_mm_s(0.95), "--", color=INK, label="95 % взрывов ниже")
    ax.loglog(line, spread.bound_mm_s(0.05), ":", color=GREY, label="95 % взрывов выше")
    if limit_mm_s is not None:
        ax.axhline(limit_mm_s, color=RED, lw=1, ls="-.", label=f"предел {number_ru(limit_mm_s)} мм/с")
    ax.set_xlabel(f"Приведённое расстояние, {FORM_RU[law.form]}")
    ax.set_ylabel("Скорость, мм/с")
    words = (title,) if not law.refused else (title, "Записи не несут закона: " + " ".join(law.refused))
    ax.set_title(heading(*words), fontsize=9)
    plain_numbers(ax, logarithmic=True)
    ax.grid(visible=True, which="both", lw=0.3)
    key_below(figure, ax, columns=2)
    return image_bytes(figure, image)


def _law_words(law: SiteLaw) -> str:
    r2, s = number_ru(law.r2), number_ru(law.s)
    return f"K = {number_ru(law.k)}, β = {number_ru(law.beta)}; R² = {r2}, s = {s}, n = {law.n}"
