"""The judge of an evaluation: what counts as found, as false, as late, as traced."""

import json

import pytest

from services.cli.evaluate.judge import INTERVAL_S, Reported, judge
from services.cli.evaluate.report import report_of
from services.cli.evaluate.score import Judged, figures_of, with_targets
from simulators.interval_truth import TrueEpisode
from uskat.water.network import demo_network

NETWORK = demo_network()
OUTLETS = {outlet.code: outlet for outlet in NETWORK.outlets}
STATIONS = {"U-25": 1, "U-21": 2, "U-15": 3}
HOUR = 3600.0
T = 100 * HOUR


def alert(kind, station, first_h, last_h, *, parameter=None, known_h=None, withdrawn=False, detail=None):
    known = first_h + 1 / 3 if known_h is None else known_h
    return Reported(
        kind, "violation", station, parameter, T + first_h * HOUR, T + last_h * HOUR, T + known * HOUR, withdrawn, kind,
        detail or {},
    )  # fmt: skip


def true(kind, what, station, first_h, last_h, **more):
    return TrueEpisode(kind, what, station, T + first_h * HOUR, T + last_h * HOUR, **more)


def pollution(station, first_h, last_h, *, seen_h=None, exceeds_h=None):
    seen = None if seen_h is None else T + seen_h * HOUR
    exceeds = None if exceeds_h is None else T + exceeds_h * HOUR
    return true("pollution", "mine_water", station, first_h, last_h, outlet="out-bg-1", first_s=seen, exceeds_s=exceeds)


def judged(truth, alerts):
    return judge(truth, alerts, stations=STATIONS, outlets=OUTLETS)


def source(station="U-25", *, candidates=("out-bg-1",), reach=(36.0, 25.0), river="uskat"):
    detail = {
        "reach": {"river": river, "from_km": reach[0], "to_km": reach[1]},
        "candidates": [{"outlet": code, "probability": 0.5} for code in candidates],
    }
    return alert("source", station, 1, 5, detail=detail)


def test_a_violation_is_found_by_an_exceedance_of_its_parameter_at_its_station():
    truth = [
        true("exceedance", "nh4", "U-25", 1, 3, parameter="nh4"),
        true("exceedance", "no3", "U-25", 1, 3, parameter="no3"),
    ]
    verdict = judged(truth, [alert("exceedance", "U-25", 1, 4, parameter="nh4"), alert("event", "U-25", 1, 4)])
    assert (verdict.exceedances, verdict.exceedances_found) == (2, 1)
    assert [(miss.what, miss.text.split()[0]) for miss in verdict.misses] == [("violation missed", "no3")]


def test_single_intervals_and_blind_instruments_do_not_count_against_recall():
    one = true("exceedance", "nh4", "U-25", 1, 1 + 1 / 3, parameter="nh4")
    blind = true("exceedance", "nh4", "U-25", 2, 9, parameter="nh4", blind=True)
    verdict = judged([one, blind], [alert("exceedance", "U-25", 1, 1.4, parameter="nh4")])
    assert (verdict.exceedances, verdict.false_alerts) == (0, 0)


def test_an_accusation_where_nothing_was_is_false_unless_it_was_withdrawn():
    alerts = [alert("event", "U-21", 1, 2), alert("exceedance", "U-15", 1, 2, parameter="ph", withdrawn=True)]
    verdict = judged([], [*alerts, alert("natural", "U-15", 1, 2), alert("fault", "U-15", 1, 2)])
    assert (verdict.false_alerts, verdict.withdrawn_pollution) == (1, 1)
    assert ("nothing", "event") in verdict.confusion


def test_an_alert_that_meets_pollution_is_true_however_faint_it_is():
    verdict = judged([pollution("U-21", 1, 9)], [alert("event", "U-21", 5, 6)])
    assert verdict.false_alerts == 0
    assert verdict.sources == []


