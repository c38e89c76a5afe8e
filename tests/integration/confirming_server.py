"""A tiny stand-in for ingest behind a real broker: decodes, counts, confirms on the ack topic, stores nothing."""

import threading
from collections import Counter
from datetime import datetime

import paho.mqtt.client as mqtt

from services.parts.broker import Broker
from uskat.wire.ack import Ack, AckReject, encode_ack, payload_digest, seq_ranges
from uskat.wire.errors import RejectReason
from uskat.wire.seismic import decode_miniseed
from uskat.wire.status import decode_histogram, decode_status
from uskat.wire.topic import MessageKind, parse_topic, topic_of
from uskat.wire.water import decode_water

PATIENCE_S = 30.0


class ConfirmingServer:
    """Decodes, counts and confirms what ingest would; says nothing while `mute`, refuses all scans while `refuse`."""

    def __init__(self, broker: Broker) -> None:
        self.scans: Counter[tuple[str, datetime]] = Counter()
        self.values: dict[tuple[str, datetime], dict[str, float]] = {}
        self.records: Counter[str] = Counter()
        self.states: dict[str, str] = {}
        self.order: list[int] = []
        self.mute = False
        self.refuse = False
        self._subscribed = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "server", protocol=mqtt.MQTTv311)
        self._client.max_inflight_messages_set(1000)
        self._client.on_message = self._take
        self._client.on_connect = lambda *_: self._client.subscribe("uskat/v1/+/+", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        device, kind = parse_topic(message.topic)
        ack = self._confirmation(device, kind, message.payload)
        if ack is not None and not self.mute:
            self._client.publish(topic_of(device, MessageKind.ACK), encode_ack(ack), qos=1)

    def _confirmation(self, device: str, kind: MessageKind, payload: bytes) -> Ack | None:
        if kind is MessageKind.WATER:
            packets = decode_water(payload).packets
            seqs = [packet.seq for packet in packets]
            if self.refuse:
                return Ack(rejects=[AckReject(RejectReason.CLOCK_PAST, "refused", seq=seq) for seq in seqs])
            for packet in packets:
                self.scans[device, packet.t] += 1
                self.values[device, packet.t] = packet.v
                self.order.append(packet.seq)
            return Ack(max(seqs), seq_ranges(seqs))
        if kind is MessageKind.HISTOGRAM:
            return Ack(None, seq_ranges([peak.seq for peak in decode_histogram(payload)]))
        if kind is MessageKind.SEISMIC:
            assert decode_miniseed(payload)
            self.records[payload_digest(payload)] += 1
            return Ack(digests=[payload_digest(payload)])
        if kind is MessageKind.STATUS:
            self.states[device] = decode_status(payload).state
        return None
