"""Emissions by month: the yearly form of the method, sums, and what has no factor (norms.md §4.1, trap 12)."""

from datetime import timedelta, timezone

import pytest

from tests.unit.blast.passports import report
from uskat.blast.emission.factors import emission_factors
from uskat.blast.emission.month import emission_months
from uskat.blast.explosive.register import explosive_register

ZONE = timezone(timedelta(hours=7))
FACTORS, REGISTER = emission_factors(), explosive_register()
PUBLISHED = [
    {"product": "ammonite-pzhv", "name": "ПЖВ", "mass_kg": 190.0},
    {"product": "ammonite-6zhv", "name": "6ЖВ", "mass_kg": 890.0},
    {"product": "granulotol", "name": "Гранулотол", "mass_kg": 180.0},
    {"product": "grammonite-30-70", "name": "30/70", "mass_kg": 40.0},
]
ANFO = [{"product": "anfo", "name": "Игданит", "mass_kg": 2777.0}]


def months(*reports):
    return emission_months(reports, ZONE, factors=FACTORS, register=REGISTER)


def test_the_yearly_form_of_the_published_example_counts_later_co():
    [june] = months(report(explosives=PUBLISHED, total_charge_kg=1300.0))
    assert june.amounts["CO"].own_t == pytest.approx(0.04338)  # norms.md §4.1: CO of the four charges with a = 1.5
    assert june.amounts["NOx"].own_t == pytest.approx(0.00325)
    assert june.amounts["NO2"].own_t == pytest.approx(0.0026)


def test_months_are_local_and_sum_up_and_what_has_no_factor_is_named():
    first = report(explosives=PUBLISHED, total_charge_kg=1300.0, fired_at="2026-05-31T16:59:00Z")
    second = report(explosives=ANFO, fired_at="2026-05-31T17:00:00Z")
    third = report(explosives=PUBLISHED, total_charge_kg=1300.0, fired_at="2026-06-20T06:00:00Z")
    may, june = months(third, second, first)
    assert [(found.month.month, found.blasts) for found in (may, june)] == [(5, 1), (6, 2)]
    assert (june.covered_t, june.total_t) == (pytest.approx(1.3), pytest.approx(4.077))
    assert june.amounts["CO"].own_t == pytest.approx(may.amounts["CO"].own_t)
    assert (may.to_json()["complete"], june.to_json()["complete"]) == (True, False)
    assert june.without_factor == ("anfo",)


def test_a_month_of_products_without_a_factor_has_no_amount_and_not_zero():
    [june] = months(report(explosives=ANFO))
    assert set(june.amounts.values()) == {None}


def test_enterprises_are_kept_apart():
    assert [found.enterprise for found in months(report(), report(enterprise="a"))] == ["a", "kedrovaya-pad-demo"]
