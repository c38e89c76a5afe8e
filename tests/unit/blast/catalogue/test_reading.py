"""Which kind a catalogue file is, and tables with titles of their own."""

from datetime import UTC, datetime

import pytest

from uskat.blast.catalogue.event import CatalogueError
from uskat.blast.catalogue.reading import read_catalogue

FDSN = (
    "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|MagAuthor"
    "|EventLocationName|EventType\n"
    "as-1|2020-05-12T05:31:07.0|54.13|87.08|0.0|ASGSR||||ML|2.1|ASGSR|Талда|mining explosion\n"
)
OWN = "номер;время;широта;долгота;ML;тип\nas-1;2020-05-12 12:31:07;54,13;87,08;2,1;взрыв\n"
OWN_COLUMNS = {
    "id": "номер", "time": "время", "latitude": "широта", "longitude": "долгота", "magnitude": "ML", "type": "тип",
    "delimiter": ";",
}  # fmt: skip
AT = datetime(2020, 5, 12, 5, 31, 7, tzinfo=UTC)


def test_the_text_of_an_event_service_is_told_by_its_first_character():
    [event] = read_catalogue(FDSN.encode()).events
    assert (event.id, event.at, event.magnitude, event.type, event.agency) == (
        "as-1", AT, 2.1, "mining explosion", "ASGSR",
    )  # fmt: skip


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_table_of_ones_own_is_read_by_its_titles_and_its_zone(mark):
    [event] = read_catalogue(mark + OWN.encode(), columns=OWN_COLUMNS, utc_offset_h=7).events
    assert (event.at, event.latitude, event.magnitude, event.type) == (AT, 54.13, 2.1, "explosion")


@pytest.mark.parametrize(("payload", "columns"), [
    (b"\xff\xfe\x00", {}), (b"a,b\n1,2\n", {}), (OWN.encode(), OWN_COLUMNS | {"height": "h"}), (b"<html/>", {}), (b"", {}),
])  # fmt: skip
def test_what_is_no_catalogue_is_refused_whole(payload, columns):
    with pytest.raises(CatalogueError):
        read_catalogue(payload, columns=columns)
