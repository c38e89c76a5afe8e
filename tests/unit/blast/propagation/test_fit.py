"""Norms.md §2.2–2.3: regressions to six digits, refusal, form, direction, outliers."""

import json

import numpy as np
import pytest

from uskat.blast.propagation.fit import FitError, fit_form, fit_site
from uskat.blast.propagation.law import LawForm, LawRefusedError, PpvRecord, law_of_json
from uskat.blast.propagation.published import published_tables
from uskat.blast.propagation.spread import largest_charge_kg

DOWDING = {
    # axis: n, K, b, s, r, K95, mean and 95 % bound at SD 50, Q_max and SD for 40 mm/s at 200 m
    "H": (29, 879.755160, -1.526733, 0.225308, -0.950052, 2065.1942, 2.2412, 5.5057, 228.130, 13.2415),
    "V": (41, 366.963654, -1.298573, 0.260204, -0.891197, 983.1512, 2.2824, 6.3423, 288.659, 11.7716),
    "T": (29, 1060.575495, -1.594081, 0.238781, -0.948655, 2619.9971, 2.0761, 5.3816, 210.537, 13.7837),
}


def square(records):
    return fit_form(records, LawForm.SQUARE_ROOT)


@pytest.mark.parametrize("axis", DOWDING)
def test_2_3_1_dowding_to_six_digits(axis):
    n, k, b, s, r, k95, mean, bound, q_max, scaled = DOWDING[axis]
    law = square(published_tables()[f"dowding-{axis}"])
    assert law.n == n
    assert law.k == pytest.approx(k, abs=1e-5)
    assert law.beta == pytest.approx(b, abs=1e-6)
    assert law.s == pytest.approx(s, abs=1e-6)
    assert law.correlation == pytest.approx(r, abs=1e-6)
    assert law.k_parallel() == pytest.approx(k95, abs=1e-4)
    spread = law.spread(np.array([50.0]), np.array([1.0]))
    assert spread.median_mm_s()[0] == pytest.approx(mean, abs=5e-5)
    assert spread.bound_mm_s(0.95)[0] == pytest.approx(bound, abs=5e-5)
    assert law.charge_parallel_kg(40, 200) == pytest.approx(q_max, abs=5e-4)
    assert 200 / law.charge_parallel_kg(40, 200) ** 0.5 == pytest.approx(scaled, abs=5e-5)


def test_trap_9_the_textbook_quantile_differs_in_the_third_digit():
    law = square(published_tables()["dowding-H"])
    assert law.k * 10 ** (1.64 * law.s) == pytest.approx(2060.00, abs=0.005)
    assert law.k_parallel() == pytest.approx(2065.194, abs=5e-4)


def test_2_3_2_vigo_to_six_digits():
    records = published_tables()["vigo-V"]
    law = square(records)
    x = np.log10([record.distance_m for record in records])
    assert law.beta == pytest.approx(-1.629082, abs=1e-6)
    assert law.coefficients[0] == pytest.approx(3.141254, abs=1e-6)
    assert law.k == pytest.approx(1384.377, abs=5e-4)
    assert law.s == pytest.approx(0.2353596, abs=1e-7)
    assert law.correlation == pytest.approx(-0.925095, abs=1e-6)
    assert law.r2 == pytest.approx(0.855801, abs=1e-6)
    assert x.mean() == pytest.approx(1.3900328, abs=1e-7)
    assert np.square(x - x.mean()).sum() == pytest.approx(5.946053, abs=1e-6)
    assert law.s * law.covariance[1, 1] ** 0.5 == pytest.approx(0.0965200, abs=1e-7)
    spread = law.spread(np.array([20.0]), np.array([1.0]))
    assert spread.median_mm_s()[0] == pytest.approx(10.5141, abs=5e-5)
    assert spread.bound_mm_s(0.90)[0] == pytest.approx(21.4215, abs=5e-5)
    assert spread.bound_mm_s(0.95)[0] == pytest.approx(26.3457, abs=5e-5)
    assert law.k_parallel(0.90) == pytest.approx(2772.55, abs=5e-3)
    assert law.k_parallel(0.95) == pytest.approx(3375.88, abs=5e-3)


def with_statistics(*, n, slope, r2, seed=1):
    """Records made so that their regression has exactly this slope and R² (the Bhanegaon table may not be copied)."""
    random = np.random.default_rng(seed)
    x = random.uniform(1.0, 2.0, n)
    noise = random.normal(0, 1, n)
    rows = np.column_stack([np.ones(n), x])
    noise -= rows @ np.linalg.lstsq(rows, noise, rcond=None)[0]
    explained = slope * (x - x.mean())
    noise *= np.sqrt((1 - r2) / r2 * np.square(explained).sum() / np.square(noise).sum())
    y = np.log10(3.948) + explained + noise
    return [PpvRecord(10**place, 1.0, 10**value) for place, value in zip(x, y, strict=True)]


def test_2_3_4_trap_8_bhanegaon_is_refused_and_gives_no_charge():
    law = fit_site(with_statistics(n=44, slope=-0.325, r2=0.0266)).law
    assert law.beta == pytest.approx(-0.325, abs=1e-6)
    assert law.r2 == pytest.approx(0.0266, abs=1e-6)
    assert law.p_values[1] == pytest.approx(0.291, abs=0.002)
    assert any("R²" in reason for reason in law.refused)
    assert any("не доказан" in reason for reason in law.refused)
    with pytest.raises(LawRefusedError, match="R²"):
        law.charge_parallel_kg(5, 500)
    with pytest.raises(LawRefusedError):
        law.spread(np.array([500.0]), np.array([100.0]))
    with pytest.raises(LawRefusedError):
        largest_charge_kg(law, 500.0, limit_mm_s=5.0)


