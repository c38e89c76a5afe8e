"""Packets of the state register: their shape, the same bytes every time, what counts, what an answer means."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uskat.supervision.register.answer import Fate, fate_of
from uskat.supervision.register.packet import SeriesInterval, compose_packet
from uskat.supervision.register.protocol import register_protocol
from uskat.supervision.register.system import SystemDescriptionError, parse_system
from uskat.water.interval import Interval

PROTOCOL = register_protocol()
START = datetime(2026, 6, 2, 5, 20, tzinfo=UTC)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


DESCRIPTION: dict[str, Any] = {
    "system": "ASI-7", "onv": "32-0142-000001-П",
    "sources": [{
        "source_uuid": uuid(1), "pniv": "PNIV-1",
        "sensors": [{
            "sensor_uuid": uuid(2), "states": {"ams": uuid(3), "equipment": uuid(4), "seal": uuid(5)},
            "parameters": [
                {"station": "OUT-1", "parameter": "ph", "parameter_uuid": uuid(6), "code": "PH", "unit": "ед. pH"},
                {"station": "OUT-1", "parameter": "tss", "parameter_uuid": uuid(7), "code": "TSS", "unit": "мг/дм3"},
            ],
        }],
    }],
}  # fmt: skip
SYSTEM = parse_system(DESCRIPTION)
PH = Interval(START, 20, 20, 0, 7.5, 7.4, 7.6)
TSS = Interval(START, 20, 20, 0, 12.25, 10, 14)


def composed(**found: Interval | None) -> dict[str, Any]:
    series = {("OUT-1", name): SeriesInterval(interval, 60) for name, interval in found.items()}
    body: dict[str, Any] = json.loads(compose_packet(SYSTEM, START, found=series, protocol=PROTOCOL).body)
    return body


def sensor_of(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["sources"][0]["sensors"][0]
    return found


def by_code(body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {one["code"]: one["values"] for one in sensor_of(body)["parameters"]}


def test_a_packet_has_the_shape_of_the_register():
    body = composed(ph=PH, tss=TSS)
    assert (body["onv"], body["timestamp"]) == ("32-0142-000001-П", round(START.timestamp()) + 1200)
    assert (body["sources"][0]["source_uuid"], body["sources"][0]["pniv"]) == (uuid(1), "PNIV-1")
    assert sensor_of(body)["state"] == "OK"
    values = by_code(body)
    assert list(values) == ["PH", "TSS", "AmsState", "ControlledEquipmentState", "ElectronicSealState"]
    (ph,) = values["PH"]
    assert (ph["value"], ph["timestamp_end"] - ph["timestamp_start"]) == (7.5, 1200)
    assert values["ElectronicSealState"][0]["value"] == "OK"


def test_the_same_interval_is_the_same_bytes_and_another_has_other_ids():
    series = {("OUT-1", "ph"): SeriesInterval(PH, 60)}
    first = compose_packet(SYSTEM, START, found=series, protocol=PROTOCOL)
    assert compose_packet(parse_system(deepcopy(DESCRIPTION)), START, found=series, protocol=PROTOCOL) == first
    later = compose_packet(SYSTEM, START + timedelta(minutes=20), found=series, protocol=PROTOCOL)
    ids = [
        {value["value_uuid"] for values in by_code(json.loads(one.body)).values() for value in values}
        for one in (first, later)
    ]
    assert ids[0].isdisjoint(ids[1])
    assert first.key != later.key


def test_too_few_valid_readings_make_no_value_and_silence_is_a_fault_of_the_system():
    few = composed(ph=replace(PH, n_valid=14), tss=TSS)
    assert by_code(few)["PH"] == []
    assert sensor_of(few)["state"] == "OK"
    silent = by_code(composed(tss=TSS))
    assert (silent["PH"], silent["AmsState"][0]["value"]) == ([], "FAULT")
    assert by_code(composed(ph=PH, tss=None))["AmsState"][0]["value"] == "FAULT"


@given(st.integers(0, 7), st.integers(0, 7))
def test_every_state_channel_tells_its_own_fault(first, second):
    body = composed(ph=replace(PH, states=first), tss=replace(TSS, states=second))
    values, bits = by_code(body), first | second
    for bit, code in ((1, "AmsState"), (2, "ControlledEquipmentState"), (4, "ElectronicSealState")):
        assert values[code][0]["value"] == ("FAULT" if bits & bit else "OK")
    assert (sensor_of(body)["state"] == "OK") == (bits == 0)


def test_a_start_between_intervals_is_refused():
    with pytest.raises(ValueError, match="begins no interval"):
        compose_packet(SYSTEM, START + timedelta(minutes=1), found={}, protocol=PROTOCOL)


def broken(change: Any) -> dict[str, Any]:
    document = deepcopy(DESCRIPTION)
    change(document)
    return document


@pytest.mark.parametrize(
    "document",
    [
        broken(lambda d: d.pop("onv")),
        broken(lambda d: d.update(system="a/b")),
        broken(lambda d: d.update(sources=[])),
        broken(lambda d: d["sources"][0].update(source_uuid="no uuid")),
        broken(lambda d: d["sources"][0]["sensors"][0]["states"].pop("seal")),
        broken(lambda d: d["sources"][0]["sensors"][0].update(sensor_uuid=uuid(1))),
        {"system": "x", "onv": "y", "sources": 5},
    ],
)
def test_a_description_that_cannot_be_worked_by_is_refused(document):
    with pytest.raises(SystemDescriptionError):
        parse_system(document)


@pytest.mark.parametrize(
    ("status", "body", "fate"),
    [
        (200, b'{"code": 200}', Fate.ACCEPTED),
        (200, b"", Fate.ACCEPTED),
        (204, b"[]", Fate.ACCEPTED),
        (200, b'{"code": 500, "message": "x"}', Fate.LATER),
        (200, b'{"code": 422}', Fate.REFUSED),
        (400, '{"message": "Значение уже зафиксировано"}'.encode(), Fate.DUPLICATE),
        (500, "УЖЕ ЗАФИКСИРОВАНО".encode(), Fate.DUPLICATE),
        (400, b"bad", Fate.REFUSED),
        (403, b"signature", Fate.LATER),
        (429, b"", Fate.LATER),
        (503, b"", Fate.LATER),
        (302, b"", Fate.LATER),
    ],
)
def test_an_answer_means(status, body, fate):
    assert fate_of(status, body, protocol=PROTOCOL) is fate


def test_a_duplicate_is_known_also_where_its_letters_are_escaped():
    body = json.dumps({"error": "Значение уже зафиксировано"}).encode()
    assert b"\\u0443" in body
    assert fate_of(400, body, protocol=PROTOCOL) is Fate.DUPLICATE


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_means_something(status, body):
    assert fate_of(status, body, protocol=PROTOCOL) in set(Fate)


def test_pauses_double_up_to_the_longest():
    pauses = [PROTOCOL.pause(attempts) for attempts in range(1, 60)]
    assert pauses[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == PROTOCOL.longest_pause
