"""When what was measured arrives."""

from datetime import UTC, datetime

import pytest

from simulators.feed import parcels
from simulators.instrument import WaterInstruments
from simulators.river import World
from simulators.scenario import parse_scenario
from uskat.water.network import demo_network

NETWORK = demo_network()
ZERO = datetime(2026, 7, 14, tzinfo=UTC).timestamp()
HOUR = 3600.0


def sent(text, until_h=6):
    world = World(NETWORK, parse_scenario("name: x\ntitle: x\nabout: x\n" + text, NETWORK), zero_s=ZERO)
    return parcels(world, from_s=ZERO, until_s=ZERO + until_h * HOUR, every_s=HOUR), world


def moments(found, device):
    return [packet.t.timestamp() for parcel in found if parcel.device == device for packet in parcel.packets]


def test_everything_measured_arrives_once_and_in_order():
    found, world = sent("")
    assert [p.arrives_s for p in found] == sorted(p.arrives_s for p in found)
    for device in NETWORK.devices:
        if device.kind == "logger":
            measured = WaterInstruments(world, device).packets(int(ZERO // 60), int(ZERO // 60) + 360)
            assert [packet for p in found if p.device == device.code for packet in p.packets] == measured
    assert all(packet.t.timestamp() < p.arrives_s for p in found for packet in p.packets)


def test_what_is_measured_offline_arrives_later_in_disorder_and_twice():
    text = "offline: [{device: U-21, start_min: 60, duration_min: 180, disorder: true, repeat: 2}]"
    found, _ = sent(text)
    late = [p for p in found if p.device == "U-21" and p.arrives_s == ZERO + 4 * HOUR]
    times = [
        packet.t.timestamp()
        for p in late
        for packet in p.packets
        if ZERO + HOUR <= packet.t.timestamp() < ZERO + 4 * HOUR
    ]
    assert len(times) == 360
    assert len(set(times)) == 180
    assert times != sorted(times)
    assert sorted(set(moments(found, "U-21"))) == moments(sent("")[0], "U-21")
    assert moments(found, "U-08") == moments(sent("")[0], "U-08")
    assert found == sent(text)[0]


def test_a_silent_channel_and_a_silent_device_are_left_out():
    found, _ = sent(
        "silent: [{device: PU-1, start_min: 0}, {device: U-21, start_min: 60, duration_min: 60, parameters: [ph]}]"
    )
    assert moments(found, "PU-1") == []
    without = [
        p.t.timestamp() for parcel in found if parcel.device == "U-21" for p in parcel.packets if "ph" not in p.v
    ]
    assert without == pytest.approx([ZERO + HOUR + 60 * minute for minute in range(60)])
