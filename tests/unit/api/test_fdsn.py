"""FDSN questions: what is read, what is refused and how; the WADL says what the reader of queries does."""

import warnings
from datetime import UTC, datetime, timedelta
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy.clients.fdsn.header import DEFAULT_PARAMETERS, OPTIONAL_PARAMETERS
from obspy.clients.fdsn.wadl_parser import WADLParser
from obspy.geodetics import locations2degrees

from services.api.errors import InvalidRequest
from services.api.fdsn.circle import angle_deg, covers
from services.api.fdsn.events import asked_events, described
from services.api.fdsn.parameters import DATASELECT, EVENT, SERVICES, STATION
from services.api.fdsn.question import read_bulk, read_query
from services.api.fdsn.selection import Wanted, selection
from services.api.fdsn.wadl import wadl
from services.storage.fdsn_reading import PUBLISHED_VERDICTS, EventRow
from uskat.blast.event.verdict import QUAKEML_TYPE

NSLC = "XX.TLD1.00.GHZ"
OF_SELECTION = {"network", "station", "location", "channel", "starttime", "endtime"}
AT = datetime(2026, 6, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_obspy_reads_the_wadl_and_misses_nothing_that_is_required(service):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = WADLParser(wadl(service, base=f"http://127.0.0.1/fdsnws/{service.name}/1/")).parameters
    names = {parameter.name for parameter in service.parameters} - {"nodata"}
    assert set(found) == names
    assert set(DEFAULT_PARAMETERS[service.name]) <= names <= {*DEFAULT_PARAMETERS[service.name],
                                                              *OPTIONAL_PARAMETERS[service.name], "format"}  # fmt: skip


def asked(service=STATION, **given_values):
    return read_query(service, given_values.items())


@pytest.mark.parametrize(
    ("codes", "taken"),
    [
        ({}, True), ({"net": "XX", "sta": "TLD1", "loc": "00", "cha": "GHZ"}, True), ({"cha": "GH?"}, True),
        ({"cha": "G*"}, True), ({"sta": "KOT1,TLD?"}, True), ({"cha": "GD*"}, False), ({"loc": "--"}, False),
        ({"sta": "TLD"}, False), ({"net": "X"}, False), ({"cha": "?"}, False), ({"loc": "--,00"}, True),
    ],
)  # fmt: skip
def test_codes_match_with_lists_and_wildcards(codes, taken):
    [one] = asked(**codes).selections
    assert one.takes(NSLC) is taken


def test_a_blank_location_is_asked_for_with_two_dashes():
    [one] = asked(loc="--").selections
    assert one.takes("XX.TLD1..GHZ")


@pytest.mark.parametrize(
    "text", ["2026-06-01T05:30:00", "2026-06-01T05:30:00.000000", "2026-06-01T05:30:00Z", "2026-06-01T12:30:00+07:00"]
)
def test_times_are_utc_with_and_without_a_letter(text):
    assert asked(start=text).start == AT


@pytest.mark.parametrize(
    ("service", "pairs", "word"),
    [
        (STATION, [("network", "X;DROP")], "network"),
        (STATION, [("minlat", "north")], "minlatitude"),
        (STATION, [("minlat", "91")], "minlatitude"),
        (STATION, [("minlat", "5"), ("maxlat", "4")], "minlatitude"),
        (STATION, [("lat", "54")], "longitude"),
        (STATION, [("net", "XX"), ("network", "XX")], "twice"),
        (STATION, [("matchtimeseries", "true")], "matchtimeseries"),
        (STATION, [("level", "everything")], "level"),
        (STATION, [("start", "yesterday")], "starttime"),
        (DATASELECT, [("start", "2026-06-02"), ("end", "2026-06-01")], "starttime"),
        (DATASELECT, [("minimumlength", "3")], "minimumlength"),
        (EVENT, [("limit", "0")], "limit"),
        (EVENT, [("limit", "1.5")], "limit"),
        (EVENT, [("includearrivals", "maybe")], "includearrivals"),
        (EVENT, [("nodata", "500")], "nodata"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(service, pairs, word):
    with pytest.raises(InvalidRequest, match=word):
        read_query(service, pairs)


def test_a_bulk_request_has_settings_and_lines():
    body = (
        b"quality=D\nXX TLD1 00 GH? 2026-06-01T00:00:00 2026-06-02T00:00:00\n\n"
        b"XX KOT1 -- * 2026-05-31T00:00:00 2026-06-01T05:30:00\n"
    )
    question = read_bulk(DATASELECT, body)
    assert (question["quality"], question["nodata"]) == ("D", 204)
    assert (question.start, question.end) == (datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))
    assert [one.takes(NSLC) for one in question.selections] == [True, False]
    assert question.selections[1].takes("XX.KOT1..GDF")
    assert not question.selections[1].meets(datetime(2026, 6, 1, 6, tzinfo=UTC), datetime(2026, 6, 1, 7, tzinfo=UTC))


@pytest.mark.parametrize(
    "body", [b"", b"quality=D", b"XX TLD1 00", b"XX TLD1 00 GHZ then now", b"level=response\nXX A 00 B * *", b"\xff",
             b"network=XX\nXX A 00 B * *", b"XX A 00 B * *\n" * 1001],
)  # fmt: skip
def test_a_bad_bulk_request_is_refused(body):
    with pytest.raises(InvalidRequest):
        read_bulk(DATASELECT, body)


hours = st.none() | st.integers(0, 30).map(lambda hour: AT + timedelta(hours=hour))
spans = st.lists(st.tuples(st.sampled_from(["GHZ", "GH?", "GDF"]), hours, hours), max_size=8)


@given(spans, st.integers(0, 30), st.integers(0, 5))
def test_joined_spans_meet_what_one_of_the_selections_meets(given_spans, hour, length):
    asked_for = [
        selection(("XX", "*", "*", code), start=start, end=end)
        for code, start, end in given_spans
        if start is None or end is None or start <= end
    ]
    start = AT + timedelta(hours=hour, minutes=30)
    end = start + timedelta(hours=length)
    for nslc in (NSLC, "XX.TLD1.00.GDF"):
        expected = any(one.takes(nslc) and one.meets(start, end) for one in asked_for)
        assert Wanted(asked_for).meets(nslc, start, end) == expected


odd_texts = st.sampled_from(["45", "-7.5", "9e99", "true", "*", "", "2026-06-01", "nan"]) | st.text(max_size=30)


@given(st.lists(st.tuples(st.sampled_from(sorted(EVENT.known())), odd_texts), max_size=4))
def test_no_odd_question_is_more_than_refused(pairs):
    try:
        question = read_query(EVENT, pairs)
    except InvalidRequest:
        return
    named = {EVENT.known()[name].name for name, _ in pairs}
    assert named <= {*question.values, *OF_SELECTION}
    assert all(isfinite(value) for value in question.values.values() if isinstance(value, float))


places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(places, places)
def test_the_great_circle_is_obspys(one, other):
    assert angle_deg(one, other) == pytest.approx(locations2degrees(*one, *other), abs=1e-5)


def test_a_box_may_cross_the_date_line():
    question = asked(minlon="170", maxlon="-170")
    assert [covers(question, 0, longitude) for longitude in (175, -175, 0)] == [True, True, False]
    ring = asked(lat="54", lon="87", minradius="0.1", maxradius="1")
    assert [covers(ring, 54 + shift, 87) for shift in (0, 0.5, 2)] == [False, True, False]


def row(name, *, minutes=0, verdict="declared", latitude=54.1):
    at = AT.replace(minute=minutes)
    return EventRow(name, at, latitude, 87.1, 0.4, verdict, "Карьер (демо)", ["Причина."], at)


def test_every_published_verdict_has_a_type_and_only_the_declared_is_known():
    found = {verdict: described(row("event/1", verdict=verdict), reasons=False).event for verdict in PUBLISHED_VERDICTS}
    assert {verdict: (event.type, event.certainty) for verdict, event in found.items()} == {
        "declared": ("mining explosion", "known"),
        "undeclared": ("mining explosion", "suspected"),
        "earthquake": ("earthquake", "suspected"),
    }
    assert {verdict.value for verdict in QUAKEML_TYPE} == set(PUBLISHED_VERDICTS)


def test_events_are_chosen_and_ordered_as_asked():
    items = [described(row(f"event/{n}", minutes=n, verdict="earthquake" if n == 2 else "declared"), reasons=True)
             for n in range(1, 5)]  # fmt: skip

    def names(**given_values):
        return [item.event.id[-1] for item in asked_events(asked(EVENT, **given_values), items)]

    assert names() == ["4", "3", "2", "1"]
    assert names(orderby="time-asc", limit="2", offset="2") == ["2", "3"]
    assert names(eventtype="earthquake, rock burst") == ["2"]
    assert names(updatedafter="2026-06-01T05:03:00") == ["4"]
    assert names(minmag="1") == [], "what has no magnitude is not above one"
    assert names(catalog="uskat") == ["4", "3", "2", "1"]
    assert names(catalog="other") == []
    assert items[0].comments == ("Объявленный взрыв.", "Причина.")
