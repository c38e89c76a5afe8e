"""Headers read by hand agree with libmseed, and pieces cut at records hold the very samples."""

import io
import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obspy import Stream, Trace, UTCDateTime, read
from obspy.io.mseed.util import get_record_information

from uskat.wire.miniseed_record import RecordHeaderError, record_spans

START = datetime(2026, 2, 28, 23, 59, 58, 123_457, tzinfo=UTC)


def written(*, rate_hz=1024.0, samples=3000, reclen=512, byteorder=">", location="00", start=START, dtype=np.int32):
    data = np.random.default_rng(3).integers(-90_000, 90_000, samples).astype(dtype)
    header = {"network": "XX", "station": "TLD1", "location": location, "channel": "GHZ",
              "sampling_rate": rate_hz, "starttime": UTCDateTime(start)}  # fmt: skip
    buffer = io.BytesIO()
    Stream([Trace(data, header)]).write(buffer, format="MSEED", reclen=reclen, byteorder=byteorder)
    return buffer.getvalue()


def moment(time):
    return time.datetime.replace(tzinfo=UTC)


def check(payload):
    place = 0
    for span in record_spans(payload):
        known = get_record_information(io.BytesIO(payload), offset=place)
        assert (span.offset, span.length, span.samples) == (place, known["record_length"], known["npts"])
        assert span.nslc == ".".join(known[part] for part in ("network", "station", "location", "channel"))
        assert abs(span.start - moment(known["starttime"])) <= timedelta(microseconds=1)
        assert abs(span.end - moment(known["endtime"])) <= timedelta(microseconds=2)
        place += span.length
    assert place == len(payload)


@pytest.mark.parametrize("byteorder", [">", "<"])
@pytest.mark.parametrize("reclen", [256, 512, 4096])
@pytest.mark.parametrize("rate_hz", [0.1, 1.0, 31.25, 1024.0, 2048.0, 333.333])
def test_headers_agree_with_libmseed(rate_hz, reclen, byteorder):
    check(written(rate_hz=rate_hz, reclen=reclen, byteorder=byteorder))


@given(
    st.integers(0, 4_000_000_000_000_000),
    st.floats(0.01, 4000, allow_nan=False),
    st.sampled_from([np.int32, np.float32, np.float64]),
    st.sampled_from(["", "00", "0A"]),
)
def test_any_start_and_rate_agree_with_libmseed(micros, rate_hz, dtype, location):
    start = datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=micros)
    check(written(rate_hz=rate_hz, samples=300, location=location, start=start, dtype=dtype))


def test_a_time_correction_is_applied_unless_it_has_been():
    payload = bytearray(written(samples=100))
    payload[40:44] = (25_000).to_bytes(4, "big")  # 2.5 s in units of 0.1 ms
    (span,) = record_spans(bytes(payload))
    assert span.start == START + timedelta(seconds=2.5)
    payload[36] |= 0x02
    (span,) = record_spans(bytes(payload))
    assert span.start == START


def test_records_left_in_decode_to_a_stretch_of_the_same_samples():
    payload = written()
    spans = list(record_spans(payload))
    kept = b"".join(payload[s.offset : s.offset + s.length] for s in spans[1:-1])
    whole, part = read(io.BytesIO(payload))[0].data, read(io.BytesIO(kept))[0].data
    before = spans[0].samples
    assert np.array_equal(part, whole[before : before + len(part)])


@pytest.mark.parametrize(
    "payload",
    [b"x" * 512, written(samples=100)[:300], written(samples=100)[:20], written(samples=100)[:46] + b"\0" * 466,
     written(samples=100)[:20] + b"\xff" * 492],
)  # fmt: skip
def test_what_is_no_record_is_refused(payload):
    with pytest.raises(RecordHeaderError):
        list(record_spans(payload))


def test_a_rate_that_never_ends_the_record_is_refused():
    payload = bytearray(written(rate_hz=333.333, samples=100))
    place = payload.index(b"\x00\x64", 46)
    payload[place + 4 : place + 8] = struct.pack(">f", 1e-30)
    with pytest.raises(RecordHeaderError, match="never end"):
        list(record_spans(bytes(payload)))


@given(st.data())
def test_damage_is_refused_or_read_but_never_loops(data):
    payload = bytearray(written(samples=400))
    for place in data.draw(st.lists(st.integers(7, len(payload) - 1), max_size=20)):
        payload[place] = data.draw(st.integers(0, 255))
    try:
        spans = list(record_spans(bytes(payload)))
    except RecordHeaderError:
        return
    assert sum(span.length for span in spans) == len(payload)
