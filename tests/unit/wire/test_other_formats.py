"""Status, histogram, seismic, confirmations and topics at their edges."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.test_wire_golden import miniseed_record
from uskat.wire.ack import Ack, AckReject, decode_ack, encode_ack, seq_ranges
from uskat.wire.errors import RejectReason, WireError
from uskat.wire.seismic import decode_miniseed, encode_miniseed
from uskat.wire.status import decode_histogram, decode_status
from uskat.wire.topic import MessageKind, parse_topic, topic_of


@given(seqs=st.lists(st.integers(0, 60)))
def test_ranges_hold_exactly_the_given_numbers_in_order_and_never_touch(seqs):
    ranges = seq_ranges(seqs)
    assert [seq for first, last in ranges for seq in range(first, last + 1)] == sorted(set(seqs))
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))


@given(seqs=st.lists(st.integers(0, 2**63 - 1), max_size=8), detail=st.text(st.characters(codec="utf-8")))
def test_a_confirmation_survives_the_wire(seqs, detail):
    ack = Ack(max(seqs, default=None), seq_ranges(seqs), ["00" * 8], [AckReject(RejectReason.EMPTY, detail, seq=1)])
    assert decode_ack(encode_ack(ack)) == ack


@pytest.mark.parametrize(
    "topic",
    ["uskat/v1/U-1", "uskat/v1/U-1/water/x", "uskat/v2/U-1/water", "uskat/v1//water", "uskat/v1/-1/water",
     "uskat/v1/U 1/water", "uskat/v1/Ю/water", "uskat/v1/U-1/Water", "uskat/v1/" + "a" * 65 + "/water", "",
     "uskat/v1/U-1/water\n"],
)  # fmt: skip
def test_other_topics_are_refused(topic):
    with pytest.raises(WireError) as refused:
        parse_topic(topic)
    assert refused.value.reason is RejectReason.BAD_TOPIC


@given(device=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True), kind=st.sampled_from(MessageKind))
def test_topics_of_any_code_can_be_read_back(device, kind):
    assert parse_topic(topic_of(device, kind)) == (device, kind)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b'{"state":1}', "wrong_shape"), (b"{}", "wrong_shape"), (b"[]", "wrong_shape"), (b"", "undecodable"),
     (b'{"state":"on","t":"2026-05-12T04:20:00"}', "wrong_shape"), (b'{"state":"on","seq":-1}', "wrong_shape"),
     (b'{"state":"on","queue_length":9223372036854775808}', "wrong_shape")],
)  # fmt: skip
def test_a_bad_status_is_refused(payload, reason):
    with pytest.raises(WireError) as refused:
        decode_status(payload)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [('"length_s":0', "wrong_shape"), ('"length_s":3601', "wrong_shape"), ('"peak":{}', "empty"),
     ('"peak":{"V":"x"}', "wrong_shape"), ('"peak":{"V":null}', "wrong_shape")],
)  # fmt: skip
def test_a_bad_histogram_is_refused(change, reason):
    fields = {"t": '"2026-05-12T06:00:00Z"', "length_s": "60", "peak": '{"V":0.1}'}
    name, _, value = change.partition(":")
    fields[name.strip('"')] = value
    payload = "{" + ",".join(f'"{key}":{text}' for key, text in fields.items()) + "}"
    with pytest.raises(WireError) as refused:
        decode_histogram(payload.encode())
    assert refused.value.reason == reason


@given(counts=st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=400))
def test_samples_survive_miniseed(counts):
    (template,) = decode_miniseed(miniseed_record([0]))
    sent = type(template)(template.nslc, template.start, 1024.0, np.array(counts, np.int32))
    (back,) = decode_miniseed(encode_miniseed([sent]))
    assert (back.nslc, back.rate_hz, back.start) == (sent.nslc, 1024.0, sent.start)
    assert back.counts.tolist() == counts


@given(place=st.integers(0, 19), byte=st.integers(128, 255))
def test_a_header_that_is_not_text_is_refused_before_libmseed_sees_it(place, byte):
    """libmseed 2 names the record in its error, and obspy fails on the name inside a callback: the error is lost."""
    record = bytearray(miniseed_record([1, 2, 3]) * 2)
    record[512 + place] = byte
    with pytest.raises(WireError) as refused:
        decode_miniseed(bytes(record))
    assert refused.value.reason is RejectReason.UNDECODABLE
    assert "byte 512" in str(refused.value)


@pytest.mark.parametrize("length", [0, 1, 127, 511, 513, 1000])
def test_a_truncated_record_is_refused(length):
    with pytest.raises(WireError) as refused:
        decode_miniseed((miniseed_record([1, 2, 3]) * 2)[:length])
    assert refused.value.reason is RejectReason.UNDECODABLE


def test_a_year_that_no_calendar_holds_is_refused_as_time():
    record = bytearray(miniseed_record([1, 2, 3]))
    record[20:22] = (18410).to_bytes(2, "big")
    with pytest.raises(WireError) as refused:
        decode_miniseed(bytes(record))
    assert refused.value.reason in {RejectReason.BAD_TIME, RejectReason.UNDECODABLE}
