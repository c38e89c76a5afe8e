"""A field logger: measures into a durable buffer, publishes at QoS 1, forgets only what the `ack` topic confirms."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from simulators.buffer import Packet, PacketBuffer
from simulators.delivery import Delivery
from simulators.link import Broker, MqttLink
from uskat.wire.ack import decode_ack, payload_digest
from uskat.wire.seismic import Channel, encode_miniseed
from uskat.wire.status import DeviceStatus, HistogramPeak, encode_histogram, encode_status
from uskat.wire.topic import MessageKind, topic_of
from uskat.wire.water import WaterPacket, encode_water

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0
STATUS_EVERY_S = 60.0
FIRMWARE = "uskat-sim 1"
ARRAY_BYTES = 60_000
REMEMBERED_MESSAGES = 5000


@dataclass(frozen=True, slots=True)
class LoggerOptions:
    """How a logger sends.

    window: packets unconfirmed at most. batch: buffered water packets joined into one message at most.
    wait_for_ack: forget a packet only when the `ack` topic confirms it; without it PUBACK is enough (and a broker
    killed by -9 loses what it acknowledged). disorder, repeat: how a backlog is sent. fsync: survive loss of power.
    """

    window: int = 500
    batch: int = 30
    resend_after_s: float = 20.0
    wait_for_ack: bool = True
    disorder: bool = False
    repeat: int = 1
    fsync: bool = False


class FieldLogger:
    """One device: buffer, order of sending, connection. Driven by `serve`; owned by one thread."""

    def __init__(
        self,
        device: str,
        folder: Path,
        broker: Broker,
        *,
        password: str | None = None,
        options: LoggerOptions | None = None,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.device = device
        self.options = options or LoggerOptions()
        self.buffer = PacketBuffer(folder / f"{device}.sqlite", fsync=self.options.fsync)
        self.delivery = Delivery(
            window=self.options.window,
            resend_after_s=self.options.resend_after_s,
            disorder=self.options.disorder,
            repeat=self.options.repeat,
        )
        self.delivery.add(self.buffer.waiting_ids())
        self.link = MqttLink(
            broker,
            device=device,
            password=password,
            ack_topic=topic_of(device, MessageKind.ACK),
            will=(topic_of(device, MessageKind.STATUS), encode_status(DeviceStatus("offline"))),
            events=self,
        )
        self.wanted_online = True
        self._say = say
        self._next_seq = self.buffer.mark("next_seq", 1)
        self._published: dict[int, list[int]] = {}
        self._by_digest: dict[str, list[int]] = {}
        self._alone: set[int] = set()
        self._retry_at_s = 0.0
        self._retry_pause_s = FIRST_RETRY_S
        self._status_due_s = 0.0
        self._opening = False
        self._down_said = False

    def close(self, *, politely: bool = True) -> None:
        """Go offline and close the buffer; unconfirmed packets stay in it."""
        if politely and self.link.ready:
            self._publish_status("offline", datetime.now(UTC))
        self.link.close(politely=politely)
        self.buffer.close()

    def record_water(self, scans: Sequence[WaterPacket]) -> None:
        """Keep scans; each gets the next `seq`."""
        self.keep([self.water(scan) for scan in scans])

    def water(self, scan: WaterPacket) -> Packet:
        """Packet of one scan, with the next `seq`; it exists once it is kept."""
        scan.seq = self._take_seq()
        return Packet("water", encode_water(scan), len(scan.v), seq=scan.seq)

    def histogram(self, peak: HistogramPeak) -> Packet:
        """Packet of one interval's peaks, with the next `seq`."""
        peak.seq = self._take_seq()
        return Packet("histogram", encode_histogram(peak), 0, seq=peak.seq)

    def keep(self, packets: Sequence[Packet], marks: dict[str, int] | None = None) -> None:
        """Write packets and marks into the buffer in one transaction; from now on they will be delivered."""
        self.delivery.add(self.buffer.append(packets, {"next_seq": self._next_seq, **(marks or {})}))

    def serve(self, now_s: float, *, readable: bool = False) -> None:
        """Everything that is due at monotonic time `now_s`: connect, read, resend, send."""
        if not self.wanted_online:
            if self.link.socket is not None:
                self.link.close(politely=False)
                self._connection_gone()
            return
        if self.link.socket is None:
            self._connect(now_s)
        self.link.serve(readable=readable)
        if self.link.ready:
            self._send_due(now_s)

    # Events of the link.

    def ready(self) -> None:
        """Connected and subscribed: whatever is unconfirmed goes out again."""
        self._retry_pause_s = FIRST_RETRY_S
        self._status_due_s = 0.0
        if self._down_said:
            self._say(f"{self.device}: connected again, {len(self.delivery)} packets to deliver")
            self._down_said = False

    def lost(self, why: str) -> None:
        """The connection broke."""
        self._connection_gone()
        if not self._down_said:
            self._say(f"{self.device}: connection lost ({why}), buffering")
            self._down_said = True

    def message(self, payload: bytes) -> None:
        """A confirmation: stored and refused packets leave the buffer. What cannot be read confirms nothing."""
        try:
            ack = decode_ack(payload)
        except msgspec.DecodeError:
            return
        whole = [reject for reject in ack.rejects if reject.parameter is None]
        refused = self.buffer.settle(
            seq_ranges=[(reject.seq, reject.seq) for reject in whole if reject.seq is not None],
            digests=[reject.digest for reject in whole if reject.digest is not None],
            rejected=True,
        )
        stored = self.buffer.settle(seq_ranges=ack.stored, digests=ack.digests)
        self.delivery.settle([*refused, *stored])
        for reject in whole:
            if reject.seq is None and reject.digest is not None:
                self._message_refused(self._by_digest.pop(reject.digest, []))

    def puback(self, mid: int) -> None:
        """The broker has it. Enough only for a logger that does not wait for the server."""
        ids = self._published.pop(mid, [])
        if not self.options.wait_for_ack:
            self.delivery.settle(self.buffer.settle(ids=ids))

    def _message_refused(self, ids: list[int]) -> None:
        """A message was refused unread: its only packet is refused, of several each is tried alone."""
        if len(ids) == 1:
            self.delivery.settle(self.buffer.settle(ids=ids, rejected=True))
        else:
            self._alone.update(ids)
            self.delivery.retry(ids)

    def _take_seq(self) -> int:
        self._next_seq += 1
        return self._next_seq - 1

    def _connect(self, now_s: float) -> None:
        if now_s < self._retry_at_s:
            return
        self._retry_at_s = now_s + self._retry_pause_s
        self._retry_pause_s = min(self._retry_pause_s * 2, LAST_RETRY_S)
        try:
            self.link.open()
        except OSError as error:
            self.lost(str(error))

    def _connection_gone(self) -> None:
        self._published.clear()
        self.delivery.connection_lost()

    def _send_due(self, now_s: float) -> None:
        if now_s >= self._status_due_s:
            self._status_due_s = now_s + STATUS_EVERY_S
            self._publish_status("online", datetime.now(UTC))
        room = self.link.receive_maximum - len(self.link.in_flight)
        ids = self.delivery.take(now_s, limit=room)
        for kind, payload, members in _messages(self.buffer.packets(ids), self.options.batch, self._alone):
            if not self.link.ready:
                return
            mid = self.link.publish(topic_of(self.device, MessageKind(kind)), payload)
            self._published[mid] = members
            self._by_digest[payload_digest(payload)] = members
        while len(self._by_digest) > REMEMBERED_MESSAGES:
            del self._by_digest[next(iter(self._by_digest))]

    def _publish_status(self, state: str, moment: datetime) -> None:
        status = DeviceStatus(state, t=moment, battery_v=12.6, door_open=False, clock_offset_s=0.0, firmware=FIRMWARE)
        status.queue_length = len(self.delivery)
        self.link.publish(topic_of(self.device, MessageKind.STATUS), encode_status(status), retain=True)


