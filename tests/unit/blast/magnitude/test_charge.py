"""norms.md §3.3: magnitude against charge, with the synthetic case a = 0.7, b = 1.0, s = 0.15."""

import numpy as np
import pytest

from uskat.blast.magnitude.charge import ChargePair, ChargeVerdict, check_charge, fit_charge_law


def synthetic(n=60, a=0.7, b=1.0, s=0.15, seed=1):
    rng = np.random.default_rng(seed)
    charges = 10 ** rng.uniform(0.7, 2.5, n)
    return [ChargePair(float(w), float(a * np.log10(w) + b + s * rng.standard_normal())) for w in charges]


def test_the_synthetic_law_of_norms_3_3_is_found():
    law = fit_charge_law(synthetic(n=400))
    assert law.usable
    assert law.slope == pytest.approx(0.7, abs=0.05)
    assert law.intercept == pytest.approx(1.0, abs=0.08)
    assert law.s == pytest.approx(0.15, abs=0.012)


def test_the_fit_is_that_of_numpy():
    pairs = synthetic()
    law = fit_charge_law(pairs)
    x, y = np.log10([pair.charge_t for pair in pairs]), np.array([pair.magnitude for pair in pairs])
    slope, intercept = np.polyfit(x, y, 1)
    assert (law.slope, law.intercept) == pytest.approx((slope, intercept), abs=1e-9)
    assert law.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, abs=1e-9)


def test_the_interval_holds_95_per_cent_of_future_blasts():
    judged = []
    for seed in range(150):
        law = fit_charge_law(synthetic(n=40, seed=seed))
        for pair in synthetic(n=10, seed=1000 + seed):
            verdict = check_charge(law, pair).verdict
            if verdict is not ChargeVerdict.OUTSIDE_RANGE:
                judged.append(verdict is ChargeVerdict.FITS)
    assert len(judged) > 1300
    assert 0.93 <= np.mean(judged) <= 0.97


@pytest.mark.parametrize(("factor", "verdict"), [(0.125, ChargeVerdict.TOO_STRONG), (10.0, ChargeVerdict.TOO_WEAK)])
def test_a_falsified_charge_does_not_fit(factor, verdict):
    law = fit_charge_law(synthetic(n=200))
    truth = 50.0 if factor < 1 else 12.0
    check = check_charge(law, ChargePair(truth * factor, law.expected(truth)))
    assert check.verdict is verdict
    assert "ML" in check.reason


def test_no_law_is_used_before_the_data_carry_one():
    few = fit_charge_law(synthetic(n=10))
    assert not few.usable
    assert check_charge(few, ChargePair(20, 2)).verdict is ChargeVerdict.NO_LAW
    rng = np.random.default_rng(3)
    noise = fit_charge_law([ChargePair(float(10 ** rng.uniform(0, 2)), float(rng.normal(2, 0.5))) for _ in range(44)])
    assert not noise.usable
    assert any("R²" in reason for reason in noise.refused)


def test_a_charge_outside_the_studied_range_is_not_judged():
    law = fit_charge_law(synthetic(n=100))
    assert check_charge(law, ChargePair(law.greatest_t * 3, 9.0)).verdict is ChargeVerdict.OUTSIDE_RANGE


def test_unusable_pairs_are_left_out():
    bad = [ChargePair(0.0, 2.0), ChargePair(float("nan"), 2.0), ChargePair(5.0, float("inf"))]
    assert fit_charge_law([*synthetic(), *bad]) == fit_charge_law(synthetic())
    assert fit_charge_law(bad) is None
    assert fit_charge_law([ChargePair(5.0, value) for value in (1.0, 2.0, 3.0)]) is None
    with pytest.raises(ValueError, match="charge"):
        check_charge(None, ChargePair(0.0, 2.0))
