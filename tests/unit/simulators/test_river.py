from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.instrument import WaterInstruments
from simulators.noise import gaussian, key_of, smooth, uniform
from simulators.river import World
from simulators.scenario import Scenario, load_scenario, parse_scenario
from simulators.season import oxygen_saturation_mg_l
from uskat.water.network import RiverPoint, demo_network
from uskat.water.norms import exceeds, norm_in_force

NETWORK = demo_network()
DEVICES = {device.code: device for device in NETWORK.devices}
LOGGERS = [device for device in NETWORK.devices if device.kind == "logger"]
ZERO = datetime(2026, 7, 14, 6, tzinfo=UTC).timestamp()


def world(name="quiet", zero=ZERO, **changes):
    scenario = msgspec.structs.replace(load_scenario(name, NETWORK), **changes)
    return World(NETWORK, scenario, zero_s=zero)


def played(text, zero=ZERO):
    return World(NETWORK, parse_scenario("name: x\ntitle: x\nabout: x\n" + text, NETWORK), zero_s=zero)


def hours(first, last, step_min=10.0):
    return ZERO + np.arange(first * 60, last * 60, step_min) * 60.0


def test_noise_depends_on_key_and_step_only():
    steps = np.arange(100, dtype=np.int64)
    assert gaussian(key_of(1, "a"), steps).tolist() == gaussian(key_of(1, "a"), steps).tolist()
    assert gaussian(key_of(1, "a"), steps)[40:].tolist() == gaussian(key_of(1, "a"), steps[40:]).tolist()
    assert gaussian(key_of(1, "a"), steps).tolist() != gaussian(key_of(1, "b"), steps).tolist()


def test_noise_is_normal_and_white():
    draws = gaussian(key_of("test"), np.arange(200_000, dtype=np.int64))
    assert draws.mean() == pytest.approx(0, abs=0.01)
    assert draws.std() == pytest.approx(1, abs=0.01)
    assert np.corrcoef(draws[1:], draws[:-1])[0, 1] == pytest.approx(0, abs=0.01)
    flat = uniform(key_of("test"), np.arange(200_000, dtype=np.int64))
    assert np.histogram(flat, 10, (0, 1))[0] / 20_000 == pytest.approx(1, abs=0.04)


