"""What a declared blast owes. Deadline of a report: blasting/norms.md §6.3 (24 h); cloud: §4.5."""

from datetime import UTC, datetime, timedelta

from uskat.blast.fume import FumeObservation
from uskat.blast.obligation import Owing, owed_findings
from uskat.blast.passport.lifecycle import BlastStatus
from uskat.finding import FindingKind

FIRED = datetime(2026, 6, 3, 6, 30, tzinfo=UTC)
END = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def blast(status=BlastStatus.FIRED, **more):
    values = {"fired_at": FIRED, "reported_at": None, "recorded_at": FIRED, "must_record": ("S1", "S2")} | more
    return Owing(7, "demo/b-1", status, END, station_id=3, **values)


def kinds(one, now):
    found, _ = owed_findings(one, now)
    return [finding.kind for finding in found]


def test_a_fired_and_recorded_blast_owes_a_report_within_a_day():
    found, look = owed_findings(blast(), FIRED + HOUR)
    assert found == []
    assert look == FIRED + 24 * HOUR + timedelta(seconds=1)
    assert kinds(blast(), FIRED + 24 * HOUR) == []
    (late,), look = owed_findings(blast(), look)
    assert (late.kind, late.key, late.started_at, late.ended_at) == (
        FindingKind.LATE_REPORT, "late_report:7", FIRED + 24 * HOUR, None,
    )  # fmt: skip
    assert (late.station_id, late.norm["max"], look) == (3, 24.0, None)


def test_a_report_in_time_settles_it_and_a_late_one_ends_the_episode():
    assert owed_findings(blast(BlastStatus.REPORTED, reported_at=FIRED + 24 * HOUR), FIRED + 90 * HOUR) == ([], None)
    (late,), _ = owed_findings(blast(BlastStatus.REPORTED, reported_at=FIRED + 30 * HOUR), FIRED + 90 * HOUR)
    assert late.ended_at == FIRED + 30 * HOUR
    assert late.title == "Отчёт о взрыве demo/b-1: на 6 ч позже срока"


def test_a_blast_that_only_instruments_saw_owes_a_report_too():
    seen = blast(BlastStatus.PUBLISHED, fired_at=None)
    assert kinds(seen, FIRED + 25 * HOUR) == [FindingKind.LATE_REPORT]


def test_declared_but_no_record_is_told_after_the_grace():
    silent = blast(BlastStatus.PUBLISHED, fired_at=None, recorded_at=None)
    assert owed_findings(silent, END + HOUR) == ([], END + 2 * HOUR)
    (found,), _ = owed_findings(silent, END + 2 * HOUR)
    assert (found.kind, found.published, found.started_at) == (FindingKind.UNRECORDED, False, END)
    assert "S1, S2" in found.reasons[0]
    said = blast(recorded_at=None)
    assert kinds(said, FIRED + 2 * HOUR) == [FindingKind.UNRECORDED]


def test_where_no_instrument_could_hear_it_silence_says_nothing():
    assert kinds(blast(recorded_at=None, must_record=()), FIRED + 3 * HOUR) == []


def test_a_postponed_or_cancelled_or_unpublished_blast_owes_no_record():
    for status in (BlastStatus.POSTPONED, BlastStatus.CANCELLED, BlastStatus.PLANNED):
        assert kinds(blast(status, fired_at=None, recorded_at=None), END + 90 * HOUR) == []


def test_a_cloud_of_level_three_is_told_and_a_small_one_only_when_it_left_the_site():
    done = {"reported_at": FIRED + HOUR}
    for rating, left, told in (("2C", False, 0), ("3A", False, 1), ("1A", True, 1), ("0", True, 0)):
        cloud = FumeObservation(rating=rating, left_site=left)
        found = kinds(blast(BlastStatus.REPORTED, fume=cloud, **done), FIRED + 2 * HOUR)
        assert found == [FindingKind.FUME] * told
