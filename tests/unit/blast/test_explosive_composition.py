"""Golden numbers of norms.md §5.1, §5.2, §5.4."""

import pytest

from uskat.blast.explosive.composition import (
    CompositionError,
    gas_l_kg,
    gas_mol_kg,
    mixture_balance_percent,
    molar_mass_g,
    oxygen_balance_percent,
    zero_balance_share,
)
from uskat.blast.explosive.detonation import column_density_g_cm3, kamlet_jacobs, linear_charge_kg_m
from uskat.blast.explosive.register import Permit, Product, explosive_register, permit_of

AN, OIL, TNT, AL, SN, WATER = "NH4NO3", "CH2", "C7H5N3O6", "Al", "NaNO3", "H2O"


@pytest.mark.parametrize(
    ("formula", "balance"),
    [
        (AN, 19.988), (OIL, -342.18), (SN, 47.059), (TNT, -73.961), ("C3H6N6O6", -21.609), ("C5H8N4O12", -10.122),
        ("C3H5N3O9", 3.523), (AL, -88.943), ("C6H10O5", -118.41), (WATER, 0.0),
    ],
)  # fmt: skip
def test_oxygen_balance_of_substances_5_1(formula, balance):
    decimals = 2 if abs(balance) > 100 else 3
    assert round(oxygen_balance_percent(formula), decimals) == balance


@pytest.mark.parametrize(
    ("shares", "balance"),
    [
        ({AN: 0.945, OIL: 0.055}, 0.069), ({AN: 0.943, OIL: 0.057}, -0.655), ({AN: 0.94, OIL: 0.06}, -1.742),
        ({AN: 0.96, OIL: 0.04}, 5.501), ({AN: 0.98, OIL: 0.02}, 12.745), ({AN: 0.79, TNT: 0.21}, 0.259),
        ({AN: 0.5, TNT: 0.5}, -26.99), ({AN: 0.3, TNT: 0.7}, -45.776), ({AN: 0.918, OIL: 0.042, AL: 0.04}, 0.42),
        ({AN: 0.89, OIL: 0.03, AL: 0.08}, 0.41), ({TNT: 1.0}, -73.96),
        ({AN: 0.64, SN: 0.14, WATER: 0.16, OIL: 0.06}, -1.15), ({AN: 0.80, WATER: 0.14, OIL: 0.06}, -4.54),
        ({AN: 0.77, WATER: 0.16, OIL: 0.07}, -8.56),
    ],
)  # fmt: skip
def test_oxygen_balance_of_mixtures_5_1(shares, balance):
    assert mixture_balance_percent(shares) == pytest.approx(balance, abs=0.0055 if abs(balance) > 1 else 0.0051)


def test_alanfo_is_balanced_5_1():
    masses = {AN: 6 * molar_mass_g(AN), OIL: molar_mass_g(OIL), AL: 2 * molar_mass_g(AL)}
    total = sum(masses.values())
    assert mixture_balance_percent({name: mass / total for name, mass in masses.items()}) == pytest.approx(0, abs=1e-9)


def test_zero_balance_shares_5_1():
    assert 100 * zero_balance_share(OIL, AN) == pytest.approx(5.519, abs=5e-4)
    assert 100 * zero_balance_share(TNT, AN) == pytest.approx(21.28, abs=5e-3)
    with pytest.raises(CompositionError):
        zero_balance_share(AN, OIL)


def test_gas_of_anfo_5_1():
    total = 3 * molar_mass_g(AN) + molar_mass_g(OIL)
    assert total == pytest.approx(254.156, abs=5e-4)
    shares = {AN: 3 * molar_mass_g(AN) / total, OIL: molar_mass_g(OIL) / total}
    assert gas_mol_kg(shares) == pytest.approx(43.2805, abs=5e-5)
    assert gas_l_kg(shares) == pytest.approx(970.1, abs=0.05)
    assert gas_mol_kg({TNT: 1.0}) is None
    # AN alone: N2 + 2 H2O + 0.5 O2 from one mol
    assert gas_mol_kg({AN: 1.0}) == pytest.approx(3.5 * 1000 / molar_mass_g(AN))


@pytest.mark.parametrize(("density", "velocity", "pressure"), [(0.8, 5189, 6.32), (0.85, 5354, 7.14)])
def test_ideal_detonation_of_anfo_5_2(density, velocity, pressure):
    found = kamlet_jacobs(gas_mol_kg=43.2805, gas_molar_mass_g=23.105, heat_kj_kg=3891, density_g_cm3=density)
    assert round(found.phi) == 12977
    assert round(found.velocity_m_s) == velocity
    assert round(found.pressure_gpa, 2) == pressure


def test_charge_column_5_4():
    assert linear_charge_kg_m(diameter_mm=215, density_g_cm3=0.85) == pytest.approx(30.86, abs=5e-3)
    assert 9 * linear_charge_kg_m(diameter_mm=215, density_g_cm3=0.85) == pytest.approx(277.7, abs=0.05)
    assert pytest.approx(0.643, abs=5e-4) == 277.7 / (6 * 6 * 12)
    assert column_density_g_cm3(charge_kg=277.7, diameter_mm=215, length_m=9) == pytest.approx(0.85, abs=1e-3)


@pytest.mark.parametrize("formula", ["", "XeF2", "NH4(NO3)", "nh4no3", "2H2O"])
def test_an_unknown_formula_is_refused(formula):
    with pytest.raises(CompositionError):
        oxygen_balance_percent(formula)


def test_shares_that_are_no_whole_are_refused():
    with pytest.raises(CompositionError, match=r"0\.9000"):
        mixture_balance_percent({AN: 0.9})


def test_the_register_knows_products_by_code_and_alias_and_shows_how_far_they_are_verified():
    register = explosive_register()
    assert register.product("игданит") is register.product("anfo")
    assert register.product("unknown") is None
    assert register.oxygen_balance_percent(register.product("anfo")) == pytest.approx(0.069, abs=5e-4)
    assert register.oxygen_balance_percent(register.product("detonit-m")) == 0.18
    assert register.oxygen_balance_percent(register.product("emulsion")) is None
    assert register.gas_l_kg(register.product("anfo")) == pytest.approx(970.1, abs=1)
    assert register.product("granulotol").heat_mj_kg.level == "memory"
    assert register.product("detonit-m").vod_m_s.verified


def test_an_agency_replaces_and_adds_products():
    own = Product(code="emulsion", name="Эмульсия завода", name_en="Plant emulsion", family="emulsion")
    register = explosive_register().with_products([own])
    assert register.product("emulsion") == own
    assert len(register.products) == len(explosive_register().products)


def test_a_permit_holds_for_its_enterprise_and_term():
    from datetime import date

    permit = Permit(number="7", product="anfo", enterprise="a", valid_from=date(2026, 1, 1), valid_to=date(2026, 7, 1))
    assert permit_of([permit], "anfo", enterprise="a", day=date(2026, 6, 30)) is permit
    assert permit_of([permit], "anfo", enterprise="a", day=date(2026, 7, 1)) is None
    assert permit_of([permit], "anfo", enterprise="b", day=date(2026, 6, 30)) is None
    assert permit_of([permit], "emulsion", enterprise="a", day=date(2026, 6, 30)) is None
