"""Plane geometry around a block."""

import math
from itertools import pairwise

import pytest

from uskat.blast.geometry import (
    GeometryError,
    Plane,
    angle_between_deg,
    area_m2,
    bearing_deg,
    centre,
    crosses_itself,
    distance_m,
    distance_to_area_m,
    zone_around,
)

HOME = (87.0872, 54.1305)
PLANE = Plane(*HOME)


def ring(*points):
    return [PLANE.to_globe(point) for point in points]


SQUARE = ring((0, 0), (200, 0), (200, 100), (0, 100))
L_SHAPE = ring((0, 0), (200, 0), (200, 100), (100, 100), (100, 200), (0, 200))


def geodesic_m(first, second):
    from obspy.geodetics import gps2dist_azimuth

    return gps2dist_azimuth(first[1], first[0], second[1], second[0])[:2]


@pytest.mark.parametrize("azimuth", range(0, 360, 30))
@pytest.mark.parametrize("length", [50, 3000, 20_000])
def test_distance_and_bearing_agree_with_the_geodesic(azimuth, length):
    there = PLANE.to_globe((length * math.sin(math.radians(azimuth)), length * math.cos(math.radians(azimuth))))
    far, direction = geodesic_m(HOME, there)
    assert distance_m(HOME, there) == pytest.approx(far, rel=2e-5)
    assert angle_between_deg(bearing_deg(HOME, there), direction) < 0.15


def test_area_and_centre_of_a_block():
    assert area_m2(SQUARE) == pytest.approx(20_000, rel=1e-6)
    assert distance_m(centre(SQUARE), ring((100, 50))[0]) < 0.01
    assert area_m2(SQUARE[::-1]) == pytest.approx(20_000, rel=1e-4)
    with pytest.raises(GeometryError):
        centre(ring((0, 0), (1, 1), (2, 2)))


def test_an_outline_that_crosses_itself_is_seen_and_a_common_line_is_none():
    assert crosses_itself(ring((0, 0), (100, 100), (100, 0), (0, 100)))
    assert not crosses_itself(L_SHAPE)
    u_shape = ring((0, 0), (300, 0), (300, 100), (200, 100), (200, 50), (100, 50), (100, 100), (0, 100))
    assert not crosses_itself(u_shape)


def test_distance_to_an_area_is_nothing_inside_and_to_the_nearest_edge_outside():
    assert distance_to_area_m(SQUARE, ring((50, 50))[0]) == 0
    assert distance_to_area_m(SQUARE, ring((50, -30))[0]) == pytest.approx(30, rel=1e-4)
    assert distance_to_area_m(SQUARE, ring((203, 104))[0]) == pytest.approx(5, rel=1e-4)
    assert distance_to_area_m(SQUARE, ring((-3, -4))[0]) == pytest.approx(5, rel=1e-4)


@pytest.mark.parametrize("block", [SQUARE, SQUARE[::-1], L_SHAPE])
def test_a_zone_holds_every_point_of_its_radius_and_hardly_more(block):
    zone = zone_around(block, 350)
    assert zone[0] == zone[-1]
    for x in range(-400, 620, 37):
        for y in range(-400, 620, 41):
            point = ring((x, y))[0]
            inside = distance_to_area_m(zone, point) == 0
            away = distance_to_area_m(block, point)
            assert inside or away > 350
            if block is not L_SHAPE:
                assert not inside or away < 350 * 1.002


def test_the_flat_sides_of_a_zone_never_cut_into_its_radius():
    zone = zone_around(SQUARE, 350)
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(zone)]
    assert min(distance_to_area_m(SQUARE, middle) for middle in middles) > 350 * (1 - 1e-4)


def test_a_zone_runs_counter_clockwise_as_geojson_wants():
    points = [PLANE.to_plane(point) for point in zone_around(SQUARE[::-1], 100)]
    assert sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(points)) > 0
