"""Where receptors lie, and how near a block comes to them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from uskat.blast.geometry import Plane, distance_m, distance_to_area_m
from uskat.blast.shape import Shape, nearest_points, shape_of_geojson
from uskat.blast.surroundings import SurroundingsError, demo_surroundings, load_surroundings
from uskat.water.network import demo_network

PLANE = Plane(87.0, 54.0)
BLOCK = [PLANE.to_globe(point) for point in ((0, 0), (100, 0), (100, 50), (0, 50))]
metres = st.floats(-5000, 5000)


def shape(kind, *points):
    return Shape(kind=kind, points=tuple(PLANE.to_globe(point) for point in points))


def gap_m(found):
    return distance_m(*found)


def test_the_nearest_corner_or_edge_counts_not_the_middle():
    assert gap_m(nearest_points(BLOCK, shape("Point", (400, 25)))) == pytest.approx(300, abs=0.1)
    assert gap_m(nearest_points(BLOCK, shape("Point", (130, 90)))) == pytest.approx(50, abs=0.1)


def test_a_pipeline_is_nearest_between_its_bends():
    pipe = shape("LineString", (-1000, 350), (1000, 350))
    on_block, on_pipe = nearest_points(BLOCK, pipe)
    assert gap_m((on_block, on_pipe)) == pytest.approx(300, abs=0.1)
    assert PLANE.to_plane(on_pipe)[1] == pytest.approx(350, abs=0.1)


@pytest.mark.parametrize(
    "inside",
    [
        shape("Point", (50, 25)),
        shape("LineString", (-100, 25), (200, 25)),
        shape("Polygon", (-500, -500), (500, -500), (500, 500), (-500, 500)),
        shape("Polygon", (20, 20), (30, 20), (30, 30)),
    ],
)
def test_what_the_block_touches_is_at_no_distance(inside):
    assert gap_m(nearest_points(BLOCK, inside)) == pytest.approx(0, abs=1e-6)


@given(east=metres, north=metres)
def test_a_point_is_as_far_as_the_plain_geometry_says(east, north):
    point = PLANE.to_globe((east, north))
    expected = distance_to_area_m(BLOCK, point)
    assert math.isclose(gap_m(nearest_points(BLOCK, Shape(kind="Point", points=(point,)))), expected, abs_tol=3.0)


@pytest.mark.parametrize("kind", ["Point", "LineString", "Polygon"])
def test_a_shape_survives_geojson(kind):
    made = shape(kind, *((0, 0), (10, 0), (10, 10))[: 1 if kind == "Point" else 3])
    assert shape_of_geojson(json.loads(json.dumps(made.to_geojson()))) == made


@pytest.mark.parametrize(
    "geometry",
    [None, {}, {"type": "Point"}, {"type": "MultiPoint", "coordinates": [[1, 2]]},
     {"type": "Point", "coordinates": [500, 2]}, {"type": "Polygon", "coordinates": []},
     {"type": "LineString", "coordinates": [[1, 2]]}],
)  # fmt: skip
def test_a_geometry_that_is_none_is_refused(geometry):
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own error is one too
        shape_of_geojson(geometry)


def test_the_demo_is_invented_says_so_and_fits_the_network():
    found, network = demo_surroundings(), demo_network()
    pits = {pit.code: pit for pit in network.pits}
    assert {pit.code for pit in found.pits} == set(pits)
    for pit in found.pits:
        assert "демо" in pit.name
        assert pit.enterprise == pits[pit.code].organisation
        assert distance_to_area_m(pit.outline, (pits[pit.code].longitude, pits[pit.code].latitude)) == 0
    settlements = {settlement.code: settlement.name for settlement in network.settlements}
    for receptor in found.receptors:
        assert "демо" in receptor.name or settlements[receptor.place] == receptor.name


def spoiled(change):
    document = json.loads(demo_surroundings().model_dump_json(by_alias=True))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d["pits"].append(d["pits"][0]), "more than once"),
        (lambda d: d["pits"][0].update(outline=d["pits"][0]["outline"][:2]), "outline"),
        (lambda d: d["receptors"][0].update(place=None), "its shape or its place"),
        (lambda d: d["receptors"][0].update(receptor="pipe_steel"), "pipeline"),
        (lambda d: d["receptors"][0].update(surprise=1), "surprise"),
        (lambda d: d.update(schema=2), "schema"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_the_place(change, word):
    with pytest.raises(SurroundingsError, match=word):
        load_surroundings(spoiled(change))


def test_a_shape_needs_as_many_points_as_its_kind():
    with pytest.raises(ValidationError):
        shape("Point", (0, 0), (1, 1))
