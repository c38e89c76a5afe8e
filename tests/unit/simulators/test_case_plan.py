"""The evaluation cases and their truth."""

import msgspec
import pytest

from simulators.case import DAY_S, Case, evaluation_network
from simulators.case_plan import SPILLS, case_plan, plan_length
from simulators.discharge_size import sized
from simulators.interval_truth import truth_of
from simulators.scenario import Discharge, parse_scenario

NETWORK = evaluation_network(1200)
ZERO = 1_784_073_600.0  # 2026-07-15


def case(text, *, kind="discharge", days=2.0):
    return Case(kind, parse_scenario("name: x\ntitle: x\nabout: x\n" + text, NETWORK), ZERO, 1.0, days)


@pytest.fixture(scope="module")
def plan():
    return case_plan(NETWORK, seed=7, count=plan_length(NETWORK))


def test_the_plan_tries_what_the_issue_asks_for(plan):
    assert len(plan) >= 30
    assert {d.outlet for c in plan for d in c.scenario.discharges} == {outlet.code for outlet in NETWORK.outlets}
    faults = {fault.kind for c in plan if c.kind == "fault" for fault in c.scenario.faults}
    assert faults == {"stuck", "spike", "drift", "fouling", "noise", "dead", "out_of_water", "ice"}
    assert {c.kind for c in plan} == {"discharge", "natural", "fault", "service", "quiet", "mixed", "late"}
    assert all(c.warmup_days >= 10 for c in plan)
    assert len({c.name for c in plan}) == len(plan)


def test_a_short_run_meets_every_kind():
    assert {c.kind for c in case_plan(NETWORK, seed=1, count=8)} == {
        "discharge", "natural", "fault", "service", "quiet", "mixed", "late",
    }  # fmt: skip


def test_a_seed_is_one_test_and_another_seed_another():
    first, again, other = (case_plan(NETWORK, seed=seed, count=5) for seed in (3, 3, 4))
    assert first == again
    assert [c.scenario for c in first] != [c.scenario for c in other]


def test_a_discharge_is_sized_by_what_a_station_sees():
    scenario = case("").scenario
    discharge = Discharge(outlet="out-bg-1", start_min=0, duration_min=600, share=0.01)
    found = sized(NETWORK, scenario, discharge, zero_s=ZERO, station="U-25", parameter="nh4", peak=1.0)
    spilled = msgspec.structs.replace(scenario, discharges=(found,))
    truth = truth_of(Case("discharge", spilled, ZERO, 1.0, 3.0), NETWORK)
    assert any(e.kind == "exceedance" and e.station == "U-25" and e.parameter == "nh4" for e in truth)
    half = sized(NETWORK, scenario, discharge, zero_s=ZERO, station="U-25", parameter="nh4", peak=0.5)
    assert half.share < found.share


def test_the_truth_of_a_discharge_names_stations_and_the_first_clear_interval():
    truth = truth_of(
        case("discharges: [{outlet: out-bg-1, start_min: 0, duration_min: 600, share: 0.3}]", days=3), NETWORK
    )
    polluted = {e.station: e for e in truth if e.kind == "pollution"}
    assert list(polluted) == ["TOM-545", "U-01", "U-08", "U-15", "U-21", "U-25"]
    near, far = polluted["U-25"], polluted["U-01"]
    assert near.start_s <= near.first_s <= near.exceeds_s < near.end_s
    assert near.first_s < far.first_s
    assert polluted["TOM-545"].first_s is None
    exceeding = [e for e in truth if e.kind == "exceedance"]
    assert {e.parameter for e in exceeding} >= {"nh4", "oil"}
    assert all(e.end_s > e.start_s and e.clear for e in exceeding if e.parameter == "nh4")


def test_an_exceedance_that_the_instrument_could_not_see_is_blind():
    spill = "discharges: [{outlet: out-bg-1, start_min: 0, duration_min: 600, share: 0.2}]\n"
    fault = "faults: [{device: U-25, kind: dead, parameter: nh4, start_min: -60, duration_min: 9000}]"
    seen = {
        e.station: e.blind
        for e in truth_of(case(spill + fault, days=3), NETWORK)
        if e.kind == "exceedance" and e.what == "nh4"
    }
    assert seen["U-25"] is True
    assert seen["U-21"] is False


def test_quiet_weather_and_faults_are_no_violation():
    text = "rain: [{start_min: 0, hours: 6, mm: 20}]\nfaults: [{device: U-08, kind: stuck, parameter: ph, start_min: 0, duration_min: 60}]"
    truth = truth_of(case(text), NETWORK)
    assert {e.kind for e in truth} == {"natural", "fault"}
    assert sum(e.kind == "natural" for e in truth) == 13
    assert all(e.end_s - e.start_s < 5 * DAY_S for e in truth)


def test_every_spill_names_a_station_below_its_outlet():
    outlets = {outlet.code: outlet for outlet in NETWORK.outlets}
    measured = {device.station: device.parameters for device in NETWORK.devices}
    for spill in SPILLS:
        assert spill.outlet in outlets
        assert spill.parameter in measured[spill.station]
