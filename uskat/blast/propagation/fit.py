"""Fit a site law: choose its form, see whether the records carry it, name the records that do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from uskat.blast.propagation.law import LawForm, PpvRecord, SiteLaw, design
from uskat.blast.propagation.rules import propagation_rules
from uskat.blast.propagation.spread import Values
from uskat.finding import number_ru


class FitError(ValueError):
    """Records from which not even a line can be drawn: too few, not positive, or all at one scaled distance."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A record that does not fit: expected mm/s, residual in s, p with Bonferroni's correction.

    certain: p below the rule; else only further than two s off, which one blast in twenty is by chance.
    """

    index: int
    record: PpvRecord
    expected_mm_s: float
    residual_s: float
    p: float
    certain: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "index": self.index,
            "label": self.record.label,
            "distance_m": self.record.distance_m,
            "charge_kg": self.record.charge_kg,
            "ppv_mm_s": self.record.ppv_mm_s,
            "expected_mm_s": self.expected_mm_s,
            "residual_s": self.residual_s,
            "p": self.p,
            "certain": self.certain,
        }


@dataclass(frozen=True, slots=True)
class SiteFit:
    """The chosen law, all that were tried (by form), and the records that do not fit it."""

    law: SiteLaw
    tried: tuple[SiteLaw, ...]
    outliers: tuple[Outlier, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "law": self.law.to_json(),
            "tried": [law.to_json() for law in self.tried],
            "outliers": [outlier.to_json() for outlier in self.outliers],
        }


def fit_site(records: Sequence[PpvRecord]) -> SiteFit:
    """The law of a site.

    The square root, unless the cube root fits much better (AIC); own exponents for distance and charge when an F test
    against it is significant; azimuths likewise, when every quadrant has records. The law says itself whether it may
    be used.
    Raises FitError.
    """
    rules = propagation_rules()
    square, cube = (fit_form(records, form) for form in (LawForm.SQUARE_ROOT, LawForm.CUBE_ROOT))
    tried = [square, cube]
    delta_aic = 2 * square.n * float(np.log(square.s / cube.s))
    chosen = cube if delta_aic >= rules.cube_root_delta_aic.value and not cube.refused else square
    try:
        free = fit_form(records, LawForm.FREE)
    except FitError:
        free = None
    if free is not None:
        tried.append(free)
        if free.charge_exponent > 0 and _gain_p(chosen, free) < rules.free_p_below.value and not free.refused:
            chosen = free
    if _surrounded(records):
        around = fit_form(records, chosen.form, directional=True)
        tried.append(around)
        if _gain_p(chosen, around) < rules.direction_p_below.value and not around.refused:
            chosen = around
    return SiteFit(chosen, tuple(tried), find_outliers(records, chosen))


def fit_form(records: Sequence[PpvRecord], form: LawForm, *, directional: bool = False) -> SiteLaw:
    """Least squares of one form, with its own judgement whether the records carry it. Raises FitError."""
    distance, charge, ppv, azimuth = _arrays(records, directional=directional)
    rows = design(form, distance, charge_kg=charge, azimuth_deg=azimuth)
    n, p = rows.shape
    if n <= p or np.linalg.matrix_rank(rows) < p:
        raise FitError(f"{n} записей не определяют {p} чисел закона")
    y = np.log10(ppv)
    covariance = np.asarray(np.linalg.inv(rows.T @ rows), dtype=np.float64)
    coefficients = covariance @ (rows.T @ y)
    sse = float(np.square(y - rows @ coefficients).sum())
    total = float(np.square(y - y.mean()).sum())
    if total <= 0 or sse <= 0:
        raise FitError("все скорости одинаковы или лежат точно на прямой: разброса не оценить")
    s = (sse / (n - p)) ** 0.5
    errors = s * np.sqrt(np.diag(covariance))
    law = SiteLaw(
        form=form,
        directional=directional,
        coefficients=coefficients,
        covariance=covariance,
        s=s,
        r2=1 - sse / total,
        n=n,
        p_values=np.asarray(2 * stats.t.sf(np.abs(coefficients / errors), n - p), dtype=np.float64),
        ranges=_ranges(form, distance, charge),
    )
    return replace(law, refused=_refusals(law), warnings=_warnings(law))


def _arrays(records: Sequence[PpvRecord], *, directional: bool) -> tuple[Values, Values, Values, Values | None]:
    numbers = np.array([(r.distance_m, r.charge_kg, r.ppv_mm_s) for r in records], dtype=np.float64).reshape(-1, 3)
    if not numbers.size or not np.isfinite(numbers).all() or (numbers <= 0).any():
        raise FitError("расстояние, заряд и скорость каждой записи должны быть больше нуля")
    azimuth = None
    if directional:
        known = [record.azimuth_deg for record in records if record.azimuth_deg is not None]
        if len(known) < len(records):
            raise FitError("не у каждой записи есть направление")
        azimuth = np.array(known, dtype=np.float64)
    return numbers[:, 0], numbers[:, 1], numbers[:, 2], azimuth


def _ranges(form: LawForm, distance_m: Values, charge_kg: Values) -> dict[str, tuple[float, float]]:
    scaled = design(LawForm.SQUARE_ROOT if form is LawForm.FREE else form, distance_m, charge_kg=charge_kg)[:, 1]
    columns = {"distance": np.log10(distance_m), "charge": np.log10(charge_kg), "scaled": scaled}
    return {name: (float(values.min()), float(values.max())) for name, values in columns.items()}


def _refusals(law: SiteLaw) -> tuple[str, ...]:
    rules = propagation_rules()
    low, high = law.ranges["scaled"]
    reasons = []
    if law.n < rules.least_records.value:
        reasons.append(f"Записей {law.n}, нужно не меньше {rules.least_records.value:.0f}.")
    if high - low < rules.least_span_decades.value:
        span, least = number_ru(high - low), number_ru(rules.least_span_decades.value)
        reasons.append(f"Приведённое расстояние меняется на {span} порядка, нужно не меньше {least}.")
    if law.r2 < rules.least_r2.value:
        reasons.append(f"R² = {number_ru(law.r2)}, нужно не меньше {number_ru(rules.least_r2.value)}.")
    if law.beta >= 0 or law.p_values[1] >= rules.slope_p_below.value:
        reasons.append(f"Спад с расстоянием не доказан (показатель {number_ru(law.beta)}, p = {law.p_values[1]:.3f}).")
    return tuple(reasons)


def _warnings(law: SiteLaw) -> tuple[str, ...]:
    rules = propagation_rules()
    warnings = []
    if rules.least_records.value <= law.n < rules.good_records.value:
        warnings.append(f"Записей {law.n}; лучше {rules.good_records.value:.0f} и больше.")
    if rules.least_r2.value <= law.r2 < rules.good_r2.value:
        warnings.append(f"R² = {number_ru(law.r2)}; лучше {number_ru(rules.good_r2.value)} и больше.")
    return tuple(warnings)


def _gain_p(small: SiteLaw, large: SiteLaw) -> float:
    """p of the F test that the larger model is no better."""
    sse_small, sse_large = small.s**2 * small.dof, large.s**2 * large.dof
    extra = small.dof - large.dof
    return float(stats.f.sf((sse_small - sse_large) / extra / large.s**2, extra, large.dof))


def _surrounded(records: Sequence[PpvRecord]) -> bool:
    """True when every record has an azimuth and every quadrant enough of them."""
    azimuths = [record.azimuth_deg for record in records if record.azimuth_deg is not None]
    if len(azimuths) < len(records):
        return False
    counts = np.bincount((np.array(azimuths) % 360 // 90).astype(np.int64), minlength=4)
    return bool((counts >= propagation_rules().direction_least_in_quadrant.value).all())


def find_outliers(records: Sequence[PpvRecord], law: SiteLaw) -> tuple[Outlier, ...]:
    """Records further than two s from the law (norms.md §5.4, 9), by externally studentised residuals; worst first."""
    rules = propagation_rules()
    distance, charge, ppv, azimuth = _arrays(records, directional=law.directional)
    rows = design(law.form, distance, charge_kg=charge, azimuth_deg=azimuth)
    expected = rows @ law.coefficients
    residuals = np.log10(ppv) - expected
    leverage = np.einsum("ij,jk,ik->i", rows, law.covariance, rows)
    left = (law.s**2 * law.dof - residuals**2 / (1 - leverage)) / max(law.dof - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        studentised = residuals / np.sqrt(np.maximum(left, 0) * (1 - leverage))
    p = np.minimum(1, law.n * 2 * stats.t.sf(np.abs(studentised), max(law.dof - 1, 1)))
    found = [
        Outlier(
            index=int(place),
            record=records[int(place)],
            expected_mm_s=float(10.0 ** expected[place]),
            residual_s=float(residuals[place] / law.s),
            p=float(p[place]),
            certain=bool(p[place] < rules.outlier_p_below.value),
        )
        for place in np.flatnonzero(
            (np.abs(residuals) > rules.notable_residual.value * law.s) | (p < rules.outlier_p_below.value)
        )
    ]
    return tuple(sorted(found, key=lambda outlier: -abs(outlier.residual_s)))
