"""norms.md 3.1.6 and the near-field trap of §3.1."""

import numpy as np
import pytest

from uskat.blast.magnitude.law import magnitude_pack
from uskat.blast.magnitude.network import StationAmplitude, network_magnitude

LAW = "hutton-boore-1987"


def amplitude(magnitude, distance, law=LAW):
    return 10 ** (magnitude - magnitude_pack().law(law).correction(distance))


def stations(values, distances=None):
    distances = distances or [40.0 + 15 * place for place in range(len(values))]
    return [
        StationAmplitude(f"S{place}", amplitude(value, distance), distance)
        for place, (value, distance) in enumerate(zip(values, distances, strict=True))
    ]


def test_the_median_of_the_stations_is_the_magnitude():
    found = network_magnitude(stations([2.4, 2.5, 2.6, 2.5, 4.0]))
    assert found.magnitude == pytest.approx(2.5)
    assert found.used == 5
    assert found.energy_k == pytest.approx(8.5)


def test_the_trimmed_mean_drops_a_fifth_on_either_side():
    found = network_magnitude(stations([2.4, 2.5, 2.6, 2.5, 9.0]), method="trimmed_mean")
    assert found.magnitude == pytest.approx(np.mean([2.5, 2.5, 2.6]))


def test_a_sensor_beside_the_pit_is_refused_and_says_ppv():
    found = network_magnitude([StationAmplitude("S0", 50.0, 0.5)])
    assert found.magnitude is None
    assert found.stations[0].refused is not None
    assert "PPV" in found.stations[0].refused
    assert "PPV" in found.reason


def test_near_stations_do_not_spoil_the_regional_ones():
    regional = stations([2.5, 2.4, 2.6])
    found = network_magnitude([*regional, StationAmplitude("NEAR", 50.0, 1.2)])
    assert found.magnitude == pytest.approx(2.5)
    assert found.used == 3
    assert found.to_json()["n"] == 3


def test_station_corrections_are_added():
    found = network_magnitude(stations([2.5, 2.5, 2.5]), corrections={"S0": 0.2, "S1": 0.2, "S2": 0.2})
    assert found.magnitude == pytest.approx(2.7)


def test_one_station_carries_the_spread_of_the_network():
    found = network_magnitude(stations([2.5]))
    assert found.spread is None
    assert found.sd == pytest.approx(magnitude_pack().station_sd.value)


def test_more_stations_are_surer_and_the_order_does_not_matter():
    few, many = network_magnitude(stations([2.4, 2.6])), network_magnitude(stations([2.4, 2.6] * 6))
    assert many.sd < few.sd
    mixed = stations([2.1, 2.9, 2.4, 2.6])
    assert network_magnitude(mixed) == network_magnitude(mixed[::-1])


def test_the_stated_error_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        found = network_magnitude(stations(list(2.5 + 0.3 * rng.standard_normal(7))))
        inside += abs(found.magnitude - 2.5) < 1.96 * found.sd
    assert 0.92 <= inside / 400 <= 0.99