def seismic_packet(channels: Sequence[Channel]) -> Packet:
    """Packet of one record: a miniSEED message named by its digest."""
    return message_packet("seismic", encode_miniseed([*channels]))


def message_packet(kind: str, payload: bytes, readings: int = 0) -> Packet:
    """Packet of a ready-made message that carries no `seq`."""
    return Packet(kind, payload, readings, digest=payload_digest(payload))


def _messages(packets: Sequence[Packet], batch: int, alone: Container[int]) -> list[tuple[str, bytes, list[int]]]:
    """Messages of (kind, payload, packet ids): neighbouring water packets are joined, except those to go `alone`."""
    messages: list[tuple[str, bytes, list[int]]] = []
    group: list[Packet] = []
    size = 0
    for packet in packets:
        if packet.kind != "water" or packet.id in alone:
            messages.append((packet.kind, packet.payload, [packet.id]))
            continue
        if group and (len(group) >= batch or size + len(packet.payload) > ARRAY_BYTES):
            messages.append(_joined(group))
            group, size = [], 0
        group.append(packet)
        size += len(packet.payload)
    if group:
        messages.append(_joined(group))
    return messages


def _joined(group: Sequence[Packet]) -> tuple[str, bytes, list[int]]:
    ids = [packet.id for packet in group]
    if len(group) == 1:
        return "water", group[0].payload, ids
    return "water", b"[" + b",".join(packet.payload for packet in group) + b"]", ids
