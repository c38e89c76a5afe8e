"""Golden numbers of norms.md §1.5.7 (ФНП 494) and traps 5, 6, 7."""

from datetime import date
from math import cbrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.blast.passports import hole, passport
from uskat.blast.distance import formulas
from uskat.blast.distance.block import Site, block_distances, firing_groups
from uskat.blast.distance.norms import Multipliers, distance_norms_on
from uskat.blast.geometry import distance_to_area_m
from uskat.blast.passport.model import Ground
from uskat.blast.passport.rules import passport_rules
from uskat.blast.provenance import Level, NoActError

NORMS = distance_norms_on(date(2026, 6, 10)).act
IN_FORCE = distance_norms_on(date(2026, 6, 10))
DELAY = passport_rules().delay_window
NONE = Multipliers()


@pytest.mark.parametrize(
    ("charge", "ground", "building", "metres"),
    [
        (10_000, Ground.ROCK_DISTURBED, "brick_2_3_storeys", 258.53),
        (1000, Ground.ROCK_DENSE, "industrial_frame", 50.0),
        (1000, Ground.SOIL_SATURATED, "settlement", 400.0),
    ],
)
def test_seismic_distance_of_one_charge_a(charge, ground, building, metres):
    found = formulas.seismic(NORMS, charge_kg=charge, ground=ground, building=building)
    assert found.metres == pytest.approx(metres, abs=0.005)
    assert found.level is Level.MEMORY, "the table of K is from memory and says so"


@pytest.mark.parametrize(("ground", "metres"), [(Ground.ROCK_DISTURBED, 235.56), (Ground.SOIL_DRY, 353.33)])
def test_seismic_distance_of_delayed_groups_takes_the_total_charge_b_trap_5(ground, metres):
    found = formulas.seismic(NORMS, charge_kg=60_000, ground=ground, building="settlement", groups=50)
    assert found.metres == pytest.approx(metres, abs=0.005)
    per_delay = formulas.seismic(NORMS, charge_kg=60_000 / 50, ground=ground, building="settlement")
    assert per_delay.metres != pytest.approx(metres, rel=0.05)


def test_charges_at_unequal_distances_c():
    assert formulas.equivalent_seismic_charge_kg([1000, 500], [100, 200], seismic_m=100) == pytest.approx(1062.5)


@pytest.mark.parametrize(
    ("diameter", "spacing", "exact", "rounded"),
    [(0.15, 4.5, 335.41, 350), (0.2, 5.0, 367.42, 400), (0.215, 6.0, 347.76, 350)],
)
def test_flyrock_is_rounded_up_to_50_m_d_trap_6(diameter, spacing, exact, rounded):
    found = formulas.flyrock(NORMS, filled=0.6, stemmed=1, hardness_f=12, diameter_m=diameter, spacing_m=spacing)
    assert found.exact_m == pytest.approx(exact, abs=0.005)
    assert found.metres == rounded
    assert found.level is Level.SECONDARY


@pytest.mark.parametrize(("drop", "exact", "rounded"), [(8, 343.23, 350), (30, 363.12, 400), (0, 335.41, 350)])
def test_flyrock_downhill_e(drop, exact, rounded):
    found = formulas.flyrock(NORMS, filled=0.6, stemmed=1, hardness_f=12, diameter_m=0.15, spacing_m=4.5, drop_m=drop)
    assert found.exact_m == pytest.approx(exact, abs=0.005)
    assert found.metres == rounded


def test_downhill_factor_e():
    assert formulas.downhill_m(NORMS, 335.41, drop_m=30) / 335.41 == pytest.approx(1.08262, abs=5e-6)


@given(st.floats(0.01, 5000))
def test_rounding_never_goes_down_trap_6(metres):
    rounded = formulas.round_up_m(metres, 50)
    assert rounded >= metres - 1e-6
    assert rounded - metres < 50
    assert formulas.round_up_m(rounded, 50) == rounded


def test_airblast_on_buildings_f():
    found = formulas.air_building(NORMS, charge_kg=1000, k=100, power=1 / 3)
    assert found.metres == pytest.approx(1000)
    assert found.level is Level.MEMORY


