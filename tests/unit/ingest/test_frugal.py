"""The frugal client hears and says the same as stock paho, packet by packet, however the bytes are cut."""

import socket
import threading
from collections.abc import Iterator
from itertools import pairwise

import paho.mqtt._packet as paho_packet
import paho.mqtt.client as mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from services.ingest.frugal import PIECE_BYTES, FrugalClient, read_properties_lazily

STOCK_PROPERTIES = vars(paho_packet)["Properties"]


class Stock(mqtt.Client):
    has_read_ahead = False


@pytest.fixture(autouse=True)
def properties_restored() -> Iterator[None]:
    yield
    vars(paho_packet)["Properties"] = STOCK_PROPERTIES


def length_of(number: int) -> bytes:
    digits = b""
    while True:
        number, digit = divmod(number, 128)
        digits += bytes([digit | (0x80 if number else 0)])
        if not number:
            return digits


def publish(
    topic: str, payload: bytes, mid: int, *, v5: bool, properties: Properties | None = None, qos: int = 1
) -> bytes:
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + (mid.to_bytes(2, "big") if qos else b"")
    if v5:
        body += properties.pack() if properties is not None else b"\0"
    body += payload
    return bytes([0x30 | qos << 1]) + length_of(len(body)) + body


def connack(*, v5: bool) -> bytes:
    return b"\x20\x03\x00\x00\x00" if v5 else b"\x20\x02\x00\x00"


def with_expiry(seconds: int) -> Properties:
    made = STOCK_PROPERTIES(PacketTypes.PUBLISH)
    made.MessageExpiryInterval = seconds
    made.UserProperty = ("a", "b")
    return made


def conversation(
    kind: type[mqtt.Client], pieces: list[bytes], *, v5: bool, expected: int
) -> tuple[list[object], bytes]:
    """What a client hears when a broker says `pieces`, and all that it says itself (every message acknowledged)."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[object] = []
    client = kind(
        mqtt.CallbackAPIVersion.VERSION2, "compared", protocol=mqtt.MQTTv5 if v5 else mqtt.MQTTv311,
        manual_ack=True, clean_session=None if v5 else False,
    )  # fmt: skip

    def hear(message: object) -> None:
        names = ("topic", "payload", "mid", "qos", "retain", "dup")
        heard.append(tuple(getattr(message, name) for name in names))

    client.on_message = lambda _c, _u, message: hear(message)
    if isinstance(client, FrugalClient):
        client.receive = hear
    client.on_connect = lambda _c, _u, flags, reason, _p: heard.append(
        ("connected", flags.session_present, str(reason))
    )
    client.connect("127.0.0.1", listener.getsockname()[1], clean_start=False) if v5 else client.connect(
        "127.0.0.1", listener.getsockname()[1]
    )
    broker, _ = listener.accept()
    listener.close()
    feeder = threading.Thread(target=lambda: [broker.sendall(piece) for piece in pieces])
    feeder.start()
    client._sock.settimeout(5)
    while len(heard) < expected + 1:
        client.loop_read()
    for entry in heard[1:]:
        if entry[3]:
            client.ack(entry[2], entry[3]) if kind is Stock else client.acknowledge([entry[2]])
    while client.want_write():
        client.loop_write()
    feeder.join()
    client._sock.shutdown(socket.SHUT_WR)
    said = b""
    while piece := broker.recv(65536):
        said += piece
    client._sock.close()
    broker.close()
    return heard, said


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(stream) + 1) for place in places}), len(stream)]
    return [stream[low:high] for low, high in pairwise(edges) if high > low]


messages = st.lists(
    st.tuples(
        st.sampled_from(["uskat/v1/U-1/water", "ТОМЬ/ё"]), st.binary(max_size=300), st.integers(1, 65535), st.booleans(),
        st.sampled_from([0, 1]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(sent=messages, places=st.lists(st.integers(0, 5000), max_size=20), v5=st.booleans())
def test_both_clients_hear_and_acknowledge_the_same(sent, places, v5):
    stream = connack(v5=v5)
    for topic, payload, mid, has_properties, qos in sent:
        properties = with_expiry(60) if v5 and has_properties else None
        stream += publish(topic, payload, mid, v5=v5, properties=properties, qos=qos)
    vars(paho_packet)["Properties"] = STOCK_PROPERTIES
    stock = conversation(Stock, cut(stream, places), v5=v5, expected=len(sent))
    read_properties_lazily()
    frugal = conversation(FrugalClient, cut(stream, places), v5=v5, expected=len(sent))
    assert frugal[0] == stock[0]
    assert frugal[1] == stock[1]
    assert [entry[1] for entry in frugal[0][1:]] == [payload for _, payload, *_ in sent]


def test_a_payload_larger_than_the_piece_arrives_whole():
    payload = bytes(range(256)) * (3 * PIECE_BYTES // 256)
    read_properties_lazily()
    stream = connack(v5=True) + publish("a/b", payload, 1, v5=True)
    heard, _ = conversation(FrugalClient, [stream], v5=True, expected=1)
    assert heard[1][1] == payload


def test_many_acknowledgements_in_one_write_are_the_bytes_of_many_single_ones():
    client = FrugalClient(mqtt.CallbackAPIVersion.VERSION2, "x")
    queued: list[bytes] = []
    client._packet_queue = lambda _command, packet, *_: queued.append(bytes(packet))
    client.acknowledge([1, 258, 65535])
    assert queued == [b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff"]


@pytest.mark.parametrize("expiry", [None, 0, 70])
def test_the_farewell_is_the_bytes_of_stock_paho_and_closes_nothing(expiry):
    properties = None
    if expiry is not None:
        properties = STOCK_PROPERTIES(PacketTypes.DISCONNECT)
        properties.SessionExpiryInterval = expiry
    said: list[list[bytes]] = []
    for kind, say in ((Stock, "_send_disconnect"), (FrugalClient, "send_disconnect")):
        client = kind(mqtt.CallbackAPIVersion.VERSION2, "x", protocol=mqtt.MQTTv5)
        queued: list[bytes] = []
        commands: list[int] = []
        client._packet_queue = lambda command, packet, *_, q=queued, c=commands: (
            q.append(bytes(packet)),
            c.append(command),
        )
        getattr(client, say)(properties=properties)
        said.append(queued)
    assert said[0] == said[1]
    assert commands == [0], "a queued DISCONNECT makes paho close the socket"


def test_properties_of_a_message_that_has_some_are_read_by_paho_itself():
    read_properties_lazily()
    lazy = vars(paho_packet)["Properties"](PacketTypes.PUBLISH)
    packed = with_expiry(77).pack()
    _, length = lazy.unpack(packed + b"rest")
    assert length == len(packed)
    assert lazy.found.MessageExpiryInterval == 77
    assert isinstance(vars(paho_packet)["Properties"](PacketTypes.CONNACK), STOCK_PROPERTIES)
