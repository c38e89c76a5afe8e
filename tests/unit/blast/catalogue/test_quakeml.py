"""QuakeML: a bad event takes no good one with it; norms.md §8 row 6, the W. Australia mining explosion of obspy."""

from pathlib import Path

import obspy
import pytest

from uskat.blast.catalogue.event import CatalogueError, RowFault
from uskat.blast.catalogue.quakeml import read_quakeml

QUARRY = Path(obspy.__file__).parent / "io/seiscomp/tests/data/quakeml_1.2_quarryblast.xml"


def event(name, *, time="2026-06-01T05:00:00Z", latitude="54.1", kind="mining explosion", magnitude="2.1"):
    return f"""<event publicID="smi:local/event/{name}"><type>{kind}</type>
    <typeCertainty>known</typeCertainty>
    <origin publicID="smi:local/origin/{name}"><time><value>{time}</value></time>
    <latitude><value>{latitude}</value></latitude><longitude><value>87.1</value></longitude>
    <depth><value>500</value></depth></origin>
    <magnitude publicID="smi:local/mag/{name}"><mag><value>{magnitude}</value></mag><type>ML</type></magnitude></event>"""


def document(*events):
    return (
        '<?xml version="1.0"?><q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" '
        'xmlns:q="http://quakeml.org/xmlns/quakeml/1.2"><eventParameters publicID="smi:local/1">'
        f"{''.join(events)}</eventParameters></q:quakeml>"
    ).encode()


def test_the_mining_explosion_of_obspys_test_data():
    if not QUARRY.exists():
        pytest.skip("obspy installed without its test data")
    (found,) = read_quakeml(QUARRY.read_bytes()).events
    assert found.at.isoformat().startswith("2023-08-26T09:49:43.871357")
    assert (found.type, found.is_blast) == ("mining explosion", True)
    assert (found.magnitude, found.magnitude_type) == (2.64, "MLv")
    assert found.depth_km == pytest.approx(1.4625)


def test_a_whole_event_is_read():
    (found,) = read_quakeml(document(event("a"))).events
    assert (found.latitude, found.longitude, found.depth_km, found.magnitude) == (54.1, 87.1, 0.5, 2.1)
    assert (found.type, found.certainty, found.magnitude_type) == ("mining explosion", "known", "ML")


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ({"time": "yesterday"}, {RowFault.NO_TIME, RowFault.UNREADABLE}),
        ({"latitude": "north"}, {RowFault.NO_PLACE, RowFault.UNREADABLE}),
        ({"latitude": "95"}, {RowFault.BAD_PLACE}),
        ({"kind": "balloon"}, {RowFault.UNKNOWN_TYPE}),
        ({"magnitude": "99"}, {RowFault.BAD_NUMBER}),
    ],
)
def test_a_bad_event_is_refused_alone(bad, fault):
    found = read_quakeml(document(event("a"), event("bad", **bad), event("b")))
    assert [item.id for item in found.events] == ["smi:local/event/a", "smi:local/event/b"]
    assert [item.place for item in found.refused] == [2]
    assert found.refused[0].fault in fault


def test_an_event_without_an_origin_is_refused():
    found = read_quakeml(document('<event publicID="smi:local/event/x"><type>earthquake</type></event>', event("b")))
    assert found.refused[0].fault is RowFault.NO_TIME
    assert len(found.events) == 1


@pytest.mark.parametrize("payload", [b"", b"<a/>", b"{}", b"<quakeml>", document().replace(b"eventParameters", b"x")])
def test_something_else_is_no_catalogue(payload):
    with pytest.raises(CatalogueError):
        read_quakeml(payload)


def test_external_entities_are_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("mining explosion")
    payload = document(event("a", kind="&x;")).replace(
        b'<?xml version="1.0"?>', f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
    )
    with pytest.raises(CatalogueError, match="document type"):
        read_quakeml(payload)
