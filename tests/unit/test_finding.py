from datetime import UTC, datetime, timedelta

import pytest

from uskat.finding import Finding, FindingKind, Scope, Severity, number_en, number_ru, worst

T0 = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.304, "1,3"), (0.00951, "0,00951"), (1250.4, "1250"), (0.0, "0"), (-3.25, "−3,25"), (12345678, "12345678"),
        (0.000012345, "0,0000123"), (999.6, "1000"), (100.0, "100"), (5.0, "5"),
    ],
)  # fmt: skip
def test_numbers_as_people_read_them(value, text):
    assert number_ru(value) == text
    assert number_en(value) == text.replace(",", ".").replace("−", "-")


def test_the_graver_severity_wins():
    assert worst(Severity.HIGH, Severity.VIOLATION) is Severity.HIGH
    assert worst(Severity.MAINTENANCE, Severity.EXTREME) is Severity.EXTREME


def make(**changes):
    base = {
        "detector": "d", "kind": FindingKind.CLOCK, "severity": Severity.NOTICE, "key": "d:1", "started_at": T0,
        "knowable_at": T0, "ended_at": None, "title": "т", "title_en": "t",
    }  # fmt: skip
    return Finding(**base | changes)


def test_a_finding_cannot_end_before_it_began_nor_be_without_a_zone():
    assert make(ended_at=T0).ended_at == T0
    with pytest.raises(ValueError, match="impossible period"):
        make(ended_at=T0 - timedelta(seconds=1))
    with pytest.raises(ValueError, match="impossible period"):
        make(started_at=T0.replace(tzinfo=None))


def test_a_scope_is_half_open():
    scope = Scope("d:1", T0, T0 + timedelta(hours=1))
    assert scope.covers(T0)
    assert not scope.covers(T0 + timedelta(hours=1))
    assert Scope("d:1", T0).covers(T0 + timedelta(days=9999))
