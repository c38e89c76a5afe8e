"""The raw publisher against a broker of twenty lines that checks every byte; the real one: test_simulators.py."""

import socket
import threading
from datetime import UTC, datetime

import pytest

from simulators.load import LoadError, publish_packets
from simulators.load_packet import PARAMETERS, water_messages
from uskat.water.network import demo_network
from uskat.water.norms import exceeds, norm_in_force
from uskat.wire.topic import parse_topic
from uskat.wire.water import decode_water

START = datetime(2026, 7, 1, tzinfo=UTC)


def read_packet(stream):
    head = stream.read(1)
    if not head:
        return None
    length = shift = 0
    while True:
        (digit,) = stream.read(1)
        length |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            return head[0], stream.read(length)


class TinyBroker(threading.Thread):
    """One client: CONNACK with `code`, PUBACK in pairs or singly, keeps what came."""

    def __init__(self, code=0, acks=None):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.code, self.acks = code, acks
        self.connect, self.received, self.unacknowledged, self.most = b"", [], 0, 0
        self.start()

    def run(self):
        client, _ = self.listener.accept()
        with self.listener, client, client.makefile("rb") as stream:
            _, self.connect = read_packet(stream)
            client.sendall(bytes([0x20, 2, 0, self.code]))
            while (packet := read_packet(stream)) is not None and packet[0] != 0xE0:
                head, body = packet
                assert head == 0x32
                size = int.from_bytes(body[:2])
                number = body[2 + size : 4 + size]
                self.received.append((body[2 : 2 + size].decode(), body[4 + size :], int.from_bytes(number)))
                if self.acks is not None and len(self.received) > self.acks:
                    return
                client.sendall(b"\x40\x02" + number)


def test_every_message_arrives_once_in_order_with_its_own_number():
    broker = TinyBroker()
    sent = list(water_messages(["A", "B"], PARAMETERS, start=START, interval_s=60, scans=400))
    result = publish_packets("127.0.0.1", broker.port, "A", "secret", iter(sent), window=50)
    broker.join(5)
    assert [(topic, payload) for topic, payload, _ in broker.received] == sent
    assert [number for *_, number in broker.received] == list(range(1, 801))
    assert (result.messages, result.payload_bytes) == (800, sum(len(payload) for _, payload in sent))
    assert broker.connect.startswith(b"\x00\x04MQTT\x04\xc2")
    assert broker.connect.endswith(b"\x00\x01A\x00\x06secret")


def test_large_payloads_and_small_windows_work():
    broker = TinyBroker()
    publish_packets("127.0.0.1", broker.port, None, None, [("t", b"x" * 300_000)] * 5, window=1)
    broker.join(5)
    assert [len(payload) for _, payload, _ in broker.received] == [300_000] * 5


def test_the_rate_is_kept():
    broker = TinyBroker()
    result = publish_packets("127.0.0.1", broker.port, None, None, [("t", b"x")] * 100, rate=400)
    assert 0.2 < result.seconds < 1.5


def test_a_refusal_and_a_broken_connection_are_told_with_what_was_taken():
    with pytest.raises(LoadError, match="user or password"):
        publish_packets("127.0.0.1", TinyBroker(code=4).port, "A", "wrong", [])
    with pytest.raises(LoadError, match=r"closed|broke") as broken:
        publish_packets("127.0.0.1", TinyBroker(acks=10).port, None, None, [("t", b"x")] * 100, window=5)
    assert broken.value.acknowledged <= 10


def test_nothing_to_send_is_no_error():
    assert publish_packets("127.0.0.1", TinyBroker().port, None, None, []).messages == 0


def test_load_packets_are_valid_distinct_and_break_no_norm():
    seen = set()
    for topic, payload in water_messages(["A", "B"], PARAMETERS, start=START, interval_s=1, scans=500):
        decoded = decode_water(payload)
        (packet,) = decoded.packets
        assert not decoded.refusals
        assert tuple(packet.v) == PARAMETERS
        seen.add((parse_topic(topic)[0], packet.t))
        for code, value in packet.v.items():
            norm = norm_in_force(code, START, water_use="fishery_2")
            assert norm is None or not exceeds(norm, value), (code, value)
    assert len(seen) == 1000


def test_the_demo_networks_stations_have_a_norm_to_break():
    uses = {station.water_use for station in demo_network().stations if station.kind == "river"}
    assert all(norm_in_force("nh4", START, water_use=use) is not None for use in uses)
