"""Grades: never better than the weakest necessary part; what bounds a verification; answers of ФГИС «Аршин»."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.blast.record.judgement import RecordKind
from uskat.finding import FindingKind
from uskat.supervision.evidence.arshin import ArshinAnswerError, read_answer, with_detail
from uskat.supervision.evidence.grade import (
    Fact,
    Grade,
    Requirement,
    RulesError,
    grade_of,
    grade_rules,
    parse_rules,
    weakest,
)
from uskat.supervision.evidence.instrument_facts import InstrumentPapers
from uskat.supervision.evidence.record_facts import (
    AIRBLAST,
    KIND_RU,
    SPOILING,
    SPOILING_RU,
    VELOCITY,
    RecordSeen,
    quantity_of,
    record_facts,
)
from uskat.supervision.evidence.verification import Method, Verification, verification_at
from uskat.supervision.evidence.water_facts import (
    Care,
    Neighbour,
    SealState,
    clock_fact,
    interval_instrument,
    pair_fact,
    quality_facts,
    seal_facts,
)
from uskat.water.interval import Interval

RULES = grade_rules()
START = datetime(2026, 6, 1, 8, tzinfo=UTC)
GOOD = Interval(START, 20, 20, 0, 7.5, 7.4, 7.6, 0, 1)
PAPER = Verification("С-1", "12345-20", "A7", "Зонд", date(2025, 9, 28), date(2026, 9, 27), "ЦСМ", applicable=True)
METHOD = Method("ph", "ФР.1.31.1", 1.0, 12.0, 0.1, 0.0, date(2020, 1, 1), None)
NEAR = (Neighbour("U-36", True, 7.4),)
PAPERS = InstrumentPapers(known=True, verifications=[PAPER], methods=[METHOD])
some = st.dictionaries(st.sampled_from(Requirement), st.sampled_from([True, False, None]))
few = st.dictionaries(st.sampled_from(Requirement), st.sampled_from([False, None]), max_size=2)
facts_strategy = some | few.map(lambda lost: dict.fromkeys(Requirement, True) | lost)  # else no grade but E0 is reached


def facts_of(held):
    return [Fact(requirement, holds, "", "") for requirement, holds in held.items()]


def everything(interval=GOOD, *, care=(), clocks=(), papers=PAPERS, near=NEAR, states=None):
    states = {START.date(): SealState(sealed=True, checked=True)} if states is None else states
    return [
        *quality_facts(interval, expected_interval_s=60, care=care), clock_fact(interval, wrong=clocks),
        *interval_instrument(interval, parameter="ph", unit="ед. pH", papers=papers), pair_fact(near, unit="ед. pH"),
        *seal_facts([START.date()], states=states),
    ]  # fmt: skip


@given(facts_strategy)
def test_a_grade_is_reached_only_when_all_below_it_holds(held):
    grade = grade_of(facts_of(held), RULES).grade
    for other in Grade:
        needed = {need for lower in Grade if lower <= other for need in RULES.needs[lower]}
        assert (grade >= other) == all(held.get(need) is True for need in needed)


@given(facts_strategy, st.sampled_from(Requirement))
def test_losing_a_fact_never_raises_a_grade_and_no_two_facts_help_where_one_does_not_hold(held, lost):
    whole = grade_of(facts_of(held), RULES).grade
    assert grade_of(facts_of(held | {lost: None}), RULES).grade <= whole
    without = grade_of(facts_of(held | {lost: False}), RULES).grade
    assert without <= whole
    assert grade_of([*facts_of({lost: False}), *facts_of(held)], RULES).grade == without
    assert grade_of([*facts_of(held), *facts_of({lost: False})], RULES).grade == without


@given(st.lists(facts_strategy, min_size=1, max_size=5))
def test_many_parts_have_the_grade_of_the_weakest(parts):
    judged = [grade_of(facts_of(part), RULES) for part in parts]
    assert weakest(judged, RULES).grade == min(one.grade for one in judged)


def test_nothing_has_the_lowest_grade():
    assert weakest([], RULES).grade is Grade.E0
    assert len(grade_of([], RULES).missing) == len(Requirement)


def test_a_good_interval_stands_as_a_ground_and_a_sample_makes_it_a_proof():
    assert grade_of(everything(), RULES).grade is Grade.E3
    sample = Fact(Requirement.SAMPLE, holds=True, words="", words_en="")
    assert grade_of([*everything(), sample], RULES).grade is Grade.E4


SUSPECT, FEW, DOOR, UNJUDGED = (
    Interval(START, 20, 20, 0, 7.5, 7.4, 7.6, 0, 3), Interval(START, 20, 14, 0, 7.5, 7.4, 7.6, 0, 1),
    Interval(START, 20, 20, 0, 7.5, 7.4, 7.6, 4, 1), Interval(START, 20, 20, 0, 7.5, 7.4, 7.6, 0, None),
)  # fmt: skip
VISIT = Care("calibration", START + timedelta(minutes=19), START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("changes", "grade", "requirement"),
    [
        ({"interval": SUSPECT}, Grade.E0, "quality"),
        ({"interval": FEW}, Grade.E0, "quality"),
        ({"interval": UNJUDGED}, Grade.E0, "quality"),
        ({"interval": DOOR}, Grade.E0, "states"),
        ({"care": [VISIT]}, Grade.E0, "maintenance"),
        ({"clocks": [(START - timedelta(hours=1), None)]}, Grade.E0, "clock"),
        ({"papers": InstrumentPapers(known=False)}, Grade.E1, "verification"),
        ({"papers": InstrumentPapers(known=True, methods=[METHOD])}, Grade.E1, "verification"),
        ({"papers": InstrumentPapers(known=True, verifications=[PAPER])}, Grade.E1, "method"),
        ({"interval": Interval(START, 20, 20, 0, 7.5, 0.5, 7.6, 0, 1)}, Grade.E1, "range"),
        ({"near": [Neighbour("U-36", True, None)]}, Grade.E2, "pair"),
        ({"near": []}, Grade.E2, "pair"),
        ({"states": {}}, Grade.E2, "sealed"),
        ({"states": {START.date(): SealState(sealed=True, checked=False)}}, Grade.E2, "chain"),
        ({"states": {START.date(): SealState(sealed=True, checked=True, fault="link 7")}}, Grade.E2, "chain"),
    ],
)
def test_each_weakness_holds_the_grade_down_and_is_named(changes, grade, requirement):
    judged = grade_of(everything(**changes), RULES)
    assert judged.grade is grade
    assert requirement in {fact.requirement.value for fact in judged.missing}


def test_a_visit_that_ended_before_does_not_count():
    assert grade_of(everything(care=[Care("visit", START - timedelta(hours=1), START)]), RULES).grade is Grade.E3


LAST_DAY = datetime(2026, 9, 27, 16, 59, tzinfo=UTC)  # 23:59 at Novokuznetsk


def test_a_verification_counts_to_the_end_of_its_last_day_at_the_place():
    assert verification_at([PAPER], LAST_DAY) == PAPER
    assert verification_at([PAPER], LAST_DAY + timedelta(minutes=1)) is None
    assert verification_at([PAPER], datetime(2025, 9, 27, 16, 59, tzinfo=UTC)) is None


def test_a_notice_of_unfitness_ends_what_was_before_until_the_next_verification():
    unfit = Verification("И-2", "12345-20", "A7", "Зонд", date(2026, 3, 1), None, "ЦСМ", applicable=False)
    again = Verification("С-3", "12345-20", "A7", "Зонд", date(2026, 4, 1), date(2027, 3, 31), "ЦСМ", applicable=True)
    records = [again, PAPER, unfit]
    moments = [datetime(2026, month, 15, tzinfo=UTC) for month in (2, 3, 4)]
    assert [verification_at(records, moment) for moment in moments] == [PAPER, None, again]


def test_rules_that_forget_a_requirement_are_refused():
    document = {
        "id": "x", "valid_from": "2026-01-01", "verified": False, "source": "",
        "grades": {grade: {"needs": [], "meaning": "", "meaning_en": ""} for grade in Grade},
    }  # fmt: skip
    with pytest.raises(RulesError):
        parse_rules(document)
    with pytest.raises(RulesError):
        parse_rules({})


ITEM = {
    "vri_id": "1-1", "mi_number": "A7", "mi_modification": "Зонд", "verification_date": "28.09.2025",
    "valid_date": "27.09.2026", "result_docnum": "С-1", "applicability": True,
}  # fmt: skip


def answer(*items, **more):
    return json.dumps({"result": {"count": len(items), "items": list(items)} | more}).encode()


def test_a_record_of_the_fund_is_read_and_completed_from_its_own_page():
    [found] = read_answer(answer(ITEM)).records
    assert (found.record.docnum, found.record.mit_number, found.record.verified_on) == ("С-1", "", date(2025, 9, 28))
    page = {"result": {"vriInfo": {"organization": "ЦСМ"}, "miInfo": {"singleMI": {"mitypeNumber": "12345-20"}}}}
    assert with_detail(found, json.dumps(page).encode()).record == PAPER


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"verification_date": "2025-09-28"}, "match"), ({"result_docnum": None}, "result_docnum"),
        ({"applicability": "да"}, "applicability"), ({"valid_date": "27.09.2020"}, "before"),
        ({"mi_number": " "}, "mi_number"),
    ],
)  # fmt: skip
def test_a_bad_item_is_refused_with_its_reason_and_takes_no_other_with_it(change, word):
    read = read_answer(answer(ITEM | change, ITEM))
    assert [one.record.docnum for one in read.records] == ["С-1"]
    assert [one.place for one in read.refused] == [0]
    assert word in read.refused[0].why


def test_a_certificate_without_a_term_is_taken():
    assert read_answer(answer(ITEM | {"valid_date": None})).records[0].record.valid_until is None


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_whatever_else_answers_is_no_answer(payload):
    with pytest.raises(ArshinAnswerError):
        read_answer(payload)


MOTION = {"ppv_max_mm_s": 9.4, "airblast_pa": 80.0, "judgement": {"kind": "motion", "quarantined": False, "flags": []}}
SHOOK = RecordSeen(START, START + timedelta(seconds=6), MOTION, ["SEIS-2"])
VIBRATION = Method("ppv", "МИ вибрации (демо)", 0.5, 100.0, 0.1, 0.05, date(2020, 1, 1), None)
PRESSURE = Method("airblast", "МИ давления (демо)", 2.0, 500.0, 1.0, 0.0, date(2020, 1, 1), None)
CLOSED = seal_facts([START.date()], states={START.date(): SealState(sealed=True, checked=True)})
SEISMOGRAPH = InstrumentPapers(known=True, verifications=[PAPER], methods=[VIBRATION])


def shaken(record=SHOOK, papers=SEISMOGRAPH, quantity=VELOCITY, care=(), wrong=()):
    return grade_of([*record_facts(record, care=care, wrong=wrong, papers=papers, quantity=quantity), *CLOSED], RULES)


def test_shaking_has_the_grades_of_water_by_the_same_requirements():
    assert shaken().grade is Grade.E3
    assert [fact.requirement for fact in shaken().missing] == [Requirement.SAMPLE]
    alone = RecordSeen(SHOOK.start, SHOOK.end, MOTION, [])
    assert shaken(alone).grade is Grade.E2
    assert shaken(papers=InstrumentPapers(known=True, verifications=[PAPER])).grade is Grade.E1
    assert shaken(papers=InstrumentPapers(known=True, methods=[VIBRATION])).grade is Grade.E1
    assert shaken(papers=InstrumentPapers(known=False)).grade is Grade.E1
    strong = RecordSeen(SHOOK.start, SHOOK.end, MOTION | {"ppv_max_mm_s": 140.0}, ["SEIS-2"])
    assert shaken(strong).grade is Grade.E1  # out of the range of the method
    service = [Care("visit", START, START + timedelta(hours=1))]
    assert shaken(care=service).grade is Grade.E0
    assert shaken(wrong=[(START, None)]).grade is Grade.E0
    clipped = MOTION | {"judgement": {"kind": "motion", "quarantined": False, "flags": ["clipped"]}}
    assert shaken(RecordSeen(SHOOK.start, SHOOK.end, clipped, ["SEIS-2"])).grade is Grade.E0


def test_airblast_is_judged_by_the_method_of_pressure():
    assert shaken(quantity=AIRBLAST).grade is Grade.E1
    both = InstrumentPapers(known=True, verifications=[PAPER], methods=[VIBRATION, PRESSURE])
    assert shaken(papers=both, quantity=AIRBLAST).grade is Grade.E3
    assert quantity_of(FindingKind.AIRBLAST) is AIRBLAST
    assert quantity_of(FindingKind.UNDECLARED) is VELOCITY
    silent = RecordSeen(SHOOK.start, SHOOK.end, MOTION | {"airblast_pa": None}, ["SEIS-2"])
    assert shaken(silent, papers=both, quantity=AIRBLAST).grade is Grade.E1  # no microphone


def test_every_kind_and_flag_of_a_record_has_a_russian_word():
    assert set(KIND_RU) == {one.value for one in RecordKind}
    assert set(SPOILING_RU) == SPOILING
