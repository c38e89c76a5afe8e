"""StationXML of the registry says again what the registry says, to our own reader and to obspy."""

import io
import warnings
from datetime import UTC, datetime

import numpy as np
import pytest
from obspy import Trace, UTCDateTime, read_inventory

from uskat.blast.record.calibration import ChannelCalibration, calibration_of_stationxml
from uskat.blast.record.station_document import StationChannel, station_text, station_xml

BEGINS = datetime(2026, 5, 1, tzinfo=UTC)
CREATED = datetime(2026, 6, 1, tzinfo=UTC)
AXES = {"GHZ": "V", "GHN": "L", "GHE": "T"}


def channel(code, calibration, station="TLD1", **changes):
    settings = {"network": "XX", "station": station, "location": "00", "code": code, "site": "Большая Талда (демо)",
                "latitude": 54.1, "longitude": 87.0, "rate_hz": 1024.0, "begins": BEGINS, "sensor": "сейсмограф (демо)",
                "calibration": calibration, "demo": True}  # fmt: skip
    return StationChannel(**settings | changes)


def known():
    ground = [channel(code, ChannelCalibration(axis, "mm/s", 1e5)) for code, axis in AXES.items()]
    return [*ground, channel("GDF", ChannelCalibration("MIC", "Pa", 1e4))]


def test_what_counts_mean_comes_back_in_the_same_quantities():
    document = station_xml(known(), level="response", created=CREATED)
    found = calibration_of_stationxml(document)
    assert found.notes == ()
    ground = {f"XX.TLD1.00.{code}": ChannelCalibration(axis, "m/s", 1e8) for code, axis in AXES.items()}
    assert found.channels == ground | {"XX.TLD1.00.GDF": ChannelCalibration("MIC", "Pa", 1e4)}


def test_obspy_turns_counts_into_the_ground_velocity():
    inventory = read_inventory(io.BytesIO(station_xml(known(), level="response", created=CREATED)))
    header = {"network": "XX", "station": "TLD1", "location": "00", "channel": "GHZ", "sampling_rate": 1024.0,
              "starttime": UTCDateTime(BEGINS) + 60}  # fmt: skip
    trace = Trace(np.array([0, 250_000, -100_000], dtype=np.int32), header)
    trace.remove_sensitivity(inventory)
    assert trace.data == pytest.approx([0, 2.5e-3, -1e-3])


@pytest.mark.parametrize("level", ["network", "station", "channel", "response"])
def test_each_level_says_no_more_than_it_should_and_the_schema_holds(level):
    from obspy.io.stationxml.core import validate_stationxml

    document = station_xml([*known(), channel("GHZ", None, station="TLD2")], level=level, created=CREATED)
    assert validate_stationxml(io.BytesIO(document)) == (True, ())
    inventory = read_inventory(io.BytesIO(document))
    [network] = inventory.networks
    assert (network.code, network.total_number_of_stations, network.restricted_status) == ("XX", 2, "open")
    assert [station.code for station in network] == ([] if level == "network" else ["TLD1", "TLD2"])
    codes = [code.rsplit(".", 1)[-1] for code in inventory.get_contents()["channels"]]
    assert sorted(codes) == (["GDF", "GHE", "GHN", "GHZ", "GHZ"] if level in {"channel", "response"} else [])
    if level == "response":
        stages = {len(c.response.response_stages) for c in network.stations[0]}
        assert stages == {1}
        assert network.stations[1].channels[0].response is None, "no calibration in the registry, no response"


def test_only_the_vertical_has_a_direction():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inventory = read_inventory(io.BytesIO(station_xml(known(), level="channel", created=CREATED)))
    found = {c.code: (c.azimuth, c.dip) for c in inventory[0][0]}
    assert found == {"GHZ": (0, -90), "GHN": (None, None), "GHE": (None, None), "GDF": (None, None)}


def test_the_text_form_has_a_line_a_channel_and_none_of_a_response():
    lines = station_text(known(), level="channel", created=CREATED).decode().splitlines()
    assert lines[0].startswith("#Network|Station|Location|Channel|Latitude")
    assert len(lines) == 5
    cells = dict(zip(lines[0].lstrip("#").split("|"), lines[-1].split("|"), strict=True))
    assert (cells["Channel"], float(cells["Scale"]), cells["ScaleUnits"]) == ("GHZ", 1e8, "M/S")
    with pytest.raises(ValueError, match="text"):
        station_text(known(), level="response", created=CREATED)
