"""SenML by the examples of RFC 8428 §5.1 and the rules of §4."""

import json
from datetime import UTC, datetime

import pytest

from uskat.wire.errors import RejectReason, WireError
from uskat.wire.senml import decode_senml

RFC_MULTIPLE_DATAPOINTS = b"""[
  {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09, "bu":"%RH","v":20},
  {"u":"lon","v":24.30621},
  {"u":"lat","v":60.07965},
  {"t":60,"v":20.3},
  {"u":"lon","t":60,"v":24.30622},
  {"u":"lat","t":60,"v":60.07965},
  {"t":120,"v":20.7},
  {"u":"lon","t":120,"v":24.30623},
  {"u":"lat","t":120,"v":60.07966},
  {"u":"%EL","t":150,"v":98},
  {"t":180,"v":21.2},
  {"u":"lon","t":180,"v":24.30628},
  {"u":"lat","t":180,"v":60.07967}
]"""


def pack(*records):
    return json.dumps(records).encode()


def refused(payload):
    return [(refusal.reason, refusal.index) for refusal in decode_senml(payload).refusals]


def test_the_first_example_of_the_rfc_resolves_name_value_and_unit():
    """§5.1.1: {"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1} needs a time and a known name with us."""
    decoded = decode_senml(pack({"n": "urn:dev:ow:10e2073a01080063:temp", "u": "Cel", "v": 23.1, "t": 1.320067464e9}))
    (packet,) = decoded.packets
    assert (packet.device, packet.v) == ("10e2073a01080063", {"temp": 23.1})
    assert packet.t == datetime(2011, 10, 31, 13, 24, 24, tzinfo=UTC)


def test_the_second_example_of_the_rfc_takes_name_time_and_unit_from_the_base():
    """§5.1.2 with the parameter's code as the sensor's name: base name, base time, relative times."""
    decoded = decode_senml(
        pack(
            {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e9, "bu": "Cel", "bver": 5, "n": "temp", "v": 1.2},
            {"n": "temp", "t": -5, "v": 1.3},
            {"n": "temp", "t": -4, "v": 1.4},
        )
    )  # fmt: skip
    base = datetime(2010, 6, 8, 18, 1, 16, 1000, tzinfo=UTC)
    assert [((packet.t - base).total_seconds(), packet.v) for packet in decoded.packets] == [
        (0.0, {"temp": 1.2}), (-5.0, {"temp": 1.3}), (-4.0, {"temp": 1.4}),
    ]  # fmt: skip
    assert decoded.refusals == []


def test_an_example_with_units_we_do_not_take_is_refused_record_by_record():
    """§5.1.3: humidity and positions without a parameter's name are no readings of ours, and each one is named."""
    decoded = decode_senml(RFC_MULTIPLE_DATAPOINTS)
    assert decoded.packets == []
    assert [refusal.index for refusal in decoded.refusals] == list(range(13))
    assert {refusal.reason for refusal in decoded.refusals} == {RejectReason.WRONG_UNIT}


def test_base_value_is_added():
    """§4.5.4: the value is the sum of base value and value."""
    decoded = decode_senml(pack({"bn": "U-1:", "bt": 1.3e9, "bv": 20, "n": "temp", "v": 0.5}, {"n": "ph", "v": -13}))
    assert decoded.packets[0].v == {"temp": 20.5, "ph": 7.0}


def test_a_record_later_in_the_pack_may_change_the_base():
    decoded = decode_senml(
        pack({"bn": "A:", "bt": 1.3e9, "n": "ph", "v": 7}, {"bn": "B:", "n": "ph", "v": 8}, {"n": "temp", "v": 1})
    )
    assert [(packet.device, packet.v) for packet in decoded.packets] == [("A", {"ph": 7}), ("B", {"ph": 8, "temp": 1})]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"n": "ph", "v": 7}, "bad_time"),  # §4.5.3: below 2^28 a time is relative to now
        ({"n": "ph", "v": 7, "t": 268435455}, "bad_time"),
        ({"n": "ph", "v": 7, "t": 1e300}, "bad_time"),
        ({"n": "ph", "v": 7, "t": "now"}, "bad_time"),
        ({"n": "ph", "vs": "seven", "t": 1.3e9}, "bad_value"),
        ({"n": "ph", "vb": True, "t": 1.3e9}, "bad_value"),
        ({"n": "ph", "s": 5, "t": 1.3e9}, "bad_value"),
        ({"n": "ph", "t": 1.3e9}, "bad_value"),
        ({"n": "ph", "v": True, "t": 1.3e9}, "bad_value"),
        ({"n": "ph", "v": 1e308, "bv": 1e308, "t": 1.3e9}, "bad_value"),
        ({"n": "temp", "u": "K", "v": 280, "t": 1.3e9}, "wrong_unit"),
        ({"n": "ph", "v": 7, "t": 1.3e9, "bver": 11}, "wrong_shape"),
        ({"n": "ph", "v": 7, "t": 1.3e9, "must_": 1}, "wrong_shape"),  # §4.4: a label that must be understood
        ("record", "wrong_shape"),
    ],
)  # fmt: skip
def test_a_bad_record_is_refused_alone(record, reason):
    good = {"n": "U-1:temp", "v": 4, "t": 1.3e9}
    assert refused(pack(good, record)) == [(reason, 1)]
    assert decode_senml(pack(good, record)).packets[0].v == {"temp": 4.0}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b"{}", "wrong_shape"), (b"[]", "empty"), (b'[{"bn":"U-1:"}]', "empty"), (b"[", "undecodable"),
     (b"[" * 100_000, "undecodable")],
)  # fmt: skip
def test_a_pack_without_measurements_is_refused_whole(payload, reason):
    with pytest.raises(WireError) as error:
        decode_senml(payload)
    assert error.value.reason == reason


def test_a_converter_turns_stated_units_and_leaves_the_others_alone():
    def halved(parameter, value, unit):
        if unit != "half":
            raise ValueError(f"{parameter} in {unit}")
        return value / 2

    records = [
        {"bt": 1.3e9, "n": "temp", "u": "half", "v": 8, "bv": 2}, {"n": "ph", "v": 7, "bv": 0}, {"n": "do", "u": "x", "v": 1},
    ]  # fmt: skip
    decoded = decode_senml(pack(*records), halved)
    assert decoded.packets[0].v == {"temp": 5.0, "ph": 7.0}
    assert [(refusal.reason, refusal.detail) for refusal in decoded.refusals] == [(RejectReason.WRONG_UNIT, "do in x")]
