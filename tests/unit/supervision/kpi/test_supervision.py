"""Indicators of supervision: what counts, in which month, and what is behind every figure."""

from datetime import UTC, datetime, timedelta
from itertools import count
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.blast.kpi.punctuality import ReportDue
from uskat.supervision.case.paper import CaseVerdict
from uskat.supervision.kpi.chart import month_chart
from uskat.supervision.kpi.facts import AlertFact, CaseFact, Facts, Origin, StationMonth
from uskat.supervision.kpi.supervision import CODES, supervision_kpi
from uskat.water.availability import month_of

MONTHS = [month_of(datetime(2026, number, 15, tzinfo=UTC)) for number in range(1, 13)]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 10, 4, tzinfo=UTC)
H = timedelta(hours=1)


def case(number, **changes):
    values = {
        "agency": "agency-demo", "territory": None, "title": "Дело", "opened_at": JUNE,
        "verdict": CaseVerdict.CONFIRMED, "first_known": JUNE - H, "complained": None,
    } | changes  # fmt: skip
    return CaseFact(number, **values)


def alert(number, **changes):
    values = {
        "kind": "exceedance", "territory": None, "title": "Аммоний", "started_at": JUNE - H, "known_at": JUNE,
        "withdrawn": False, "confirmed": None, "duplicate": False, "acknowledged": None, "escalated": False,
    } | changes  # fmt: skip
    return AlertFact(number, **values)


def kpi(cases=(), alerts=(), stations=(), reports=()):
    found = supervision_kpi(Facts(cases, alerts, stations, reports), MONTHS, now=NOW, due_h=24)
    assert tuple(one.wording.code for one in found) == CODES
    return {one.wording.code: one for one in found}


def test_a_violation_is_the_agencys_own_when_an_instrument_or_a_check_was_before_the_complaint():
    cases = [
        case(1),
        case(2, complained=JUNE),  # the instrument knew an hour before
        case(3, complained=JUNE - 2 * H),  # people knew before
        case(4, first_known=None, complained=JUNE),
        case(5, first_known=None),  # a planned check
        case(6, verdict=CaseVerdict.NATURAL),
        case(7, verdict=None, complained=JUNE),
    ]
    found = kpi(cases)["self_detected_share"]
    assert (found.year.value, found.year.n) == (3 / 5, 5)
    assert found.year.more["origins"] == {"instrument": 2, "check": 1, "complaint": 2}
    assert found.year.behind == (1, 2, 5, 3, 4)  # those that count first
    assert found.months["2026-06"] == found.year
    assert found.months["2026-07"].value is None
    assert found.wording.target[2024] == 1.0
    recall = kpi(cases)["recall"].year
    assert (recall.value, recall.counted) == (3 / 5, 3)
    assert recall.more["low"] < 0.6 < recall.more["high"]


def test_the_month_is_local():
    evening = datetime(2026, 6, 30, 18, tzinfo=UTC)  # 1 July, 01:00 in Novokuznetsk
    found = kpi([case(1, opened_at=evening)])["self_detected_share"]
    assert [code for code, cell in found.months.items() if cell.n] == ["2026-07"]


def test_detection_is_from_happening_to_knowing_without_what_was_none():
    alerts = [
        alert(1, started_at=JUNE - H, confirmed=True),
        alert(2, started_at=JUNE - 3 * H),
        alert(3, started_at=JUNE - 90 * H, withdrawn=True),
        alert(4, started_at=JUNE - 90 * H, confirmed=False),
        alert(5, started_at=JUNE - 90 * H, kind="silence"),
    ]
    found = kpi(alerts=alerts)["detection_h"].year
    assert (found.value, found.more["median"], found.n, found.behind) == (2.0, 2.0, 2, (1, 2))
    assert (found.more["confirmed"], found.more["confirmed_n"]) == (1.0, 1)


def test_precision_leaves_out_duplicates_and_what_nobody_judged():
    alerts = [
        alert(1, confirmed=True), alert(2, confirmed=True), alert(3, confirmed=False),
        alert(4, confirmed=False, duplicate=True), alert(5),
    ]  # fmt: skip
    found = kpi(alerts=alerts)["precision"].year
    assert (found.value, found.n, found.counted) == (2 / 3, 3, 2)
    assert found.more["low"] < 2 / 3 < found.more["high"]


