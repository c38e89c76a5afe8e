"""The logger's own behaviour with a link that only remembers; connections to real brokers: tests/integration."""

from datetime import UTC, datetime, timedelta

import pytest

from simulators.link import Broker
from simulators.logger import FieldLogger, LoggerOptions, message_packet
from uskat.wire.ack import Ack, AckReject, encode_ack, payload_digest
from uskat.wire.errors import RejectReason
from uskat.wire.status import HistogramPeak, decode_status
from uskat.wire.water import WaterPacket, decode_water

NOWHERE = Broker("127.0.0.1", 1)
START = datetime(2026, 7, 1, tzinfo=UTC)


class RememberingLink:
    """Stands in for MqttLink: always connected, keeps what is published."""

    def __init__(self):
        self.sent = []
        self.ready = True
        self.in_flight = set()
        self.receive_maximum = 65_535
        self.socket = object()

    def open(self):
        raise OSError("no broker here")

    def publish(self, topic, payload, *, retain=False):
        self.sent.append((topic, payload, retain))
        return len(self.sent)

    def serve(self, *, readable):
        pass

    def close(self, *, politely=True):
        self.ready = False

    def take(self, kind):
        taken = [payload for topic, payload, _ in self.sent if topic.endswith(f"/{kind}")]
        self.sent = [entry for entry in self.sent if not entry[0].endswith(f"/{kind}")]
        return taken


@pytest.fixture
def make_logger(tmp_path):
    made = []

    def make(**options):
        logger = FieldLogger("KU-1", tmp_path, NOWHERE, options=LoggerOptions(**options))
        logger.link = RememberingLink()
        made.append(logger)
        return logger

    yield make
    for logger in made:
        logger.close()


def scans(count):
    return [WaterPacket(t=START + timedelta(minutes=minute), v={"ph": 7.5, "do": 9.0}) for minute in range(count)]


def test_a_backlog_goes_out_as_arrays_of_numbered_packets(make_logger):
    logger = make_logger(batch=4)
    logger.record_water(scans(10))
    logger.serve(0.0)
    arrays = [decode_water(payload).packets for payload in logger.link.take("water")]
    assert [len(array) for array in arrays] == [4, 4, 2]
    assert [packet.seq for array in arrays for packet in array] == list(range(1, 11))


def test_only_confirmed_packets_are_forgotten(make_logger):
    logger = make_logger(batch=1)
    logger.record_water(scans(5))
    logger.serve(0.0)
    for mid in range(1, 10):
        logger.puback(mid)
    assert logger.buffer.totals().readings_buffered == 10
    logger.message(encode_ack(Ack(4, [(1, 2), (4, 4)])))
    assert [packet.seq for packet in logger.buffer.packets(logger.buffer.waiting_ids())] == [3, 5]


def test_without_waiting_for_the_server_puback_is_enough(make_logger):
    logger = make_logger(batch=2, wait_for_ack=False)
    logger.record_water(scans(4))
    logger.serve(0.0)
    mids = [i + 1 for i, (topic, _, _) in enumerate(logger.link.sent) if topic.endswith("/water")]
    logger.puback(mids[0])
    assert logger.buffer.totals().readings_buffered == 4
    logger.puback(mids[1])
    assert logger.buffer.totals().readings_buffered == 0


def test_a_refused_packet_is_dropped_but_a_refused_value_is_not(make_logger):
    logger = make_logger()
    logger.record_water(scans(3))
    whole = AckReject(RejectReason.CLOCK_FUTURE, "too far ahead", seq=1)
    value = AckReject(RejectReason.UNKNOWN_PARAMETER, "no such parameter", seq=2, parameter="gold")
    logger.message(encode_ack(Ack(rejects=[whole, value])))
    totals = logger.buffer.totals()
    assert (totals.readings_rejected, totals.readings_buffered) == (2, 4)


def test_a_message_without_seq_is_confirmed_by_its_digest(make_logger):
    logger = make_logger()
    packet = message_packet("seismic", b"record")
    logger.keep([packet])
    logger.serve(0.0)
    assert logger.link.take("seismic") == [b"record"]
    logger.message(encode_ack(Ack(digests=["0" * 16])))
    assert logger.buffer.totals().records_buffered == 1
    logger.message(encode_ack(Ack(digests=[packet.digest])))
    assert logger.buffer.totals().records_buffered == 0


def test_seq_goes_on_after_a_restart_and_nothing_confirmed_comes_back(make_logger, tmp_path):
    first = make_logger()
    first.record_water(scans(3))
    first.message(encode_ack(Ack(1, [(1, 1)])))
    first.buffer.close()
    second = make_logger(batch=10)
    second.record_water(scans(1))
    second.keep([second.histogram(HistogramPeak(START, 60.0, {"V": 1.0}))])
    second.serve(0.0)
    (array,) = second.link.take("water")
    assert [packet.seq for packet in decode_water(array).packets] == [2, 3, 4]
    assert b'"seq":5' in second.link.take("histogram")[0]


def refused_unread(payload):
    return encode_ack(
        Ack(
            digests=[payload_digest(payload)],
            rejects=[AckReject(RejectReason.UNDECODABLE, "?", digest=payload_digest(payload))],
        )
    )


def test_a_joined_message_refused_unread_is_taken_apart_so_that_only_the_bad_packet_is_lost(make_logger):
    logger = make_logger(batch=5)
    logger.record_water(scans(3))
    logger.serve(0.0)
    (array,) = logger.link.take("water")
    logger.message(refused_unread(array))
    assert logger.buffer.totals().readings_buffered == 6
    logger.serve(0.1)
    singles = logger.link.take("water")
    assert [len(decode_water(single).packets) for single in singles] == [1, 1, 1]
    logger.message(refused_unread(singles[1]))
    logger.message(encode_ack(Ack(3, [(1, 1), (3, 3)])))
    totals = logger.buffer.totals()
    assert (totals.readings_rejected, totals.readings_confirmed, totals.readings_buffered) == (2, 6, 0)


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"stored": "all"}', b"\xff\xfe"])
def test_a_confirmation_that_cannot_be_read_confirms_nothing(make_logger, garbage):
    logger = make_logger()
    logger.record_water(scans(2))
    logger.message(garbage)
    assert logger.buffer.totals().readings_buffered == 4


def test_the_status_is_retained_and_says_how_much_waits(make_logger):
    logger = make_logger()
    logger.record_water(scans(2))
    logger.serve(0.0)
    topic, payload, retain = next(entry for entry in logger.link.sent if entry[0].endswith("/status"))
    status = decode_status(payload)
    assert (topic, retain) == ("uskat/v1/KU-1/status", True)
    assert (status.state, status.queue_length) == ("online", 2)


def test_the_brokers_receive_maximum_bounds_what_is_in_flight(make_logger):
    logger = make_logger(batch=1)
    logger.link.receive_maximum = 3
    logger.record_water(scans(10))
    logger.serve(0.0)
    assert len(logger.link.take("water")) == 3


def test_no_broker_is_said_once_and_measuring_goes_on(tmp_path):
    said = []
    logger = FieldLogger("KU-1", tmp_path, NOWHERE, say=said.append)
    logger.link = RememberingLink()
    logger.link.ready, logger.link.socket = False, None
    for second in range(20):
        logger.serve(float(second))
    logger.record_water(scans(1))
    assert len(said) == 1
    assert logger.buffer.totals().readings_buffered == 2
    logger.close()
