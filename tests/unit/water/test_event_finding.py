"""Events in words: pollution or nature, what moved, what a fault leaves."""

from datetime import timedelta

import pytest

from simulators.scenario import Rain
from tests.unit.water.river_records import ZERO, discharge, records_of, world_of
from uskat.finding import FindingKind, Severity
from uskat.water.event import Contribution, EventEpisode
from uskat.water.event_finding import event_finding
from uskat.water.passing import passing_of


def moved(parameter, observed, expected):
    deviation = observed - expected
    return Contribution(parameter, "24 h", observed, expected, deviation, abs(deviation) / 9, 2.0)


def episode(*contributions, natural=False):
    end = ZERO + timedelta(hours=5)
    return EventEpisode(
        ZERO, ZERO + timedelta(minutes=40), end - timedelta(minutes=20), 3.2, ZERO, natural, contributions, 15, end,
        end + timedelta(hours=2),
    )  # fmt: skip


def passing_at(station, world):
    return passing_of(records_of(world)[station], ZERO - timedelta(hours=3), until=ZERO + timedelta(hours=8))


def told(one, passing, *, broken=frozenset()):
    return event_finding(one, passing, broken=broken, station_id=6, published=True)


def test_a_discharge_is_an_event_that_says_what_moved_and_what_it_looks_like():
    finding = told(
        episode(moved("ec25", 700.0, 450.0), moved("nh4", 0.9, 0.14)),
        passing_at("U-25", world_of(discharge("out-bg-1"))),
    )
    assert (finding.kind, finding.severity, finding.key) == (FindingKind.EVENT, Severity.NOTICE, "event:6")
    assert "карьерные воды" in finding.title
    assert [(one["parameter"], one["direction"]) for one in finding.detail["moved"]] == [("ec25", "up"), ("nh4", "up")]
    assert finding.detail["moved"][0]["deviation"] == pytest.approx(250)
    assert "выше ожидаемых 450" in finding.reasons[0]
    assert finding.detail["signature"]["level"] == "memory"


def test_rain_is_natural_and_says_so():
    rain = passing_at("U-36", world_of(rain=(Rain(start_min=0, hours=6, mm=25),)))
    finding = told(episode(moved("turb", 90.0, 6.0), moved("ec25", 300.0, 430.0), natural=True), rain)
    assert finding.kind is FindingKind.NATURAL
    assert finding.severity is Severity.NOTICE
    assert "Природная причина" in finding.title


def test_dilution_alone_is_natural_and_so_is_what_stays_within_the_usual():
    quiet = passing_at("U-36", world_of())
    assert told(episode(moved("ec25", 390.0, 450.0)), quiet).kind is FindingKind.NATURAL
    assert told(episode(moved("turb", 4.0, 9.0), moved("do", 9.4, 9.0)), quiet).kind is FindingKind.NATURAL


def test_without_anything_to_compare_with_the_event_stands():
    finding = told(episode(moved("nh4", 2.0, 0.1)), None)
    assert finding.kind is FindingKind.EVENT
    assert "причина не установлена" in finding.title


def test_what_a_faulty_instrument_says_is_left_out():
    one = episode(moved("ph", 3.0, 7.8), moved("ec25", 700.0, 450.0))
    polluted = passing_at("U-25", world_of(discharge("out-bg-1")))
    assert [m["parameter"] for m in told(one, polluted, broken={"ph"}).detail["moved"]] == ["ec25"]
    assert told(one, polluted, broken={"ph", "ec25"}) is None


def test_water_that_clears_after_a_flood_is_natural_unless_something_let_out_moved_too():
    clearing = (moved("turb", 9.0, 40.0), moved("ec25", 310.0, 250.0))
    assert told(episode(*clearing), None).kind is FindingKind.NATURAL
    assert told(episode(*clearing, moved("nh4", 1.0, 0.1)), None).kind is FindingKind.EVENT
    assert told(episode(moved("ec25", 310.0, 250.0), moved("turb", 9.0, 40.0)), None).kind is FindingKind.EVENT
