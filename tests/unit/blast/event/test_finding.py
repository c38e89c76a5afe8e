from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.blast.event.district_world import AT, PIT, blast_records, declaration, district
from uskat.blast.event.audible import must_record
from uskat.blast.event.district import DeclaredBlast
from uskat.blast.event.finding import Told, event_findings
from uskat.blast.event.judge import judge_events
from uskat.blast.event.verdict import Deviation
from uskat.finding import FindingKind, Severity

DECLARED = declaration()
TOLD = Told(4, 9, AT + timedelta(seconds=30), published=True)
HOUR = timedelta(hours=1)


def judged(*declared, **more):
    where = district()
    (event,) = judge_events(blast_records(where, **more), declared, district=where, utc_offset_h=7.0)
    return event


def kinds(event):
    return [finding.kind for finding in event_findings(event, TOLD, blast_id=7)]


def test_an_undeclared_blast_is_told_where_it_was_first_recorded():
    (found,) = event_findings(judged(), TOLD, blast_id=None)
    assert (found.kind, found.severity, found.key) == (FindingKind.UNDECLARED, Severity.VIOLATION, "undeclared:network")
    assert (found.station_id, found.device_id, found.published) == (4, 9, True)
    assert found.started_at <= found.ended_at == TOLD.ends_at
    assert found.detail["location"]["uncertainty_km"] == pytest.approx(found.figures["uncertainty"].value)
    assert found.figures["probability"].value > 75


def test_a_blast_as_declared_is_not_told():
    assert kinds(judged(DECLARED)) == []


def test_any_moment_of_the_declared_window_is_in_time():
    window = replace(DECLARED, at=AT - 2 * HOUR, window_s=3 * 3600.0)
    event = judged(window)
    assert event.declaration.dt_s == 0
    assert event.deviations == ()
    assert any("в заявленное время" in reason for reason in event.reasons)
    late = judged(replace(DECLARED, at=AT - 2 * HOUR, window_s=3600.0))
    assert late.declaration.dt_s == pytest.approx(3600, abs=5)
    assert late.deviations == (Deviation.LATE,)
    early = judged(replace(DECLARED, at=AT + HOUR, window_s=3600.0))
    assert early.deviations == (Deviation.EARLY,)


def test_another_time_or_place_is_one_finding_and_another_charge_its_own_unpublished_one():
    (found,) = event_findings(judged(replace(DECLARED, at=AT - HOUR)), TOLD, blast_id=7)
    assert (found.kind, found.key) == (FindingKind.MISDECLARED, "misdeclared:7")
    assert "позже заявленного" in found.title
    assert found.figures["shift"].value == pytest.approx(60, abs=0.2)
    (found,) = event_findings(judged(replace(DECLARED, charge_kg=60.0)), TOLD, blast_id=7)
    assert (found.kind, found.published) == (FindingKind.CHARGE, False)
    assert "больше заявленного" in found.title


def test_a_declaration_filed_after_the_blast_is_told():
    event = judged(replace(DECLARED, declared_at=AT + HOUR))
    assert event.deviations == (Deviation.AFTERWARDS,)
    assert kinds(event) == [FindingKind.MISDECLARED]
    assert judged(replace(DECLARED, declared_at=AT - HOUR)).deviations == ()


def test_instruments_that_must_hear_a_blast_are_near_and_alive():
    where = district(silent=[(AT - HOUR, AT + HOUR)])
    heard = must_record(where, latitude=PIT[0], longitude=PIT[1], charge_kg=500.0, moment=AT)
    assert "S0" not in heard
    assert "S1" in heard
    later = must_record(where, latitude=PIT[0], longitude=PIT[1], charge_kg=500.0, moment=AT + 2 * HOUR)
    assert "S0" in later
    assert must_record(where, latitude=55.5, longitude=90.0, charge_kg=5.0, moment=AT) == ()


def test_off_a_window():
    window = DeclaredBlast("d", "pit", AT, *PIT, 500.0, window_s=60.0)
    moments = [-10, 0, 30, 60, 75]
    assert [window.off_s(AT + timedelta(seconds=s)) for s in moments] == [-10, 0, 0, 0, 15]
