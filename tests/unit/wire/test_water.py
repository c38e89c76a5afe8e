"""Native packets: what is good is kept, what is bad is refused alone and with a reason."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.wire.errors import RejectReason, WireError
from uskat.wire.water import MAX_SEQ, Mode, WaterPacket, decode_water, encode_water

AT = datetime(2026, 5, 12, 4, 20, tzinfo=UTC)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
packets = st.builds(
    WaterPacket,
    t=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    v=st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6),
    seq=st.none() | st.integers(0, MAX_SEQ),
    q=st.none() | st.dictionaries(names, st.sampled_from([1, 3, 4, 9]), max_size=3),
    mode=st.sampled_from(Mode),
    ams=st.none() | st.sampled_from(["OK", "FAULT"]),
    device=st.none() | names,
)


@given(packet=packets)
def test_a_packet_survives_the_wire_bit_by_bit(packet):
    decoded = decode_water(encode_water(packet))
    assert decoded.refusals == []
    assert decoded.packets == [packet]


@given(many=st.lists(packets, min_size=1, max_size=5))
def test_buffered_packets_survive_the_wire_in_order(many):
    assert decode_water(encode_water(many)).packets == many


@given(
    payload=st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.from_regex(rb'[\[{][\]{},:"tv1e\-.]*')
)
def test_any_bytes_are_decoded_or_refused_and_nothing_else_happens(payload):
    reasons = {RejectReason.UNDECODABLE, RejectReason.WRONG_SHAPE, RejectReason.EMPTY}
    assert _fate(payload) is None or _fate(payload) in reasons


def _fate(payload):
    try:
        decoded = decode_water(payload)
    except WireError as error:
        return error.reason
    return None if decoded.packets or decoded.refusals else "nothing"


@pytest.mark.parametrize(
    ("value", "kept"),
    [("7", True), ("-0.0", True), ("1e308", True), ("true", False), ('"7"', False), ("null", False), ("[7]", False),
     ("9" * 400, False)],
)  # fmt: skip
def test_a_bad_value_is_refused_alone(value, kept):
    decoded = decode_water(f'{{"t":"2026-05-12T04:20:00Z","seq":5,"v":{{"ph":{value},"temp":1}}}}'.encode())
    (packet,) = decoded.packets
    assert ("ph" in packet.v) == kept
    assert packet.v["temp"] == 1.0
    assert [(r.reason, r.parameter, r.seq) for r in decoded.refusals] == (
        [] if kept else [(RejectReason.BAD_VALUE, "ph", 5)]
    )


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "-1e400", "01", "0x1"])
def test_numbers_that_json_has_not_make_the_payload_undecodable(text):
    with pytest.raises(WireError) as refused:
        decode_water(f'{{"t":"2026-05-12T04:20:00Z","v":{{"ph":{text}}}}}'.encode())
    assert refused.value.reason is RejectReason.UNDECODABLE


@pytest.mark.parametrize(
    "moment", ['"2026-05-12T04:20:00"', '"12.05.2026"', "1778559600", "null", '"2026-02-30T00:00:00Z"']
)
def test_a_time_without_zone_or_sense_is_refused_as_time(moment):
    decoded = decode_water(f'{{"t":{moment},"v":{{"ph":7,"temp":1}}}}'.encode())
    assert [(r.reason, r.readings) for r in decoded.refusals] == [(RejectReason.BAD_TIME, 2)]


def test_a_time_with_an_offset_is_the_same_moment():
    local = AT.astimezone(timezone(timedelta(hours=7))).isoformat()
    (packet,) = decode_water(json.dumps({"t": local, "v": {"ph": 7}}).encode()).packets
    assert packet.t == AT


def test_one_bad_packet_takes_no_other_of_the_array_with_it():
    good = {"t": "2026-05-12T04:20:00Z", "v": {"ph": 7}, "seq": 1}
    array = [good, "x", good | {"seq": 2, "v": {}}, good | {"seq": 3, "mode": "party"}, good | {"seq": 4}]
    decoded = decode_water(json.dumps(array).encode())
    assert [packet.seq for packet in decoded.packets] == [1, 4]
    assert [(r.reason, r.index, r.seq) for r in decoded.refusals] == [
        (RejectReason.WRONG_SHAPE, 1, None), (RejectReason.EMPTY, 2, 2), (RejectReason.WRONG_SHAPE, 3, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("payload", [b"[" * 200_000, b'{"v":' * 200_000, b"[" * 200_000 + b"]" * 200_000])
def test_deep_nesting_is_refused_without_a_crash(payload):
    with pytest.raises(WireError) as refused:
        decode_water(payload)
    assert refused.value.reason is RejectReason.UNDECODABLE


@pytest.mark.parametrize(
    ("payload", "reason"), [(b"", "undecodable"), (b"[]", "empty"), (b"7", "wrong_shape"), (b'"x"', "wrong_shape")]
)
def test_what_is_no_packet_is_refused_whole(payload, reason):
    with pytest.raises(WireError) as refused:
        decode_water(payload)
    assert refused.value.reason == reason
