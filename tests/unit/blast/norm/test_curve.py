"""Norms.md §1.5: every tabled check of every curve."""

import math

import pytest
from pydantic import ValidationError

from uskat.blast.norm.curve import LimitCurve, Place, Receptor, Segments
from uskat.blast.norm.pack import UnknownNormError, curve_by_id, limit_norm, limit_norms
from uskat.blast.provenance import Level

RI8507 = [
    # Hz, drywall in/s, drywall mm/s, plaster in/s, plaster mm/s
    (1, 0.1885, 4.788, 0.1885, 4.788),
    (2, 0.3770, 9.576, 0.3770, 9.576),
    (4, 0.75, 19.05, 0.50, 12.70),
    (10, 0.75, 19.05, 0.5027, 12.77),
    (12, 0.75, 19.05, 0.6032, 15.32),
    (15, 0.7540, 19.15, 0.7540, 19.15),
    (20, 1.0053, 25.53, 1.0053, 25.53),
    (25, 1.2566, 31.92, 1.2566, 31.92),
    (30, 1.5080, 38.30, 1.5080, 38.30),
    (35, 1.7593, 44.69, 1.7593, 44.69),
    (40, 2.0, 50.80, 2.0, 50.80),
    (120, 2.0, 50.80, 2.0, 50.80),
]


def limit(curve_id, frequency):
    return curve_by_id(curve_id)[1].limit_mm_s(frequency)


@pytest.mark.parametrize("row", RI8507)
def test_1_5_1_ri_8507(row):
    frequency, drywall_in, drywall, plaster_in, plaster = row
    assert limit("ri8507-drywall", frequency) == pytest.approx(drywall, abs=0.0051)
    assert limit("ri8507-drywall", frequency) / 25.4 == pytest.approx(drywall_in, abs=5.1e-5)
    assert limit("ri8507-plaster", frequency) == pytest.approx(plaster, abs=0.0051)
    assert limit("ri8507-plaster", frequency) / 25.4 == pytest.approx(plaster_in, abs=5.1e-5)


def test_1_5_1_corner_frequencies_of_ri_8507():
    assert curve_by_id("ri8507-drywall")[1].shape.corners_hz == pytest.approx((3.979, 14.921, 39.789), abs=5e-4)
    assert curve_by_id("ri8507-plaster")[1].shape.corners_hz == pytest.approx((2.653, 9.947, 39.789), abs=5e-4)


def test_1_5_1_the_statute_of_rhode_island_is_another_curve():
    assert limit("ri-statute", 20) == pytest.approx(25.4)
    assert limit("ri-statute", 40) == pytest.approx(50.8)
    assert limit("ri-statute", 5) == pytest.approx(12.7)
    assert limit("ri-statute", 41) is None
    assert limit("ri-statute", 2) is None


@pytest.mark.parametrize(
    ("distance_m", "inches", "scaled"), [(91, 1.25, 50), (92, 1.0, 55), (1524, 1.0, 55), (1525, 0.75, 65)]
)
def test_1_5_1_osmre_by_distance(distance_m, inches, scaled):
    step = limit_norm("osmre").at_distance(distance_m)
    assert step.ppv_mm_s == pytest.approx(25.4 * inches)
    assert step.scaled_distance_ft_lb == scaled


def test_1_5_1_osmre_charge_at_1000_feet():
    kilograms = limit_norm("osmre").at_distance(304.8).largest_charge_kg(304.8)
    assert kilograms / 0.45359237 == pytest.approx(330.6, abs=0.05)


def test_osmre_refuses_what_is_no_distance_and_others_have_none():
    with pytest.raises(UnknownNormError):
        limit_norm("osmre").at_distance(0.0)
    with pytest.raises(UnknownNormError):
        limit_norm("din4150-3").at_distance(100.0)


@pytest.mark.parametrize(
    ("line", "frequency", "value"),
    [(2, 35, 11.25), (1, 75, 45), (3, 30, 5.5), (2, 20, 7.5), (2, 10, 5), (2, 150, 20), (1, 50, 40), (3, 100, 10)],
)
def test_1_5_2_din_4150_3(line, frequency, value):
    assert limit(f"din4150-3-{line}", frequency) == pytest.approx(value)


def test_trap_16_din_above_100_hz_holds_and_below_1_hz_is_outside():
    assert limit("din4150-3-1", 150) == 50
    assert limit("din4150-3-1", 0.9) is None
    assert limit("din4150-3-1", None) is None
    assert limit("din4150-3-1", math.nan) is None


def test_trap_2_the_two_frequencies_of_one_record_move_line_3():
    assert limit("din4150-3-3", 26.8) == pytest.approx(5.1, abs=0.01)
    assert limit("din4150-3-3", 10.0) == pytest.approx(3.0)


@pytest.mark.parametrize(("line", "value"), [(1, 40), (2, 15), (3, 8)])
def test_1_5_2_the_top_floor_needs_no_frequency(line, value):
    curve = curve_by_id(f"din4150-3-{line}-top")[1]
    assert curve.limit_mm_s(None) == curve.limit_mm_s(7.0) == value
    assert curve.axes == ("L", "T")


