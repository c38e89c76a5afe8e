"""The puff keeps its mass, its 20-minute mean is that of a slow twin, and it says that it is an estimate."""

import math

import numpy as np
import pytest

from uskat.blast.emission.factors import emission_factors
from uskat.blast.emission.mass import blast_emission
from uskat.blast.emission.puff import (
    CalmError,
    Wind,
    cloud_of,
    no2_range_t,
    puff_at,
    puff_concentration,
    puff_norms,
    sigmas_m,
    stability_class,
)
from uskat.blast.explosive.register import explosive_register
from uskat.blast.geometry import Plane
from uskat.blast.passport.model import ExplosiveLoad

FACTORS, NORMS = emission_factors(), puff_norms()
SOURCE = (87.0872, 54.1305)
PLANE = Plane(*SOURCE)
WEST = Wind(from_deg=270, speed_m_s=4.0)
CLOUD = cloud_of((0.3, 0.6), 100, hole_depth_m=12, factors=FACTORS, norms=NORMS)


def test_the_cloud_starts_with_its_volume_and_height():
    height = 164 + 0.258 * 100
    assert CLOUD.height_m == pytest.approx(height / 2)
    assert CLOUD.sigma_z_m == pytest.approx(height / 2.15)
    width = 4.3 * CLOUD.sigma_y_m
    assert math.pi * width**2 / 4 * height == pytest.approx(44_000 * 100**1.08)


def at(places, wind=WEST, stability="D", **more):
    globe = {name: PLANE.to_globe(point) for name, point in places.items()}
    return {
        item.name: item
        for item in puff_at(CLOUD, SOURCE, places=globe, wind=wind, stability=stability, norms=NORMS, **more)
    }


@pytest.mark.parametrize(
    ("stability", "km", "sigma_y"),
    [
        ("A", 1, 215),
        ("B", 1, 155),
        ("C", 1, 105),
        ("D", 1, 68),
        ("E", 1, 51),
        ("F", 1, 34),
        ("D", 10, 550),
        ("F", 0.4, 15),
        ("C", 0.4, 44),
    ],
)
def test_dispersion_is_that_of_the_published_table(stability, km, sigma_y):
    # the source rounds 10 km of class D to 550 (formula: 533)
    assert sigmas_m(NORMS, stability, along_m=1000 * km)[0] == pytest.approx(sigma_y, rel=0.07)


@pytest.mark.parametrize(
    ("stability", "km", "sigma_z"), [("A", 0.4, 178), ("D", 0.1, 5), ("D", 1, 31.5), ("F", 0.1, 2)]
)
def test_vertical_dispersion(stability, km, sigma_z):
    assert sigmas_m(NORMS, stability, along_m=1000 * km)[1] == pytest.approx(sigma_z, rel=0.2)


def test_near_the_source_nothing_is_negative():
    assert all(sigmas_m(NORMS, name, along_m=1.0)[1] >= 0 for name in NORMS.classes)


def test_a_puff_keeps_its_mass():
    sigma, height, step = (80.0, 50.0), 95.0, 10.0
    xs, ys, zs = (np.arange(low, high, step) + step / 2 for low, high in ((-500, 500), (-500, 500), (0, 600)))
    total = sum(
        puff_concentration(1.0, offset_m=(x, y, z), sigma_m=sigma, height_m=height) * step**3
        for x in xs for y in ys[ys.size // 2 :] for z in zs
    )  # fmt: skip
    assert 2 * total == pytest.approx(1.0, rel=2e-3)


@pytest.mark.parametrize(("point", "averaging"), [((2000, 0), 1200.0), ((5000, 300), 1200.0), ((1500, -100), 60.0)])
def test_the_mean_is_that_of_the_slow_twin(point, averaging):
    place = at({"x": point}, averaging_s=averaging)["x"]
    grown = sigmas_m(NORMS, "D", along_m=place.along_m)
    sigma = math.hypot(CLOUD.sigma_y_m, grown[0]), math.hypot(CLOUD.sigma_z_m, grown[1])
    times = np.linspace(-averaging / 2, averaging / 2, 4001)
    passing = [
        puff_concentration(0.6e9, offset_m=(4.0 * t, place.across_m, 0), sigma_m=sigma, height_m=CLOUD.height_m)
        for t in times
    ]
    assert place.mean_20min_mg_m3[1] == pytest.approx(np.trapezoid(passing, times) / averaging, rel=1e-4)
    assert place.peak_mg_m3[1] == pytest.approx(max(passing), rel=1e-6)
    assert place.arrival_s == pytest.approx(place.along_m / 4)


def test_only_places_down_the_wind_are_reached_and_the_nearest_most():
    found = at(
        {"east": (3000, 0), "farther": (9000, 0), "aside": (3000, 1500), "west": (-3000, 0), "too far": (30_000, 0)}
    )
    assert list(found) == ["east", "farther", "aside", "west"]
    assert not found["west"].towards
    assert found["west"].mean_20min_mg_m3 == (0, 0)
    assert found["east"].mean_20min_mg_m3[1] == pytest.approx(2 * found["east"].mean_20min_mg_m3[0])
    assert found["east"].peak_mg_m3[1] > found["east"].mean_20min_mg_m3[1] > 0


def test_it_says_that_it_is_an_estimate():
    told = at({"east": (3000, 0)})["east"].to_json()
    assert told["estimate"] is True
    assert told["level"] == "memory"
    assert "Оценка" in told["note"]


def test_a_calm_has_no_direction():
    with pytest.raises(CalmError):
        at({"east": (3000, 0)}, wind=Wind(from_deg=270, speed_m_s=0.3))


@pytest.mark.parametrize(
    ("wind", "inversion", "night", "expected"),
    [
        (2, True, False, "F"),
        (2, False, True, "F"),
        (4, False, True, "E"),
        (6, False, True, "D"),
        (1, False, False, "B"),
        (3, False, False, "C"),
        (7, False, False, "D"),
    ],
)
def test_stability_by_wind_inversion_and_night(wind, inversion, night, expected):
    assert stability_class(NORMS, wind_m_s=wind, inversion=inversion, night=night) == expected


def emission(**tonnes):
    loads = [ExplosiveLoad(product=code, name=code, mass_kg=1000 * mass) for code, mass in tonnes.items()]
    return blast_emission(loads, factors=FACTORS, register=explosive_register())


def test_no2_of_the_estimate_counts_products_without_an_official_factor():
    assert no2_range_t(emission(granulotol=10.0), FACTORS) == pytest.approx((0.02, 0.02))
    assert no2_range_t(emission(granulotol=10.0, anfo=100.0), FACTORS) == pytest.approx((0.66, 0.66))
    with pytest.raises(LookupError):
        no2_range_t(emission(emulsion=10.0), FACTORS)