@pytest.mark.parametrize(
    ("records", "word"),
    [(19, "Записей 19"), (25, None)],
)
def test_2_2_few_records_are_no_law(records, word):
    law = fit_site(made(records)).law
    assert bool(law.refused) == (word is not None)
    assert word is None or word in law.refused[0]
    assert word is not None or "лучше 30" in law.warnings[0]


def test_2_2_a_narrow_range_is_no_law():
    law = square(made(60, span=(300.0, 600.0)))
    assert "порядка" in law.refused[0]


def made(n, *, root=0.5, span=(50.0, 1500.0), direction=0.0, scatter=0.1, seed=2):
    """Records of a known law K 1000, β −1.5."""
    random = np.random.default_rng(seed)
    distance = np.exp(random.uniform(np.log(span[0]), np.log(span[1]), n))
    charge = np.exp(random.uniform(np.log(30), np.log(3000), n)) if span[1] > 1000 else np.full(n, 500.0)
    azimuth = random.uniform(0, 360, n)
    y = 3 - 1.5 * (np.log10(distance) - root * np.log10(charge)) + direction * np.cos(np.radians(azimuth))
    y += random.normal(0, scatter, n)
    return [
        PpvRecord(float(d), float(q), float(10**v), azimuth_deg=float(a))
        for d, q, v, a in zip(distance, charge, y, azimuth, strict=True)
    ]


@pytest.mark.parametrize(
    ("root", "form"), [(0.5, LawForm.SQUARE_ROOT), (1 / 3, LawForm.CUBE_ROOT), (0.9, LawForm.FREE)]
)
def test_the_form_is_found(root, form):
    law = fit_site(made(80, root=root)).law
    assert law.form is form
    assert law.charge_exponent == pytest.approx(1.5 * root, rel=0.1)
    assert not law.directional


def test_the_square_root_stays_unless_the_data_speak_strongly():
    assert fit_site(published_tables()["dowding-H"]).law.form is LawForm.SQUARE_ROOT


def test_direction_is_taken_only_when_the_data_support_it():
    law = fit_site(made(80, direction=0.2)).law
    assert law.directional
    assert law.coefficients[2] == pytest.approx(0.2, abs=0.06)
    north = largest_charge_kg(law, 500.0, limit_mm_s=5.0, azimuth_deg=0.0)
    south = largest_charge_kg(law, 500.0, limit_mm_s=5.0, azimuth_deg=180.0)
    assert south > 2 * north
    with pytest.raises(ValueError, match="azimuths"):
        law.spread(np.array([500.0]), np.array([100.0]))
    with pytest.raises(ValueError, match="directional"):
        law.charge_parallel_kg(5, 500)
    one_side = [record for record in made(160, direction=0.2) if record.azimuth_deg < 180]
    assert not fit_site(one_side).law.directional


def test_the_charge_by_the_bound_is_smaller_than_by_the_parallel_line_and_meets_the_limit():
    law = square(published_tables()["dowding-H"])
    charge = largest_charge_kg(law, 200.0, limit_mm_s=40.0)
    assert charge < law.charge_parallel_kg(40, 200)
    bound = law.spread(np.array([200.0]), np.array([charge])).bound_mm_s(0.95)[0]
    assert bound == pytest.approx(40.0, rel=1e-6)
    assert largest_charge_kg(law, 200.0, limit_mm_s=1e9) is None


def test_2_2_no_silent_extrapolation():
    law = square(published_tables()["dowding-H"])
    assert not law.outside(100.0, 2.0)
    assert law.outside(5.0, 2.0)
    assert law.outside(5000.0, 2.0)
    free = fit_form(made(80), LawForm.FREE)
    assert free.outside(200.0, 1e5)


def test_5_4_9_a_wrong_charge_is_an_outlier_and_is_named():
    records = made(40)
    records[7] = PpvRecord(records[7].distance_m, records[7].charge_kg, records[7].ppv_mm_s * 6, label="№ 8")
    (worst, *_) = fit_site(records).outliers
    assert (worst.index, worst.record.label, worst.certain) == (7, "№ 8", True)
    assert worst.residual_s > 3
    assert not any(outlier.certain for outlier in fit_site(made(40)).outliers)


def test_a_stored_law_predicts_the_same():
    law = fit_site(made(80, direction=0.2)).law
    again = law_of_json(json.loads(json.dumps(law.to_json())))
    place = (np.array([321.0]), np.array([77.0]))
    for one, other in zip(
        (law.spread(*place, azimuth_deg=np.array([12.0])).bound_mm_s(0.95), law.k_parallel(), law.refused),
        (again.spread(*place, azimuth_deg=np.array([12.0])).bound_mm_s(0.95), again.k_parallel(), again.refused),
        strict=True,
    ):
        assert one == other


@pytest.mark.parametrize(
    "records",
    [
        [],
        [PpvRecord(100, 10, 1)] * 2,
        [PpvRecord(100, 10, value) for value in (1, 2, 3, 4)],
        [PpvRecord(0, 10, 1), *made(5)],
        [PpvRecord(100, 10, float("nan")), *made(5)],
    ],
)
def test_records_without_a_line_are_refused(records):
    with pytest.raises(FitError):
        fit_site(records)