@pytest.mark.parametrize(
    ("receptor", "value"), [(Receptor.PIPE_STEEL, 100), (Receptor.PIPE_CONCRETE, 80), (Receptor.PIPE_MASONRY, 50)]
)
def test_1_5_2_buried_pipes(receptor, value):
    assert limit_norm("din4150-3").curve_for(receptor).limit_mm_s(None) == value


def test_1_5_2_floors_are_judged_vertically():
    curve = limit_norm("din4150-3").curve_for(Receptor.DWELLING, Place.FLOOR)
    assert (curve.limit_mm_s(12.0), curve.axes) == (20, ("V",))
    with pytest.raises(UnknownNormError):
        limit_norm("din4150-3").curve_for(Receptor.LISTED, Place.FLOOR)


@pytest.mark.parametrize(("frequency", "value"), [(10, 17.727), (20, 26.0), (35, 44.0), (2, 7.54), (4, 15), (60, 50)])
def test_1_5_3_bs_7385_2_line_2(frequency, value):
    assert limit("bs7385-2-2", frequency) == pytest.approx(value, abs=5e-4)


def test_1_5_3_bs_7385_2_line_1():
    assert limit("bs7385-2-1", 4) == 50
    assert limit("bs7385-2-1", 2) == pytest.approx(7.54, abs=5e-4)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (0.1, None),
        (0.14, "Едва ощутимо в самых тихих местах"),
        (0.3, "Едва ощутимо в жилом доме"),
        (2.0, "Вероятны жалобы"),
        (10, "Нетерпимо"),
    ],
)
def test_1_5_3_human_response(value, word):
    felt = limit_norm("bs5228-2").felt(value)
    assert (felt.title if felt else None) == word


def test_1_5_4_une_22_381():
    assert limit("une22381-2", 10) == 9
    assert limit("une22381-2", 20) == pytest.approx(12.0)
    assert limit("une22381-2", 75) == pytest.approx(45.0)
    assert limit("une22381-2", 80) is None


@pytest.mark.parametrize(
    ("frequency", "value", "level"),
    [(5, 5, Level.SECONDARY), (8, 10, Level.SECONDARY), (25, 10, Level.SECONDARY), (26, 15, Level.MEMORY)],
)
def test_1_5_4_dgms_third_step_is_from_memory(frequency, value, level):
    curve = curve_by_id("dgms-domestic")[1]
    assert (curve.limit_mm_s(frequency), curve.level_at(frequency)) == (value, level)


def test_1_5_5_gost_is_there_and_flagged():
    norm = limit_norm("gost52892")
    assert norm.act_level is Level.VERIFIED
    assert {curve.level for curve in norm.curves} == {Level.MEMORY}


def test_1_5_6_velocities_to_sadovsky_are_in_mm_s():
    assert limit("sadovsky-dwelling", None) == 10
    assert limit("sadovsky-industrial", None) == 50


def test_the_lowest_limit_of_a_band():
    curve = curve_by_id("din4150-3-2")[1]
    assert curve.lowest_mm_s(4, 40) == 5
    assert curve.lowest_mm_s(30, 200) == pytest.approx(10)
    assert curve.lowest_mm_s(0.5, 40) is None


def test_every_number_names_its_source_and_every_curve_its_receptors():
    norms = limit_norms()
    assert len(norms) == 12
    ids = [curve.id for norm in norms.values() for curve in norm.curves]
    assert len(ids) == len(set(ids))
    assert all(norm.sources for norm in norms.values())


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(UnknownNormError, match="din4150-3"):
        limit_norm("din")
    with pytest.raises(UnknownNormError, match="din4150-3-2"):
        limit_norm("din4150-3").curve("nothing")
    with pytest.raises(UnknownNormError):
        curve_by_id("nothing")
    with pytest.raises(UnknownNormError):
        limit_norm("ri8507").curve_for(Receptor.PIPE_STEEL)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [{"from_hz": 1, "to_hz": 10, "kind": "linear", "start_mm_s": 1}],
        [{"from_hz": 1, "to_hz": 1, "kind": "constant", "start_mm_s": 1}],
        [{"from_hz": 1, "to_hz": 10, "kind": "displacement"}],
        [
            {"from_hz": 1, "to_hz": 10, "kind": "constant", "start_mm_s": 1},
            {"from_hz": 9, "to_hz": None, "kind": "constant", "start_mm_s": 1},
        ],
        [
            {"from_hz": 1, "to_hz": None, "kind": "constant", "start_mm_s": 1},
            {"from_hz": 9, "to_hz": None, "kind": "constant", "start_mm_s": 1},
        ],
    ],
)
def test_faulty_data_are_refused(segments):
    with pytest.raises(ValidationError):
        Segments.model_validate({"kind": "segments", "segments": segments})


def test_a_curve_without_a_source_is_refused():
    good = curve_by_id("din4150-3-2")[1].to_json()
    LimitCurve.model_validate(good)
    with pytest.raises(ValidationError):
        LimitCurve.model_validate(good | {"source": ""})
