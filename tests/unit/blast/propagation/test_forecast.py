import json

import numpy as np
import pytest

from tests.unit.blast.propagation.test_fit import made, with_statistics
from uskat.blast.geometry import Plane
from uskat.blast.norm.curve import Receptor
from uskat.blast.norm.pack import limit_norm
from uskat.blast.propagation.calibration import held_out_coverage, prior_coverage
from uskat.blast.propagation.fit import FitError, fit_site
from uskat.blast.propagation.forecast import (
    Ground,
    ReceptorPlace,
    forecast_blast,
    frequency_band,
    largest_for_all_kg,
    reach_m,
)
from uskat.blast.propagation.law import PpvRecord
from uskat.blast.propagation.prior import prior_law
from uskat.blast.propagation.published import published_tables
from uskat.blast.propagation.spread import largest_charge_kg
from uskat.blast.provenance import Level

PIT = (87.0, 54.0)
DIN = limit_norm("din4150-3")


def place(name, east_m, north_m, receptor=Receptor.DWELLING):
    return ReceptorPlace(name, receptor, Plane(*PIT).to_globe((east_m, north_m)))


def ground(records):
    law = fit_site(records).law if records else None
    return Ground(law, prior_law().updated(records), frequency_band(records))


def forecast(known, *places, charge=400.0, norm=DIN, **options):
    return forecast_blast(PIT, charge, places=places, ground=known, norm=norm, **options)


def test_a_site_with_its_law_is_forecast_by_it():
    known = ground(made(80))
    (found,) = forecast(known, place("Посёлок", 600.0, 0.0))
    assert found.basis == "site"
    assert found.distance_m == pytest.approx(600.0, abs=0.01)
    assert found.azimuth_deg == pytest.approx(90.0, abs=0.1)
    spread = known.law.spread(np.array([found.distance_m]), np.array([400.0]))
    assert found.bound_mm_s == pytest.approx(spread.bound_mm_s(0.95)[0])
    assert found.limit_mm_s == 5.0
    assert found.probability == pytest.approx(float(spread.exceedance(5.0)[0]))
    assert found.kept is False
    assert found.largest_charge_kg == pytest.approx(largest_charge_kg(known.law, found.distance_m, limit_mm_s=5.0))


def test_the_largest_charge_just_keeps_the_bound():
    known = ground(made(80))
    (first,) = forecast(known, place("Посёлок", 600.0, 0.0))
    (again,) = forecast(known, place("Посёлок", 600.0, 0.0), charge=first.largest_charge_kg)
    assert again.bound_mm_s == pytest.approx(5.0, rel=1e-6)
    assert again.kept is True
    assert again.probability == pytest.approx(0.05, rel=1e-4)


@pytest.mark.parametrize("records", [[], made(8), with_statistics(n=44, slope=-0.325, r2=0.0266)])
def test_without_a_law_of_its_own_the_prior_speaks_with_wide_bounds(records):
    (found,) = forecast(ground(records), place("Посёлок", 600.0, 0.0))
    assert found.basis == "prior"
    assert found.level is Level.MEMORY
    assert found.bound_mm_s > found.median_mm_s * 2


def test_the_prior_narrows_with_the_records_of_the_site():
    widths = []
    for n in (0, 3, 10, 60):
        (found,) = forecast(
            Ground(None, prior_law().updated(made(n)), frequency_band([])), place("Посёлок", 600.0, 0.0)
        )
        widths.append(found.bound_mm_s / found.median_mm_s)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 4
    assert prior_law().updated(made(60)).n == 60


def test_outside_the_data_the_larger_of_site_and_prior_is_taken():
    known = ground(made(80, span=(50.0, 400.0)))
    (found,) = forecast(known, place("Далеко", 9000.0, 0.0))
    assert found.basis == "both"
    prior = known.prior.spread(np.array([found.distance_m]), np.array([400.0])).bound_mm_s(0.95)[0]
    site = known.law.spread(np.array([found.distance_m]), np.array([400.0])).bound_mm_s(0.95)[0]
    assert found.bound_mm_s == pytest.approx(max(prior, site))


