"""paho-mqtt with three costs removed from its receiving path, measured on the ingest benchmark (ADR 0009).

A QoS 1 message costs stock paho about 40 µs over MQTT 5; half of it is a Properties object per message although
publishers send none, and five system calls. Here an empty property list makes no object, the socket is read in
large pieces and acknowledgements are written together, and a plain PUBLISH becomes a tuple instead of a message object
with a lock of its own. Nothing else of the library is touched;
tests/unit/ingest/test_frugal.py compares both clients packet by packet, so an upgrade of paho that changes what is
relied on here fails there.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt._packet as paho_packet
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

PIECE_BYTES = 256 * 1024
PUBACK, DISCONNECT = 0x40, 0xE0
PUBLISH_HEAD = b"\x30"
PUBACK_HEAD = bytes((PUBACK, 2))
"""Fixed header of PUBACK; without a reason code it means success in MQTT 3.1.1 and 5."""


class LazyProperties:
    """Stands for the properties of a received PUBLISH; real ones are made only when the packet has any."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: Properties | None = None

    def unpack(self, buffer: bytes) -> tuple[Any, int]:
        """Read the properties at the start of `buffer`; returns them and the number of bytes they take."""
        if buffer[:1] == b"\0":
            return self, 1
        self.found = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        _, length = self.found.unpack(buffer)  # type: ignore[no-untyped-call]
        return self, length


class Received(NamedTuple):
    """A message as `FrugalClient.receive` gets it; fields as of paho's MQTTMessage."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    retain: bool
    dup: bool


class FrugalClient(Client):
    """A paho client that reads ahead. Only for an external loop: ask `has_read_ahead` before waiting for the socket."""

    receive: Callable[[Received | MQTTMessage], None] | None = None
    """Called with every received message instead of paho's callbacks by topic filter."""

    _ahead = b""
    _position = 0
    _ahead_of: object = None

    @property
    def has_read_ahead(self) -> bool:
        """True while bytes are held that the socket will not announce again."""
        return self._position < len(self._ahead) and self._ahead_of is self._sock

    def acknowledge(self, mids: list[int]) -> None:
        """PUBACK for many QoS 1 messages in one write: stock paho makes a system call for each."""
        packet = b"".join([PUBACK_HEAD + mid.to_bytes(2, "big") for mid in mids])
        self._packet_queue(PUBACK, packet, 0, 0)

    def publish_together(self, messages: list[tuple[str, bytes]]) -> None:
        """PUBLISH (topic, payload) pairs at QoS 0 in one write: confirmations come in hundreds a batch."""
        no_properties = b"\0" if self._protocol == MQTTProtocolVersion.MQTTv5 else b""
        frames = []
        for topic, payload in messages:
            name = topic.encode()
            body = len(name).to_bytes(2, "big") + name + no_properties + payload
            frames.append(PUBLISH_HEAD + VariableByteIntegers.encode(len(body)) + body)  # type: ignore[no-untyped-call]
        self._packet_queue(0, b"".join(frames), 0, 0)

    def send_disconnect(self, properties: Properties | None) -> None:
        """DISCONNECT that leaves the socket open: stock paho closes it at once, over whatever is still unread."""
        body = b"" if properties is None else b"\0" + properties.pack()  # type: ignore[no-untyped-call]
        self._packet_queue(0, bytes((DISCONNECT, len(body))) + body, 0, 0)

    def _handle_publish(self) -> MQTTErrorCode:
        received = None if self.receive is None or not self._manual_ack else self._plain()
        if received is None or self.receive is None:
            return super()._handle_publish()
        self.receive(received)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _plain(self) -> Received | None:
        """The packet in hand if it is a well-formed PUBLISH of QoS 0 or 1 without properties; else paho looks at it."""
        head, packet = self._in_packet["command"], self._in_packet["packet"]
        qos = head >> 1 & 3
        end = 2 + int.from_bytes(packet[:2], "big")
        start = end + 2 if qos else end
        mid = int.from_bytes(packet[end:start], "big")
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            if packet[start : start + 1] != b"\0":
                return None
            start += 1
        if qos > 1 or end == 2 or start > len(packet):
            return None
        try:
            topic = str(packet[2:end], "utf-8")
        except UnicodeDecodeError:
            return None
        return Received(topic, bytes(packet[start:]), mid, qos, bool(head & 1), bool(head & 8))

    def _handle_on_message(self, message: MQTTMessage) -> None:
        if self.receive is None:
            super()._handle_on_message(message)
        else:
            self.receive(message)

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self.has_read_ahead:
            self._ahead_of = self._sock
            self._ahead, self._position = b"", 0
            self._ahead = super()._sock_recv(PIECE_BYTES)
        piece = self._ahead[self._position : self._position + bufsize]
        self._position += len(piece)
        return piece


def properties_of(packet_type: int) -> LazyProperties | Properties:
    """What paho unpacks properties into: lazy ones for PUBLISH, its own for every other packet."""
    return LazyProperties() if packet_type == PacketTypes.PUBLISH else Properties(packet_type)  # type: ignore[no-untyped-call]


def read_properties_lazily() -> None:
    """Let paho make no Properties object for a received PUBLISH without properties (in this process)."""
    vars(paho_packet)["Properties"] = properties_of
