"""Floods, jams, visits and the faults that an evaluation needs."""

from datetime import UTC, datetime

import numpy as np
import pytest

from simulators.instrument import STANDARDS, WaterInstruments
from simulators.river import World
from simulators.scenario import ScenarioError, parse_scenario
from uskat.water.network import RiverPoint, demo_network
from uskat.wire.water import Mode

NETWORK = demo_network()
DEVICES = {device.code: device for device in NETWORK.devices}
ZERO = datetime(2026, 7, 14, 6, tzinfo=UTC).timestamp()


def played(text, zero=ZERO):
    return World(NETWORK, parse_scenario("name: x\ntitle: x\nabout: x\n" + text, NETWORK), zero_s=zero)


def hours(*values):
    return ZERO + np.array(values, dtype=np.float64) * 3600.0


def steps(first_hour, last_hour):
    return np.arange((ZERO + first_hour * 3600) // 60, (ZERO + last_hour * 3600) // 60, dtype=np.int64)


def shown(text, device, parameter, first_hour, last_hour):
    return WaterInstruments(played(text), DEVICES[device]).readings(parameter, steps(first_hour, last_hour))


def test_a_flood_wave_runs_down_the_river_and_spares_what_lies_beside_it():
    calm, wild = played(""), played("waves: [{river: krivoy_uskat, start_min: 0, peak_m3_s: 12}]")
    time = ZERO + np.arange(0, 60, 0.25) * 3600
    peaks = {}
    for station in ("KU-1", "U-25", "U-01"):
        more = wild.value(station, "level", time) - calm.value(station, "level", time)
        peaks[station] = time[int(np.argmax(more))]
        assert more.max() > 10
    assert peaks["KU-1"] < peaks["U-25"] < peaks["U-01"]
    assert wild.value("TA-2", "level", time) == pytest.approx(calm.value("TA-2", "level", time))
    assert wild.value("U-25", "ec25", time).min() < calm.value("U-25", "ec25", time).min()
    assert wild.flow(RiverPoint("uskat", 25), time).max() > calm.flow(RiverPoint("uskat", 25), time).max() + 10


def test_an_ice_jam_lifts_the_level_of_one_station_and_leaves_the_flow():
    calm, jammed = played(""), played("jams: [{station: U-08, start_min: 60, hours: 10, rise_cm: 90}]")
    more = jammed.value("U-08", "level", hours(0.9, 1.5, 6, 12)) - calm.value("U-08", "level", hours(0.9, 1.5, 6, 12))
    assert more == pytest.approx([0, 90, 90, 0])
    assert jammed.value("U-01", "level", hours(6)) == calm.value("U-01", "level", hours(6))
    assert jammed.flow(RiverPoint("uskat", 8), hours(6)) == calm.flow(RiverPoint("uskat", 8), hours(6))


def test_a_wet_year_has_more_water_and_slow_water_travels_longer():
    usual, wet, slow = played(""), played("flow_ratio: 1.5"), played("travel_ratio: 1.2")
    point = RiverPoint("uskat", 25)
    assert wet.flow(point, hours(0)) == pytest.approx(1.5 * usual.flow(point, hours(0)))
    way = RiverPoint("uskat", 36), RiverPoint("uskat", 21)
    assert slow.way(*way, ZERO).time_s == pytest.approx(1.2 * usual.way(*way, ZERO).time_s)


def test_an_outlet_may_let_out_something_unusual():
    spill = "discharges: [{outlet: out-bg-1, kind: acid, start_min: 0, duration_min: 600, share: 0.3}]"
    time = ZERO + np.arange(0, 30) * 3600
    assert played(spill).value("U-25", "ph", time).min() < 6.7
    oil = played("discharges: [{outlet: out-sk-1, kind: oil, start_min: 0, duration_min: 600, share: 0.05}]")
    assert oil.value("U-08", "oil", time).max() > 0.3
    assert oil.value("U-08", "ec25", time) == pytest.approx(played("").value("U-08", "ec25", time))


def test_fouling_grows_and_the_cleaning_takes_it_back():
    text = (
        "faults: [{device: U-15, kind: fouling, parameter: turb, start_min: 0, duration_min: 1440, size: 12}]\n"
        "visits: [{device: U-15, start_min: 1420, duration_min: 20}]"
    )
    growth = shown(text, "U-15", "turb", 0, 25) - shown("", "U-15", "turb", 0, 25)
    assert growth[60 * 12] == pytest.approx(6, abs=0.2)
    assert growth[60 * 23] == pytest.approx(11.5, abs=0.2)
    assert growth[60 * 24 + 10] == 0


def test_a_visit_is_told_by_the_logger_and_shows_air_or_standards():
    text = (
        "visits: [{device: U-21, start_min: 60, duration_min: 30, mode: calibration}, {device: U-21, start_min: 120}]"
    )
    packets = WaterInstruments(played(text), DEVICES["U-21"]).packets(int(steps(0, 3)[0]), int(steps(0, 3)[-1]) + 1)
    modes = [packet.mode for packet in packets]
    assert modes[59:61] == [Mode.NORMAL, Mode.CALIBRATION]
    assert modes[125] is Mode.SERVICE
    assert packets[70].v["ec25"] == STANDARDS["ec25"]
    assert packets[125].v["ec25"] < 10
    assert packets[100].mode is Mode.NORMAL


def test_a_dead_sensor_shows_nothing_and_a_noisy_one_everything():
    dead = shown(
        "faults: [{device: U-21, kind: dead, parameter: nh4, start_min: 0, duration_min: 60}]", "U-21", "nh4", 0, 1
    )
    assert set(dead.tolist()) == {0.0}
    noisy = shown(
        "faults: [{device: U-21, kind: noise, parameter: ph, start_min: 0, duration_min: 600, size: 0.8}]",
        "U-21",
        "ph",
        0,
        10,
    )
    assert noisy.std() == pytest.approx(0.8, rel=0.1)


def test_frazil_disturbs_conductivity_and_level_at_the_freezing_point():
    text = "faults: [{device: U-08, kind: ice, start_min: 0, duration_min: 600}]"
    assert shown(text, "U-08", "temp", 0, 10).max() <= 0.1
    assert shown(text, "U-08", "ec25", 0, 10).std() > 5 * shown("", "U-08", "ec25", 0, 10).std()
    assert shown(text, "U-08", "ph", 0, 10).tolist() == shown("", "U-08", "ph", 0, 10).tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("waves: [{river: ob, start_min: 0, peak_m3_s: 1}]", "no river 'ob'"),
        ("jams: [{station: U-99, start_min: 0, hours: 1, rise_cm: 1}]", "no station 'U-99'"),
        ("visits: [{device: U-99, start_min: 0}]", "no device 'U-99'"),
        ("faults: [{device: U-08, kind: ice, parameter: temp, start_min: 0, duration_min: 1}]", "has no parameter"),
        ("faults: [{device: U-08, kind: fouling, start_min: 0, duration_min: 1}]", "needs a parameter"),
    ],
)
def test_a_mistake_is_named(text, words):
    with pytest.raises(ScenarioError, match=words):
        played(text)
