import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulators.buffer import Packet, PacketBuffer


def packet(seq: int, readings: int = 6) -> Packet:
    return Packet("water", f"payload {seq}".encode(), readings, seq=seq)


def test_a_packet_survives_reopening_and_leaves_when_confirmed(tmp_path):
    with PacketBuffer(tmp_path / "KU-1.sqlite") as buffer:
        ids = buffer.append([packet(1), packet(2)], {"next_seq": 3})
    with PacketBuffer(tmp_path / "KU-1.sqlite") as buffer:
        assert buffer.waiting_ids() == ids
        assert [kept.payload for kept in buffer.packets(ids)] == [b"payload 1", b"payload 2"]
        assert buffer.mark("next_seq") == 3
        assert buffer.settle(seq_ranges=[(1, 1)]) == ids[:1]
        assert buffer.waiting_ids() == ids[1:]


def test_a_second_confirmation_of_the_same_packet_counts_nothing(tmp_path):
    with PacketBuffer(tmp_path / "a.sqlite") as buffer:
        buffer.append([packet(1)])
        buffer.settle(seq_ranges=[(1, 1)])
        assert buffer.settle(seq_ranges=[(0, 5)]) == []
        assert buffer.totals().readings_confirmed == 6


def test_a_refused_packet_is_confirmed_and_counted_as_rejected(tmp_path):
    with PacketBuffer(tmp_path / "a.sqlite") as buffer:
        buffer.append([Packet("seismic", b"x", 0, digest="ab"), packet(1)])
        buffer.settle(digests=["ab"], rejected=True)
        totals = buffer.totals()
        assert (totals.records_generated, totals.records_confirmed, totals.records_rejected) == (1, 1, 1)
        assert (totals.readings_generated, totals.readings_confirmed, totals.readings_buffered) == (6, 0, 6)


def test_a_failed_write_keeps_neither_packets_nor_marks(tmp_path):
    with PacketBuffer(tmp_path / "a.sqlite") as buffer:
        buffer.append([packet(1)], {"next_seq": 2})
        with pytest.raises(OverflowError):
            buffer.append([packet(2), packet(2**64)], {"next_seq": 3})
        assert len(buffer.waiting_ids()) == 1
        assert buffer.mark("next_seq") == 2
        assert buffer.totals().readings_generated == 6


class AnyLife(RuleBasedStateMachine):
    """Measuring, confirming by any means, closing and reopening in any order: the account always balances."""

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "device.sqlite"
        self.buffer = PacketBuffer(self.path)
        self.waiting: dict[int, int] = {}
        self.made = self.fate_known = 0

    @rule(count=st.integers(1, 4), readings=st.integers(1, 9))
    def measure(self, count, readings):
        seqs = range(self.made + 1, self.made + count + 1)
        self.buffer.append([packet(seq, readings) for seq in seqs], {"next_seq": seqs[-1] + 1})
        self.waiting.update(dict.fromkeys(seqs, readings))
        self.made += count

    @rule(first=st.integers(0, 30), length=st.integers(0, 10), rejected=st.booleans())
    def confirm(self, first, length, rejected):
        gone = [seq for seq in self.waiting if first <= seq <= first + length]
        assert len(self.buffer.settle(seq_ranges=[(first, first + length)], rejected=rejected)) == len(gone)
        self.fate_known += sum(self.waiting.pop(seq) for seq in gone)

    @rule()
    def restart(self):
        self.buffer.close()
        self.buffer = PacketBuffer(self.path)

    @invariant()
    def account_balances(self):
        if not hasattr(self, "buffer"):
            return
        totals = self.buffer.totals()
        assert totals.readings_buffered == sum(self.waiting.values())
        assert totals.readings_confirmed == self.fate_known
        assert totals.readings_generated == totals.readings_confirmed + totals.readings_buffered
        kept = self.buffer.packets(self.buffer.waiting_ids())
        assert [one.seq for one in kept] == sorted(self.waiting)
        assert self.buffer.mark("next_seq", 1) == self.made + 1

    def teardown(self):
        if hasattr(self, "buffer"):
            self.buffer.close()
            self.folder.cleanup()


AnyLife.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestAnyLife = AnyLife.TestCase
