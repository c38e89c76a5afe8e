"""A table of events: bad rows are reported and take no good one with them."""

import random
from datetime import UTC, datetime

import pytest

from uskat.blast.catalogue.event import FAULT_RU, CatalogueError, RowFault
from uskat.blast.catalogue.reading import read_catalogue
from uskat.blast.catalogue.table import FDSN_TEXT, ColumnMap, read_table

HEADER = (
    ",source_id,timestamp,event_type,year,latitude,longitude,depth,magnitude,magnitude_type,contributor,number_of_pick"
)
GOOD = "82832,uw60139008,1514980694.570000,earthquake,2018,46.251,-122.064,8.96,0.56,ml,uw,20"
BAD = {
    "1,uwA,not-a-time,earthquake,2018,46,-122,8,1,ml,uw,2": RowFault.BAD_TIME,
    "1,uwB,,earthquake,2018,46,-122,8,1,ml,uw,2": RowFault.NO_TIME,
    "1,uwC,1e30,earthquake,2018,46,-122,8,1,ml,uw,2": RowFault.BAD_TIME,
    "1,uwD,1514980694,earthquake,2018,,-122,8,1,ml,uw,2": RowFault.NO_PLACE,
    "1,uwE,1514980694,earthquake,2018,96,-122,8,1,ml,uw,2": RowFault.BAD_PLACE,
    "1,uwF,1514980694,earthquake,2018,46,-122,deep,1,ml,uw,2": RowFault.BAD_NUMBER,
    "1,uwG,1514980694,earthquake,2018,46,-122,8,inf,ml,uw,2": RowFault.BAD_NUMBER,
    "1,uwH,1514980694,earthquake,2018,46,-122,8,77,ml,uw,2": RowFault.BAD_NUMBER,
    "1,uwI,1514980694,balloon,2018,46,-122,8,1,ml,uw,2": RowFault.UNKNOWN_TYPE,
    "1,,1514980694,earthquake,2018,46,-122,8,1,ml,uw,2": RowFault.NO_ID,
}


def test_a_row_of_the_comcat_columns_becomes_an_event():
    (event,) = read_table(f"{HEADER}\n{GOOD}").events
    assert event.id == "uw60139008"
    assert event.at == datetime(2018, 1, 3, 11, 58, 14, 570000, UTC)
    assert (event.latitude, event.longitude, event.depth_km) == (46.251, -122.064, 8.96)
    assert (event.magnitude, event.magnitude_type, event.type, event.agency) == (0.56, "ml", "earthquake", "uw")


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_is_refused_alone(row):
    found = read_table(f"{HEADER}\n{row}\n{GOOD}")
    assert [event.id for event in found.events] == ["uw60139008"]
    assert [(item.place, item.fault) for item in found.refused] == [(2, BAD[row])]


def test_all_bad_rows_among_many_good_ones():
    rows = [GOOD.replace("uw60139008", f"uw{number}") for number in range(50)]
    mixed = [*rows, *BAD]
    random.Random(4).shuffle(mixed)
    found = read_table("\n".join([HEADER, *mixed]))
    assert {event.id for event in found.events} == {f"uw{number}" for number in range(50)}
    assert len(found.refused) == len(BAD)


def test_a_spreadsheet_in_russian_is_read_and_a_small_blast_may_have_a_negative_magnitude():
    titles = HEADER.replace(",", ";")
    rows = ["1;a1;01.06.2026 12:00;explosion;2026;54,13;87,08;0;-0,4;ml;asf;2",
            "1;a2;01.06.2026 12:00:30,5;explosion;2026;54,13;87,08;0;1,5;ml;asf;2",
            "1;a3;32.06.2026 12:00;explosion;2026;54,13;87,08;0;1,5;ml;asf;2"]  # fmt: skip
    found = read_catalogue("\n".join([titles, *rows]).encode(), utc_offset_h=7)
    assert [(event.at, event.magnitude) for event in found.events] == [
        (datetime(2026, 6, 1, 5, 0, tzinfo=UTC), -0.4), (datetime(2026, 6, 1, 5, 0, 30, 500000, UTC), 1.5),
    ]  # fmt: skip
    assert [(row.place, row.fault) for row in found.refused] == [(4, RowFault.BAD_TIME)]
    assert set(FAULT_RU) == set(RowFault)


def test_an_id_that_came_before_is_refused():
    found = read_table(f"{HEADER}\n{GOOD}\n{GOOD}")
    assert len(found.events) == 1
    assert found.refused[0].fault is RowFault.DUPLICATE_ID


def test_a_missing_magnitude_is_no_fault():
    (event,) = read_table("\n".join([HEADER, GOOD.replace("0.56", "")])).events
    assert event.magnitude is None


def test_a_short_row_lacks_its_place():
    found = read_table(f"{HEADER}\n1,uwX,1514980694,earthquake,2018\n{GOOD}")
    assert found.refused[0].fault is RowFault.NO_PLACE
    assert len(found.events) == 1


def test_the_fdsn_text_format_is_read():
    text = (
        "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|"
        "MagAuthor|EventLocationName|EventType\n"
        "ev1|2026-06-01T05:00:00.5|54.13|87.08|0|ASGSR||||ML|2.6||Kuzbass|mining explosion\n"
    )
    (event,) = read_table(text, FDSN_TEXT).events
    assert event.at == datetime(2026, 6, 1, 5, 0, 0, 500000, UTC)
    assert event.is_blast


def test_a_russian_table_with_local_times_and_decimal_commas():
    columns = ColumnMap(
        id="№", time="Время", latitude="Широта", longitude="Долгота", magnitude="ML", type="Тип", utc_offset_h=7,
        delimiter=";",
    )  # fmt: skip
    (event,) = read_table(
        "№;Время;Широта;Долгота;ML;Тип\n1;2021-04-13 15:34:00;53,88;86,72;2,6;взрыв\n", columns
    ).events
    assert event.at == datetime(2021, 4, 13, 8, 34, tzinfo=UTC)
    assert (event.magnitude, event.type) == (2.6, "explosion")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00\x01"])
def test_something_else_is_no_catalogue(text):
    with pytest.raises(CatalogueError):
        read_table(text)