def test_the_limit_is_that_of_the_least_favourable_frequency_of_the_site():
    high = [PpvRecord(r.distance_m, r.charge_kg, r.ppv_mm_s, frequency_hz=40.0 + i % 5) for i, r in enumerate(made(40))]
    band = frequency_band(high)
    assert band.own
    assert band.class_ru.startswith("средняя")
    (found,) = forecast(ground(high), place("Посёлок", 600.0, 0.0))
    assert found.limit_mm_s == pytest.approx(5 + 10 * 30 / 40)
    assert frequency_band(high[:9]).own is False
    assert "мало" in frequency_band([]).class_ru


def test_receptors_without_a_limit_are_forecast_without_verdict():
    (found,) = forecast(ground([]), place("Труба", 600.0, 0.0, Receptor.PIPE_STEEL), norm=limit_norm("ri8507"))
    assert (found.limit_mm_s, found.kept, found.largest_charge_kg, found.probability) == (None, None, None, None)
    (pipe,) = forecast(ground([]), place("Труба", 600.0, 0.0, Receptor.PIPE_STEEL))
    assert pipe.limit_mm_s == 100.0


def test_the_governing_receptor_sets_the_charge():
    near, far = place("Дом", 400.0, 0.0), place("Школа", 0.0, 900.0, Receptor.SCHOOL)
    found = forecast(ground(made(80)), near, far)
    charge, governing = largest_for_all_kg(found)
    assert governing.place.name == "Дом"
    assert charge == min(f.largest_charge_kg for f in found)
    assert largest_for_all_kg([]) is None


def test_wind_and_a_receptor_on_the_block():
    (found,) = forecast(ground([]), place("Восток", 700.0, 0.0), wind_from_deg=270.0)
    assert found.airblast.wind_db == (0.0, 10.0)
    (block,) = forecast(ground([]), place("Блок", 0.0, 0.0))
    assert block.distance_m == 1.0
    assert forecast(ground([])) == []
    with pytest.raises(ValueError, match="charge"):
        forecast(ground([]), place("Восток", 700.0, 0.0), charge=0.0)


def test_the_contour_lies_where_the_bound_is_the_level():
    known = ground(made(80))
    (reach,) = reach_m(known, 400.0, level_mm_s=5.0, azimuths_deg=[0.0])
    bound = known.law.spread(np.array([reach]), np.array([400.0])).bound_mm_s(0.95)[0]
    assert bound == pytest.approx(5.0, rel=5e-3)
    assert reach_m(known, 400.0, level_mm_s=1e12, azimuths_deg=[0.0]) == [0.0]


def test_the_forecast_is_plain_json():
    (found,) = forecast(ground(made(80)), place("Посёлок", 600.0, 0.0))
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["basis"] == "site"


def test_held_out_halves_of_the_published_tables_are_covered():
    shares = {name: held_out_coverage(records, halves=60) for name, records in published_tables().items()}
    below = sum(coverage.below for coverage in shares.values())
    judged = sum(coverage.judged for coverage in shares.values())
    assert 0.93 <= below / judged <= 0.97
    assert all(0.89 <= coverage.share <= 0.99 for coverage in shares.values())


def test_held_out_halves_of_a_made_site_are_covered():
    coverage = held_out_coverage(made(60, scatter=0.22), halves=60)
    assert 0.93 <= coverage.share <= 0.97
    assert coverage.to_json()["halves"] == 120
    with pytest.raises(FitError):
        held_out_coverage(made(5))


@pytest.mark.parametrize("seen", [0, 5])
def test_the_prior_covers_sites_it_has_not_seen(seen):
    for records in published_tables().values():
        assert prior_coverage(records, seen=seen, draws=20).share >= 0.93
