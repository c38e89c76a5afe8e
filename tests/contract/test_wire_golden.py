"""Golden payloads of the wire formats: both ends are held against files, so that a shared codec hides no shared mistake.

The files were written by hand from docs/reference/wire.md; the miniSEED one is laid out below, field by field.
"""

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from uskat.wire.ack import AckReject, decode_ack, encode_ack, payload_digest, seq_ranges
from uskat.wire.errors import RejectReason
from uskat.wire.seismic import decode_miniseed, encode_miniseed
from uskat.wire.senml import decode_senml
from uskat.wire.status import decode_histogram, decode_status, encode_histogram, encode_status
from uskat.wire.topic import MessageKind, parse_topic, topic_of
from uskat.wire.water import Mode, decode_water, encode_water

DATA = Path(__file__).parent / "data/wire"
AT = datetime(2026, 5, 12, 4, 20, tzinfo=UTC)


def golden(name: str) -> bytes:
    return (DATA / name).read_bytes()


def test_a_water_packet_is_read_and_written_to_the_byte():
    decoded = decode_water(golden("water.json"))
    (packet,) = decoded.packets
    assert decoded.refusals == []
    assert (packet.t, packet.seq, packet.mode) == (AT, 18231, Mode.NORMAL)
    assert packet.v == {"ph": 7.61, "do": 8.9, "ec25": 640.0, "turb": 14.2, "temp": 11.3}
    assert encode_water(packet) == golden("water.json")


def test_buffered_packets_are_read_and_written_to_the_byte():
    decoded = decode_water(golden("water_buffered.json"))
    first, second = decoded.packets
    assert decoded.refusals == []
    assert (first.t, first.seq, first.v) == (AT, 18231, {"ph": 7.61})
    assert (second.t, second.seq, second.v) == (AT + timedelta(minutes=1), 18232, {"ph": 7.6, "turb": 300.0})
    assert (second.q, second.mode, second.device) == ({"turb": 3}, Mode.SERVICE, "KU-1")
    assert (second.ams, second.equipment, second.seal) == ("OK", "OK", "OPEN")
    assert encode_water(decoded.packets) == golden("water_buffered.json")


def test_senml_is_resolved_to_the_same_packets():
    decoded = decode_senml(golden("senml.json"))
    assert decoded.refusals == []
    moment = datetime(2026, 5, 12, 4, 20, tzinfo=UTC)
    assert {packet.t: packet.v for packet in decoded.packets} == {
        moment: {"ph": 7.61},
        moment - timedelta(minutes=1): {"temp": 11.3},
    }
    assert {packet.device for packet in decoded.packets} == {"KU-1"}


def test_histogram_peaks_are_read_and_written_to_the_byte():
    (peak,) = decode_histogram(golden("histogram.json"))
    assert (peak.t, peak.length_s, peak.seq) == (datetime(2026, 5, 12, 6, tzinfo=UTC), 60.0, 7)
    assert peak.peak == {"V": 0.31, "L": 0.52, "T": 0.44, "MIC": 1.9}
    assert (peak.freq_hz, peak.pvs_mm_s, peak.over) == ({"L": 12.5}, 0.58, [])
    assert encode_histogram(peak) == golden("histogram.json")


def test_status_and_last_will_are_read_and_written_to_the_byte():
    status = decode_status(golden("status.json"))
    assert (status.state, status.t, status.seq, status.battery_v) == ("online", AT, 12, 12.6)
    assert (status.door_open, status.clock_offset_s, status.firmware) == (False, -0.4, "2.1.0")
    assert (status.queue_length, status.temperature_c) == (0, 4.5)
    assert encode_status(status) == golden("status.json")
    will = decode_status(golden("status_last_will.json"))
    assert (will.state, will.t, will.seq) == ("offline", None, None)
    assert encode_status(will) == golden("status_last_will.json")


def test_a_confirmation_is_read_and_written_to_the_byte():
    ack = decode_ack(golden("ack.json"))
    assert (ack.seq, ack.stored, ack.digests) == (18232, [(18200, 18214), (18216, 18232)], ["9f86d081884c7d65"])
    value, packet = ack.rejects
    assert (value.reason, value.seq, value.parameter) == (RejectReason.UNKNOWN_PARAMETER, 18232, "phh")
    assert (packet.reason, packet.seq, packet.parameter) == (RejectReason.CLOCK_FUTURE, 18215, None)
    assert isinstance(value, AckReject)
    assert encode_ack(ack) == golden("ack.json")


def test_the_digest_is_the_head_of_sha256():
    assert payload_digest(b"test") == "9f86d081884c7d65"


def test_ranges_of_seq_are_inclusive_and_ascending():
    assert seq_ranges([7, 2, 1, 3, 3]) == [(1, 3), (7, 7)]


@pytest.mark.parametrize("kind", MessageKind)
def test_topics_are_as_documented(kind):
    assert topic_of("KU-1", kind) == f"uskat/v1/KU-1/{kind.value}"
    assert parse_topic(f"uskat/v1/KU-1/{kind.value}") == ("KU-1", kind)


SAMPLES = [0, 1, -2, 300000, -2147483648, 2147483647, 5]


def miniseed_record(samples: list[int]) -> bytes:
    """One 512-byte miniSEED 2.4 record (SEED manual ch. 8): int32, big-endian, 100 Hz, 2026-05-12T06:00:00.1234Z."""
    header = b"000001D " + b"TLD1 " + b"00" + b"GHZ" + b"UK"  # sequence, quality, station, location, channel, network
    header += struct.pack(">HHBBBBH", 2026, 132, 6, 0, 0, 0, 1234)  # year, day of year, h, m, s, unused, 0.1 ms
    header += struct.pack(">HhhBBBBiHH", len(samples), 100, 1, 0, 0, 0, 1, 0, 64, 48)
    header += struct.pack(">HHBBBB", 1000, 0, 3, 1, 9, 0)  # blockette 1000: encoding 3 = int32, big-endian, 2^9 bytes
    record = header.ljust(64, b"\0") + struct.pack(f">{len(samples)}i", *samples)
    return record.ljust(512, b"\0")


def test_a_miniseed_record_laid_out_by_hand_is_read():
    (channel,) = decode_miniseed(miniseed_record(SAMPLES))
    assert (channel.nslc, channel.rate_hz) == ("UK.TLD1.00.GHZ", 100.0)
    assert channel.start == datetime(2026, 5, 12, 6, 0, 0, 123400, tzinfo=UTC)
    assert channel.counts.tolist() == SAMPLES


def test_what_we_write_as_miniseed_says_so_in_the_documented_places():
    full_scale_24_bit = [0, 1, -2, 8388607, -8388608, 5]
    (channel,) = decode_miniseed(miniseed_record(full_scale_24_bit))
    record = encode_miniseed([channel])
    assert len(record) == 512
    assert record[8:20] == b"TLD1 00GHZUK"
    assert struct.unpack(">HHBBBBH", record[20:30]) == (2026, 132, 6, 0, 0, 0, 1234)
    assert struct.unpack(">H", record[30:32]) == (len(full_scale_24_bit),)
    (again,) = decode_miniseed(record)
    assert np.array_equal(again.counts, channel.counts)
