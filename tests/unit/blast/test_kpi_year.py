"""A year of blasting: whose an event was, and all indicators of a subject side by side."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.blast.catalogue.event import CatalogueEvent
from uskat.blast.kpi.activity import FiredBlast
from uskat.blast.kpi.assignment import PitOwner, assign_events, pit_near
from uskat.blast.kpi.magnitude import MagnitudeBasis
from uskat.blast.kpi.punctuality import ReportDue
from uskat.blast.kpi.rules import kpi_rules
from uskat.blast.kpi.within_limits import ReceptorPeak
from uskat.blast.kpi.year import HEADER, YearFacts, year_of_blasting
from uskat.blast.norm.pack import limit_norm

RULES = kpi_rules()
ZONE = timezone(timedelta(hours=7))
AT = datetime(2025, 6, 10, 6, 30, tzinfo=UTC)
SPAN = datetime(2024, 12, 31, 17, tzinfo=UTC), datetime(2025, 12, 31, 17, tzinfo=UTC)
PITS = (
    PitOwner("kedrovaya-pad", "kp", (87.087, 54.131)),
    PitOwner("sukhoy-log", "sl", (87.048, 54.1585)),  # 4 km from the first
    PitOwner("far", "far", (86.2, 54.3)),
)


def event(number, *, place=(86.2, 54.3), at=AT, magnitude=2.0, kind="mining explosion", agency="ASGSR"):
    return CatalogueEvent(id=str(number), at=at, longitude=place[0], latitude=place[1], magnitude=magnitude,
                          magnitude_type="ML", type=kind, agency=agency)  # fmt: skip


def fired(enterprise, minutes=0.0):
    return FiredBlast(enterprise, "pit", AT + timedelta(minutes=minutes), 1000.0)


def test_an_event_near_one_enterprise_is_its_own_and_one_near_none_is_nobodys():
    found = assign_events([event(1), event(2, place=(85.0, 54.3))], PITS, fired=[], rules=RULES)
    assert [item.id for item in found.by_enterprise["far"]] == ["1"]
    assert [item.id for item in found.nobody] == ["2"]


def test_between_two_enterprises_the_one_that_fired_then_is_it():
    between = event(1, place=(87.07, 54.145))
    assert assign_events([between], PITS, fired=[], rules=RULES).nobody == (between,)
    assert list(assign_events([between], PITS, fired=[fired("sl", 4)], rules=RULES).by_enterprise) == ["sl"]
    late = assign_events([between], PITS, fired=[fired("sl", 6)], rules=RULES)
    assert late.nobody == (between,)
    both = assign_events([between], PITS, fired=[fired("sl"), fired("kp", 1)], rules=RULES)
    assert both.nobody == (between,)
    elsewhere = assign_events([between], PITS, fired=[fired("far")], rules=RULES)
    assert elsewhere.nobody == (between,)


def test_earthquakes_belong_to_nobody():
    found = assign_events([event(1, kind="earthquake")], PITS, fired=[], rules=RULES)
    assert (found.by_enterprise, found.nobody) == ({}, ())


def test_a_place_between_two_enterprises_has_no_pit():
    assert pit_near((86.21, 54.3), PITS, rules=RULES) == PITS[2]
    assert pit_near((87.07, 54.145), PITS, rules=RULES) is None
    assert pit_near((0.0, 0.0), PITS, rules=RULES) is None


@given(st.lists(st.tuples(st.floats(86, 87.3), st.floats(54, 54.5)), max_size=8), st.booleans())
def test_every_blast_is_assigned_once_or_nobodys(places, told):
    events = [event(number, place=place) for number, place in enumerate(places)]
    found = assign_events(events, PITS, fired=[fired("sl")] if told else [], rules=RULES)
    members = [item.id for own in found.by_enterprise.values() for item in own] + [item.id for item in found.nobody]
    assert sorted(members) == sorted(item.id for item in events)


def facts(**changes):
    small, large = [1.5] * 60, [2.5] * 40
    known_base = [event(f"b{n}", at=AT.replace(year=2020) + timedelta(hours=n), magnitude=m)
                  for n, m in enumerate([*small, *large])]  # fmt: skip
    told = [event(f"y{n}", at=AT + timedelta(hours=n), magnitude=m) for n, m in enumerate([*small, *([2.3] * 40)])]
    known = {
        "events": known_base + told,
        "fired": [fired("kp"), fired("kp", 60), FiredBlast("kp", "pit", AT, None, declared=False)],
        "due": [ReportDue("kp", AT, AT + timedelta(hours=3)), ReportDue("kp", AT, None)],
        "peaks": {"ppv_mm_s": [ReceptorPeak("S-1", AT + timedelta(hours=n), 4.0 + 2 * (n == 0)) for n in range(20)]},
        "receptors": ["S-1", "S-2"],
    }
    return YearFacts(**(known | changes))


def year(subject_facts, threshold=2.0):
    basis = MagnitudeBasis("ASGSR", "ML", threshold)
    return year_of_blasting("kp", subject_facts, year=2025, span=SPAN, basis=basis, yearly=limit_norm("anzec").annual,
                            rules=RULES, due_h=24, zone=ZONE, now=AT + timedelta(days=60))  # fmt: skip


def test_all_indicators_stand_side_by_side():
    found = year(facts())
    rows = {(row[1], row[2]): row for row in found.rows()}
    assert all(len(row) == len(HEADER) for row in rows.values())
    assert rows["magnitude_arithmetic_base", "2020"][3:6] == (pytest.approx(2.5), "ML", 40)
    assert rows["magnitude_arithmetic_reduction", "ASGSR ML, порог 2.0"][3] == pytest.approx(8.0)
    assert rows["blasts", "kp/pit 2025-06"][3] == 3
    assert rows["charge", "kp/pit 2025-06"][3:6] == (2.0, "т", 2)
    assert rows["reports_on_time", ""][3] == 0.5
    assert rows["records_within", "ppv_mm_s"][3] == pytest.approx(19 / 20)
    assert rows["places_within", "ppv_mm_s"][3:6] == (1.0, "доля", 1)  # 20 blasts allow one above (trap 15)
    assert rows["records_within", "airblast_dbl"][3:7] == (None, "доля", 0, "Не измерялось.")


@pytest.mark.parametrize(("threshold", "why"), [(None, "Не задан общий порог"), (1.0, "ниже полноты каталога за 2020"),
                                                (2.6, "За 2020 год выше порога 0 взрывов")])  # fmt: skip
def test_a_refused_comparison_has_no_value_but_its_reasons(threshold, why):
    rows = {row[1]: row for row in year(facts(), threshold=threshold).rows()}
    for mean in ("arithmetic", "energy"):
        assert rows[f"magnitude_{mean}_reduction"][3] is None
        assert why in rows[f"magnitude_{mean}_reduction"][6]


def test_without_anything_nothing_is_claimed():
    empty = year(YearFacts([], [], [], {}, []))
    values = [row[3] for row in empty.rows()]
    assert set(values) == {None}
    assert empty.to_json()["magnitude"]["refusals"]
