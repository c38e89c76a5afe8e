"""Golden numbers of norms.md §4.1–4.5 and traps 11, 12."""

import pytest

from uskat.blast.emission.factors import emission_factors
from uskat.blast.emission.mass import (
    blast_emission,
    cloud_height_m,
    cloud_volume_m3,
    dust_by_volume_t,
    rate_20min_g_s,
    rate_g_s,
)
from uskat.blast.explosive.composition import MOLAR_VOLUME_0C_L
from uskat.blast.explosive.register import explosive_register
from uskat.blast.fume import (
    MOLAR_MASS_G,
    Extent,
    FumeObservation,
    fume_norms,
    is_incident,
    mg_m3_of_ppm,
    ppm_of_mg_m3,
)
from uskat.blast.passport.model import ExplosiveLoad, Suppression
from uskat.blast.provenance import Level

FACTORS, REGISTER = emission_factors(), explosive_register()
EXAMPLE = {"ammonite-pzhv": 0.19, "ammonite-6zhv": 0.89, "granulotol": 0.18, "grammonite-30-70": 0.04}


def loads(tonnes):
    return [ExplosiveLoad(product=code, name=code, mass_kg=1000 * mass) for code, mass in tonnes.items()]


def emission(tonnes, suppression=None, **more):
    return blast_emission(loads(tonnes), suppression, factors=FACTORS, register=REGISTER, **more)


@pytest.mark.parametrize(
    ("pollutant", "tonnes", "published"),
    [
        ("dust", 0.0128026, 0.013),
        ("CO", 0.02892, 0.029),
        ("NOx", 0.00325, 0.003),
        ("NO2", 0.0026, 0.003),
        ("NO", 0.0004225, 0.0004),
    ],
)
def test_the_published_example_4_1(pollutant, tonnes, published):
    amount = emission(EXAMPLE).amounts[pollutant]
    assert amount.own_t == pytest.approx(tonnes, abs=5e-8)
    assert amount.own_t == pytest.approx(published, abs=5e-4)


def test_water_stemming_of_the_example_4_1():
    watered = Suppression(method="water_stemming", dust_efficiency=0.6)
    found = emission(EXAMPLE, watered)
    assert found.amounts["dust"].own_t == pytest.approx(0.0051210, abs=5e-8)
    assert found.amounts["CO"] == emission(EXAMPLE).amounts["CO"]
    assert found.notes == ()


def test_gas_that_leaves_the_muck_later_4_1():
    annual = emission(EXAMPLE, with_later_gas=True)
    assert annual.amounts["CO"].own_t == pytest.approx(0.04338, abs=5e-6)
    assert annual.amounts["dust"].own_t == pytest.approx(emission(EXAMPLE).amounts["dust"].own_t)


def test_no2_and_no_do_not_add_to_the_nox_4_1_trap_11():
    found = emission(EXAMPLE).amounts
    assert found["NO2"].own_t + found["NO"].own_t < found["NOx"].own_t
    as_no2 = found["NO2"].own_t + found["NO"].own_t * 46 / 30
    assert as_no2 == pytest.approx(found["NOx"].own_t, rel=2e-3)
    assert pytest.approx(0.1304, abs=5e-5) == 0.2 * 30 / 46
    assert found["NO2"].level is Level.SECONDARY


def test_the_range_runs_over_every_published_factor_4_4():
    found = emission({"granulotol": 1.0}).amounts
    assert (found["CO"].low_t, found["CO"].own_t, found["CO"].high_t) == pytest.approx((0.022, 0.022, 0.037))
    assert found["dust"].low_t == found["dust"].high_t
    assert emission({"grammonite-30-70": 1.0}).amounts["CO"].low_t == pytest.approx(0.030)


def test_no_official_factor_is_never_zero_4_4_trap_12():
    found = emission({"anfo": 100.0, "emulsion": 50.0})
    assert found.amounts == dict.fromkeys(("dust", "CO", "NOx", "NO2", "NO"))
    assert (found.covered_t, found.total_t, found.complete) == (0, 150, False)
    told = {item["product"]: item for item in found.to_json()["without_factor"]}
    assert told["anfo"]["word"] == "нет официального коэффициента"
    assert told["anfo"]["comparison_t"] == pytest.approx({"CO": 3.4, "NOx": 0.8, "SO2": 0.1})
    assert told["emulsion"]["comparison_t"] is None
    assert "это не ноль" in found.notes[0]


def test_a_part_without_a_factor_is_told_beside_the_sum():
    found = emission({"granulotol": 2.0, "igdanit": 8.0})
    assert found.amounts["CO"].own_t == pytest.approx(0.044)
    assert (found.covered_t, found.total_t) == (2, 10)
    assert [item.product for item in found.without_factor] == ["anfo"]