def test_a_false_alert_during_a_fault_or_rain_is_told_apart():
    truth = [true("fault", "stuck", "U-21", 0, 9, parameter="ph"), true("natural", "rain", "U-15", 0, 9)]
    verdict = judged(truth, [alert("exceedance", "U-21", 1, 2, parameter="ph"), alert("event", "U-15", 1, 2)])
    assert (verdict.faults_as_violations, verdict.natural_as_pollution) == (1, 1)
    assert verdict.faults == {"stuck": [1, 0]}


@pytest.mark.parametrize(("known_h", "intervals"), [(2 + 1 / 3, 1), (3, 3)])
def test_the_delay_runs_from_the_first_exceeding_interval_at_the_first_station(known_h, intervals):
    truth = [pollution("U-25", 1, 9, seen_h=1.5, exceeds_h=2), pollution("U-21", 5, 12, seen_h=6)]
    verdict = judged(truth, [alert("exceedance", "U-25", 2, 8, known_h=known_h), alert("event", "U-21", 6, 8)])
    assert verdict.delays == [pytest.approx(intervals)]
    assert verdict.delays_from_anomaly[0] == pytest.approx(intervals + 0.5 * HOUR / INTERVAL_S)


def test_a_discharge_nobody_saw_is_missed_and_has_no_median():
    verdict = judged([pollution("U-25", 1, 9, seen_h=1.5)], [])
    assert {miss.what for miss in verdict.misses} == {"discharge missed", "source"}
    figures = figures_of([Judged("x", "discharge", T, 3.0, 1, 1.0, verdict)], seed=1, seconds=1.0)
    assert figures["median_detect_intervals"] is None
    assert "median_detect_intervals" in with_targets(figures)["targets_missed"]


@pytest.mark.parametrize(
    ("named", "reach_right", "rank"),
    [
        (source(), True, 1),
        (source(candidates=("out-zv-1", "out-bg-1")), True, 2),
        (source(candidates=("out-zv-1",), reach=(36.0, 32.0)), False, None),
        (source(river="talda"), False, 1),
    ],
)
def test_the_source_is_judged_by_its_reach_and_the_place_of_the_outlet(named, reach_right, rank):
    (found,) = judged([pollution("U-25", 1, 9, seen_h=1.5)], [named]).sources
    assert (found.told, found.reach_right, found.rank) == (True, reach_right, rank)


def test_an_unknown_source_ahead_of_the_outlet_is_told_apart_from_another_outlet_ahead():
    (found,) = judged([pollution("U-25", 1, 9, seen_h=1.5)], [source(candidates=(None, "out-bg-1"))]).sources
    assert (found.rank, found.unknown_ahead) == (1, True)
    (other,) = judged([pollution("U-25", 1, 9, seen_h=1.5)], [source(candidates=("out-bg-1", None))]).sources
    assert (other.rank, other.unknown_ahead) == (1, False)


def test_the_most_upstream_source_is_the_one_that_counts():
    truth = [pollution("U-25", 1, 9, seen_h=1.5), pollution("U-21", 1, 9, seen_h=1.5)]
    wrong = source("U-21", candidates=("out-sk-1",), reach=(25.0, 21.0))
    assert judged(truth, [wrong, source("U-25")]).sources[0].rank == 1


def test_figures_are_shares_over_all_cases_and_the_report_shows_them():
    truth = [pollution("U-25", 1, 9, seen_h=2, exceeds_h=2), true("exceedance", "nh4", "U-25", 2, 6, parameter="nh4")]
    verdict = judged(
        truth, [alert("exceedance", "U-25", 2, 6, parameter="nh4"), source(), alert("event", "U-15", 2, 3)]
    )
    case = Judged("spill", "discharge", T, 30.4375, 1, 1.0, verdict)
    figures = with_targets(figures_of([case], seed=5, seconds=2.0))
    assert figures["recall"] == figures["reach_right"] == figures["outlet_first"] == 1.0
    assert figures["false_per_station_month"] == 1.0
    assert figures["median_detect_intervals"] == 1.0
    assert figures["targets_missed"] == []
    assert json.loads(json.dumps(figures)) == figures
    report = report_of([case], figures)
    assert "| recall | 1.0 | ≥ 1.0 | yes |" in report
    assert "| pollution: mine_water | 1 |" in report
    assert "1 misses:" in report
