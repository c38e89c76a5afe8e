"""What is written as QuakeML is read back unchanged, and holds to the schema of the standard."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy import read_events
from obspy.io.quakeml.core import _validate

from uskat.blast.catalogue.event import EVENT_TYPES, CatalogueEvent
from uskat.blast.catalogue.quakeml import read_quakeml
from uskat.blast.catalogue.quakeml_writing import DescribedEvent, write_quakeml, write_text

CREATED = datetime(2026, 6, 2, tzinfo=UTC)
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
AT = datetime(2026, 6, 1, 5, 30, 0, 123456, tzinfo=UTC)
BLAST = CatalogueEvent(
    id="smi:uskat.local/blast/7", at=AT, latitude=54.13, longitude=87.087, depth_km=0.0, magnitude=1.9,
    magnitude_type="ML", type="mining explosion", certainty="known", agency="Uskat", uncertainty_km=0.4,
)  # fmt: skip


def written(*items):
    return write_quakeml(items, catalogue_id="smi:uskat.local/catalogue", created=CREATED, agency="Uskat")


events = st.builds(
    CatalogueEvent,
    id=st.integers(1, 10**9).map(lambda number: f"smi:uskat.local/event/{number}"),
    at=st.integers(0, 4_000_000_000_000_000).map(lambda micros: EPOCH + timedelta(microseconds=micros)),
    latitude=st.floats(-90, 90).map(lambda value: round(value, 6)),
    longitude=st.floats(-180, 180).map(lambda value: round(value, 6)),
    depth_km=st.none() | st.integers(-10, 800).map(float),
    magnitude=st.none() | st.integers(-20, 80).map(lambda tenths: tenths / 10),
    magnitude_type=st.just("ML"),
    type=st.sampled_from(sorted(EVENT_TYPES)),
    certainty=st.sampled_from(["known", "suspected"]),
    agency=st.just("Uskat"),
    uncertainty_km=st.none() | st.integers(0, 100).map(float),
)


@settings(max_examples=40)
@given(st.lists(events, max_size=3, unique_by=lambda event: event.id))
def test_our_reader_gets_back_what_was_written(given_events):
    found = read_quakeml(written(*(DescribedEvent(event) for event in given_events)))
    assert not found.refused
    assert len(found.events) == len(given_events)
    for read, sent in zip(found.events, given_events, strict=True):
        expected = sent.to_json()
        if sent.magnitude is None:
            expected["magnitude_type"] = None
        assert read.to_json() == pytest.approx(expected)


def test_the_document_is_valid_and_says_place_and_reasons():
    item = DescribedEvent(BLAST, "Карьер Кедровая Падь (демо)", ("Совпал с объявленным взрывом 7.",), CREATED)
    document = written(item)
    assert _validate(io.BytesIO(document))
    [event] = read_events(io.BytesIO(document), format="QUAKEML")
    assert event.event_descriptions[0].text == "Карьер Кедровая Падь (демо)"
    assert event.comments[0].text == "Совпал с объявленным взрывом 7."
    assert event.creation_info.creation_time.datetime == CREATED.replace(tzinfo=None)
    assert (event.preferred_origin().depth, event.preferred_magnitude().mag) == (0.0, 1.9)


def test_the_text_form_has_the_columns_of_the_standard():
    quiet = CatalogueEvent(id="smi:uskat.local/event/8", at=AT + timedelta(hours=1), latitude=54, longitude=87)
    text = write_text(
        [DescribedEvent(BLAST, "Разрез | участок\n2"), DescribedEvent(quiet)], catalogue="uskat", agency="U"
    )
    header, first, second = text.decode().splitlines()
    cells = dict(zip(header.lstrip("#").split("|"), first.split("|"), strict=True))
    assert cells["Time"] == "2026-06-01T05:30:00.123456"
    assert (cells["MagType"], cells["Magnitude"], cells["EventType"]) == ("ML", "1.9", "mining explosion")
    assert cells["EventLocationName"] == "Разрез / участок 2"
    empty = dict(zip(header.lstrip("#").split("|"), second.split("|"), strict=True))
    assert (empty["Depth/km"], empty["Magnitude"], empty["MagAuthor"]) == ("", "", "")