@pytest.mark.parametrize(
    ("equivalent", "metres"), [(0.768, 52.8), (1.5, 82.55), (100, 650), (1000, 2000), (5000, 3420)]
)
def test_glazing_g(equivalent, metres):
    found = formulas.glazing(NORMS, equivalent_kg=equivalent, multipliers=NONE)
    assert found.metres == pytest.approx(metres, rel=7e-4)


def test_glazing_jumps_down_at_1000_kg_as_the_table_does_g():
    below = formulas.glazing(NORMS, equivalent_kg=999.999, multipliers=NONE)
    assert below.metres == pytest.approx(2055, abs=1)
    assert below.level is Level.SECONDARY
    assert formulas.glazing(NORMS, equivalent_kg=1000, multipliers=NONE).level is Level.MEMORY


def test_equivalent_charge_of_long_holes_h():
    found = formulas.hole_equivalent_kg(NORMS, linear_kg_m=40, diameter_m=0.2, stemming_m=4, holes=4)
    assert found == pytest.approx(0.768)


@pytest.mark.parametrize(("ratio", "factor"), [(0, 1), (5, 0.15), (10, 0.02), (15, 0.003), (20, 0.002), (40, 0.002)])
def test_stemming_factor_h(ratio, factor):
    assert formulas.stemming_factor(NORMS, ratio) == pytest.approx(factor)


def test_stemming_factor_falls_between_its_rows_h():
    assert formulas.stemming_factor(NORMS, 12.5) == pytest.approx((0.02 + 0.003) / 2)


def test_frost_multiplies_the_glazing_distance_i():
    frost = formulas.glazing(NORMS, equivalent_kg=100, multipliers=Multipliers(frost=True))
    assert frost.metres == pytest.approx(975)
    every = formulas.glazing(
        NORMS, equivalent_kg=100, multipliers=Multipliers(frost=True, hard_rock=True, short_delay=True)
    )
    assert every.metres == pytest.approx(650 * 1.5**3)


def test_people_and_the_shock_wave_j():
    assert formulas.people_air(NORMS, charge_kg=1000).metres == pytest.approx(150)


def test_the_gas_zone_takes_tonnes_l_trap_7():
    assert formulas.gas_zone(NORMS, charge_t=1000).metres == pytest.approx(1600)
    assert formulas.gas_zone(NORMS, charge_t=1000, wind_m_s=3).metres == pytest.approx(4000)
    assert formulas.gas_zone(NORMS, charge_t=1000 * 1000).metres == pytest.approx(16_000), "kg by mistake: ten times"


def test_signals_n():
    assert [signal.sound for signal in NORMS.signals] == ["один продолжительный", "два продолжительных", "три коротких"]


def test_the_act_ends_and_says_so():
    last, first = distance_norms_on(date(2026, 12, 31)), distance_norms_on(date(2027, 1, 1))
    assert (last.in_force, last.warning) == (True, None)
    assert first.act is last.act
    assert not first.in_force
    assert "01.01.2027" in first.warning
    with pytest.raises(NoActError):
        distance_norms_on(date(2020, 12, 31))


def distances_of(block=None, site=None):
    return block_distances(block or passport(), site or SITE, norms=IN_FORCE, delay=DELAY)


def holes(**changes):
    return [hole(n, delay_ms=42.0 * n) | changes for n in range(10)]


SITE = Site(ground=Ground.SOIL_DRY, temperature_c=-12.0, wind_m_s=3.0, drop_m=30)


def test_distances_of_a_block_come_from_its_holes():
    found = block_distances(passport(), SITE, norms=IN_FORCE, delay=DELAY)
    distances = found.distances
    assert distances["seismic"].inputs["groups"] == 10
    assert distances["seismic"].metres == pytest.approx(12 * 2 * 10**-0.25 * cbrt(2777))
    assert distances["flyrock"].inputs["filled"] == pytest.approx(9 / 13.5)
    assert distances["flyrock"].metres == found.people_m == 350
    assert distances["gas_downwind"].metres == pytest.approx(160 * cbrt(2.777) * 2.5)
    assert distances["glazing"].inputs["frost"] == 1.5
    assert "short_delay" not in distances["glazing"].inputs
    assert found.warning is None
    assert found.to_json()["distances"]["gas"]["level_ru"] == "не проверено по документу"


