"""Where a blast was: exact arrivals give the place, wrong clocks are thrown out, uncertainty covers."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.blast.event.district_world import AT, PIT, PLACES, blast_records, district
from uskat.blast.event.location import CHI2_95_2D, locate, surface_or_far
from uskat.blast.geometry import distance_m

WORLD = district()


def kilometres(location, place):
    return distance_m((location.longitude, location.latitude), (place[1], place[0])) / 1000


def test_exact_arrivals_give_place_and_time():
    found = locate(blast_records(WORLD), WORLD)
    assert kilometres(found, PIT) < 0.1
    assert abs((found.at - AT).total_seconds()) < 0.05
    assert found.outliers == ()


def test_a_place_far_from_every_pit_is_found_against_the_prior():
    place = (54.155, 87.09)
    found = locate(blast_records(WORLD, place=place), WORLD)
    assert kilometres(found, place) < 0.25
    assert found.covers(WORLD.to_km(*place))


@pytest.mark.parametrize("late", [0.6, -3.0, 20.0])
def test_a_wrong_clock_is_an_outlier_and_moves_nothing(late):
    found = locate(blast_records(WORLD, late={"S3": late}), WORLD)
    assert [station for station, _ in found.outliers] == ["S3"]
    assert found.outliers[0][1] == pytest.approx(late, abs=0.1)
    assert kilometres(found, PIT) < 0.15


def test_the_ellipse_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(60):
        place = (54.13 + 0.02 * rng.uniform(-1, 1), 87.07 + 0.03 * rng.uniform(-1, 1))
        records = []
        for record in blast_records(WORLD, place=place):
            away = np.hypot(*(WORLD.place_of[record.station] - WORLD.to_km(*place)))
            shift = float(rng.normal(0, 0.045 * away / 3.6) + rng.normal(0, 0.025))
            peak = record.ppv_mm_s * 10 ** rng.normal(0, 0.12)
            lag = record.air_after_s * (1 + rng.normal(0, 0.03))
            moved = replace(record, onset_at=record.onset_at + timedelta(seconds=shift))
            records.append(replace(moved, ppv_mm_s=float(peak), air_after_s=float(lag)))
        inside += locate(records, WORLD).covers(WORLD.to_km(*place))
    assert inside >= 54


def test_few_stations_are_less_sure_and_say_so():
    many, two, one = (locate(blast_records(WORLD, only=only), WORLD) for only in (None, [1, 3], [1]))
    assert many.uncertainty_km < two.uncertainty_km < one.uncertainty_km
    for found in (two, one):
        assert found.mahalanobis2(WORLD.to_km(*PIT), extra_km=0.0) < CHI2_95_2D


def test_order_does_not_matter():
    records = blast_records(WORLD)
    assert locate(records, WORLD) == locate(records[::-1], WORLD)


def test_moveout_tells_the_surface_from_afar():
    from tests.unit.blast.event.district_world import earthquake_records

    assert surface_or_far(blast_records(WORLD), WORLD) > 3
    assert surface_or_far(earthquake_records(WORLD), WORLD) < -3


def test_nothing_cannot_be_located():
    with pytest.raises(ValueError, match="nothing"):
        locate([], WORLD)


def test_codes_of_stations_are_unique():
    with pytest.raises(ValueError, match="codes"):
        type(WORLD)((WORLD.stations[0], WORLD.stations[0]), ())


def test_a_district_without_pits_locates_too():
    bare = type(WORLD)(district(PLACES).stations, ())
    assert kilometres(locate(blast_records(bare), bare), PIT) < 0.15
