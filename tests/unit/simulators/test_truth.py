import json
from datetime import UTC, datetime

import pytest

from simulators.account import write_json
from simulators.river import World
from simulators.scenario import load_scenario, parse_scenario
from simulators.seismograph import SeismicInstrument
from simulators.truth import INTERVAL_S, TruthLog
from uskat.water.network import demo_network

NETWORK = demo_network()
ZERO = datetime(2026, 7, 14, 6, tzinfo=UTC).timestamp()
DISCHARGE = """
name: x
title: x
about: x
backfill_hours: 2
discharges: [{outlet: out-kp-1, arrives: {station: TA-2, at_min: -60}, duration_min: 600, share: 0.24}]
silent: [{device: PU-1, start_min: 5}]
faults: [{device: U-21, kind: stuck, parameter: ph, start_min: 5, duration_min: 10}]
"""


def make(text=DISCHARGE, name=None):
    scenario = parse_scenario(text, NETWORK) if name is None else load_scenario(name, NETWORK)
    return World(NETWORK, scenario, zero_s=ZERO)


def lines(path, kind=None):
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if kind in {None, line["kind"]}]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "truth.jsonl"


def test_the_plan_is_written_once_and_names_every_station_a_discharge_reaches(path):
    for _start in range(2):
        log = TruthLog(path, make())
        log.write_plan()
        log.close()
    assert len(lines(path, "scenario")) == 1
    assert [line["station"] for line in lines(path, "discharge")] == ["TA-2", "U-21", "U-15", "U-08", "U-01", "TOM-545"]
    arrivals = [line["arrives_at"] for line in lines(path, "discharge")]
    assert arrivals == sorted(arrivals)
    assert lines(path, "silent")[0]["stops_at"] is None
    assert lines(path, "fault")[0]["fault"] == "stuck"


def test_exceeding_intervals_are_those_whose_true_mean_breaks_the_norm(path):
    log = TruthLog(path, make())
    log.write_intervals(ZERO + 3600)
    log.close()
    found = lines(path, "interval")
    ammonium = [line["start"] for line in found if (line["station"], line["parameter"]) == ("TA-2", "nh4")]
    assert len(ammonium) >= 4
    assert all(line["mean"] > line["max"] for line in found)
    assert {line["station"] for line in found} == {"TA-2"}


def test_a_quiet_day_has_no_exceeding_interval(path):
    log = TruthLog(path, make(name="quiet"))
    log.write_intervals(ZERO + 24 * 3600)
    log.close()
    assert lines(path, "interval") == []


def test_intervals_written_in_pieces_and_over_a_restart_are_written_once(path, tmp_path):
    whole = TruthLog(tmp_path / "whole.jsonl", make())
    whole.write_intervals(ZERO + 5 * INTERVAL_S)
    whole.close()
    for step in range(51):
        log = TruthLog(path, make())
        log.write_intervals(ZERO + step * INTERVAL_S / 10)
        log.close()
    assert lines(path, "interval") == lines(tmp_path / "whole.jsonl", "interval")


def test_half_a_line_left_by_a_kill_is_removed(path):
    log = TruthLog(path, make())
    log.write_intervals(ZERO)
    log.close()
    before = lines(path)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "interval", "stat')
    log = TruthLog(path, make())
    log.write_intervals(ZERO)
    log.close()
    assert lines(path) == before


def test_ground_motion_is_told_without_the_instruments_noise(path):
    world = make(name="demo")
    instrument = SeismicInstrument(NETWORK, world.scenario, NETWORK.seismograph_of["SEIS-TALDA-1"], zero_s=ZERO)
    (event,) = instrument.events(ZERO, ZERO + 60)
    log = TruthLog(path, world)
    log.write_ground_motion(instrument, event, triggered=True)
    log.close()
    (line,) = lines(path)
    assert line["ppv_mm_s"] == pytest.approx(instrument.motion(event).ppv_mm_s, abs=1e-4)
    assert (line["event"], line["pit"], line["triggered"]) == ("blast", "sukhoy-log", True)


def test_the_status_file_is_replaced_as_a_whole(tmp_path):
    write_json(tmp_path / "a.json", {"n": 1})
    write_json(tmp_path / "a.json", {"n": 2})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"n": 2}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
