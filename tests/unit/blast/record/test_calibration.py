"""Calibration from StationXML, in memory."""

import io
import math
import warnings
from datetime import UTC, datetime

import numpy as np
import obspy
import pytest
from obspy.core.inventory import Channel, Inventory, Network, Response, Station

from uskat.blast.record.calibration import CalibrationError, calibration_of_stationxml, read_calibration
from uskat.blast.waveform import measure_record
from uskat.wire.seismic import decode_miniseed


def document(*channels):
    station = Station("S1", 54.0, 87.0, 200.0, channels=list(channels))
    buffer = io.BytesIO()
    Inventory([Network("US", stations=[station])], source="test").write(buffer, format="STATIONXML")
    return buffer.getvalue()


def channel(code, response, *, dip=None, start=None, end=None):
    return Channel(
        code, "", 54.0, 87.0, 200.0, 0.0, dip=dip, sample_rate=1024.0, response=response, start_date=start, end_date=end
    )


def geophone(corner_hz=4.5, damping=0.7, gain=28.8, units="M/S", sensitivity_hz=50.0):
    """Norms.md 7.1: p = −2π·4.5(h ± i√(1−h²)), h = 0.7 → −19.79 ± 20.19i."""
    omega = 2 * math.pi * corner_hz
    pole = complex(-omega * damping, omega * math.sqrt(1 - damping**2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # obspy doubts pascals
        response = Response.from_paz(
            zeros=[0j, 0j],
            poles=[pole, pole.conjugate()],
            stage_gain=gain,
            stage_gain_frequency=50.0,
            input_units=units,
            output_units="COUNTS",
        )
        if sensitivity_hz:
            response.recalculate_overall_sensitivity(sensitivity_hz)
    return response


def test_7_1_poles_of_a_geophone_of_4_5_hz():
    (pole, _) = geophone().response_stages[0].poles
    assert complex(pole) == pytest.approx(complex(-19.79, 20.19), abs=0.005)


def test_1_4_1_every_channel_is_calibrated_and_the_fall_below_the_corner_is_noted():
    read = calibration_of_stationxml(document(channel("GPZ", geophone(), dip=-90.0), channel("GPN", geophone(1.0))))
    vertical = read.channels["US.S1..GPZ"]
    assert (vertical.component, vertical.unit) == ("V", "m/s")
    assert vertical.counts_per_unit == pytest.approx(28.8, rel=0.02)
    assert read.channels["US.S1..GPN"].component == "L"
    (note,) = read.notes
    assert note.startswith("US.S1..GPZ: отклик отличается")
    assert "2–" in note


def test_a_sensitivity_given_below_the_corner_is_noted():
    (note,) = calibration_of_stationxml(document(channel("GPZ", geophone(sensitivity_hz=1.0)))).notes
    assert "больше чем на 3 дБ" in note


def test_a_microphone_is_told_by_its_unit_and_an_accelerometer_refused():
    read = calibration_of_stationxml(
        document(
            channel("GDF", geophone(0.1, units="PA")),
            channel("GNZ", geophone(units="M/S**2")),
            channel("GHX", geophone()),
        )
    )
    assert read.channels["US.S1..GDF"].component == "MIC"
    assert set(read.channels) == {"US.S1..GDF"}
    assert any("не скорость" in note for note in read.notes)
    assert any("не понять" in note for note in read.notes)


def test_the_epoch_that_holds_at_the_record_is_taken():
    old = channel("GPZ", geophone(gain=10.0), start=obspy.UTCDateTime(2010, 1, 1), end=obspy.UTCDateTime(2020, 1, 1))
    new = channel("GPZ", geophone(gain=20.0), start=obspy.UTCDateTime(2020, 1, 1))
    for year, gain in ((2015, 10.0), (2025, 20.0)):
        read = calibration_of_stationxml(document(old, new), moment=datetime(year, 6, 1, tzinfo=UTC))
        assert read.channels["US.S1..GPZ"].counts_per_unit == pytest.approx(gain, rel=0.02)


@pytest.mark.parametrize("content", [b"", b"<a/>", b"time,V\n1,2\n"])
def test_what_is_no_station_xml_is_refused_in_words(content):
    with pytest.raises(CalibrationError, match="StationXML"):
        calibration_of_stationxml(content)


def test_the_record_of_obspy_measures_as_obspy_itself_scales_it():
    stream, buffer, written = obspy.read(), io.BytesIO(), io.BytesIO()
    for trace in stream:
        trace.data = np.round(trace.data).astype(np.int32)
    stream.write(buffer, format="MSEED")
    obspy.read_inventory().write(written, format="STATIONXML")
    channels = decode_miniseed(buffer.getvalue())
    station = calibration_of_stationxml(written.getvalue(), moment=channels[0].start)
    entries = station.by_code([channel.nslc for channel in channels])
    assert read_calibration(entries)["EHZ"].component == "V"
    measures = measure_record(channels, entries)
    for trace, axis in zip(stream, ("V", "L", "T"), strict=True):
        sensitivity = trace.stats.response.instrument_sensitivity.value
        velocity = 1000 * (trace.data - trace.data.mean()) / sensitivity
        assert measures.components[axis].peak == pytest.approx(np.abs(velocity).max(), rel=1e-6)