def test_an_efficiency_nobody_published_is_doubted():
    told = emission(EXAMPLE, Suppression(method="irrigation", dust_efficiency=0.9, gas_efficiency=0.2)).notes
    assert told == (
        "Заявленная эффективность по пыли 0.9: опубликовано не больше 0.5.",
        "Заявленная эффективность по газам 0.2: опубликованных значений нет.",
    )


def test_rates_4_1():
    assert rate_g_s(0.0025 * 0.051, 534) == pytest.approx(0.2388, abs=5e-5)
    assert rate_g_s(0.037 * 0.051, 534) == pytest.approx(3.534, abs=5e-4)
    assert rate_20min_g_s(0.0025 * 0.051, 534, factors=FACTORS) == pytest.approx(0.0025 * 0.051e6 / 1200)
    assert rate_20min_g_s(1.0, 2400, factors=FACTORS) == rate_g_s(1.0, 2400)
    with pytest.raises(ValueError, match="lasts"):
        rate_g_s(1, 0)


def test_dust_by_volume_4_2():
    assert dust_by_volume_t(500_000, 0.05, factors=FACTORS) == pytest.approx(4.0)
    assert rate_20min_g_s(dust_by_volume_t(500_000, 0.05, factors=FACTORS), 60, factors=FACTORS) == pytest.approx(
        3333, abs=0.5
    )


@pytest.mark.parametrize(
    ("gas", "density", "per_ppm"), [("CO", 1.2497, 1.1449), ("NO", 1.3387, 1.2265), ("NO2", 2.0526, 1.8805)]
)
def test_densities_and_ppm_4_3(gas, density, per_ppm):
    assert MOLAR_MASS_G[gas] / MOLAR_VOLUME_0C_L == pytest.approx(density, abs=1.1e-4)
    assert mg_m3_of_ppm(gas, 1) == pytest.approx(per_ppm, abs=1e-4)
    assert ppm_of_mg_m3(gas, mg_m3_of_ppm(gas, 7)) == pytest.approx(7)


def test_gas_of_tnt_in_the_muck_4_3():
    assert 50.8 * MOLAR_MASS_G["CO"] / MOLAR_VOLUME_0C_L / 1000 == pytest.approx(0.0635, abs=5e-5)


def test_the_cloud_4_3():
    assert cloud_volume_m3(100, FACTORS) == pytest.approx(6.360e6, rel=1e-4)
    assert cloud_height_m(100, 12, factors=FACTORS) == pytest.approx(189.8)
    assert cloud_height_m(100, 16, factors=FACTORS) == pytest.approx(151.84)


RATINGS = ["0", *(f"{level}{extent}" for level in range(1, 6) for extent in "ABC")]


def test_the_sixteen_ratings_4_5():
    assert len(RATINGS) == 16
    for rating in RATINGS:
        seen = FumeObservation(rating=rating)
        assert seen.level == int(rating[0])
        assert (seen.extent is None) == (rating == "0")
    assert FumeObservation(rating="2B").extent is Extent.MEDIUM


@pytest.mark.parametrize("rating", ["", "0A", "1", "6A", "3D", "3a", " 2B", "2B ", "2B\n", "22B"])
def test_another_rating_is_refused_4_5(rating):
    with pytest.raises(ValueError, match="rating"):
        FumeObservation(rating=rating)


@pytest.mark.parametrize(
    ("rating", "left_site", "incident"),
    [("2C", False, False), ("3A", False, True), ("1A", True, True), ("0", True, False)],
)
def test_an_incident_4_5(rating, left_site, incident):
    assert is_incident(FumeObservation(rating=rating, left_site=left_site), fume_norms()) is incident


def test_thresholds_4_5():
    norms = fume_norms()
    assert mg_m3_of_ppm("NO2", norms.visible_no2_ppm.value) == pytest.approx(4.70, abs=5e-3)
    assert mg_m3_of_ppm("NO2", norms.stel_no2_ppm.value) == pytest.approx(9.40, abs=5e-3)
    assert mg_m3_of_ppm("NO2", 4) == pytest.approx(7.52, abs=5e-3)
    in_ppm = {gas: ppm_of_mg_m3(gas, limit.value) for gas, limit in norms.max_once_mg_m3.items()}
    assert in_ppm == pytest.approx({"NO2": 0.106, "NO": 0.326, "CO": 4.37}, abs=5e-3)
    assert mg_m3_of_ppm("NO2", 2.5) / norms.max_once_mg_m3["NO2"].value == pytest.approx(23.5, abs=0.05)
    assert [level.level_number for level in norms.levels] == list(range(6))
    assert norms.max_once_mg_m3["NO2"].level is Level.MEMORY