def test_reaction_times_are_of_those_that_happened():
    alerts = [
        alert(1, acknowledged=JUNE + H), alert(2, acknowledged=JUNE + 3 * H, escalated=True), alert(3, escalated=True),
    ]  # fmt: skip
    found = kpi(alerts=alerts)["acknowledgement_h"].year
    # The third was never taken and its term ran out: it is in no mean, and it is late.
    assert (found.value, found.n, found.more["in_term"], found.more["in_term_n"]) == (2.0, 2, 1 / 3, 3)
    assert kpi(alerts=[alert(1)])["acknowledgement_h"].year.more["in_term"] is None, "its term still runs"
    cases = [case(1, dispatched=JUNE + 2 * H, sampled=JUNE + 5 * H, decided=JUNE + 50 * H), case(2)]
    times = kpi(cases)
    assert [times[code].year.value for code in ("dispatch_h", "sample_h", "decision_h")] == [2.0, 5.0, 50.0]
    assert times["dispatch_h"].year.behind == (1,)
    early = kpi([case(1, sampled=JUNE - H)])["sample_h"].year
    assert early.value == 0.0, "a sample older than the case took no time"


def test_availability_and_reports_name_who_is_behind_them():
    stations = [
        StationMonth("A", None, "2026-06", 90, 100), StationMonth("B", None, "2026-06", 30, 100),
        StationMonth("A", None, "2026-07", 100, 100), StationMonth("C", None, "2026-07", 0, 0),
    ]  # fmt: skip
    found = kpi(stations=stations)["availability"]
    assert (found.months["2026-06"].value, found.months["2026-07"].value) == (0.6, 1.0)
    assert (found.year.value, found.year.behind) == (220 / 300, ("A", "B"))
    reports = [ReportDue("on", JUNE, JUNE + H), ReportDue("off", JUNE, JUNE + H), ReportDue("off", JUNE, None)]
    share = kpi(reports=reports)["reporting_share"].year
    assert (share.value, sorted(share.behind), share.more["reports"]) == (0.5, ["off", "on"], 2 / 3)


moments = st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 31), timezones=st.just(UTC))  # noqa: DTZ001
numbers = count(1)
cases = st.builds(
    lambda **values: case(next(numbers), **values), opened_at=moments, verdict=st.sampled_from([None, *CaseVerdict]),
    first_known=st.one_of(st.none(), moments), complained=st.one_of(st.none(), moments),
)  # fmt: skip
alerts = st.builds(
    lambda **values: alert(next(numbers), **values), known_at=moments, confirmed=st.sampled_from([None, True, False]),
    duplicate=st.booleans(), withdrawn=st.booleans(),
)  # fmt: skip


@given(st.lists(cases, max_size=12), st.lists(alerts, max_size=12))
def test_months_add_up_to_the_year_and_every_figure_is_what_its_numbers_say(some_cases, some_alerts):
    for code, found in kpi(some_cases, some_alerts).items():
        cells = found.months.values()
        if code not in {"availability", "reporting_share"}:
            assert sum(cell.n for cell in cells) == found.year.n
            assert sorted(name for cell in cells for name in cell.behind) == sorted(found.year.behind)
            assert len(set(found.year.behind)) == found.year.n
        if found.wording.unit == "доля":
            assert all(cell.value is None or 0 <= cell.value <= 1 for cell in cells)
        ET.fromstring(month_chart(found, year=2026))


@pytest.mark.parametrize(
    ("known", "complained", "origin"),
    [
        (None, None, Origin.CHECK),
        (JUNE, None, Origin.INSTRUMENT),
        (None, JUNE, Origin.COMPLAINT),
        (JUNE, JUNE, Origin.INSTRUMENT),
        (JUNE, JUNE - H, Origin.COMPLAINT),
        (None, JUNE + H, Origin.CHECK),  # the case was open already
        (JUNE + 2 * H, JUNE + H, Origin.CHECK),
    ],
)
def test_who_was_first_is_the_origin(known, complained, origin):
    assert case(1, first_known=known, complained=complained).origin is origin


def test_a_month_without_a_figure_is_a_gap_in_the_picture():
    picture = month_chart(kpi([case(1)])["self_detected_share"], year=2026)
    root = ET.fromstring(picture)
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 1
    assert "100 %" in picture
    assert root.findtext("{http://www.w3.org/2000/svg}title", "").endswith("2026: 100 %")
