"""What a firing broke as a finding: by its gravest, none for notes, and weak rules said to be weak."""

from datetime import UTC, datetime

from uskat.blast.provenance import Level
from uskat.blast.restriction.conflict import Conflict, Gravity, Judgement
from uskat.blast.restriction.finding import firing_findings
from uskat.finding import FindingKind, Severity

AT = datetime(2026, 6, 3, 7, 0, tzinfo=UTC)


def conflict(code, gravity, level=Level.SECONDARY):
    return Conflict(code, gravity, f"{code} нарушено.", f"{code} is broken.", level, "проект (демо)")


def found(*conflicts, unchecked=()):
    return firing_findings(7, Judgement(conflicts, unchecked), name="north/b-1", fired_at=AT, station_id=3)


def test_notes_and_order_give_nothing():
    assert found() == []
    assert found(conflict("other_blast", Gravity.NOTE), unchecked=("Погода не известна.",)) == []


def test_the_gravest_names_it_and_the_rest_are_reasons():
    (one,) = found(
        conflict("nmu", Gravity.STOP), conflict("wind", Gravity.WARNING, Level.MEMORY), conflict("x", Gravity.NOTE),
        unchecked=("Есть ли инверсия, не известно.",),
    )  # fmt: skip
    assert (one.kind, one.severity, one.key, one.station_id) == (
        FindingKind.BLAST_RESTRICTION, Severity.VIOLATION, "blast_restriction:7", 3,
    )  # fmt: skip
    assert one.title == "Взрыв north/b-1: nmu нарушено и ещё 1"
    assert one.reasons == ("nmu нарушено.", "wind нарушено.", "Есть ли инверсия, не известно.")
    assert (one.norm["verified"], one.norm["level"]) == (False, "memory"), "no stronger than its weakest rule"
    assert not one.published


def test_a_warning_alone_is_a_notice():
    (one,) = found(conflict("darkness", Gravity.WARNING))
    assert one.severity is Severity.NOTICE