def test_smooth_noise_has_no_steps():
    values = smooth(key_of("s"), np.arange(0, 100_000, 10.0), 3600.0)
    assert np.abs(np.diff(values)).max() < 0.02


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(LOGGERS), st.integers(0, 200), st.integers(1, 60), st.integers(0, 60))
def test_a_restart_continues_the_same_world(device, first, before, after):
    start = int(ZERO // 60) + first
    whole = WaterInstruments(world("demo"), device).packets(start, start + before + after)
    parts = WaterInstruments(world("demo"), device).packets(start, start + before)
    parts += WaterInstruments(world("demo"), device).packets(start + before, start + before + after)
    assert parts == whole


def test_another_seed_is_another_world():
    steps = (int(ZERO // 60), int(ZERO // 60) + 5)
    one = WaterInstruments(world(seed=1), DEVICES["U-21"]).packets(*steps)
    assert one != WaterInstruments(world(seed=2), DEVICES["U-21"]).packets(*steps)


def test_oxygen_saturation_agrees_with_the_table():
    assert oxygen_saturation_mg_l(np.array([0, 5, 10, 15, 20, 25.0])) == pytest.approx(
        [14.621, 12.771, 11.288, 10.084, 9.092, 8.263], abs=0.005
    )


@pytest.mark.parametrize("month", range(1, 13))
def test_quiet_rivers_break_no_norm_in_any_season(month):
    zero = datetime(2026, month, 10, tzinfo=UTC).timestamp()
    quiet = world(zero=zero)
    time = zero + np.arange(0, 3 * 86_400, 3600.0)
    for series in NETWORK.series:
        use = NETWORK.station_of[series.station].water_use
        norm = norm_in_force(series.parameter, datetime.fromtimestamp(zero, UTC), water_use=use)
        values = quiet.value(series.station, series.parameter, time)
        assert np.isfinite(values).all()
        if norm is not None:
            assert not any(exceeds(norm, value) for value in values), (series, values.min(), values.max())


def test_flow_grows_downstream_and_takes_the_tributaries_in():
    flows = [world().mean_flow(RiverPoint("uskat", km)) for km in (43, 36, 25, 24, 8, 0)]
    assert flows == sorted(flows)
    assert flows[3] - flows[2] > 1.5
    assert flows[-1] == pytest.approx(8.0)


def test_warm_water_holds_less_oxygen_and_days_have_a_course():
    quiet = world()
    time = hours(0, 48)
    temperature, oxygen = quiet.value("U-21", "temp", time), quiet.value("U-21", "do", time)
    assert np.ptp(temperature) > 1.0
    winter = world(zero=datetime(2026, 1, 14, tzinfo=UTC).timestamp()).value("U-21", "temp", time - 181 * 86_400)
    assert winter.max() < 0.5
    assert oxygen.min() > 6


MINE = """
discharges:
  - {outlet: out-kp-1, start_min: 0, duration_min: 240, share: 0.2}
"""


def test_a_plume_reaches_one_station_after_the_other_and_no_station_above():
    event, clean = played(MINE), played("")
    time = hours(0, 120)
    peaks = {}
    for station in ("TA-1", "U-25", "TA-2", "U-21", "U-15", "U-08"):
        rise = event.value(station, "nh4", time) - clean.value(station, "nh4", time)
        peaks[station] = (float(rise.max()), float(time[rise.argmax()]))
    assert peaks["TA-1"][0] == peaks["U-25"][0] == 0
    order = ["TA-2", "U-21", "U-15", "U-08"]
    assert [peaks[code][1] for code in order] == sorted(peaks[code][1] for code in order)
    assert [peaks[code][0] for code in order] == sorted((peaks[code][0] for code in order), reverse=True)


def test_a_plume_carries_the_same_mass_past_every_station():
    event = played(MINE)
    time = hours(0, 400, 5.0)
    let_in = event.plumes["TA-2"][0]
    source_flow = let_in.share / (1 - let_in.share) * float(event.flow(RiverPoint("talda", 0.5), time[:1])[0])
    for station in ("TA-2", "U-21", "U-01"):
        place = NETWORK.station_of[station]
        plume = event.plumes[station][0]
        start = np.array([plume.start_s])
        total_flow = float(event.flow(RiverPoint(place.river, place.km), start)[0]) + source_flow
        carried = plume.mixed(time).sum() * 300 * total_flow
        assert carried == pytest.approx(source_flow * 240 * 60, rel=0.01)


def test_half_of_a_plume_timed_by_its_arrival_is_there_at_that_time():
    event = played(
        "discharges:\n  - {outlet: out-kp-1, arrives: {station: TA-2, at_min: 30}, duration_min: 9000, share: 0.2}"
    )
    plume = event.plumes["TA-2"][0]
    at = np.array([ZERO + 30 * 60.0])
    assert plume.mixed(at)[0] == pytest.approx(plume.share / 2, rel=0.25)


def test_rain_raises_level_and_turbidity_and_dilutes():
    wet, dry = played("rain:\n  - {start_min: 0, hours: 4, mm: 20}"), played("")
    time = hours(6, 14)
    for station in ("KU-1", "U-21", "U-01"):
        assert (wet.value(station, "level", time) > dry.value(station, "level", time) + 10).all()
        assert (wet.value(station, "turb", time) > 2 * dry.value(station, "turb", time)).all()
        assert (wet.value(station, "ec25", time) < dry.value(station, "ec25", time)).all()
    assert wet.value("KU-1", "precip", hours(0, 4, 1.0)).sum() == pytest.approx(20)


def test_sewage_takes_oxygen_further_down_and_washery_clouds_the_water():
    time = hours(0, 60)
    sewage = played("discharges:\n  - {outlet: out-zv-1, start_min: 0, duration_min: 1800, share: 0.1}")
    clean = played("")
    assert (clean.value("U-25", "do", time) - sewage.value("U-25", "do", time)).max() > 0.5
    slurry = played("discharges:\n  - {outlet: out-sk-1, start_min: 0, duration_min: 300, share: 0.2}")
    assert slurry.value("U-15", "turb", time).max() > 20 * clean.value("U-15", "turb", time).max()
    change = slurry.value("U-15", "ec25", time) / clean.value("U-15", "ec25", time)
    assert change.max() < 1.4


FAULTS = """
faults:
  - {device: U-21, kind: stuck, parameter: turb, start_min: 10, duration_min: 20}
  - {device: U-21, kind: spike, parameter: ph, start_min: 0, duration_min: 600, size: 2.0}
  - {device: U-21, kind: drift, parameter: ec25, start_min: 0, duration_min: 2880, size: 50}
  - {device: KU-2, kind: out_of_water, start_min: 10, duration_min: 20}
  - {device: U-15, kind: clock_1970, start_min: 10, duration_min: 5}
  - {device: U-08, kind: clock_future, start_min: 10, duration_min: 5}
  - {device: U-01, kind: clock_jump, start_min: 10, duration_min: 5, size: -600}
silent:
  - {device: PU-1, start_min: 10, duration_min: 20}
  - {device: U-43, start_min: 10, parameters: [nh4]}
"""


def scans(event, device, count=40):
    start = int(ZERO // 60)
    return WaterInstruments(event, DEVICES[device]).packets(start, start + count)


def test_each_instrument_fault_shows_as_it_should():
    event, clean = played(FAULTS), played("")
    faulty, good = scans(event, "U-21", 600), scans(clean, "U-21", 600)
    assert len({scan.v["turb"] for scan in faulty[10:30]}) == 1
    assert len({scan.v["turb"] for scan in faulty[30:60]}) > 1
    jumps = [a.v["ph"] - b.v["ph"] for a, b in zip(faulty, good, strict=True)]
    assert {round(jump, 2) for jump in jumps} == {0.0, 2.0}
    assert 0 < sum(jump > 1 for jump in jumps) < 60
    assert faulty[-1].v["ec25"] - good[-1].v["ec25"] == pytest.approx(50 * 599 / 1440, abs=2)
    assert {scan.v["ec25"] for scan in scans(event, "KU-2")[10:30]} == {3.0}


def test_each_clock_fault_moves_only_the_time():
    event, clean = played(FAULTS), played("")
    for device, year in (("U-15", 1970), ("U-08", 2027), ("U-01", 2026)):
        shown, true = scans(event, device), scans(clean, device)
        assert [scan.v for scan in shown] == [scan.v for scan in true]
        assert [i for i, (a, b) in enumerate(zip(shown, true, strict=True)) if a.t != b.t] == [10, 11, 12, 13, 14]
        assert shown[12].t.year == year


def test_silence_leaves_out_the_station_or_only_a_channel():
    event = played(FAULTS)
    assert len(scans(event, "PU-1")) == 20
    partly = scans(event, "U-43")
    assert len(partly) == 40
    assert ["nh4" in scan.v for scan in partly] == [True] * 10 + [False] * 30


def test_every_scenario_of_the_package_can_be_played():
    for name in ("demo", "blasts", "faults", "offline_late", "rain_melt", "sewage", "washery", "discharge_mine_water"):
        event = world(name)
        assert isinstance(event.scenario, Scenario)
        for device in LOGGERS:
            assert WaterInstruments(event, device).packets(int(ZERO // 60), int(ZERO // 60) + 2) or name in {
                "demo",
                "faults",
            }