def test_short_delays_make_fewer_groups_and_a_larger_distance():
    fast = passport(holes=[hole(n, delay_ms=9.0 * n) for n in range(10)])
    assert [len(group) for group in firing_groups(fast.holes, 20)] == [3, 3, 3, 1]
    close, far = distances_of(), distances_of(fast)
    assert far.distances["seismic"].metres > close.distances["seismic"].metres
    assert far.distances["glazing"].inputs["short_delay"] == 1.5
    assert far.distances["glazing"].metres > close.distances["glazing"].metres


def test_zones_are_geojson_around_the_block_largest_first():
    found = block_distances(passport(), SITE, norms=IN_FORCE, delay=DELAY)
    zones = found.zones(passport())
    radii = [feature["properties"]["radius_m"] for feature in zones["features"]]
    assert radii == sorted(radii, reverse=True)
    for feature in zones["features"]:
        ring = [tuple(point) for point in feature["geometry"]["coordinates"][0]]
        assert ring[0] == ring[-1]
        edge = min(distance_to_area_m(passport().ring, point) for point in ring)
        assert edge == pytest.approx(feature["properties"]["radius_m"], rel=3e-3)


def test_saturated_ground_doubles_the_seismic_distance():
    wet = Site(ground=Ground.SOIL_DRY, saturated=True)
    dry = Site(ground=Ground.SOIL_DRY)
    seismic = [distances_of(site=site).distances["seismic"].metres for site in (dry, wet)]
    assert seismic[1] == pytest.approx(2 * seismic[0])


def test_the_worst_hole_decides_on_fly_rock_and_the_smaller_side_of_the_grid_counts():
    one = holes()
    one[3] |= {"charge_length_m": 12.0, "stemming_m": 1.0}
    worst = distances_of(passport(holes=one)).distances["flyrock"]
    assert worst.inputs["filled"] == pytest.approx(12 / 13.5)
    assert worst.inputs["stemmed"] == pytest.approx(1 / 1.5)
    narrow = passport(pattern={"spacing_m": 7.0, "burden_m": 5.0, "bench_m": 12.0})
    assert distances_of(narrow).distances["flyrock"].inputs["spacing_m"] == 5.0


def test_more_stemming_than_free_hole_does_not_shorten_fly_rock():
    found = distances_of(passport(holes=holes(stemming_m=9.0))).distances["flyrock"]
    assert found.inputs["stemmed"] == 1.0
    full = distances_of(passport(holes=holes(charge_length_m=13.5, stemming_m=0.0))).distances["flyrock"]
    assert (full.inputs["filled"], full.inputs["stemmed"]) == (1.0, 0.0)


def equivalent(delays):
    block = passport(holes=[hole(n, delay_ms=time) for n, time in enumerate(delays)])
    return distances_of(block).distances["glazing"].inputs


def test_glazing_goes_by_the_heaviest_delay():
    apart, together = equivalent([42.0 * n for n in range(10)]), equivalent([42.0 * (n // 2) for n in range(10)])
    assert together["equivalent_kg"] == pytest.approx(2 * apart["equivalent_kg"])
    assert "short_delay" not in together, "fired at one moment is no short delay"
    assert equivalent([8.0 * (n % 2) + 42.0 * (n // 2) for n in range(10)]) == pytest.approx(
        together | {"short_delay": 1.5}
    )
    assert "short_delay" not in equivalent([20.0 * n for n in range(10)])


def test_a_short_charge_counts_whole_and_no_more():
    short = formulas.hole_equivalent_kg(
        NORMS, linear_kg_m=40, diameter_m=0.2, stemming_m=4, holes=4, charge_length_m=1.2
    )
    assert short == pytest.approx(0.384)


def test_hard_rock_multiplies_from_group_nine():
    rock = {"volume_m3": 4320.0, "name": "песчаник", "hardness_f": 8.0}
    for group, applies in ((8, False), (9, True)):
        found = distances_of(passport(rock=rock | {"group": group})).distances["glazing"]
        assert ("hard_rock" in found.inputs) is applies
